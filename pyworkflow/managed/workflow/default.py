"""A workflow with a hook for each kind of event."""

# ruff: noqa: ARG002 - the hooks are there for what they take

from __future__ import annotations

from typing import Any

from pyworkflow.activity import ActivityCompleted, ActivityExecution, ActivityResult
from pyworkflow.decision import CancelProcess, Timer
from pyworkflow.event import (
    ActivityEvent,
    CancelFailedEvent,
    CancelRequestedEvent,
    ChildProcessEvent,
    Event,
    ProcessStartedEvent,
    SignalEvent,
    SignalFailedEvent,
    TimerEvent,
)
from pyworkflow.managed.workflow.answers import in_order
from pyworkflow.managed.workflow.base import Workflow
from pyworkflow.process import Process, ProcessResult
from pyworkflow.signal import Signal


class DefaultWorkflow(Workflow):
    """Override the hooks for what can happen to it; each answers as `decide` does.

    An event whose hook is not overridden is an error, which is reported and tried again with corrected code: a
    process that nobody answers would stay open for ever. Only requests to cancel have an answer of their own.

    Several events can be new at once. They are answered one after the other, until an answer closes the process.
    """

    def initiate(self, process: Process) -> Any:
        """The process was started."""
        raise self._not_overridden("initiate")

    def respond_to_completed_activity(
        self, process: Process, activity_execution: ActivityExecution, result: Any
    ) -> Any:
        """An activity completed; `result` is what it returned."""
        raise self._not_overridden("respond_to_completed_activity")

    def respond_to_interrupted_activity(
        self, process: Process, activity_execution: ActivityExecution, details: ActivityResult
    ) -> Any:
        """An activity ended otherwise; `details` is its ActivityFailed, ActivityCanceled or ActivityTimedOut."""
        raise self._not_overridden("respond_to_interrupted_activity")

    def respond_to_signal(self, process: Process, signal: Signal) -> Any:
        """A signal came."""
        raise self._not_overridden("respond_to_signal")

    def respond_to_timer(self, process: Process, timer: Timer) -> Any:
        """A timer is due."""
        raise self._not_overridden("respond_to_timer")

    def respond_to_child_process(
        self,
        process: Process,
        child_process_id: str,
        workflow: str | None,
        result: ProcessResult,
        tags: list[str] | None,
    ) -> Any:
        """A child ended, with its ProcessResult, or could not be started (ProcessFailed)."""
        raise self._not_overridden("respond_to_child_process")

    def respond_to_cancel_requested(self, process: Process, details: Any) -> Any:
        """Somebody asks the process to cancel itself. Unless overridden it does so at once."""
        return CancelProcess(details)

    def respond_to_signal_failed(self, process: Process, process_id: str, signal: Signal, reason: str) -> Any:
        """A signal that this process sent did not arrive."""
        raise self._not_overridden("respond_to_signal_failed")

    def respond_to_cancel_failed(self, process: Process, process_id: str, reason: str) -> Any:
        """The process that this one wanted to cancel is over, or unknown. Unless overridden that is fine."""
        return None

    def handle_event(self, event: Event, process: Process) -> Any:  # noqa: PLR0911 - one for each kind of event
        """What the hook for this event answers; None for the events that ask nothing."""
        match event:
            case ProcessStartedEvent():
                return self.initiate(process)
            case ActivityEvent(activity_execution=execution, result=ActivityCompleted(result=value)):
                return self.respond_to_completed_activity(process, execution, value)
            case ActivityEvent(activity_execution=execution, result=ended):
                return self.respond_to_interrupted_activity(process, execution, ended)
            case SignalEvent(signal=signal):
                return self.respond_to_signal(process, signal)
            case TimerEvent(timer=timer):
                return self.respond_to_timer(process, timer)
            case ChildProcessEvent(process_id=child, workflow=workflow, result=result, tags=tags):
                return self.respond_to_child_process(process, child, workflow, result, tags)
            case CancelRequestedEvent(details=details):
                return self.respond_to_cancel_requested(process, details)
            case SignalFailedEvent(process_id=other, signal=signal, reason=reason):
                return self.respond_to_signal_failed(process, other, signal, reason)
            case CancelFailedEvent(process_id=other, reason=reason):
                return self.respond_to_cancel_failed(process, other, reason)
        return None

    def decide(self, process: Process) -> list[Any]:
        """What the hooks answer to all that is new, in order."""
        return in_order(self.handle_event(event, process) for event in process.unseen_events())

    def _not_overridden(self, hook: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__qualname__} must override {hook}(), which this event calls for")
