"""What becomes of the children when a process closes (C2).

SWF has one policy for all children of an execution, fixed at its start, and applies it only when the execution is
terminated or times out. Here each child has a policy of its own, so whoever closes the process, by a decision or by a
call, sees to them; a time-out is seen by nobody, and its children go on. So do those that a program which dies at
that moment has not come to.
"""

from __future__ import annotations

from contextlib import suppress

from pyworkflow.amazonswf import payload
from pyworkflow.amazonswf.errors import UnknownResource
from pyworkflow.amazonswf.executions import Executions
from pyworkflow.amazonswf.history import Story
from pyworkflow.amazonswf.history.open import OpenChild
from pyworkflow.amazonswf.observing import Observing, last
from pyworkflow.amazonswf.service import Service
from pyworkflow.codec import Json
from pyworkflow.event import CancelRequestedEvent, ProcessClosedEvent
from pyworkflow.exceptions import UnknownProcessException
from pyworkflow.process import ProcessCanceled


class Policies:
    """Terminates children, or asks them to cancel themselves, and theirs in turn."""

    def __init__(self, service: Service, executions: Executions, observing: Observing) -> None:
        self._service = service
        self._executions = executions
        self._observing = observing

    def apply(self, parent: Story) -> None:
        """The run is closed: each child that is open meets its policy."""
        for child in parent.children.values():
            if child.policy == "ABANDON":
                continue
            story = self._newest(parent, child)
            if story is not None and story.status == "open":
                with suppress(UnknownResource):  # it has closed meanwhile
                    self._meet(story, child.policy)

    def _newest(self, parent: Story, child: OpenChild) -> Story | None:
        """Its newest run; of one that the closing list started the parent's history does not tell the first."""
        if child.run_id is not None:
            first = self._executions.story(child.process_id, child.run_id)
            return None if first is None else self._executions.last_of(first)
        try:
            story = self._executions.newest(child.process_id)
        except UnknownProcessException:
            return None
        return story if story.parent == parent.process_id else None

    def terminate(self, process_id: str, run_id: str | None, reason: str, details: Json) -> None:
        """Close a run, the open one if none is named, and leave its children alone. Raises UnknownResource."""
        self._service.call(
            "terminate_workflow_execution",
            domain=self._service.domain,
            workflowId=process_id,
            runId=run_id,
            reason=reason,
            details=payload.written(details),
            childPolicy="ABANDON",
        )

    def _meet(self, story: Story, policy: str) -> None:
        process_id, run_id = story.process_id, story.run_id
        if policy == "TERMINATE":
            self.terminate(process_id, run_id, payload.PARENT_CLOSED, None)
            closed = ProcessClosedEvent(ProcessCanceled(payload.PARENT_CLOSED), "parent")
            self._observing.after(process_id, run_id, last(closed))
            self.apply(story)
        else:
            self._service.once(
                "signal_workflow_execution",
                domain=self._service.domain,
                workflowId=process_id,
                runId=run_id,
                signalName=payload.CANCEL,
                input=payload.written(payload.PARENT_CLOSED),
            )
            self._observing.after(process_id, run_id, last(CancelRequestedEvent(payload.PARENT_CLOSED)))
