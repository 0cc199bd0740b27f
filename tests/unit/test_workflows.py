"""What workflows may answer, and the workflow with hooks."""

from __future__ import annotations

from typing import Any

import pytest

from pyworkflow import ActivityExecution, Process, event
from pyworkflow.activity import ActivityCanceled, ActivityCompleted
from pyworkflow.decision import (
    CancelProcess,
    CompleteProcess,
    FailProcess,
    RecordMarker,
    ScheduleActivity,
    StartChildProcess,
    Timer,
)
from pyworkflow.exceptions import InvalidDecisionException
from pyworkflow.managed import Activity, DefaultWorkflow, Workflow
from pyworkflow.managed.workflow.answers import decisions_of, merged
from pyworkflow.process import ProcessCompleted
from pyworkflow.signal import Signal


class PayActivity(Activity):
    pass


PROCESS = Process("Order", input={"euro": 5})


@pytest.mark.parametrize("nothing", [None, [], (), False, iter(())])
def test_no_decision_can_be_said_in_several_ways(nothing: object) -> None:
    assert decisions_of(nothing, PROCESS) == []


@pytest.mark.parametrize(
    "answer", [Timer(1), [Timer(1)], (Timer(1),), {Timer(1): None}.keys(), (timer for timer in [Timer(1)])]
)
def test_one_decision_or_any_iterable_of_them_is_a_list_of_decisions(answer: object) -> None:
    assert decisions_of(answer, PROCESS) == [Timer(1)]


def test_an_activity_class_stands_for_scheduling_it_with_the_input_of_the_process() -> None:
    [decided] = decisions_of(PayActivity, PROCESS)
    assert decided == ScheduleActivity("Pay", decided.id, input={"euro": 5})  # type: ignore[attr-defined]
    assert len(decisions_of([PayActivity, Timer(1), PayActivity], PROCESS)) == 3


@pytest.mark.parametrize(
    "answer", ["Pay", ["Pay"], {"Pay": 1}, True, 5, [None], Workflow, object, [Timer], PayActivity(None)]
)  # type: ignore[arg-type]
def test_what_is_no_decision_is_refused_and_named(answer: object) -> None:
    with pytest.raises(InvalidDecisionException, match="is no decision") as refused:
        decisions_of(answer, PROCESS)
    assert repr(answer[0] if isinstance(answer, list) else answer) in str(refused.value)


def test_merged_answers_keep_their_order_and_drop_what_is_empty_or_was_there() -> None:
    child = Process("Child", input={"a": [1]}, tags=["blue"])
    answers = [
        Timer(1, {"a": [1], "b": 2}),
        None,
        [],
        [Timer(2), None, Timer(1, {"b": 2, "a": [1]})],
        PayActivity,
        StartChildProcess(child),
        (StartChildProcess(Process("Child", input={"a": [1]}, tags=["blue"])), PayActivity, Timer(1)),
    ]
    assert merged(answers) == [
        Timer(1, {"a": [1], "b": 2}),
        Timer(2),
        PayActivity,
        StartChildProcess(child),
        Timer(1),
    ]


def test_the_first_answer_that_closes_the_process_is_the_last() -> None:
    class BriefWorkflow(DefaultWorkflow):
        def initiate(self, _process: Process) -> Any:
            return None

        def respond_to_signal(self, _process: Process, signal: Signal) -> Any:
            return [RecordMarker("m"), FailProcess(signal.name), RecordMarker("never")]

    history = [
        event.ProcessStartedEvent(),
        *(event.SignalEvent(Signal(name)) for name in "ab"),
        event.DecisionStartedEvent(),
    ]
    assert BriefWorkflow().decide(Process("Brief", history=history)) == [RecordMarker("m"), FailProcess("a")]


def test_merging_costs_the_same_for_each_of_many_decisions() -> None:
    class Counted(RecordMarker):
        compared = 0

        def __eq__(self, other: object) -> bool:
            Counted.compared += 1
            return super().__eq__(other)

        __hash__ = None  # type: ignore[assignment]

    many = [Counted("m", {"n": [number % 700]}) for number in range(1400)]
    assert len(merged([many])) == 700
    assert Counted.compared == 0


def test_what_is_no_decision_survives_merging_to_be_refused_by_name() -> None:
    assert merged(["Pay", [{1, 2}, {3}], {"a": 1}]) == ["Pay", {1, 2}, {3}, {"a": 1}]


