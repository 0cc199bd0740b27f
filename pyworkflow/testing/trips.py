"""The workflows that the suite of 2013 watches: a sum, an alarm, things that take too long, and a trip."""

# ruff: noqa: ARG002 - the handlers are given what rules are given

from __future__ import annotations

from typing import Any

from pyworkflow.activity import ActivityCompleted
from pyworkflow.decision import (
    CancelActivity,
    CancelProcess,
    CompleteProcess,
    Decision,
    ScheduleActivity,
    Timer,
)
from pyworkflow.event import ActivityEvent, ProcessStartedEvent, SignalEvent
from pyworkflow.managed import Activity, RuleSetWorkflow, Workflow
from pyworkflow.managed.workflow import rules
from pyworkflow.process import Process

ALARM = Timer(1, {"wake": "up"})


class AddActivity(Activity):
    category = "arithmetic"

    def execute(self) -> Any:
        self.heartbeat()
        return sum(self.input)


class SumWorkflow(Workflow):
    """Adds its input up, once."""

    activities = (AddActivity,)

    def decide(self, process: Process) -> Decision:
        if process.unseen_events()[0] == ProcessStartedEvent():
            return ScheduleActivity(AddActivity, input=process.input)
        return CompleteProcess()


class AlarmWorkflow(Workflow):
    """Waits for its alarm, once."""

    def decide(self, process: Process) -> Decision:
        return CompleteProcess() if process.has_decision(ALARM) else ALARM


class SlowActivity(Activity):
    scheduled_timeout = 1
    execution_timeout = 2
    heartbeat_timeout = 1

    def execute(self) -> Any:
        return "at last"


class SlowWorkflow(Workflow):
    """Tries three times, under ids that are numbers, and takes whatever comes."""

    activities = (SlowActivity,)

    def decide(self, process: Process) -> Decision:
        ended = [event for event in process.history if isinstance(event, ActivityEvent)]
        return ScheduleActivity(SlowActivity, id=len(ended) + 1) if len(ended) < 3 else CompleteProcess()


class DepositActivity(Activity):
    def execute(self) -> Any:
        return True


class HotelActivity(Activity):
    """Asks a hotel, which answers later."""

    auto_complete = False

    def execute(self) -> Any:
        return True


class RefundActivity(Activity):
    def execute(self) -> Any:
        return True


class TripWorkflow(RuleSetWorkflow):
    """A deposit, then a hotel for each town, any of which can fail; towns can be added on the way."""

    activities = (DepositActivity, HotelActivity, RefundActivity)

    @rules.process_started
    def begin(self, event: Any, process: Process) -> Any:
        return ScheduleActivity(DepositActivity)

    @rules.completed_activity("Deposit")
    def look_for_hotels(self, event: Any, process: Process) -> Any:
        return [ScheduleActivity(HotelActivity, input=town) for town in process.input["towns"]]

    @rules.interrupted_activity("Deposit")
    def give_up(self, event: Any, process: Process) -> Any:
        return CancelProcess("no deposit")

    @rules.signal("one more town")
    def add_a_town(self, event: SignalEvent, process: Process) -> Any:
        return ScheduleActivity(HotelActivity, input=event.signal.data)

    @rules.completed_activity("Hotel")
    def be_happy(self, event: Any, process: Process) -> Any:
        news = [one for one in process.unseen_events() if isinstance(one, ActivityEvent)]
        all_is_well = all(isinstance(one.result, ActivityCompleted) for one in news)
        return CompleteProcess() if all_is_well and not process.unfinished_activities() else None

    @rules.interrupted_activity("Hotel")
    def pay_back(self, event: Any, process: Process) -> Any:
        others = [CancelActivity(execution) for execution in process.unfinished_activities()]
        return [*others, ScheduleActivity(RefundActivity, input=process.input)]

    @rules.completed_activity("Refund")
    def stay_at_home(self, event: Any, process: Process) -> Any:
        return CancelProcess()
