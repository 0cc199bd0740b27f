"""P12: a process goes on from an event of another, which is not touched."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pyworkflow.activity import ActivityCanceled, ActivityCompleted
from pyworkflow.backend import Observed
from pyworkflow.decision import (
    CancelActivity,
    CompleteProcess,
    ContinueAsNew,
    Decision,
    RecordMarker,
    RequestCancelProcess,
    ScheduleActivity,
    SignalProcess,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import ActivityEvent, ChildProcessEvent, Origin, ProcessStartedEvent
from pyworkflow.exceptions import (
    InvalidValueException,
    ProcessAlreadyStartedException,
    UnknownWorkflowException,
    UnsupportedException,
)
from pyworkflow.process import Process, ProcessCompleted
from pyworkflow.signal import Signal
from pyworkflow.testing.contract.base import Contract, some


class ForkingRules(Contract):
    """P12."""

    @pytest.fixture
    def _forking(self, _begin: None) -> None:
        if not self.backend.capabilities.forks:
            with pytest.raises(UnsupportedException):
                self.backend.fork_process(Process("Order", "x"), 1)
            pytest.skip("processes cannot be forked, by its own account")

    def _fork(self, process_id: str, number: int, id: str | None = "fork", **more: object) -> str:
        return self.backend.fork_process(self.backend.process_by_id(process_id), number, id=id, **more)  # type: ignore[arg-type]

    def _paid(self) -> str:
        """A process that has completed: its activity is scheduled by event 3, and ended by event 5."""
        self.start("p", input={"n": 1}, tags=["t"])
        self.decide(ScheduleActivity("Pay", id="1", input=[1]))
        self.clock.advance(10)
        self.work("paid")
        self.decide(CompleteProcess("done"))
        self.clock.advance(10)
        return "p"

    @pytest.mark.usefixtures("_forking")
    def test_P12_a_fork_begins_with_the_history_up_to_there_and_says_so(self) -> None:
        self._paid()
        assert self._fork("p", 5) == "fork"
        origin, fork = self.another().process_by_id("p"), self.another().process_by_id("fork")
        assert fork == Process("Order", "fork", {"n": 1}, ["t"], origin.history[:5])
        assert [event.datetime for event in fork.history] == [event.datetime for event in origin.history[:5]]
        assert fork.forked_from == Origin("p", 1, 5)
        assert (fork.parent, fork.run, fork.result) == (None, 1, None)
        assert [recorded.number for recorded in self.backend.events("fork")] == [1, 2, 3, 4, 5]
        newest = self.backend.summaries().items[0]
        assert (newest.id, newest.status, newest.started_at, newest.events) == ("fork", "open", self.clock(), 5)

    @pytest.mark.usefixtures("_forking")
    def test_P12_what_it_was_forked_from_is_not_touched(self) -> None:
        self._paid()
        before = self.log_of("p")
        self._fork("p", 5)
        self.decide(CompleteProcess("otherwise"))
        assert self.log_of("p") == before
        assert self.backend.process_by_id("fork").result == ProcessCompleted("otherwise")
        assert self.backend.process_by_id("p").result == ProcessCompleted("done")

    @pytest.mark.usefixtures("_forking")
    def test_P12_a_fork_gets_an_id_of_its_own_or_the_one_that_is_given_once(self) -> None:
        self._paid()
        ids = {self._fork("p", 5, None), self._fork("p", 5, None), self._fork("p", 5)}
        assert len(ids) == 3
        with self.nothing_recorded():
            for taken in ("p", "fork"):
                with pytest.raises(ProcessAlreadyStartedException):
                    self._fork("p", 5, taken)
            with pytest.raises(InvalidValueException):
                self._fork("p", 5, "")

    @pytest.mark.usefixtures("_forking")
    def test_P12_what_the_workflow_had_not_answered_yet_it_is_asked_at_once(self) -> None:
        self._paid()
        self._fork("p", 5)
        task = some(self.backend.poll_decision_task())
        assert [event.type for event in task.process.unseen_events()] == ["decision", "activity_started", "activity"]
        assert len(task.process.history) == 6

    @pytest.mark.usefixtures("_forking")
    def test_P12_a_question_is_put_again_as_it_stands(self) -> None:
        self._paid()
        self._fork("p", 2)
        task = some(self.backend.poll_decision_task(identity="who asks now", code="c0de"))
        assert task.process.history == self.history("p")[:2]
        started = task.process.history[-1]
        assert (started.identity, started.code, started.datetime) == ("who asks now", "c0de", self.clock())
        assert task.process.is_new
        self.backend.complete_decision_task(task, [RecordMarker("m")])
        assert self.types("fork") == ["process_started", "decision_started", "decision"]

    @pytest.mark.usefixtures("_forking")
    def test_P12_where_all_was_answered_nothing_is_asked_until_something_happens(self) -> None:
        self._paid()
        self._fork("p", 3)
        assert not self.is_due()
        self.work("again")
        assert self.is_due()

    @pytest.mark.usefixtures("_forking")
    def test_P12_within_a_list_of_decisions_the_question_is_put_again(self) -> None:
        self.start("p")
        self.decide(RecordMarker("a"), RecordMarker("b"), ScheduleActivity("Pay", id="1"))
        self._fork("p", 4)
        fork = self.backend.process_by_id("fork")
        assert ([event.type for event in fork.history], fork.forked_from) == (
            ["process_started"],
            Origin("p", 1, 1),
        )
        assert self.is_due()

    @pytest.mark.usefixtures("_forking")
    def test_P12_what_came_while_a_decision_was_being_made_is_unseen_with_all_before_it(self) -> None:
        self.start("p")
        task = some(self.backend.poll_decision_task())
        self.backend.signal_process("p", "go")
        self.backend.complete_decision_task(task, [RecordMarker("a")])
        self.decide()
        self._fork("p", 3)
        assert self.types("fork")[3:] == ["decision_failed"]
        unseen = some(self.backend.poll_decision_task()).process.unseen_events()
        assert [event.type for event in unseen] == ["process_started", "signal"]

    @pytest.mark.usefixtures("_forking")
    def test_P12_what_is_told_at_once_comes_with_the_question_that_is_put_again(self) -> None:
        self.start("p")
        child = StartChildProcess(Process("Order", "c"))
        self.decide(ScheduleActivity("Pay", id="1"), ScheduleActivity("Pay", id="2"), child)
        self.work("paid")
        tasks = {str(task.process.id): task for task in self.backend.poll_decision_tasks(2)}
        self.backend.complete_decision_task(tasks["p"], [])
        self.backend.complete_decision_task(tasks["c"], [CompleteProcess("grown")])
        self._fork("p", 8, results={4: ActivityCompleted("by hand")})
        news = some(self.backend.poll_decision_task(names=["Order"], root="fork")).process.unseen_events()
        asked = [event for event in news if event.calls_for_decision]
        assert [getattr(event, "result", None) for event in asked] == [
            ActivityCompleted("paid"),
            ActivityCompleted("by hand"),
            ProcessCompleted("grown"),
        ]

    @pytest.mark.usefixtures("_forking")
    def test_P12_a_decision_that_is_being_made_is_asked_for_with_what_came_since(self) -> None:
        self.start("p")
        task = some(self.backend.poll_decision_task())
        self.backend.signal_process("p", "go")
        self._fork("p", 3)
        self.backend.complete_decision_task(task, [])
        tasks = {str(task.process.id): task for task in self.backend.poll_decision_tasks(2)}
        assert tasks["fork"].process.is_new
        assert [event.type for event in tasks["fork"].process.unseen_events()] == ["process_started", "signal"]
        assert not tasks["p"].process.is_new

    @pytest.mark.usefixtures("_forking")
    @pytest.mark.parametrize(
        ("decision", "event"),
        [
            (SignalProcess("nobody", Signal("hi")), "signal_failed"),
            (RequestCancelProcess("nobody"), "cancel_failed"),
            (SignalProcess("p", Signal("hi")), "signal"),
        ],
    )
    def test_P12_what_a_decision_came_to_at_once_belongs_to_it(self, decision: Decision, event: str) -> None:
        self.start("p")
        self.decide(RecordMarker("m"), decision)
        self.clock.advance(10)
        assert self.types("p")[4:] == [event]
        self._fork("p", 4)
        assert self.types("fork") == self.types("p")
        assert self.is_due()

    @pytest.mark.usefixtures("_forking")
    def test_P12_a_child_is_not_taken_for_another_whose_id_ends_in_its_number(self) -> None:
        self.start("p")
        self.decide(StartChildProcess(Process("Order")))
        (child,) = self.backend.poll_decision_tasks(1)
        self.backend.signal_process("p", "go")
        self.decide(StartChildProcess(Process("Order", "batch-3")))
        self.decide(CompleteProcess("of the batch"))
        with self.nothing_recorded(), pytest.raises(InvalidValueException, match="child Order of event 3"):
            self._fork("p", 3)
        self.backend.complete_decision_task(child, [CompleteProcess("of event 3")])
        self._fork("p", 3)
        ends = [event for event in self.history("fork") if isinstance(event, ChildProcessEvent)]
        assert [(end.process_id, end.result) for end in ends] == [("p-3", ProcessCompleted("of event 3"))]

    @pytest.mark.usefixtures("_forking")
    def test_P12_activities_that_were_open_wait_anew_with_the_time_outs_of_today(self) -> None:
        task = self.running()
        process_id = some(task.process_id)
        self.clock.advance(100)
        self.backend.register_activity("Pay", "till", scheduled_timeout=50, execution_timeout=60)
        self._fork(process_id, 4)
        waiting = self.open_activity("fork")
        assert (waiting.state, waiting.category, waiting.losses, waiting.since) == ("waiting", "till", 0, self.clock())
        assert waiting.deadline == self.clock() + self.rounded(50)
        self.backend.complete_activity_task(task, "by the first")
        assert self.open_activity("fork").state == "waiting"
        again = self.work("by the fork", "till")
        assert (again.process_id, again.activity_execution) == ("fork", task.activity_execution)
        assert again.context != task.context
        assert self.last("fork") == ActivityEvent(task.activity_execution, ActivityCompleted("by the fork"))

    @pytest.mark.usefixtures("_forking")
    def test_P12_an_activity_that_was_asked_to_cancel_ends_at_once(self) -> None:
        task = self.running()
        process_id = some(task.process_id)
        self.backend.signal_process(process_id, "enough")
        self.decide(CancelActivity(task.activity_execution.id))
        self._fork(process_id, len(self.history(process_id)))
        assert self.last("fork") == ActivityEvent(task.activity_execution, ActivityCanceled())
        assert self.backend.pending("fork").activities == ()
        assert self.is_due()

    @pytest.mark.usefixtures("_forking")
    def test_P12_timers_take_the_time_that_they_had_left(self) -> None:
        self.start("p")
        self.decide(Timer(100, id="t"))
        self.clock.advance(30)
        self.backend.signal_process("p", "go")
        self.clock.advance(1000)
        self._fork("p", 4)
        (timer,) = self.backend.pending("fork").timers
        assert timer.due_at == self.clock() + timedelta(seconds=70)
        self.decide()  # of the fork, which was asked about the signal
        self.clock.advance(20)
        self.backend.signal_process("fork", "go")
        self.decide()
        self.clock.advance(1000)
        self._fork("fork", len(self.history("fork")) - 1, "second")
        (timer,) = self.backend.pending("second").timers
        assert timer.due_at == self.clock() + timedelta(seconds=50)
        self.is_due()
        assert self.types("fork").count("timer") == 1

    @pytest.mark.usefixtures("_forking")
    def test_P12_a_run_has_its_whole_time_again(self) -> None:
        self.backend.register_workflow("Order", timeout=100)
        self.start("p")
        self.clock.advance(90)
        self._fork("p", 1)
        self.clock.advance(90)
        self.backend.apply_due()
        assert self.backend.pending("fork").timeout_at == self.clock() + timedelta(seconds=10)

    @pytest.mark.usefixtures("_forking")
    def test_P12_results_stand_where_the_activity_ended_or_come_at_once(self) -> None:
        self.start("p")
        self.decide(ScheduleActivity("Pay", id="1"), ScheduleActivity("Pay", id="2"))
        self.work("paid")
        self._fork("p", 6, results={3: ActivityCompleted("less"), 4: ActivityCompleted("none")})
        ends = [event for event in self.history("fork") if isinstance(event, ActivityEvent)]
        assert [(end.activity_execution.id, end.result) for end in ends] == [
            ("1", ActivityCompleted("less")),
            ("2", ActivityCompleted("none")),
        ]
        assert self.backend.pending("fork").activities == ()
        assert self.backend.process_by_id("fork").forked_from == Origin("p", 1, 6)

    @pytest.mark.usefixtures("_forking")
    def test_P12_what_has_become_of_children_is_told_at_once(self) -> None:
        self.start("p")
        self.decide(StartChildProcess(Process("Order", "c")))
        with self.nothing_recorded(), pytest.raises(InvalidValueException, match="child c"):
            self._fork("p", 3)
        self.decide(CompleteProcess("grown"))
        self._fork("p", 3)
        assert self.last("fork") == self.last("p")
        assert self.backend.pending("fork").children == ()
        assert self.backend.process_by_id("c").parent == "p"

    @pytest.mark.usefixtures("_forking")
    @pytest.mark.parametrize("number", [-1, 0, 7, 8])
    def test_P12_an_event_that_is_not_there_or_closes_the_run_is_refused(self, number: int) -> None:
        self.start("p")
        self.decide(ScheduleActivity("Pay", id="1"))
        self.work("paid")
        self.decide(CompleteProcess())
        with self.nothing_recorded(), pytest.raises(InvalidValueException):
            self._fork("p", number)

    @pytest.mark.usefixtures("_forking")
    def test_P12_what_cannot_be_forked_here_is_refused(self) -> None:
        run = self.backend.process_by_id(self._paid())
        unknown = Process("Unknown", "x", None, [], run.history)
        with self.nothing_recorded():
            with pytest.raises(UnknownWorkflowException):
                self.backend.fork_process(unknown, 5)
            with pytest.raises(InvalidValueException):
                self._fork("p", 5, results={4: ActivityCompleted()})
            with pytest.raises(InvalidValueException):
                self._fork("p", 5, results={3: ActivityCompleted({1, 2})})

    @pytest.mark.usefixtures("_forking")
    def test_P12_an_activity_that_is_not_registered_cannot_wait(self) -> None:
        run = self.backend.process_by_id(self.scheduled())
        other = self.construct_backend(self.clock)
        self._opened.append(other)
        other.register_workflow("Order")
        with pytest.raises(InvalidValueException, match="'Pay'"):
            other.fork_process(run, 3)
        assert other.fork_process(run, 2, id="fork") == "fork"

    @pytest.mark.usefixtures("_forking")
    def test_P12_any_run_can_be_forked_and_with_another_input(self) -> None:
        self.start("p", input=1)
        self.decide(ContinueAsNew(2))
        self.decide(ContinueAsNew(3))
        run = self.backend.process_by_id("p", run=2)
        assert self.backend.fork_process(Process(run.workflow, run.id, "mine", run.tags, run.history, run=2), 1, id="f")
        fork = self.backend.process_by_id("f")
        assert (fork.input, fork.run, fork.forked_from) == ("mine", 1, Origin("p", 2, 1))

    @pytest.mark.usefixtures("_forking")
    def test_P12_a_fork_can_be_forked_and_its_children_are_its_own(self) -> None:
        self._paid()
        self._fork("p", 5)
        self.decide(StartChildProcess(Process("Order")))
        assert self.backend.process_by_id("fork-7").parent == "fork"
        self.decide(CompleteProcess())  # the child
        self._fork("fork", len(self.history("fork")), "second")
        assert self.backend.process_by_id("second").forked_from == Origin("fork", 1, 8)
        assert [event.type for event in self.history("second")] == self.types("fork")

    @pytest.mark.usefixtures("_forking")
    def test_P12_an_observer_hears_that_it_began_and_what_is_new_in_it(self) -> None:
        self.start("p")
        self.decide(ScheduleActivity("Pay", id="1"))
        heard: list[Observed] = []
        self.backend.observer = heard.append
        self._fork("p", 3, results={3: ActivityCompleted("none")})
        assert [(one.process_id, one.number, len(one.events)) for one in heard] == [("fork", 1, 1), ("fork", 4, 1)]
        assert heard[0].events == (ProcessStartedEvent(),)
        assert heard[0].events[0].forked_from == Origin("p", 1, 3)