class HookedWorkflow(DefaultWorkflow):
    def initiate(self, process: Process) -> Any:
        return RecordMarker("initiate", process.input)

    def respond_to_completed_activity(self, _process: Process, activity_execution: Any, result: Any) -> Any:
        return RecordMarker("completed", [activity_execution.id, result])

    def respond_to_interrupted_activity(self, _process: Process, activity_execution: Any, details: Any) -> Any:
        return RecordMarker("interrupted", [activity_execution.id, details.type])

    def respond_to_signal(self, _process: Process, signal: Signal) -> Any:
        return [RecordMarker("signal", signal.name), None]

    def respond_to_timer(self, _process: Process, timer: Timer) -> Any:
        return RecordMarker("timer", timer.data)

    def respond_to_child_process(
        self, _process: Process, child_process_id: str, workflow: Any, result: Any, tags: Any
    ) -> Any:
        return RecordMarker("child", [child_process_id, workflow, result.type, tags])

    def respond_to_signal_failed(self, _process: Process, process_id: str, signal: Signal, reason: str) -> Any:
        return RecordMarker("signal_failed", [process_id, signal.name, reason])


EXECUTION = ActivityExecution("Pay", "1")
EVENTS: list[tuple[event.Event, Any]] = [
    (event.ProcessStartedEvent(), RecordMarker("initiate", {"euro": 5})),
    (event.ActivityStartedEvent(EXECUTION), None),
    (event.DecisionEvent(Timer(1)), None),
    (event.ActivityEvent(EXECUTION, ActivityCompleted(7)), RecordMarker("completed", ["1", 7])),
    (event.ActivityEvent(EXECUTION, ActivityCanceled()), RecordMarker("interrupted", ["1", "canceled"])),
    (event.SignalEvent(Signal("paid")), RecordMarker("signal", "paid")),
    (event.TimerEvent(Timer(1, "late")), RecordMarker("timer", "late")),
    (
        event.ChildProcessEvent("c", ProcessCompleted(), "Child", ["blue"]),
        RecordMarker("child", ["c", "Child", "completed", ["blue"]]),
    ),
    (
        event.SignalFailedEvent("o", Signal("paid"), "closed"),
        RecordMarker("signal_failed", ["o", "paid", "closed"]),
    ),
    (event.CancelFailedEvent("o", "closed"), None),
    (event.CancelRequestedEvent("why"), CancelProcess("why")),
]


def process(*history: event.Event) -> Process:
    return Process("Hooked", input={"euro": 5}, history=[*history, event.DecisionStartedEvent()])


def test_each_new_event_goes_to_its_hook_in_order() -> None:
    decided = HookedWorkflow().decide(process(*(one for one, _ in EVENTS)))
    assert decided == [answer for _, answer in EVENTS if answer is not None]


def test_events_that_were_seen_are_not_answered_again() -> None:
    seen = [event.ProcessStartedEvent(), event.DecisionStartedEvent(), event.DecisionEvent(Timer(1))]
    assert HookedWorkflow().decide(process(*seen, event.SignalEvent(Signal("paid")))) == [
        RecordMarker("signal", "paid")
    ]


@pytest.mark.parametrize("one", [one for one, answer in EVENTS if answer and one.type != "cancel_requested"], ids=type)
def test_an_event_without_a_hook_is_an_error_that_names_the_hook(one: event.Event) -> None:
    class BareWorkflow(DefaultWorkflow):
        pass

    with pytest.raises(NotImplementedError, match=r"BareWorkflow must override (initiate|respond_to_\w+)\(\)"):
        BareWorkflow().decide(process(one))


def test_a_bare_workflow_agrees_to_be_canceled_and_to_cancel_in_vain() -> None:
    class BareWorkflow(DefaultWorkflow):
        pass

    assert BareWorkflow().decide(process(event.CancelRequestedEvent("why"))) == [CancelProcess("why")]
    assert BareWorkflow().decide(process(event.CancelFailedEvent("o", "closed"))) == []


def test_a_workflow_that_does_not_decide_says_so() -> None:
    class SilentWorkflow(Workflow):
        pass

    with pytest.raises(NotImplementedError, match=r"SilentWorkflow must override decide\(\)"):
        SilentWorkflow().decide(PROCESS)


def test_workflows_are_equal_when_their_classes_and_attributes_are() -> None:
    class OtherWorkflow(HookedWorkflow):
        pass

    assert HookedWorkflow() == HookedWorkflow()
    assert HookedWorkflow() != OtherWorkflow()
    assert len({HookedWorkflow(), HookedWorkflow()}) == 1
    assert CompleteProcess() != HookedWorkflow()
