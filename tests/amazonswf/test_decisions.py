"""What decisions become at Amazon SWF, and what is refused before it is sent. Pure; nothing is called."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.validate import ParamValidator

from fakeswf.validation import check_decision, model
from pyworkflow.activity import ActivityCanceled, ActivityCompleted, ActivityFailed, ActivityResult, ActivityTimedOut
from pyworkflow.amazonswf import decisions, results, wire
from pyworkflow.amazonswf.history import Story, tell
from pyworkflow.amazonswf.registry import Registry
from pyworkflow.decision import (
    CancelActivity,
    CancelProcess,
    CancelTimer,
    CompleteProcess,
    ContinueAsNew,
    Decision,
    FailProcess,
    RecordMarker,
    RequestCancelProcess,
    ScheduleActivity,
    SignalProcess,
    StartChildProcess,
    Timer,
)
from pyworkflow.exceptions import InvalidDecisionException
from pyworkflow.process import Process
from pyworkflow.signal import Signal
from recorded import DEFAULT, ORDER, PAY, SIGNALED, STARTED, Short, asked, begun, events

YEAR = "31536000"


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    registry.add_workflow("Order", "default", 1000, 60)
    registry.add_activity("Pay", "default", 0.5, 31_536_000, 10)
    return registry


def deciding() -> Story:
    """A run with the waiting activity "1", the running "2", and the timer "t", about to decide for the second time."""
    return tell(Story("p", "run"), begun(*OPEN, SIGNALED, *asked(10)))


def scheduled(id: str) -> Short:
    fields = {"activityType": PAY, "activityId": id, "taskList": DEFAULT, "decisionTaskCompletedEventId": 4}
    return ("ActivityTaskScheduled", fields)


OPEN: list[Short] = [
    scheduled("1"),
    scheduled("2"),
    ("ActivityTaskStarted", {"scheduledEventId": 6}),
    ("TimerStarted", {"timerId": "t", "startToFireTimeout": "9", "decisionTaskCompletedEventId": 4}),
]


def is_one(decision: dict[str, Any]) -> None:
    """The model of the service has such a decision."""
    report = ParamValidator().validate(decision, model().shape_for("Decision"))
    assert not report.has_errors(), report.generate_report()
    check_decision(decision)  # and lengths, enumerations and characters, which botocore leaves to the service


def sent(made: list[Decision], registry: Registry) -> list[dict[str, Any]]:
    """What is sent for a list: kinds and attributes."""
    written = decisions.written(deciding(), made, registry, "1.0").decisions
    for one in written:
        is_one(one)
    return [_short(one) for one in written]


def _short(decision: dict[str, Any]) -> dict[str, Any]:
    kind = decision["decisionType"]
    (attributes,) = (part for name, part in decision.items() if name != "decisionType")
    return {"": kind, **attributes}


OF_PAY = {
    "activityType": PAY,
    "taskList": DEFAULT,
    "scheduleToStartTimeout": "1",
    "startToCloseTimeout": YEAR,
    "heartbeatTimeout": "10",
    "scheduleToCloseTimeout": "NONE",
}
OF_ORDER = {
    "workflowType": ORDER,
    "taskList": DEFAULT,
    "tagList": [],
    "executionStartToCloseTimeout": "1000",
    "taskStartToCloseTimeout": "60",
    "childPolicy": "ABANDON",
}
MARKER = {"": "RecordMarker", "markerName": "pyworkflow.decision"}
WRITTEN: list[tuple[Decision, dict[str, Any]]] = [
    (
        ScheduleActivity("Pay", id="3", input=[1]),
        {"": "ScheduleActivityTask", **OF_PAY, "activityId": "3", "input": "[1]"},
    ),
    (
        ScheduleActivity("Pay", id="3", category="big"),
        {
            "": "ScheduleActivityTask",
            **OF_PAY,
            "activityId": "3",
            "taskList": {"name": "big"},
            "control": '{"pyworkflow":{"category":"big"}}',
        },
    ),
    (CancelActivity("1"), {"": "RequestCancelActivityTask", "activityId": "1"}),
    (CancelActivity("2"), {"": "RequestCancelActivityTask", "activityId": "2"}),
    (
        CancelActivity("9"),
        {**MARKER, "details": '{"pyworkflow":{"decision":{"type":"cancel_activity","id":"9"}}}'},
    ),
    (
        Timer(2.5, {"n": 1}),
        {
            "": "StartTimer",
            "timerId": "pyworkflow.timer.9",
            "startToFireTimeout": "3",
            "control": '{"pyworkflow":{"timer":{"delay":2.5,"data":{"n":1}}}}',
        },
    ),
    (
        Timer(0, id="u"),
        {
            "": "StartTimer",
            "timerId": "u",
            "startToFireTimeout": "0",
            "control": '{"pyworkflow":{"timer":{"delay":0,"id":"u"}}}',
        },
    ),
    (CancelTimer("t"), {"": "CancelTimer", "timerId": "t"}),
    (CancelTimer(Timer(9, id="t")), {"": "CancelTimer", "timerId": "t"}),
    (CancelTimer("u"), {**MARKER, "details": '{"pyworkflow":{"decision":{"type":"cancel_timer","timer":"u"}}}'}),
    (
        StartChildProcess(Process("Order", "c", 1, ["t"]), "TERMINATE"),
        {
            "": "StartChildWorkflowExecution",
            **OF_ORDER,
            "workflowId": "c",
            "input": "1",
            "tagList": ["t"],
            "control": '{"pyworkflow":{"policy":"TERMINATE"}}',
        },
    ),
    (
        StartChildProcess(Process("Order")),
        {
            "": "StartChildWorkflowExecution",
            **OF_ORDER,
            "workflowId": "p-9",
            "control": '{"pyworkflow":{"named":false}}',
        },
    ),
    (
        SignalProcess("o", Signal("s", 0)),
        {"": "SignalExternalWorkflowExecution", "workflowId": "o", "signalName": "s", "input": "0"},
    ),
    (RequestCancelProcess("o"), {"": "RequestCancelExternalWorkflowExecution", "workflowId": "o"}),
    (
        RequestCancelProcess("o", "why"),
        {
            "": "SignalExternalWorkflowExecution",
            "workflowId": "o",
            "signalName": "pyworkflow.cancel",
            "input": '"why"',
        },
    ),
    (RecordMarker("m", [1]), {"": "RecordMarker", "markerName": "m", "details": "[1]"}),
    (CompleteProcess(), {"": "CompleteWorkflowExecution"}),
    (CompleteProcess(""), {"": "CompleteWorkflowExecution", "result": '""'}),
    (CancelProcess([1]), {"": "CancelWorkflowExecution", "details": "[1]"}),
    (FailProcess("why", 1), {"": "FailWorkflowExecution", "reason": "why", "details": "1"}),
    (
        FailProcess("a\nb"),
        {"": "FailWorkflowExecution", "reason": "a b", "details": '{"pyworkflow":{"reason":"a\\nb"}}'},
    ),
    (
        ContinueAsNew(5),
        {
            "": "ContinueAsNewWorkflowExecution",
            "input": '{"pyworkflow":{"run":2,"value":5}}',
            "executionStartToCloseTimeout": "1000",
            "taskStartToCloseTimeout": "60",
            "taskList": DEFAULT,
            "tagList": ["x", "y"],
            "childPolicy": "ABANDON",
            "workflowTypeVersion": "1.0",
        },
    ),
]


@pytest.mark.parametrize(("decision", "expected"), WRITTEN)
def test_a_decision_is_written_as_the_service_takes_it(
    decision: Decision, expected: dict[str, Any], registry: Registry
) -> None:
    assert sent([decision], registry) == [expected]


def test_every_decision_of_ours_is_written() -> None:
    assert {type(decision) for decision, _ in WRITTEN} == set(Decision.__subclasses__())


def test_every_decision_of_the_service_is_made_but_those_of_lambda() -> None:
    kinds = set(model().shape_for("DecisionType").enum)
    assert kinds - {expected[""] for _, expected in WRITTEN} == {"ScheduleLambdaFunction"}


def test_of_a_list_that_closes_only_what_lasts_has_an_effect(registry: Registry) -> None:
    made = [ScheduleActivity("Pay", id="3"), Timer(1), CancelActivity("2"), RecordMarker("m"), CompleteProcess()]
    written = sent(made, registry)
    assert [one[""] for one in written] == ["RecordMarker"] * 4 + ["CompleteWorkflowExecution"]
    assert [one["markerName"] for one in written[:4]] == ["pyworkflow.decision"] * 3 + ["m"]


def test_what_is_canceled_in_a_list_is_free_for_what_follows(registry: Registry) -> None:
    made = [CancelActivity("1"), ScheduleActivity("Pay", id="1"), CancelTimer("t"), Timer(1, id="t")]
    kinds = [one[""] for one in sent(made, registry)]
    assert kinds == ["RequestCancelActivityTask", "ScheduleActivityTask", "CancelTimer", "StartTimer"]


LONG = "x" * 32_768
BEYOND: dict[str, Decision] = {
    "32,768": ScheduleActivity("Pay", id="3", input=LONG),
    "32,768 ": CompleteProcess(LONG),
    "32,768  ": Timer(1, LONG),
    "holds ':'": ScheduleActivity("Pay", id="a:b"),
    "holds '/'": ScheduleActivity("Pay", id="a/b"),
    "holds '|'": Timer(1, id="a|b"),
    r"holds '\x85'": ScheduleActivity("Pay", id="a\x85b"),
    "'arn' is": ScheduleActivity("Pay", id="arn"),
    "257 characters": ScheduleActivity("Pay", id="a" * 257),
    "there are 6": StartChildProcess(Process("Order", "c", tags=list("abcdef"))),
    "257": StartChildProcess(Process("Order", "c", tags=["a" * 257])),
    "99,999,999 s": Timer(100_000_000),
    "is kept for": RecordMarker("pyworkflow.decision"),
    "is kept for ": Timer(1, id="pyworkflow.retry.1"),
    "is kept for  ": SignalProcess("o", Signal("pyworkflow.cancel")),
    "begins or ends": ScheduleActivity("Pay", id="3", category=" big"),
    "still open": ScheduleActivity("Pay", id="2"),
    "not registered": ScheduleActivity("Nobody", id="3"),
}


@pytest.mark.parametrize("why", BEYOND)
def test_what_is_beyond_the_limits_is_refused_before_it_is_sent(why: str, registry: Registry) -> None:
    with pytest.raises(InvalidDecisionException) as refused:
        decisions.written(deciding(), [RecordMarker("m"), BEYOND[why]], registry, "1.0")
    assert refused.value.decision is BEYOND[why]
    assert why.strip() in refused.value.reason


def test_more_open_activities_than_there_can_be_are_refused(registry: Registry) -> None:
    made = [ScheduleActivity("Pay", id=f"a{number}") for number in range(997)]  # two are open already
    assert decisions.written(deciding(), made[:-1], registry, "1.0").closing is None
    with pytest.raises(InvalidDecisionException, match="998 activities"):
        decisions.written(deciding(), made, registry, "1.0")


def test_a_list_that_is_larger_than_a_request_is_refused(registry: Registry) -> None:
    made = [RecordMarker(f"m{number}", "x" * 30_000) for number in range(34)]
    with pytest.raises(InvalidDecisionException, match="1,000,000"):
        decisions.written(deciding(), made, registry, "1.0")


# --- answers without decisions of the workflow ---


def test_a_decision_that_failed_asks_again_after_longer_and_longer_pauses() -> None:
    story, pauses = tell(Story("p", "run"), events(STARTED, *asked(2))), []
    for attempt in range(12):
        answer = wire.failed(story, "a bug", "here")
        (timer,) = (one for one in answer["decisions"] if one["decisionType"] == "StartTimer")
        for one in answer["decisions"]:
            is_one(one)
        pauses.append(int(timer["startTimerDecisionAttributes"]["startToFireTimeout"]))
        story.round.attempts = attempt + 1
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_the_answer_for_a_failure_fits_however_long_its_texts_are() -> None:
    story = tell(Story("p", "run"), events(STARTED, *asked(2)))
    context = wire.failed(story, '"' * 50_000, "\n" * 500_000)["executionContext"]
    assert 20_000 < len(context) <= 32_768
    assert "characters cut" in context


# --- endings of activities ---

ENDINGS: list[tuple[ActivityResult, bool, str, dict[str, str]]] = [
    (ActivityCompleted(0), False, "completed", {"result": "0"}),
    (ActivityCompleted(), False, "completed", {}),
    (ActivityFailed("why", ["where"]), False, "failed", {"reason": "why", "details": '["where"]'}),
    (ActivityCanceled("half"), True, "canceled", {"details": '"half"'}),
    (
        ActivityCanceled("half"),
        False,
        "failed",
        {"reason": "canceled", "details": '{"pyworkflow":{"type":"canceled","value":"half"}}'},
    ),
    (
        ActivityTimedOut(None, "own"),
        False,
        "failed",
        {"reason": "timed out", "details": '{"pyworkflow":{"type":"timedout","timeout":"own"}}'},
    ),
]


@pytest.mark.parametrize(("ending", "was_asked", "kind", "fields"), ENDINGS)
def test_an_ending_is_told_as_the_service_takes_it(
    ending: ActivityResult, was_asked: bool, kind: str, fields: dict[str, str]
) -> None:
    assert results.response(ending, asked=was_asked) == (f"respond_activity_task_{kind}", fields)


@pytest.mark.parametrize("text", ["x" * 100_000, "\\" * 100_000, "漢" * 100_000, "\x00" * 100_000])
def test_a_failure_fits_however_long_its_texts_are(text: str) -> None:
    cut = results.cut(ActivityFailed(text, text))
    _, fields = results.response(cut, asked=False)
    assert all(len(field) <= 32_768 for field in fields.values())
    assert len(fields["reason"]) <= 256
