"""What goes wrong at the service, or on the way to it: races, faults, answers that are lost. On the fake service."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from fakeswf import FakeSWF, Fault, attached
from pyworkflow.amazonswf import AmazonSWFBackend
from pyworkflow.backend import Observed
from pyworkflow.decision import (
    CompleteProcess,
    ContinueAsNew,
    RecordMarker,
    ScheduleActivity,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import DecisionEvent, DecisionTimedOutEvent, SignalEvent, TimerEvent
from pyworkflow.exceptions import (
    BackendException,
    BackendUnavailableException,
    ProcessAlreadyStartedException,
    UnknownDecisionException,
)
from pyworkflow.process import Process, ProcessCompleted, ProcessTimedOut
from pyworkflow.signal import Signal
from pyworkflow.task import ActivityTask, DecisionTask
from pyworkflow.testing import Clock

URL = "https://swf.us-east-1.amazonaws.com"


def decision(backend: AmazonSWFBackend) -> DecisionTask:
    task = backend.poll_decision_task()
    assert task is not None
    return task


def activity(backend: AmazonSWFBackend) -> ActivityTask:
    task = backend.poll_activity_task()
    assert task is not None
    return task


def raising(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


# --- a signal that comes at the moment of the close ---


def test_a_signal_in_the_moment_of_the_close_is_not_lost(backend: AmazonSWFBackend, service: FakeSWF) -> None:
    backend.start_process(Process("Order", "p"))
    service.before["RespondDecisionTaskCompleted"].append(lambda: backend.signal_process("p", "late"))
    assert backend.complete_decision_task(decision(backend), CompleteProcess()) is False
    again = decision(backend)
    assert [event.type for event in again.process.unseen_events()] == ["process_started", "signal"]
    assert backend.complete_decision_task(again, CompleteProcess()) is True
    assert backend.process_by_id("p").result == ProcessCompleted()


def test_in_that_moment_the_rest_of_the_list_is_applied(backend: AmazonSWFBackend, service: FakeSWF) -> None:
    """The one thing that the contract would have otherwise: the service refuses the close and nothing else."""
    backend.start_process(Process("Order", "p"))
    task = decision(backend)
    service.before["RespondDecisionTaskCompleted"].append(lambda: backend.signal_process("p", "late"))
    assert backend.complete_decision_task(task, [RecordMarker("m"), Timer(1), CompleteProcess()]) is False
    history = backend.process_by_id("p").history
    assert DecisionEvent(RecordMarker("m")) in history
    assert DecisionEvent(Timer(1)) not in history  # a timer of a process that closes was nothing but a note
    assert backend.pending("p").timers == ()


def test_the_fault_that_the_documents_tell_of_is_answered_as_they_say(
    backend: AmazonSWFBackend, service: FakeSWF
) -> None:
    backend.start_process(Process("Order", "p"))
    service.before["RespondDecisionTaskCompleted"].append(raising(Fault("UnhandledDecisionFault", "there is news")))
    assert backend.complete_decision_task(decision(backend), CompleteProcess()) is False
    assert backend.process_by_id("p").result is None
    assert backend.process_by_id("p").history[-1].type == "decision_failed"


def test_that_it_was_not_closed_is_found_out_though_the_history_lags(
    backend: AmazonSWFBackend, service: FakeSWF
) -> None:
    backend.start_process(Process("Order", "p"))
    task = decision(backend)
    backend.process_by_id("p")
    service.before["RespondDecisionTaskCompleted"].append(lambda: backend.signal_process("p", "late"))
    service.lag = 2
    assert backend.complete_decision_task(task, CompleteProcess()) is False
    assert service.lag == 0


def test_a_decision_is_answered_from_elsewhere_though_the_history_lags(
    backend: AmazonSWFBackend, service: FakeSWF
) -> None:
    backend.start_process(Process("Order", "p"))
    backend.process_by_id("p")
    task = decision(backend)
    service.lag = 1
    with AmazonSWFBackend(client=attached(service)) as other:
        assert other.complete_decision_task(task, CompleteProcess()) is True


def test_an_observer_hears_what_was_recorded_though_the_history_lags(
    backend: AmazonSWFBackend, service: FakeSWF
) -> None:
    backend.start_process(Process("Order", "p"))
    backend.process_by_id("p")
    heard: list[Observed] = []
    backend.observer = heard.append
    service.lag = 2
    backend.signal_process("p", "go")
    assert [event for observed in heard for event in observed.events] == [SignalEvent(Signal("go"))]


# --- a decider that crashes ---


def test_a_decider_that_crashes_loses_nothing(backend: AmazonSWFBackend, service: FakeSWF, clock: Clock) -> None:
    backend.start_process(Process("Order", "p"))
    backend.signal_process("p", "go")
    lost = decision(backend)
    clock.advance(60)
    other = AmazonSWFBackend(client=attached(service))
    again = decision(other)
    assert again.process.history[3:5] == [DecisionTimedOutEvent(), again.process.history[-1]]
    assert SignalEvent(Signal("go")) in again.process.unseen_events()
    with pytest.raises(UnknownDecisionException):
        backend.complete_decision_task(lost, CompleteProcess())
    assert other.complete_decision_task(again, CompleteProcess()) is True
    other.close()


def test_a_task_that_runs_out_of_time_before_all_its_pages_are_read_is_offered_again(
    backend: AmazonSWFBackend, service: FakeSWF, clock: Clock
) -> None:
    backend.start_process(Process("Order", "p"))
    for number in range(10):
        backend.signal_process("p", "go", number)
    service.before["PollForDecisionTask"].extend([lambda: None, lambda: clock.advance(60)])
    task = decision(backend)
    assert DecisionTimedOutEvent() in task.process.history
    assert len(task.process.unseen_events()) == 11


# --- refusals ---


@pytest.mark.parametrize(
    "fault",
    [
        Fault("ThrottlingException", "Rate exceeded"),
        Fault("LimitExceededFault", "too many open executions"),
        Fault("InternalFailure", "sorry", 500),
        Fault("ServiceUnavailable", "sorry", 503),
    ],
    ids=lambda fault: fault.code,
)
def test_what_may_be_repeated_is_unavailable_and_was_not_done(
    fault: Fault, backend: AmazonSWFBackend, service: FakeSWF
) -> None:
    service.before["StartWorkflowExecution"].append(raising(fault))
    with pytest.raises(BackendUnavailableException, match=fault.code) as caught:
        backend.start_process(Process("Order", "p"))
    assert caught.value.__cause__ is not None
    assert list(backend.processes()) == []
    assert backend.start_process(Process("Order", "p")) == "p"


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        ("AccessDeniedException", "may not do this"),
        ("OperationNotPermittedFault", "may not do this"),
        ("UnrecognizedClientException", "access key"),
        ("DomainDeprecatedFault", "undeprecate the domain"),
    ],
)
def test_what_cannot_be_repeated_says_what_to_do(
    code: str, cure: str, backend: AmazonSWFBackend, service: FakeSWF
) -> None:
    service.before["StartWorkflowExecution"].append(raising(Fault(code)))
    with pytest.raises(BackendException, match=cure) as caught:
        backend.start_process(Process("Order"))
    assert not isinstance(caught.value, BackendUnavailableException)


def test_a_deprecated_type_says_what_to_do(backend: AmazonSWFBackend, service: FakeSWF) -> None:
    backend.start_process(Process("Order"))
    service.answer("DeprecateWorkflowType", {"domain": "default", "workflowType": {"name": "Order", "version": "1.0"}})
    with pytest.raises(BackendException, match="another `version`"):
        backend.start_process(Process("Order"))
    renewed = AmazonSWFBackend(client=attached(service), version="2.0")
    renewed.register_workflow("Order")
    renewed.start_process(Process("Order"))
    renewed.close()


def test_an_activity_that_the_service_does_not_schedule_comes_back_as_failed(
    backend: AmazonSWFBackend, service: FakeSWF
) -> None:
    backend.start_process(Process("Order", "p"))
    backend.complete_decision_task(decision(backend), ScheduleActivity("Pay", id="1"))
    backend.complete_activity_task(activity(backend))
    service.answer("DeprecateActivityType", {"domain": "default", "activityType": {"name": "Pay", "version": "1.0"}})
    backend.complete_decision_task(decision(backend), ScheduleActivity("Pay", id="2"))
    unseen = decision(backend).process.unseen_events()
    assert "ACTIVITY_TYPE_DEPRECATED" in unseen[-1].result.reason  # type: ignore[attr-defined]


# --- connections that break ---


def test_a_start_whose_answer_is_lost_can_be_repeated(backend: AmazonSWFBackend, service: FakeSWF) -> None:
    service.after["StartWorkflowExecution"].append(raising(ReadTimeoutError(endpoint_url=URL)))
    with pytest.raises(BackendUnavailableException):
        backend.start_process(Process("Order", "p"))
    with pytest.raises(ProcessAlreadyStartedException):
        backend.start_process(Process("Order", "p"))
    assert [process.id for process in backend.processes()] == ["p"]


def test_of_a_signal_whose_answer_is_lost_nobody_says_that_it_was_not_sent(
    backend: AmazonSWFBackend, service: FakeSWF
) -> None:
    backend.start_process(Process("Order", "p"))
    service.after["SignalWorkflowExecution"].append(raising(ReadTimeoutError(endpoint_url=URL)))
    with pytest.raises(BackendException, match="whether it was done is not known") as caught:
        backend.signal_process("p", "go")
    assert not isinstance(caught.value, BackendUnavailableException)
    assert [event.type for event in backend.process_by_id("p").history].count("signal") == 1


@pytest.mark.parametrize(
    "error", [EndpointConnectionError(endpoint_url=URL), ConnectTimeoutError(endpoint_url=URL)], ids=repr
)
def test_a_signal_that_surely_was_not_sent_may_be_repeated(
    error: Exception, backend: AmazonSWFBackend, service: FakeSWF
) -> None:
    backend.start_process(Process("Order", "p"))
    service.before["SignalWorkflowExecution"].append(raising(error))
    with pytest.raises(BackendUnavailableException):
        backend.signal_process("p", "go")
    backend.signal_process("p", "go")
    assert [event.type for event in backend.process_by_id("p").history].count("signal") == 1


def test_a_poll_whose_answer_is_lost_loses_the_task_until_its_time_is_up(
    backend: AmazonSWFBackend, service: FakeSWF, clock: Clock
) -> None:
    backend.start_process(Process("Order", "p"))
    service.after["PollForDecisionTask"].append(raising(ReadTimeoutError(endpoint_url=URL)))
    with pytest.raises(BackendUnavailableException):
        backend.poll_decision_task()
    assert service.called.count("PollForDecisionTask") == 1  # it is not sent again: that would hide the loss
    assert backend.poll_decision_task() is None
    clock.advance(60)
    assert decision(backend).process.history[2] == DecisionTimedOutEvent()


def test_a_poll_that_is_throttled_says_so_to_one_who_waits(backend: AmazonSWFBackend, service: FakeSWF) -> None:
    service.before["PollForActivityTask"].append(raising(Fault("ThrottlingException", "Rate exceeded")))
    with pytest.raises(BackendUnavailableException, match="Rate exceeded"):
        backend.poll_activity_task(wait=30)


# --- tasks that come when nobody waits ---


def test_a_task_that_comes_when_nobody_waits_any_more_is_kept_for_the_next(
    backend: AmazonSWFBackend, service: FakeSWF
) -> None:
    service.answer("RegisterDomain", {"name": "default", "workflowExecutionRetentionPeriodInDays": "1"})
    service.hold = 30
    assert backend.poll_decision_task(wait=0.01) is None
    backend.start_process(Process("Order", "p"))  # which the poll that is held brings
    task = backend.poll_decision_task(wait=30)
    assert task is not None
    assert (task.process.id, service.called.count("PollForDecisionTask")) == ("p", 1)


def test_a_task_that_comes_after_the_end_is_given_back(service: FakeSWF) -> None:
    service.hold = 30
    doomed = AmazonSWFBackend(client=attached(service))
    doomed.register_workflow("Order")
    assert doomed.poll_decision_task(wait=0.01) is None
    closing = threading.Thread(target=doomed.close)
    closing.start()
    other = AmazonSWFBackend(client=attached(service))
    other.register_workflow("Order")
    other.start_process(Process("Order", "p"))
    closing.join(30)
    assert not closing.is_alive()
    again = decision(other)
    assert [event.type for event in again.process.history] == ["process_started", "decision_started"]
    other.complete_decision_task(again, CompleteProcess())
    other.close()


# --- time-outs and runs, as the service keeps them ---


def test_a_process_that_times_out_leaves_its_children_alone(backend: AmazonSWFBackend, clock: Clock) -> None:
    backend.register_workflow("Brief", timeout=10)
    backend.start_process(Process("Brief", "p"))
    child = StartChildProcess(Process("Order", "c"), "TERMINATE")
    backend.complete_decision_task(decision(backend), child)
    clock.advance(10)
    assert backend.process_by_id("p").result == ProcessTimedOut()
    assert backend.process_by_id("c").result is None


def test_long_histories_come_in_pages(backend: AmazonSWFBackend, service: FakeSWF) -> None:
    backend.start_process(Process("Order", "p"))
    for number in range(40):
        backend.signal_process("p", "go", number)
    task = decision(backend)
    assert [event.signal.data for event in task.process.history[1:41]] == list(range(40))  # type: ignore[attr-defined]
    assert service.called.count("PollForDecisionTask") == 9  # pages of five for 43 events of the service
    assert backend.process_by_id("p") == task.process


def test_the_runs_of_a_process_are_found_by_an_object_that_started_none(
    backend: AmazonSWFBackend, service: FakeSWF
) -> None:
    backend.start_process(Process("Order", "p", 1))
    for number in (2, 3):
        backend.complete_decision_task(decision(backend), ContinueAsNew(number))
    with AmazonSWFBackend(client=attached(service)) as other:
        assert [other.process_by_id("p", run=run).input for run in (1, 2, 3)] == [1, 2, 3]
        assert other.process_by_id("p").run == 3


def test_a_timer_that_fires_while_a_decision_is_made_is_seen_by_the_next(
    backend: AmazonSWFBackend, clock: Clock
) -> None:
    backend.start_process(Process("Order", "p"))
    backend.complete_decision_task(decision(backend), Timer(5))
    backend.signal_process("p", "go")
    task = decision(backend)
    clock.advance(5)
    assert backend.complete_decision_task(task, []) is True
    assert TimerEvent(Timer(5)) in decision(backend).process.unseen_events()


def test_what_other_programs_record_is_read(backend: AmazonSWFBackend, service: FakeSWF) -> None:
    backend.start_process(Process("Order", "p"))
    given = {"domain": "default", "workflowId": "p", "signalName": "go", "input": "plain text, and no JSON"}
    service.answer("SignalWorkflowExecution", given)
    assert backend.process_by_id("p").history[-1] == SignalEvent(Signal("go", "plain text, and no JSON"))


def test_what_the_service_records_by_itself_is_observed_with_the_next_decision(
    backend: AmazonSWFBackend, clock: Clock
) -> None:
    heard: list[Observed] = []
    backend.start_process(Process("Order", "p"))
    backend.complete_decision_task(decision(backend), Timer(5))
    backend.observer = heard.append
    clock.advance(5)
    assert heard == []
    decision(backend)
    (observed,) = heard
    assert [event.type for event in observed.events] == ["timer", "decision_started"]
    assert observed.number == 4


# --- registration ---


def test_a_domain_and_types_are_registered_when_they_are_needed_and_once(
    backend: AmazonSWFBackend, service: FakeSWF
) -> None:
    for _ in range(2):
        backend.start_process(Process("Order"))
        backend.complete_decision_task(decision(backend), ScheduleActivity("Pay"))
    made = [name for name in service.called if name.startswith("Register")]
    assert made == ["RegisterWorkflowType", "RegisterDomain", "RegisterWorkflowType", "RegisterActivityType"]


def test_that_others_have_registered_them_is_fine(backend: AmazonSWFBackend, service: FakeSWF) -> None:
    backend.start_process(Process("Order"))
    with AmazonSWFBackend(client=attached(service)) as other:
        other.register_workflow("Order")
        other.start_process(Process("Order"))
    assert len(list(backend.processes())) == 2


def test_looking_into_a_domain_that_there_is_not_makes_none(service: FakeSWF) -> None:
    with AmazonSWFBackend(client=attached(service)) as backend:
        looked: list[Any] = [list(backend.processes(status=None)), list(backend.summaries())]
        assert looked == [[], []]
        assert backend.poll_decision_task() is None
    assert "RegisterDomain" not in service.called


def test_a_child_that_the_closing_list_started_meets_its_policy(backend: AmazonSWFBackend) -> None:
    backend.start_process(Process("Order", "p"))
    child = StartChildProcess(Process("Order", "c"), "TERMINATE")
    backend.complete_decision_task(decision(backend), [child, CompleteProcess()])
    assert backend.process_by_id("c").history[-1].type == "process_closed"
