"""Rules: which events they match, and how a set of them decides."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from pyworkflow import ActivityExecution, Process, event
from pyworkflow.activity import ActivityCanceled, ActivityCompleted, ActivityFailed, ActivityTimedOut
from pyworkflow.decision import CancelProcess, CompleteProcess, RecordMarker, ScheduleActivity, Timer
from pyworkflow.managed import Activity, RuleSetWorkflow
from pyworkflow.managed.workflow import rules
from pyworkflow.managed.workflow.rules import Rule, RuleDecorator
from pyworkflow.process import ProcessCanceled, ProcessCompleted, ProcessFailed
from pyworkflow.signal import Signal


class PayActivity(Activity):
    pass


class ChildWorkflow(RuleSetWorkflow):
    pass


PAY = ActivityExecution("Pay", "1", {"euro": 5})
STARTED = event.ProcessStartedEvent()
PAID = event.ActivityEvent(PAY, ActivityCompleted(7))
FAILED = event.ActivityEvent(PAY, ActivityFailed("no"))
SIGNAL = event.SignalEvent(Signal("paid", {"euro": 5}))
TIMER = event.TimerEvent(Timer(5, "late", id="t"))
CHILD = event.ChildProcessEvent("c", ProcessCompleted(1), "Child", ["blue", "red"])
CHILD_CANCELED = event.ChildProcessEvent("c", ProcessCanceled("why"), "Child")
SIGNAL_FAILED = event.SignalFailedEvent("o", Signal("paid"), "closed")
CANCEL = event.CancelRequestedEvent("why")
CANCEL_FAILED = event.CancelFailedEvent("o", "closed")
TAKEN = event.ActivityStartedEvent(PAY)
LOST = event.ActivityLostEvent(PAY)
DECIDED = event.DecisionEvent(RecordMarker("m"))
ALL = [STARTED, PAID, FAILED, SIGNAL, TIMER, CHILD, CHILD_CANCELED, SIGNAL_FAILED, CANCEL, CANCEL_FAILED]
ALL += [TAKEN, LOST, DECIDED]


def matched(decorator: RuleDecorator) -> list[event.Event]:
    rule = decorator(lambda _self, _event, _process: None)
    return [one for one in ALL if rule.match(one)]


@pytest.mark.parametrize(
    ("decorator", "events"),
    [
        (rules.process_started(), [STARTED]),
        (rules.activity(), [PAID, FAILED]),
        (rules.completed_activity(), [PAID]),
        (rules.interrupted_activity(), [FAILED]),
        (rules.activity_started(), [TAKEN]),
        (rules.activity_lost(), [LOST]),
        (rules.signal(), [SIGNAL]),
        (rules.signal_failed(), [SIGNAL_FAILED]),
        (rules.timer(), [TIMER]),
        (rules.child_process(), [CHILD, CHILD_CANCELED]),
        (rules.child_process_completed(), [CHILD]),
        (rules.child_process_interrupted(), [CHILD_CANCELED]),
        (rules.cancel_requested(), [CANCEL]),
        (rules.cancel_failed(), [CANCEL_FAILED]),
        (rules.decision(), [DECIDED]),
        (rules.rule(lambda one: one.type.startswith("cancel")), [CANCEL, CANCEL_FAILED]),
    ],
)
def test_a_rule_matches_its_kind_of_event_only(decorator: RuleDecorator, events: list[event.Event]) -> None:
    assert matched(decorator) == events


def test_there_is_a_rule_for_each_kind_of_event_that_a_workflow_can_see() -> None:
    made = [
        make()
        for name, make in inspect.getmembers(rules, inspect.isfunction)
        if make.__module__ == rules.__name__ and not name.startswith("_") and name != "rule"
    ]
    seen = {one.type for decorator in made for one in matched(decorator)}
    unseen = {"process_closed", "decision_started", "decision_failed", "decision_timed_out"}
    assert seen | unseen == {cls.type for cls in event.Event.__subclasses__()}


@pytest.mark.parametrize(
    "decorator",
    [
        rules.completed_activity("Pay", {"euro": 5}),
        rules.completed_activity(activity=PayActivity, result=ActivityCompleted(7)),
        rules.completed_activity(input=lambda given: given["euro"] > 4),
        rules.activity(result=ActivityCompleted),
    ],
)
def test_what_matches_the_conditions_matches(decorator: RuleDecorator) -> None:
    assert matched(decorator) == [PAID]


@pytest.mark.parametrize(
    ("decorator", "events"),
    [
        (rules.completed_activity(ChildWorkflow), []),
        (rules.completed_activity(input=0), []),
        (rules.completed_activity(input=lambda given: given["dollar"]), []),
        (rules.interrupted_activity("Pay", ActivityTimedOut), []),
        (rules.interrupted_activity("Pay", lambda result: result.reason == "no"), [FAILED]),
        (rules.interrupted_activity(result=ActivityCanceled()), []),
        (rules.signal("paid"), [SIGNAL]),
        (rules.signal(name="sent"), []),
        (rules.signal(data=dict), [SIGNAL]),
        (rules.timer("late"), [TIMER]),
        (rules.timer(data="early"), []),
        (rules.timer(id="t"), [TIMER]),
        (rules.child_process(ChildWorkflow), [CHILD, CHILD_CANCELED]),
        (rules.child_process("Other"), []),
        (rules.child_process(has_tag="red"), [CHILD]),
        (rules.child_process(tags=["blue"]), []),
        (rules.child_process_interrupted(result=ProcessFailed), []),
        (rules.signal_failed("o", "paid"), [SIGNAL_FAILED]),
        (rules.signal_failed("o", "sent"), []),
        (rules.cancel_requested("because"), []),
        (rules.cancel_failed("p"), []),
        (rules.activity_lost("Pay", {"euro": 5}), [LOST]),
        (rules.decision(RecordMarker), [DECIDED]),
        (rules.decision(RecordMarker("n")), []),
    ],
)
def test_every_condition_counts(decorator: RuleDecorator, events: list[event.Event]) -> None:
    assert matched(decorator) == events


def process(*history: event.Event) -> Process:
    return Process("Order", history=[*history, event.DecisionStartedEvent()])


class OrderWorkflow(RuleSetWorkflow):
    @rules.process_started
    def begin(self, _event: Any, process: Process) -> Any:
        return [Timer(1, process.workflow), None]

    @rules.signal("paid")
    def paid(self, event: Any, _process: Process) -> Any:
        return Timer(event.signal.data["euro"])

    @rules.signal()
    def any_signal(self, _event: Any, _process: Process) -> Any:
        return (decision for decision in [Timer(1, "Order"), RecordMarker("signal"), PayActivity])

    @rules.timer()
    def no_answer(self, _event: Any, _process: Process) -> Any:
        return None


def test_all_rules_that_match_decide_in_order() -> None:
    decided = OrderWorkflow().decide(process(STARTED, SIGNAL, TIMER))
    of_the_signal = [Timer(5), Timer(1, "Order"), RecordMarker("signal"), PayActivity]
    assert decided == [Timer(1, "Order"), *of_the_signal]


def test_equal_answers_to_one_event_count_once_and_to_several_events_each() -> None:
    class TwiceWorkflow(RuleSetWorkflow):
        @rules.signal()
        def once(self, _event: Any, _process: Process) -> Any:
            return [PayActivity, ScheduleActivity("Ship", id="ship")]

        @rules.signal()
        def again(self, _event: Any, _process: Process) -> Any:
            return PayActivity

    shipped = ScheduleActivity("Ship", id="ship")
    assert TwiceWorkflow().decide(process(SIGNAL)) == [PayActivity, shipped]
    assert TwiceWorkflow().decide(process(SIGNAL, SIGNAL)) == [PayActivity, shipped, PayActivity]


def test_the_first_answer_that_closes_the_process_is_the_last() -> None:
    asked: list[str] = []

    class BriefWorkflow(RuleSetWorkflow):
        @rules.signal()
        def close(self, event: Any, _process: Process) -> Any:
            asked.append(event.type)
            return [RecordMarker("m"), CompleteProcess(), RecordMarker("never")]

        @rules.signal()
        def never(self, _event: Any, _process: Process) -> Any:
            raise AssertionError

    assert BriefWorkflow().decide(process(STARTED, SIGNAL, SIGNAL)) == [RecordMarker("m"), CompleteProcess()]
    assert asked == ["signal"]


def test_a_rule_can_be_called_with_the_workflow_the_event_and_the_process() -> None:
    workflow = OrderWorkflow()
    assert workflow.paid(workflow, SIGNAL, None) == Timer(5)
    assert workflow.paid.match(SIGNAL)
    assert not workflow.paid.match(TIMER)
    assert [type(rule) for rule in OrderWorkflow.ruleset] == [Rule] * 4


def test_a_subclass_inherits_the_rules_and_replaces_them_by_name() -> None:
    class RushWorkflow(OrderWorkflow):
        any_signal = None

        @rules.signal("paid")
        def paid(self, event: Any, process: Process) -> Any:
            return [OrderWorkflow.paid(self, event, process), RecordMarker("rush")]

        @rules.cancel_requested()
        def canceled(self, event: Any, _process: Process) -> Any:
            return CancelProcess(event.details)

    assert RushWorkflow().decide(process(STARTED, SIGNAL, CANCEL)) == [
        Timer(1, "Order"),
        Timer(5),
        RecordMarker("rush"),
        CancelProcess("why"),
    ]
    assert len(OrderWorkflow.ruleset) == len(RushWorkflow.ruleset) == 4


def test_rules_can_come_from_a_class_that_is_no_workflow() -> None:
    class Cancelable:
        @rules.cancel_requested()
        def canceled(self, event: Any, _process: Process) -> Any:
            return CancelProcess(event.details)

    class MixedWorkflow(Cancelable, RuleSetWorkflow):
        pass

    assert MixedWorkflow().decide(process(CANCEL)) == [CancelProcess("why")]


def test_a_handler_under_two_rules_is_called_for_either_event() -> None:
    class EitherWorkflow(RuleSetWorkflow):
        @rules.timer()
        @rules.signal()
        def either(self, event: Any, _process: Process) -> Any:
            return RecordMarker(event.type)

    assert EitherWorkflow().decide(process(STARTED, TIMER, SIGNAL)) == [RecordMarker("timer"), RecordMarker("signal")]


def test_a_rule_without_its_parentheses_is_an_error_where_the_class_is_written() -> None:
    with pytest.raises(TypeError, match=r"ForgetfulWorkflow\.paid: its rule is written without parentheses: add \(\)"):

        class ForgetfulWorkflow(RuleSetWorkflow):
            @rules.signal
            def paid(self, _event: Any, _process: Process) -> Any:
                return None


def test_a_rule_that_raises_is_not_taken_for_one_that_does_not_match() -> None:
    class BrokenWorkflow(RuleSetWorkflow):
        @rules.signal()
        def broken(self, event: Any, _process: Process) -> Any:
            return event.signal.data["dollar"]

    with pytest.raises(KeyError):
        BrokenWorkflow().decide(process(SIGNAL))


def test_scheduled_activities_without_an_id_are_never_equal() -> None:
    class TwiceWorkflow(RuleSetWorkflow):
        @rules.signal()
        def paid(self, _event: Any, _process: Process) -> Any:
            return [ScheduleActivity(PayActivity, input=1), ScheduleActivity(PayActivity, input=1)]

    assert len(TwiceWorkflow().decide(process(SIGNAL))) == 2
