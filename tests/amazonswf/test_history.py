"""What the events of Amazon SWF mean: recorded histories, and ours of them. Pure; nothing is called."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fakeswf.validation import model
from pyworkflow.activity import (
    ActivityCanceled,
    ActivityCompleted,
    ActivityExecution,
    ActivityFailed,
    ActivityResult,
    ActivityTimedOut,
)
from pyworkflow.amazonswf.history import HANDLERS, Story, tell
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
from pyworkflow.event import (
    ActivityEvent,
    ActivityStartedEvent,
    CancelFailedEvent,
    CancelRequestedEvent,
    ChildProcessEvent,
    DecisionEvent,
    DecisionFailedEvent,
    DecisionStartedEvent,
    DecisionTimedOutEvent,
    Event,
    ProcessClosedEvent,
    ProcessStartedEvent,
    SignalEvent,
    SignalFailedEvent,
    TimerEvent,
)
from pyworkflow.process import (
    Process,
    ProcessCanceled,
    ProcessCompleted,
    ProcessFailed,
    ProcessResult,
    ProcessTimedOut,
)
from pyworkflow.signal import Signal
from recorded import BEGAN, CHILD, DEFAULT, ORDER, PAY, SIGNALED, STARTED, Short, answered, asked, begun, events

EXECUTION = ActivityExecution("Pay", "1", 7)
BEGINNING: list[Event] = [ProcessStartedEvent(), DecisionStartedEvent()]

SCHEDULED: Short = (
    "ActivityTaskScheduled",
    {
        "activityType": PAY,
        "activityId": "1",
        "input": "7",
        "taskList": DEFAULT,
        "decisionTaskCompletedEventId": 4,
        "scheduleToStartTimeout": "60",
        "startToCloseTimeout": "NONE",
        "heartbeatTimeout": "5",
    },
)
TAKEN: Short = ("ActivityTaskStarted", {"scheduledEventId": 5, "identity": "you"})
AT_WORK: list[Event] = [DecisionEvent(ScheduleActivity("Pay", "1", input=7)), ActivityStartedEvent(EXECUTION)]

TIMER: Short = ("TimerStarted", {"timerId": "t", "startToFireTimeout": "9", "decisionTaskCompletedEventId": 4})
OUR_TIMER: Short = (
    "TimerStarted",
    {
        "timerId": "pyworkflow.timer.3",
        "startToFireTimeout": "3",
        "decisionTaskCompletedEventId": 4,
        "control": '{"pyworkflow":{"timer":{"delay":2.5,"data":[1]}}}',
    },
)
INITIATED: Short = (
    "StartChildWorkflowExecutionInitiated",
    {
        "workflowId": "c",
        "workflowType": ORDER,
        "taskList": DEFAULT,
        "childPolicy": "ABANDON",
        "decisionTaskCompletedEventId": 4,
        "control": '{"pyworkflow":{"policy":"TERMINATE"}}',
        "input": "1",
        "tagList": ["t"],
    },
)
BORN: Short = (
    "ChildWorkflowExecutionStarted",
    {"workflowExecution": CHILD, "workflowType": ORDER, "initiatedEventId": 5},
)
STARTS_CHILD = DecisionEvent(StartChildProcess(Process("Order", "c", 1, ["t"]), "TERMINATE"))
OF_CHILD = {"workflowExecution": CHILD, "workflowType": ORDER, "initiatedEventId": 5, "startedEventId": 6}
DECIDED = {"decisionTaskCompletedEventId": 4}
FROM_OUTSIDE = {"childPolicy": "ABANDON"}


def of_activity(kind: str, **attributes: Any) -> Short:
    return (f"ActivityTask{kind}", {"scheduledEventId": 5, "startedEventId": 6, **attributes})


def told(*more: Short) -> Story:
    return tell(Story("p", "run"), begun(*more))


# --- endings ---


@pytest.mark.parametrize(
    ("ending", "result"),
    [
        (of_activity("Completed", result="49"), ActivityCompleted(49)),
        (of_activity("Completed"), ActivityCompleted(None)),
        (of_activity("Completed", result="not JSON"), ActivityCompleted("not JSON")),
        (of_activity("Failed", reason="why", details='{"at":1}'), ActivityFailed("why", {"at": 1})),
        (of_activity("Failed"), ActivityFailed(None, None)),
        (of_activity("Failed", reason="x", details='{"pyworkflow":{"reason":"a\\nb"}}'), ActivityFailed("a\nb", None)),
        (
            of_activity("Failed", reason="canceled", details='{"pyworkflow":{"value":1,"type":"canceled"}}'),
            ActivityCanceled(1),
        ),
        (
            of_activity("Failed", details='{"pyworkflow":{"type":"timedout","timeout":"worker"}}'),
            ActivityTimedOut(None, "worker"),
        ),
        (of_activity("Canceled", details="[1]"), ActivityCanceled([1])),
        (of_activity("TimedOut", timeoutType="START_TO_CLOSE"), ActivityTimedOut(timeout="execution")),
        (of_activity("TimedOut", timeoutType="SCHEDULE_TO_CLOSE"), ActivityTimedOut(timeout="execution")),
        (of_activity("TimedOut", timeoutType="HEARTBEAT", details="3"), ActivityTimedOut(3, "heartbeat")),
    ],
)
def test_an_activity_ends(ending: Short, result: ActivityResult) -> None:
    story = told(SCHEDULED, TAKEN, ending)
    assert story.events == [*BEGINNING, *AT_WORK, ActivityEvent(EXECUTION, result)]
    assert type(story.events[-1].result) is type(result)  # type: ignore[attr-defined]
    assert story.activities == {}


def test_an_activity_that_nobody_took_ends_without_a_start() -> None:
    never = {"scheduledEventId": 5, "startedEventId": 0}
    late = told(SCHEDULED, ("ActivityTaskTimedOut", {**never, "timeoutType": "SCHEDULE_TO_START"}))
    assert late.events[3:] == [ActivityEvent(EXECUTION, ActivityTimedOut(timeout="scheduled"))]
    asked_to = ("ActivityTaskCancelRequested", {"activityId": "1", **DECIDED})
    canceled = told(SCHEDULED, asked_to, ("ActivityTaskCanceled", {**never, "latestCancelRequestedEventId": 6}))
    assert canceled.events[3:] == [
        DecisionEvent(CancelActivity("1")),
        ActivityEvent(EXECUTION, ActivityCanceled()),
    ]


def test_what_is_open_is_known_with_its_time_outs() -> None:
    story = told(SCHEDULED, TAKEN, ("ActivityTaskCancelRequested", {"activityId": "1", **DECIDED}), TIMER, INITIATED)
    ((activity,), (timer,), (child,)) = (open.values() for open in (story.activities, story.timers, story.children))
    assert (activity.scheduled_timeout, activity.execution_timeout, activity.heartbeat_timeout) == (60, None, 5)
    assert (activity.identity, activity.cancel_requested, activity.started_id) == ("you", True, 6)
    assert (timer.timer, timer.due_at) == (Timer(9, id="t"), BEGAN + timedelta(seconds=7 + 9))
    assert (child.process_id, child.policy, child.run_id) == ("c", "TERMINATE", None)


# --- one by one ---


def failed(what: str, cause: str, **attributes: Any) -> Short:
    return (f"{what}Failed", {"cause": cause, **DECIDED, **attributes})


def terminated(**attributes: Any) -> Short:
    return ("WorkflowExecutionTerminated", {"childPolicy": "ABANDON", **attributes})


SENT: Short = (
    "SignalExternalWorkflowExecutionInitiated",
    {"workflowId": "o", "signalName": "s", "input": "1", **DECIDED},
)
NO_CLOSE = DecisionFailedEvent("not applied: something arrived while the closing of the process was being decided")
MEANINGS: dict[str, tuple[list[Short], list[Event]]] = {
    "a signal": ([SIGNALED], [SignalEvent(Signal("go", [1]))]),
    "a signal without data": (
        [("WorkflowExecutionSignaled", {"signalName": "go"})],
        [SignalEvent(Signal("go"))],
    ),
    "a request to cancel": ([("WorkflowExecutionCancelRequested", {})], [CancelRequestedEvent()]),
    "a request to cancel by a policy": (
        [("WorkflowExecutionCancelRequested", {"cause": "CHILD_POLICY_APPLIED"})],
        [CancelRequestedEvent("its parent closed")],
    ),
    "a request to cancel with details": (
        [("WorkflowExecutionSignaled", {"signalName": "pyworkflow.cancel", "input": '"why"'})],
        [CancelRequestedEvent("why")],
    ),
    "an activity that is refused": (
        [failed("ScheduleActivityTask", "ACTIVITY_ID_ALREADY_IN_USE", activityType=PAY, activityId="1")],
        [
            DecisionEvent(ScheduleActivity("Pay", "1")),
            ActivityEvent(
                ActivityExecution("Pay", "1"),
                ActivityFailed("Amazon SWF did not schedule it: ACTIVITY_ID_ALREADY_IN_USE"),
            ),
        ],
    ),
    "a cancel of an activity that is over": (
        [failed("RequestCancelActivityTask", "ACTIVITY_ID_UNKNOWN", activityId="1")],
        [DecisionEvent(CancelActivity("1"))],
    ),
    "a timer": (
        [TIMER, ("TimerFired", {"timerId": "t", "startedEventId": 5})],
        [DecisionEvent(Timer(9, id="t")), TimerEvent(Timer(9, id="t"))],
    ),
    "a timer as it was decided": (
        [OUR_TIMER, ("TimerFired", {"timerId": "pyworkflow.timer.3", "startedEventId": 5})],
        [DecisionEvent(Timer(2.5, [1])), TimerEvent(Timer(2.5, [1]))],
    ),
    "a timer that is canceled": (
        [OUR_TIMER, ("TimerCanceled", {"timerId": "pyworkflow.timer.3", "startedEventId": 5, **DECIDED})],
        [DecisionEvent(Timer(2.5, [1])), DecisionEvent(CancelTimer(Timer(2.5, [1])))],
    ),
    "a cancel of a timer that is over": (
        [failed("CancelTimer", "TIMER_ID_UNKNOWN", timerId="t")],
        [DecisionEvent(CancelTimer("t"))],
    ),
    "a timer that is refused": (
        [failed("StartTimer", "OPEN_TIMERS_LIMIT_EXCEEDED", timerId="t")],
        [DecisionFailedEvent("'t' was not applied: OPEN_TIMERS_LIMIT_EXCEEDED")],
    ),
    "a marker": (
        [("MarkerRecorded", {"markerName": "m", "details": "[1]", **DECIDED})],
        [DecisionEvent(RecordMarker("m", [1]))],
    ),
    "a marker that is refused": (
        [failed("RecordMarker", "OPERATION_NOT_PERMITTED", markerName="m")],
        [DecisionFailedEvent("'m' was not applied: OPERATION_NOT_PERMITTED")],
    ),
    "a decision without an effect": (
        [
            (
                "MarkerRecorded",
                {
                    "markerName": "pyworkflow.decision",
                    "details": '{"pyworkflow":{"decision":{"type":"cancel_timer","timer":"t"}}}',
                    **DECIDED,
                },
            )
        ],
        [DecisionEvent(CancelTimer("t"))],
    ),
    "a child that is refused": (
        [
            failed(
                "StartChildWorkflowExecution",
                "WORKFLOW_TYPE_DEPRECATED",
                workflowType=ORDER,
                workflowId="c",
                initiatedEventId=0,
            )
        ],
        [
            DecisionEvent(StartChildProcess(Process("Order", "c"))),
            ChildProcessEvent("c", ProcessFailed("Amazon SWF did not start it: WORKFLOW_TYPE_DEPRECATED"), "Order", []),
        ],
    ),
    "a child whose id is taken": (
        [
            INITIATED,
            failed(
                "StartChildWorkflowExecution",
                "WORKFLOW_ALREADY_RUNNING",
                workflowType=ORDER,
                workflowId="c",
                initiatedEventId=5,
            ),
        ],
        [
            STARTS_CHILD,
            ChildProcessEvent("c", ProcessFailed("a process with the id 'c' is open already"), "Order", ["t"]),
        ],
    ),
    "a signal to another that arrives": (
        [
            SENT,
            (
                "ExternalWorkflowExecutionSignaled",
                {"workflowExecution": {"workflowId": "o", "runId": "r"}, "initiatedEventId": 5},
            ),
        ],
        [DecisionEvent(SignalProcess("o", Signal("s", 1)))],
    ),
    "a signal to another that does not": (
        [
            SENT,
            failed(
                "SignalExternalWorkflowExecution",
                "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
                workflowId="o",
                initiatedEventId=5,
            ),
        ],
        [
            DecisionEvent(SignalProcess("o", Signal("s", 1))),
            SignalFailedEvent("o", Signal("s", 1), "there is no such process, or it is closed"),
        ],
    ),
    "a request to cancel another that arrives": (
        [
            ("RequestCancelExternalWorkflowExecutionInitiated", {"workflowId": "o", **DECIDED}),
            (
                "ExternalWorkflowExecutionCancelRequested",
                {"workflowExecution": {"workflowId": "o", "runId": "r"}, "initiatedEventId": 5},
            ),
        ],
        [DecisionEvent(RequestCancelProcess("o"))],
    ),
    "a request to cancel another that does not": (
        [
            ("RequestCancelExternalWorkflowExecutionInitiated", {"workflowId": "o", **DECIDED}),
            failed(
                "RequestCancelExternalWorkflowExecution",
                "OPERATION_NOT_PERMITTED",
                workflowId="o",
                initiatedEventId=5,
            ),
        ],
        [
            DecisionEvent(RequestCancelProcess("o")),
            CancelFailedEvent("o", "Amazon SWF did not send it: OPERATION_NOT_PERMITTED"),
        ],
    ),
    "a completing that news overtook": ([failed("CompleteWorkflowExecution", "UNHANDLED_DECISION")], [NO_CLOSE]),
    "a failing that news overtook": ([failed("FailWorkflowExecution", "UNHANDLED_DECISION")], [NO_CLOSE]),
    "a canceling that news overtook": ([failed("CancelWorkflowExecution", "UNHANDLED_DECISION")], [NO_CLOSE]),
    "a continuing that was refused": (
        [failed("ContinueAsNewWorkflowExecution", "WORKFLOW_TYPE_DEPRECATED")],
        [DecisionFailedEvent("the process was not closed: WORKFLOW_TYPE_DEPRECATED")],
    ),
    "what has no meaning here": (
        [("LambdaFunctionStarted", {"scheduledEventId": 1}), BORN],
        [],
    ),
}


@pytest.mark.parametrize("what", MEANINGS)
def test_every_kind_of_event_has_its_meaning(what: str) -> None:
    recorded, meaning = MEANINGS[what]
    assert told(*recorded).events == [*BEGINNING, *meaning]


@pytest.mark.parametrize(
    ("ending", "result"),
    [
        (("ChildWorkflowExecutionCompleted", {**OF_CHILD, "result": "1"}), ProcessCompleted(1)),
        (("ChildWorkflowExecutionFailed", {**OF_CHILD, "reason": "why"}), ProcessFailed("why")),
        (("ChildWorkflowExecutionCanceled", {**OF_CHILD, "details": "[2]"}), ProcessCanceled([2])),
        (("ChildWorkflowExecutionTimedOut", {**OF_CHILD, "timeoutType": "START_TO_CLOSE"}), ProcessTimedOut()),
        (("ChildWorkflowExecutionTerminated", OF_CHILD), ProcessCanceled()),
    ],
)
def test_a_child_ends(ending: Short, result: ProcessResult) -> None:
    story = told(INITIATED, BORN, ending)
    assert story.events[2:] == [STARTS_CHILD, ChildProcessEvent("c", result, "Order", ["t"])]
    assert type(story.events[-1].result) is type(result)  # type: ignore[attr-defined]
    assert story.children == {}


CLOSINGS: list[tuple[Short, Event, str]] = [
    (("WorkflowExecutionCompleted", {**DECIDED, "result": "1"}), DecisionEvent(CompleteProcess(1)), "completed"),
    (("WorkflowExecutionFailed", {**DECIDED, "reason": "why"}), DecisionEvent(FailProcess("why")), "failed"),
    (("WorkflowExecutionCanceled", {**DECIDED, "details": "1"}), DecisionEvent(CancelProcess(1)), "canceled"),
    (
        (
            "WorkflowExecutionContinuedAsNew",
            {
                **DECIDED,
                "newExecutionRunId": "next",
                "taskList": DEFAULT,
                "childPolicy": "ABANDON",
                "workflowType": ORDER,
                "input": '{"pyworkflow":{"run":2,"value":[1]}}',
            },
        ),
        DecisionEvent(ContinueAsNew([1])),
        "continued",
    ),
    (
        ("WorkflowExecutionTimedOut", {"timeoutType": "START_TO_CLOSE", **FROM_OUTSIDE}),
        ProcessClosedEvent(ProcessTimedOut(), "timeout"),
        "timedout",
    ),
    (
        terminated(reason="canceled", details='"why"'),
        ProcessClosedEvent(ProcessCanceled("why"), "cancel"),
        "canceled",
    ),
    (terminated(reason="canceled"), ProcessClosedEvent(ProcessCanceled(), "cancel"), "canceled"),
    (terminated(reason="by hand"), ProcessClosedEvent(ProcessCanceled("by hand"), "cancel"), "canceled"),
    (terminated(), ProcessClosedEvent(ProcessCanceled(), "cancel"), "canceled"),
    (
        terminated(cause="CHILD_POLICY_APPLIED"),
        ProcessClosedEvent(ProcessCanceled("its parent closed"), "parent"),
        "canceled",
    ),
    (
        terminated(cause="EVENT_LIMIT_EXCEEDED"),
        ProcessClosedEvent(ProcessFailed("it had too many events, and Amazon SWF ended it"), "limit"),
        "failed",
    ),
]


@pytest.mark.parametrize(("closing", "event", "status"), CLOSINGS)
def test_an_execution_closes(closing: Short, event: Event, status: str) -> None:
    story = told(SCHEDULED, TIMER, closing)
    assert (story.events[-1], story.status, story.closed_at) == (event, status, story.at)
    assert (story.activities, story.timers) == ({}, {})
    assert story.successor == ("next" if status == "continued" else None)


# --- the beginning ---


def test_a_run_begins_with_what_it_was_started_with() -> None:
    story = tell(Story("p", "run"), events(STARTED))
    assert story.process() == Process("Order", "p", {"n": 1}, ["x", "y"], [ProcessStartedEvent()])
    assert (story.category, story.timeout, story.decision_timeout) == ("default", 1000, 60)
    assert story.started_at == BEGAN


def test_all_that_need_not_be_told_may_be_missing() -> None:
    kind, whole = STARTED
    bare = {name: whole[name] for name in ("workflowType", "taskList", "childPolicy")}
    story = tell(Story("p", "run"), events((kind, bare)))
    assert story.process() == Process("Order", "p", None, [], [ProcessStartedEvent()])
    assert (story.timeout, story.parent, story.predecessor) == (None, None, None)


def test_a_later_run_of_a_child_says_so() -> None:
    kind, whole = STARTED
    later = {
        **whole,
        "input": '{"pyworkflow":{"run":3,"value":0}}',
        "parentWorkflowExecution": {"workflowId": "parent", "runId": "r"},
        "continuedExecutionRunId": "second",
    }
    story = tell(Story("p", "run"), events((kind, later)))
    assert (story.run, story.input, story.parent, story.predecessor) == (3, 0, "parent", "second")


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("false", False), ('""', ""), ("[]", []), ("null", None)])
def test_no_value_is_lost_for_being_empty(text: str, value: Any) -> None:
    kind, whole = STARTED
    story = tell(Story("p", "run"), events((kind, {**whole, "input": text})))
    assert (story.input, type(story.input)) == (value, type(value))


# --- decisions that come to nothing ---

TIMED_OUT: Short = (
    "DecisionTaskTimedOut",
    {"timeoutType": "START_TO_CLOSE", "scheduledEventId": 6, "startedEventId": 7},
)


def test_a_decider_that_crashed_has_seen_nothing() -> None:
    story = told(SIGNALED, *asked(6), TIMED_OUT, *asked(9))
    assert story.events[2:] == [
        SignalEvent(Signal("go", [1])),
        DecisionStartedEvent(),
        DecisionTimedOutEvent(),
        DecisionStartedEvent(),
    ]
    assert story.process().unseen_events() == [SignalEvent(Signal("go", [1]))]
    assert (story.round.attempts, story.round.error) == (1, "it did not come within 60 s")


def test_a_closing_that_a_signal_overtook_is_decided_again_with_all_that_was_new() -> None:
    late: Short = ("WorkflowExecutionSignaled", {"signalName": "late"})
    refused: Short = (
        "CompleteWorkflowExecutionFailed",
        {"cause": "UNHANDLED_DECISION", "decisionTaskCompletedEventId": 9},
    )
    completed: Short = ("DecisionTaskCompleted", {"scheduledEventId": 6, "startedEventId": 7})
    story = told(SIGNALED, *asked(6), late, completed, refused, *asked(11))
    assert story.events[4:] == [SignalEvent(Signal("late")), NO_CLOSE, DecisionStartedEvent()]
    assert story.process().unseen_events() == [SignalEvent(Signal("go", [1])), SignalEvent(Signal("late"))]


@pytest.mark.parametrize("order", [[0, 1, 2], [0, 2, 1], [1, 0, 2]])
def test_news_is_not_lost_whenever_the_next_decision_task_is_scheduled(order: list[int]) -> None:
    next_one: Short = ("DecisionTaskScheduled", {"taskList": DEFAULT, "startToCloseTimeout": "60"})
    completed: Short = ("DecisionTaskCompleted", {"scheduledEventId": 5, "startedEventId": 6})
    between = [(SIGNALED, next_one, completed)[position] for position in order]
    taken: Short = ("DecisionTaskStarted", {"scheduledEventId": 8})
    begun_again = tell(Story("p", "run"), events(STARTED, *answered(2), *asked(5), *between, taken))
    assert begun_again.process().unseen_events() == [SignalEvent(Signal("go", [1]))]


def test_what_a_list_that_was_overtaken_withheld_is_forgotten_and_else_recorded_with_the_close() -> None:
    note: Short = (
        "MarkerRecorded",
        {
            "markerName": "pyworkflow.decision",
            "details": '{"pyworkflow":{"closing":true,"decision":{"type":"timer","delay":1}}}',
            **DECIDED,
        },
    )
    refused: Short = ("CompleteWorkflowExecutionFailed", {"cause": "UNHANDLED_DECISION", **DECIDED})
    done: Short = ("WorkflowExecutionCompleted", DECIDED)
    marker: Short = ("MarkerRecorded", {"markerName": "m", **DECIDED})
    kept, noted = DecisionEvent(RecordMarker("m")), DecisionEvent(Timer(1))
    assert told(note, marker, refused).events[2:] == [kept, NO_CLOSE]
    assert told(note, marker, done).events[2:] == [noted, kept, DecisionEvent(CompleteProcess())]


def test_a_decision_that_failed_is_in_the_history_once_and_waits_for_its_timer() -> None:
    context = '{"pyworkflow":{"outcome":"failed","reason":"a bug","traceback":"here"}}'
    retry: Short = (
        "TimerStarted",
        {"timerId": "pyworkflow.retry.7", "startToFireTimeout": "1", "decisionTaskCompletedEventId": 8},
    )
    story = told(SIGNALED, *answered(6, context), retry)
    assert story.events[4:] == [DecisionFailedEvent("a bug", "here")]
    assert (story.round.attempts, story.round.retry_timer) == (1, "pyworkflow.retry.7")
    assert story.timers == {}  # it is none of the workflow's


@pytest.mark.parametrize("closing", [None, *[closing for closing, _, _ in CLOSINGS]])
def test_a_history_that_is_told_in_parts_is_the_same(closing: Short | None) -> None:
    parts = [SCHEDULED, TAKEN, of_activity("Completed", result="1"), SIGNALED, *asked(9)]
    whole = begun(*parts, *([] if closing is None else [closing]))
    for split in range(len(whole)):
        story = tell(Story("p", "run"), whole[:split])
        assert tell(story, whole[split:]).events == tell(Story("p", "run"), whole).events


def test_times_never_decrease() -> None:
    recorded = begun(SIGNALED)
    recorded[-1]["eventTimestamp"] -= timedelta(hours=1)
    story = tell(Story("p", "run"), recorded)
    assert story.events[-1].datetime == BEGAN + timedelta(seconds=3)  # when the event before it was recorded


def test_every_kind_of_event_that_the_service_has_is_known_or_left_out_on_purpose() -> None:
    kinds = set(model().shape_for("EventType").enum)
    assert kinds >= HANDLERS.keys()
    assert all("Lambda" in kind for kind in kinds - HANDLERS.keys())


def test_every_decision_of_ours_is_met_in_these_histories() -> None:
    recorded = [*(meaning for _, meaning in MEANINGS.values()), [event for _, event, _ in CLOSINGS], AT_WORK]
    met = {type(event.decision) for events in recorded for event in events if isinstance(event, DecisionEvent)}
    assert met == set(Decision.__subclasses__())
