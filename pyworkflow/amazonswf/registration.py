"""The domain and the types that Amazon SWF must know: registered when they are first used here."""

from __future__ import annotations

from contextlib import suppress

from pyworkflow.amazonswf.errors import AlreadyThere, UnknownResource
from pyworkflow.amazonswf.service import Service
from pyworkflow.exceptions import BackendException


class Registration:
    """Registers the name and the `version` of a type and nothing else of it.

    What is registered can never be changed, so every time-out and every task list goes with each start instead. That
    it is there already is fine. A domain that is missing is made; its histories are kept for `retention` days.
    """

    def __init__(self, service: Service, version: str, retention: int) -> None:
        self._service = service
        self._retention = retention
        self._known: set[tuple[str, str]] = set()
        self.version = version

    def need_workflow(self, name: str) -> None:
        """The workflow is to be started."""
        self._need("register_workflow_type", name)

    def need_activity(self, name: str) -> None:
        """The activity is to be scheduled."""
        self._need("register_activity_type", name)

    def make_domain(self) -> None:
        """The domain is missing."""
        with suppress(AlreadyThere):  # by another process, a moment ago; or it is deprecated, as the next call will say
            self._service.call(
                "register_domain",
                name=self._service.domain,
                workflowExecutionRetentionPeriodInDays=str(self._retention),
                description="made by pyworkflow",
            )

    def _need(self, operation: str, name: str) -> None:
        if (operation, name) in self._known:
            return
        try:
            self._register(operation, name)
        except UnknownResource:
            self.make_domain()
            try:
                self._register(operation, name)
            except UnknownResource as error:
                raise BackendException(f"Amazon SWF has no domain {self._service.domain!r}: {error}") from error
        self._known.add((operation, name))

    def _register(self, operation: str, name: str) -> None:
        with suppress(AlreadyThere):
            self._service.call(operation, domain=self._service.domain, name=name, version=self.version)
