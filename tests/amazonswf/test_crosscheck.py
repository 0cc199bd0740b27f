"""The fake service does what moto does, where moto does what the documents of AWS say; the differences are listed.

Each scenario is played with plain calls of boto3, to the server of moto and to the fake; what comes of it is compared:
the kinds of the events, and the codes of the errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from fakeswf import FakeSWF, attached

LIST = {"name": "list"}
FLOW = {"name": "Flow", "version": "1"}
TASK = {"name": "Task", "version": "1"}

ASKED = ["DecisionTaskScheduled", "DecisionTaskStarted"]
ANSWERED = [*ASKED, "DecisionTaskCompleted"]


class Stage:
    """A domain with a workflow and an activity, an execution "e" that was started, and short ways to go on."""

    def __init__(self, client: Any, domain: str) -> None:
        self.client, self.domain = client, domain
        client.register_domain(name=domain, workflowExecutionRetentionPeriodInDays="1")
        client.register_workflow_type(domain=domain, **FLOW)
        client.register_activity_type(domain=domain, **TASK)
        self.run_id = self.start()

    def start(self, id: str = "e", type: dict[str, str] = FLOW) -> str:
        run_id: str = self.client.start_workflow_execution(
            domain=self.domain,
            workflowId=id,
            workflowType=type,
            taskList=LIST,
            executionStartToCloseTimeout="1000",
            taskStartToCloseTimeout="100",
            childPolicy="ABANDON",
        )["runId"]
        return run_id

    def poll(self) -> str:
        """The token of the decision that is due."""
        task = self.client.poll_for_decision_task(domain=self.domain, taskList=LIST)
        token: str = task["taskToken"]
        return token

    def decide(self, *decisions: dict[str, Any]) -> None:
        self.answer(self.poll(), *decisions)

    def answer(self, token: str, *decisions: dict[str, Any]) -> None:
        self.client.respond_decision_task_completed(taskToken=token, decisions=decisions)

    def work(self) -> str:
        """The token of the activity that waits."""
        token: str = self.client.poll_for_activity_task(domain=self.domain, taskList=LIST)["taskToken"]
        return token

    def signal(self) -> None:
        self.client.signal_workflow_execution(domain=self.domain, workflowId="e", signalName="go", input="1")

    def history(self) -> list[str]:
        execution, kinds, more = {"workflowId": "e", "runId": self.run_id}, [], {}
        while True:
            page = self.client.get_workflow_execution_history(domain=self.domain, execution=execution, **more)
            kinds += [event["eventType"] for event in page["events"]]
            if not page.get("nextPageToken"):
                return kinds
            more = {"nextPageToken": page["nextPageToken"]}


@pytest.fixture
def moto(moto_url: str, domain: str) -> Stage:
    config = Config(retries={"total_max_attempts": 1})
    client = boto3.client(
        "swf",
        "us-east-1",
        aws_access_key_id="AKIA",
        aws_secret_access_key="secret",
        endpoint_url=moto_url,
        config=config,
    )
    return Stage(client, domain)


@pytest.fixture
def fake(domain: str) -> Stage:
    return Stage(attached(FakeSWF()), domain)


def made(kind: str, **attributes: Any) -> dict[str, Any]:
    return {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": attributes}


def scheduling(id: str = "a", type: dict[str, str] = TASK) -> dict[str, Any]:
    times = dict.fromkeys(
        ("scheduleToStartTimeout", "scheduleToCloseTimeout", "startToCloseTimeout", "heartbeatTimeout"), "100"
    )
    return made("ScheduleActivityTask", activityType=type, activityId=id, taskList=LIST, **times)


COMPLETE = made("CompleteWorkflowExecution", result="1")


# --- what is the same ---


def activity_completes(on: Stage) -> None:
    on.decide(scheduling())
    token = on.work()
    on.client.record_activity_task_heartbeat(taskToken=token, details="x")
    on.client.respond_activity_task_completed(taskToken=token, result="1")
    on.decide(COMPLETE)


def activity_fails(on: Stage) -> None:
    on.decide(scheduling())
    on.client.respond_activity_task_failed(taskToken=on.work(), reason="why")
    on.decide(made("FailWorkflowExecution", reason="why"))


def canceled(on: Stage) -> None:
    on.decide(made("CancelWorkflowExecution", details="why"))


def two_activities(on: Stage) -> None:
    on.decide(scheduling("a"), scheduling("b"))
    for _ in range(2):
        on.client.respond_activity_task_completed(taskToken=on.work())
        on.decide()


def terminated(on: Stage) -> None:
    on.poll()
    on.client.terminate_workflow_execution(domain=on.domain, workflowId="e", reason="why", details="x")


def noted(on: Stage) -> None:
    on.decide(made("RecordMarker", markerName="m", details="x"))


def unknown_activity_type(on: Stage) -> None:
    on.decide(scheduling(type={"name": "Nothing", "version": "1"}))
    on.decide(COMPLETE)


def id_in_use(on: Stage) -> None:
    on.decide(scheduling(), scheduling())
    on.decide(COMPLETE)


def deprecated_activity_type(on: Stage) -> None:
    on.client.deprecate_activity_type(domain=on.domain, activityType=TASK)
    on.decide(scheduling())


SCENARIOS: dict[Callable[[Stage], None], list[str]] = {
    activity_completes: [
        *ANSWERED,
        *("ActivityTaskScheduled", "ActivityTaskStarted", "ActivityTaskCompleted"),
        *(*ANSWERED, "WorkflowExecutionCompleted"),
    ],
    activity_fails: [
        *ANSWERED,
        *("ActivityTaskScheduled", "ActivityTaskStarted", "ActivityTaskFailed"),
        *(*ANSWERED, "WorkflowExecutionFailed"),
    ],
    two_activities: [
        *(*ANSWERED, "ActivityTaskScheduled", "ActivityTaskScheduled"),
        *("ActivityTaskStarted", "ActivityTaskCompleted", *ANSWERED) * 2,
    ],
    canceled: [*ANSWERED, "WorkflowExecutionCanceled"],
    terminated: [*ASKED, "WorkflowExecutionTerminated"],
    noted: [*ANSWERED, "MarkerRecorded"],
    unknown_activity_type: [*ANSWERED, "ScheduleActivityTaskFailed", *ANSWERED, "WorkflowExecutionCompleted"],
    id_in_use: [
        *(*ANSWERED, "ActivityTaskScheduled", "ScheduleActivityTaskFailed"),
        *(*ANSWERED, "WorkflowExecutionCompleted"),
    ],
    deprecated_activity_type: [*ANSWERED, "ScheduleActivityTaskFailed", "DecisionTaskScheduled"],
}


@pytest.mark.parametrize("play", SCENARIOS, ids=lambda play: play.__name__)
def test_both_record_the_same(play: Callable[[Stage], None], moto: Stage, fake: Stage) -> None:
    for stage in (moto, fake):
        play(stage)
        assert stage.history() == ["WorkflowExecutionStarted", *SCENARIOS[play]]


def used_token(on: Stage) -> None:
    token = on.poll()
    on.answer(token)
    on.answer(token)


def used_activity_token(on: Stage) -> None:
    on.decide(scheduling())
    token = on.work()
    on.client.respond_activity_task_completed(taskToken=token)
    on.client.respond_activity_task_completed(taskToken=token)


def deprecated_workflow_type(on: Stage) -> None:
    on.client.deprecate_workflow_type(domain=on.domain, workflowType=FLOW)
    on.start("other")


def after_the_close(on: Stage) -> None:
    on.decide(COMPLETE)
    on.signal()


ERRORS: dict[Callable[[Stage], object], str] = {
    lambda on: on.start(): "WorkflowExecutionAlreadyStartedFault",
    lambda on: on.start("other", {"name": "Nothing", "version": "1"}): "UnknownResourceFault",
    lambda on: on.client.register_workflow_type(domain=on.domain, **FLOW): "TypeAlreadyExistsFault",
    lambda on: on.client.register_activity_type(domain=on.domain, **TASK): "TypeAlreadyExistsFault",
    lambda on: Stage(on.client, on.domain): "DomainAlreadyExistsFault",
    lambda on: on.client.poll_for_decision_task(domain="nothing", taskList=LIST): "UnknownResourceFault",
    lambda on: on.client.terminate_workflow_execution(domain=on.domain, workflowId="x"): "UnknownResourceFault",
    lambda on: on.decide(COMPLETE, made("RecordMarker", markerName="m")): "ValidationException",
    lambda on: on.answer("never was a token"): "ValidationException",
    deprecated_workflow_type: "TypeDeprecatedFault",
    after_the_close: "UnknownResourceFault",
    used_token: "UnknownResourceFault",
    used_activity_token: "UnknownResourceFault",
}


@pytest.mark.parametrize("play", ERRORS)
def test_both_refuse_the_same(play: Callable[[Stage], object], moto: Stage, fake: Stage) -> None:
    for stage in (moto, fake):
        with pytest.raises(ClientError) as caught:
            play(stage)
        assert caught.value.response["Error"]["Code"] == ERRORS[play]


# --- where they differ, and why the fake is as it is ---


def two_signals(on: Stage) -> None:
    on.signal()
    on.signal()


def schedules_again(on: Stage) -> None:
    on.decide(scheduling())
    on.client.respond_activity_task_completed(taskToken=on.work())
    on.decide(scheduling())


def cancels_a_timer(on: Stage) -> None:
    on.decide(made("StartTimer", timerId="t", startToFireTimeout="100"), made("CancelTimer", timerId="t"))


def signal_comes_while_deciding(on: Stage) -> None:
    token = on.poll()
    on.signal()
    on.answer(token)


def closes_in_spite_of_news(on: Stage) -> None:
    token = on.poll()
    on.signal()
    on.answer(token, COMPLETE)


DIFFERENCES: dict[Callable[[Stage], None], tuple[str, list[str], list[str]]] = {
    two_signals: (
        "moto schedules a decision task for each. API reference, WorkflowExecutionOpenCounts: 'A workflow execution "
        "can have at most one open decision task.'",
        ["DecisionTaskScheduled", *("WorkflowExecutionSignaled", "DecisionTaskScheduled") * 2],
        ["DecisionTaskScheduled", "WorkflowExecutionSignaled", "WorkflowExecutionSignaled"],
    ),
    signal_comes_while_deciding: (
        "moto schedules the next decision task while one is open; the API reference, as above, has one at most.",
        [*ASKED, "WorkflowExecutionSignaled", "DecisionTaskScheduled", "DecisionTaskCompleted"],
        [*ASKED, "WorkflowExecutionSignaled", "DecisionTaskCompleted", "DecisionTaskScheduled"],
    ),
    schedules_again: (
        "moto takes the id of an activity for good. API reference, Decision: an id is that of an 'open activity task "
        "with the specified activityId'; a task that has closed is none.",
        [
            *ANSWERED,
            *("ActivityTaskScheduled", "ActivityTaskStarted", "ActivityTaskCompleted"),
            *(*ANSWERED, "ScheduleActivityTaskFailed", "DecisionTaskScheduled"),
        ],
        [
            *ANSWERED,
            *("ActivityTaskScheduled", "ActivityTaskStarted", "ActivityTaskCompleted"),
            *(*ANSWERED, "ActivityTaskScheduled"),
        ],
    ),
    cancels_a_timer: (
        "moto writes TimerCancelled. API reference, HistoryEvent: the type is TimerCanceled.",
        [*ANSWERED, "TimerStarted", "TimerCancelled"],
        [*ANSWERED, "TimerStarted", "TimerCanceled"],
    ),
    closes_in_spite_of_news: (
        "moto closes it. API reference, Decision: 'CompleteWorkflowExecutionFailed … could happen if there is an "
        "unhandled decision task pending in the workflow execution.'",
        [
            *(*ASKED, "WorkflowExecutionSignaled", "DecisionTaskScheduled", "DecisionTaskCompleted"),
            "WorkflowExecutionCompleted",
        ],
        [
            *(*ASKED, "WorkflowExecutionSignaled", "DecisionTaskCompleted"),
            *("CompleteWorkflowExecutionFailed", "DecisionTaskScheduled"),
        ],
    ),
}


@pytest.mark.parametrize("play", DIFFERENCES, ids=lambda play: play.__name__)
def test_they_differ_where_the_documents_are_on_the_side_of_the_fake(
    play: Callable[[Stage], None], moto: Stage, fake: Stage
) -> None:
    why, on_moto, on_fake = DIFFERENCES[play]
    play(moto)
    play(fake)
    assert moto.history() == ["WorkflowExecutionStarted", *on_moto], why
    assert fake.history() == ["WorkflowExecutionStarted", *on_fake], why
