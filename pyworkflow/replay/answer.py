"""One question, put to today's code: whatever it does is an answer."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from types import FrameType

from pyworkflow import codec
from pyworkflow.decision import Decision
from pyworkflow.exceptions import InvalidDecisionException, InvalidValueException
from pyworkflow.managed import Workflow
from pyworkflow.managed.worker.failure import reason_of, traceback_of, where
from pyworkflow.managed.workflow.asking import ask
from pyworkflow.process import Process

LONGEST = 5.0  # seconds for one decision


@dataclass(frozen=True)
class Answer:
    """It decided this; `made` are the ids in it that it was not given."""

    decisions: tuple[Decision, ...]
    made: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Raised:
    """`decide` raised, or answered what cannot be recorded: `reason` in one line, and `where`, as file:line."""

    reason: str
    where: str
    traceback: str


@dataclass(frozen=True)
class TimedOut:
    """`decide` was still at it after so many seconds."""

    seconds: float


def answer(workflow: type[Workflow], process: Process, longest: float = LONGEST) -> Answer | Raised | TimedOut:
    """What the workflow decides for the process as it is.

    Only in the main thread, and only where the system has timers, does it take no longer than `longest` seconds.
    """
    made: set[str] = set()
    try:
        with _at_most(longest):
            decisions = tuple(ask(workflow(), process, made.add))
        for one in decisions:
            _recordable(one)
        return Answer(decisions, frozenset(made))
    except _OverError:
        return TimedOut(longest)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: it does not end us
        return Raised(reason_of(error), where(error, workflow), traceback_of(error, workflow))


def _recordable(decision: Decision) -> None:
    """Raises InvalidDecisionException for what a worker could not record."""
    try:
        codec.DECISION.encode(decision, "")
    except InvalidValueException as refused:
        raise InvalidDecisionException(decision, str(refused).removeprefix(": ")) from None


class _OverError(BaseException):
    """The time is over. No Exception: a decide that catches all of those is ended nevertheless."""


def _over(_number: int, _frame: FrameType | None) -> None:
    raise _OverError


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    began = monotonic()
    before = signal.signal(signal.SIGALRM, _over)
    left, again = signal.setitimer(signal.ITIMER_REAL, seconds, seconds)  # again and again, should it be swallowed
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # another's, such as that of pytest-timeout
            signal.setitimer(signal.ITIMER_REAL, max(left - (monotonic() - began), 1e-6), again)
