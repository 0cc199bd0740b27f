"""Answers to activity tasks, and signs of life."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from pyworkflow import codec
from pyworkflow.activity import ActivityCanceled, ActivityResult, ActivityTimedOut
from pyworkflow.amazonswf import limits, payload, results
from pyworkflow.amazonswf.errors import UnknownResource
from pyworkflow.amazonswf.executions import Executions
from pyworkflow.amazonswf.holding import Holding
from pyworkflow.amazonswf.observing import Observing, ended
from pyworkflow.amazonswf.service import Service
from pyworkflow.amazonswf.tokens import Token
from pyworkflow.exceptions import UnknownActivityException
from pyworkflow.given import ending
from pyworkflow.task import ActivityTask


class Executing:
    """Any number of threads may use it."""

    def __init__(self, service: Service, executions: Executions, holding: Holding, observing: Observing) -> None:
        self._service = service
        self._executions = executions
        self._holding = holding
        self._observing = observing

    def complete(self, task: ActivityTask, result: Any) -> ActivityResult:
        """See Backend.complete_activity_task."""
        token = _token(task)
        end = ending(
            results.cut(result) if isinstance(result, ActivityResult) else result,
            lambda one: results.response(one, asked=True),
        )
        # AWS: a cancel is to be reported only if a heartbeat says that it is asked for.
        asked = isinstance(end, ActivityCanceled) and self.heartbeat(task, None)
        operation, fields = results.response(end, asked=asked)
        self._call(token, operation, **fields)
        self._holding.end(token)
        self._observing.after(token.process_id, token.run_id, ended(token.started_id))
        return end

    def heartbeat(self, task: ActivityTask, details: Any) -> bool:
        """A sign of life: is a cancel asked for? SWF keeps the last details only if each sends them again."""
        token = _token(task)
        held = self._holding.get(token)
        text = None if held is None else held.details
        if details is not None:
            written = payload.written(codec.plain(details, "details"))
            text = limits.payload(written, "details", limits.MAX_HEARTBEAT)
        answer = self._call(token, "record_activity_task_heartbeat", details=text)
        if held is not None:
            held.details = text
        return bool(answer["cancelRequested"])

    def hand_off(self, task: ActivityTask) -> str:
        """See Backend.hand_off. SWF is not told, and need not be; whether the task is over, its history says."""
        token = _token(task)
        if self._executions.is_over(token):
            raise UnknownActivityException(token.text)
        held = self._holding.get(token)
        if held is not None:
            held.lease, held.handed_off = None, True
        return token.text

    def release(self, task: ActivityTask) -> None:
        """Give it back, which SWF cannot take: it ends, and the workflow decides what that means."""
        with suppress(UnknownActivityException):
            held = self._holding.get(_token(task))
            if held is None or not held.handed_off:
                details = None if held is None else payload.value(held.details)
                self.complete(task, ActivityTimedOut(details, "worker"))

    def _call(self, token: Token, operation: str, **fields: Any) -> dict[str, Any]:
        try:
            return self._service.call(operation, taskToken=token.swf, **fields)
        except UnknownResource as error:
            self._holding.end(token)
            raise UnknownActivityException(token.text) from error


def _token(task: ActivityTask) -> Token:
    token = Token.of(task.context, "activity")
    if token is None:
        raise UnknownActivityException(task.context)
    return token
