"""Several calls of one thread in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from typing import TypeVar

from pyworkflow.backend import Raised
from pyworkflow.engine.session import Session
from pyworkflow.exceptions import BackendException, WorkflowException

Result = TypeVar("Result")


def outcome(call: Callable[[], Result], session: Session) -> Result | Raised:
    """Of one call of several in a transaction. Raises what it raised if that spoils the transaction."""
    changes = session.changes
    try:
        return call()
    except WorkflowException as error:
        if session.changes != changes or isinstance(error, BackendException):
            raise
        return Raised(error)


class SpoiltError(Exception):
    """A call of several left something half done, and somebody has swallowed what it raised."""


class Joined(local):
    """The operation that the calls of this thread join, and when that was asked for."""

    session: Session | None = None
    asked = 0
    spoilt = False

    @contextmanager
    def by(self, session: Session, asked: int) -> Iterator[Joined]:
        """Within this block calls join it."""
        self.session, self.asked, self.spoilt = session, asked, False
        try:
            yield self
        finally:
            self.session = None

    def make(self, operation: Callable[[Session], Result], session: Session) -> Result:
        """One of the calls. What it raises when it has changed something spoils the operation that it joined."""
        changes = session.changes
        try:
            result = operation(session)
            session.deliver()
        except BaseException:
            self.spoilt |= session.changes != changes
            raise
        return result
