"""Which signal tells of which event."""

from __future__ import annotations

from blinker import NamedSignal, Namespace

from pyworkflow.event import ActivityEvent, DecisionEvent, Event, ProcessClosedEvent

signals = Namespace()
"""All of them by name, such as "process_started": for receivers that want to hear everything."""

_HAPPENED = {
    "process_started": "process_started",
    "signal": "process_signaled",
    "cancel_requested": "process_cancel_requested",
    "decision_started": "decision_started",
    "decision_failed": "decision_failed",
    "decision_timed_out": "decision_timedout",
    "activity_started": "activity_started",
    "activity_lost": "activity_lost",
    "timer": "timer_fired",
    "child_process": "child_process_ended",
    "signal_failed": "signal_failed",
    "cancel_failed": "cancel_failed",
}

_DECIDED = {
    "schedule_activity": "activity_scheduled",
    "cancel_activity": "activity_cancel_requested",
    "timer": "timer_started",
    "cancel_timer": "timer_canceled",
    "start_child_process": "child_process_scheduled",
    "signal_process": "signal_sent",
    "request_cancel_process": "cancel_sent",
    "record_marker": "marker_recorded",
    "complete_process": "process_completed",
    "cancel_process": "process_canceled",
    "fail_process": "process_failed",
    "continue_as_new": "process_continued",
}


def signal_for(event: Event) -> NamedSignal:
    """The signal that tells of this event."""
    match event:
        case DecisionEvent(decision=decision):
            return signals[_DECIDED[decision.type]]
        case ActivityEvent(result=result):
            return signals[f"activity_{result.type}"]
        case ProcessClosedEvent(result=result):
            return signals[f"process_{result.type}"]
    return signals[_HAPPENED[event.type]]
