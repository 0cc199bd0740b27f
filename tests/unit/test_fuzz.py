"""Fuzz: it finds bugs that were planted, and nothing in the same workflows without them."""

from __future__ import annotations

import datetime as module
import pickle
import random
import time
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pyworkflow import Process
from pyworkflow.activity import ActivityCompleted, ActivityExecution
from pyworkflow.decision import (
    CancelActivity,
    CancelProcess,
    CompleteProcess,
    ContinueAsNew,
    FailProcess,
    RequestCancelProcess,
    ScheduleActivity,
    SignalProcess,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import ActivityEvent, utcnow
from pyworkflow.exceptions import ConfigurationException
from pyworkflow.fuzz import Finding, Report, fuzz
from pyworkflow.managed import Activity, DefaultWorkflow, RuleSetWorkflow, Workflow
from pyworkflow.managed.workflow import rules
from pyworkflow.prefix import unanswered
from pyworkflow.process import ProcessFailed
from pyworkflow.replay import Raised, replay
from pyworkflow.signal import Signal

FEW = 80  # examples, where nothing is to be found


class Pay(Activity):
    pass


class Ship(Activity):
    pass


class Base(DefaultWorkflow):
    """Pays, and completes; whatever goes wrong fails it."""

    activities = [Pay, Ship]

    def initiate(self, process: Process) -> Any:  # noqa: ARG002
        return Pay

    def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:  # noqa: ARG002
        return CompleteProcess(result)

    def respond_to_interrupted_activity(self, process: Process, activity_execution: Any, details: Any) -> Any:  # noqa: ARG002
        return FailProcess(details.type)


def found(workflow: type[Workflow], **given: Any) -> Finding:
    """What is found first, at a fixed seed."""
    (finding,) = fuzz(workflow, seed=1, most=1, **given).findings
    return finding


def nothing(workflow: type[Workflow], **given: Any) -> bool:
    report = fuzz(workflow, seed=1, examples=FEW, **given)
    assert report.findings == []
    return report.examples >= FEW


def events(finding: Finding) -> list[str]:
    """What called for a decision, of the history."""
    return [event.type for event in finding.run.history if event.calls_for_decision]


# --- a failed activity that is forgotten ---


class Forgets(Base):
    def respond_to_interrupted_activity(self, process: Process, activity_execution: Any, details: Any) -> Any:  # noqa: ARG002
        return None if details.type == "failed" else FailProcess(details.type)


def test_a_process_that_forgets_a_failed_activity_is_stuck() -> None:
    finding = found(Forgets)
    assert (finding.kind.name, finding.what) == ("stuck", "nothing is pending")
    assert repr(finding) == "<stuck: nothing is pending; after start, ScheduleActivity(Pay), activity Pay failed>"


def test_nothing_is_wrong_with_one_that_answers_it() -> None:
    assert nothing(Base)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("last", [2, 5, 8])
def test_one_that_forgets_it_late_is_found_at_any_seed(last: int, seed: int) -> None:
    class Chain(Workflow):
        activities = [Pay]

        def decide(self, process: Process) -> Any:
            if any(event.type == "cancel_requested" for event in process.history):
                return CancelProcess()
            ended = [event for event in process.history if isinstance(event, ActivityEvent)]
            if ended and ended[-1].result.type != "completed":
                return None if len(ended) == last and ended[-1].result.type == "canceled" else FailProcess()
            return ScheduleActivity(Pay, input=len(ended)) if len(ended) < last else CompleteProcess()

    (finding,) = fuzz(Chain, seed=seed, most=1).findings
    assert (finding.kind.name, events(finding)) == ("stuck", ["process_started", *["activity"] * last])


# --- two results in one batch ---


class AnswersTheLast(Workflow):
    """Two payments, and for each a parcel. It looks at the last event only."""

    activities = [Pay, Ship]

    def decide(self, process: Process) -> Any:
        if any(event.type == "cancel_requested" for event in process.history):
            return CancelProcess()
        if process.is_new:
            return [ScheduleActivity(Pay, input=number) for number in (1, 2)]
        parcels = [ScheduleActivity(Ship, input=number) for number in self.paid(process)]
        return parcels or (None if process.unfinished_activities() else CompleteProcess("done"))

    def paid(self, process: Process) -> list[int]:
        return payments(process.unseen_events()[-1:])


def payments(news: list[Any]) -> list[int]:
    ended = [event.activity_execution for event in news if event.type == "activity"]
    return [execution.input for execution in ended if execution.activity == "Pay"]


class AnswersAll(AnswersTheLast):
    def paid(self, process: Process) -> list[int]:
        return payments(process.unseen_events())


def test_one_that_answers_otherwise_when_two_results_come_together_is_found() -> None:
    finding = found(AnswersTheLast)
    assert finding.kind.name == "batching"
    assert finding.what in ("one by one it also does Ship(1)", "one by one it also does Ship(2)")
    assert "cancel_requested" not in events(finding)  # nothing in it is superfluous


def test_nothing_is_wrong_with_one_that_answers_all_that_is_new() -> None:
    assert nothing(AnswersAll)


class EndsEarly(Base):
    """Looks at how many activities are open, as if each event came by itself."""

    def initiate(self, process: Process) -> Any:  # noqa: ARG002
        return [Pay, Ship]

    def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:  # noqa: ARG002
        return None if process.unfinished_activities() else CompleteProcess()


def test_one_whose_end_depends_on_the_batching_is_found() -> None:
    finding = found(EndsEarly)
    assert finding.kind.name == "batching"
    assert finding.what.startswith("one by one it ends with FailProcess, and so it ends with CompleteProcess")


def test_one_that_completes_since_a_failure_came_together_with_a_result_is_found() -> None:
    class LooksAtOne(Base):
        def decide(self, process: Process) -> Any:
            if any(event.type == "cancel_requested" for event in process.history):
                return CancelProcess()
            if process.is_new:
                return [ScheduleActivity(Pay), ScheduleActivity(Ship)]
            news = {event.type: event for event in process.unseen_events()}
            if "activity" in news and news["activity"].result.type != "completed":
                return FailProcess()
            return None if process.unfinished_activities() else CompleteProcess()

    finding = found(LooksAtOne)
    assert (finding.kind.name, finding.what) == (
        "batching",
        "one by one it ends with FailProcess, and so it ends with CompleteProcess(null)",
    )


# --- chance and the clock ---


def asks(answer: Callable[[], Any]) -> type[Workflow]:
    return type("Asks", (Base,), {"initiate": lambda _, process: answer()})  # noqa: ARG005


@pytest.mark.parametrize(
    "answer",
    [
        lambda: Timer(random.random()),
        lambda: Pay if random.random() < 0.9 else Ship,
        lambda: ScheduleActivity(Pay, id=uuid.uuid4()),
        lambda: ScheduleActivity(Pay, input=str(uuid.uuid4())),
    ],
    ids=["random", "seldom", "id", "uuid"],
)
def test_one_that_uses_chance_is_found(answer: Callable[[], Any]) -> None:
    finding = found(asks(answer))
    assert finding.kind.name == "two-answers"
    assert finding.what.startswith("it depends on chance: ")


@pytest.mark.parametrize(
    "answer",
    [
        lambda: Pay if datetime.now().hour < 12 else Ship,  # noqa: DTZ005
        lambda: Pay if module.datetime.now(UTC).weekday() < 5 else Ship,
        lambda: ScheduleActivity(Pay, input=date.today().isoformat()),  # noqa: DTZ011
        lambda: ScheduleActivity(Pay, input=int(time.time())),
        lambda: ScheduleActivity(Pay, input=time.strftime("%Y")),
        lambda: ScheduleActivity(Pay, input=utcnow().isoformat()),
    ],
    ids=["hour", "weekday", "date", "seconds", "year", "utcnow"],
)
def test_one_that_uses_the_clock_is_found(answer: Callable[[], Any]) -> None:
    class Asks(Base):
        def initiate(self, process: Process) -> Any:  # noqa: ARG002
            return Pay

        def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:  # noqa: ARG002
            return answer() if process.is_new or len(process.history) < 12 else CompleteProcess()

    finding = found(Asks)
    assert finding.kind.name == "two-answers"
    assert finding.what.startswith("it depends on the clock: ")


@pytest.mark.parametrize(
    "is_late",
    [
        lambda process: datetime.now(UTC) - process.history[0].datetime > timedelta(hours=1),
        lambda _: time.time() > 1_800_000_000,  # in 2027
        lambda _: datetime.now(UTC) > datetime(2026, 6, 1, tzinfo=UTC),
    ],
    ids=["age", "offer", "deadline"],
)
def test_one_that_asks_the_clock_whether_it_is_late_is_found(is_late: Callable[[Process], bool]) -> None:
    class Late(Base):
        def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:  # noqa: ARG002
            return FailProcess("too late") if is_late(process) else CompleteProcess()

    finding = found(Late)
    assert (finding.kind.name, events(finding)) == ("two-answers", ["process_started", "activity"])
    assert finding.what == "it depends on the clock: + FailProcess(), - CompleteProcess()"


def test_chance_falls_otherwise_each_time_and_each_seed_finds_it() -> None:
    for seed in range(3):
        (finding,) = fuzz(asks(lambda: Pay if random.random() < 0.95 else Ship), seed=seed, most=1).findings
        assert finding.what.startswith("it depends on chance: ")


def test_nothing_is_wrong_with_one_that_only_stumbles_over_what_stands_for_the_clock() -> None:
    class Typed(Base):
        def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:  # noqa: ARG002
            at = process.history[-1].datetime
            return CompleteProcess([{datetime: "a time"}[type(at)], len(pickle.dumps(at)) > 0])

    assert nothing(Typed)


def test_one_that_keeps_something_outside_of_the_process_is_found() -> None:
    asked: list[Process] = []

    def counted() -> Any:
        asked.append(Process())
        return Timer(len(asked))

    assert found(asks(counted)).what.startswith("it depends on something that is neither in the history")


class Remembers(Base):
    """What was paid is kept in the class: a worker that begins later does not know it."""

    paid: ClassVar[dict[str, Any]] = {}

    def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:
        if activity_execution.activity == "Ship":
            return CompleteProcess(self.paid[str(process.id)])
        self.paid[str(process.id)] = result
        return Ship


class Unordered(Base):
    """A set of texts has another order in each process."""

    def initiate(self, process: Process) -> Any:  # noqa: ARG002
        return [ScheduleActivity(Pay, input=name) for name in {f"number {number}" for number in range(20)}]

    def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:  # noqa: ARG002
        return None if process.unfinished_activities() else CompleteProcess()


@pytest.mark.parametrize(("workflow", "how"), [(Remembers, "decide raises KeyError"), (Unordered, "another order")])
def test_one_that_another_process_answers_otherwise_is_found(workflow: type[Workflow], how: str) -> None:
    (finding,) = fuzz(workflow, seed=1, examples=5).findings
    assert finding.kind.name == "two-answers"
    assert finding.what.startswith("a process that was asked nothing before")
    assert how in finding.what
    assert fuzz(workflow, seed=1, examples=5, allow=["two-answers"]).findings == []


def test_nothing_is_wrong_with_times_of_events_and_clocks_and_chance_are_given_back() -> None:
    class Timed(Base):
        def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:  # noqa: ARG002
            at = process.history[-1].datetime
            assert isinstance(at, datetime)
            assert isinstance(at.date(), date)
            return CompleteProcess([at.isoformat(), datetime(2026, 1, 1, tzinfo=UTC).isoformat()])

    random.seed(5)
    before = random.getstate()
    assert nothing(Timed)
    assert random.getstate() == before
    assert type(datetime.now(UTC)) is datetime
    assert abs(time.time() - utcnow().timestamp()) < 60


# --- signals ---


class SchedulesAgain(Base):
    """Ships when it is told to."""

    waits_for_signals = True

    def initiate(self, process: Process) -> Any:  # noqa: ARG002
        return None

    def respond_to_signal(self, process: Process, signal: Signal) -> Any:
        if signal.name == "ship" and not self.is_done(process):
            return ScheduleActivity(Ship, id="ship", input=signal.data)
        return None

    def is_done(self, process: Process) -> bool:
        return any(one.id == "ship" for one in process.unfinished_activities())


class SchedulesAnew(SchedulesAgain):
    def respond_to_signal(self, process: Process, signal: Signal) -> Any:  # noqa: ARG002
        return ScheduleActivity(Ship, input=signal.data) if signal.name == "ship" else None

    def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:  # noqa: ARG002
        return None if process.unfinished_activities() else CompleteProcess()


def test_one_that_schedules_twice_after_a_signal_that_is_sent_twice_is_found() -> None:
    finding = found(SchedulesAnew)
    assert (finding.kind.name, finding.what) == ("repeated-signal", "scheduled again: Ship()")
    assert [event.type for event in finding.run.history].count("signal") == 2


def test_one_that_only_looks_whether_it_is_going_on_is_found_when_the_signal_comes_again_later() -> None:
    class Later(Base):
        def respond_to_signal(self, process: Process, signal: Signal) -> Any:  # noqa: ARG002
            return None if process.unfinished_activities() else ScheduleActivity(Ship)

        def initiate(self, process: Process) -> Any:  # noqa: ARG002
            return Timer(60)

        def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:  # noqa: ARG002
            return None

        def respond_to_timer(self, process: Process, timer: Timer) -> Any:  # noqa: ARG002
            return CompleteProcess()

    finding = found(Later, signals=[Signal("ship")], allow=["batching", "work-open"])
    assert (finding.kind.name, finding.what) == ("repeated-signal", "scheduled again: Ship()")
    assert events(finding)[:4] == ["process_started", "signal", "activity", "signal"]


def test_nothing_is_wrong_with_one_that_needs_several_signals() -> None:
    class Approvals(Workflow):
        waits_for_signals = True
        signals = {"approve": None}

        def decide(self, process: Process) -> Any:
            if any(event.type == "cancel_requested" for event in process.history):
                return CancelProcess()
            return CompleteProcess() if sum(event.type == "signal" for event in process.history) >= 3 else None

    assert nothing(Approvals)


def test_nothing_is_wrong_with_one_that_looks_whether_it_was_done() -> None:
    assert nothing(SchedulesAgain)
    assert nothing(SchedulesAnew, allow=["repeated-signal", "batching"])


def test_names_of_signals_are_heard_when_they_are_compared() -> None:
    class Rules(RuleSetWorkflow):
        waits_for_signals = True

        @rules.signal("stop")
        def stop(self, event: Any, process: Process) -> Any:  # noqa: ARG002
            return CompleteProcess()

        @rules.signal("go", data={"now": True})
        @rules.cancel_requested()
        def go(self, event: Any, process: Process) -> Any:  # noqa: ARG002
            return FailProcess()

    assert [signal.name for signal in fuzz(SchedulesAgain, seed=1, examples=1).values.signals] == ["ship"]
    report = fuzz(Rules, seed=1, examples=FEW, signals=[Signal("go", {"now": True})])
    assert report.values.signals == [Signal("go", {"now": True}), Signal("stop")]
    assert report.findings == []


class Deaf(SchedulesAgain):
    """A failed shipment is forgotten: also the next signals then come to nothing."""

    def is_done(self, process: Process) -> bool:
        return any(event.type == "activity" for event in process.history) or super().is_done(process)

    def respond_to_interrupted_activity(self, process: Process, activity_execution: Any, details: Any) -> Any:  # noqa: ARG002
        return None


def test_one_that_waits_for_signals_is_stuck_if_none_of_them_gets_it_going() -> None:
    finding = found(Deaf)
    assert finding.kind.name == "stuck"
    assert finding.what == "none of the signals that are known (ship) gets it going, not even 5 times"


# --- open work, and requests to cancel ---


class ClosesEarly(Base):
    def initiate(self, process: Process) -> Any:  # noqa: ARG002
        return [Pay, Ship]


class ClosesAndCancels(ClosesEarly):
    def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:  # noqa: ARG002
        return [*(CancelActivity(one) for one in process.unfinished_activities()), CompleteProcess()]


def test_one_that_completes_with_work_open_is_found() -> None:
    finding = found(ClosesEarly, allow=["batching"])
    assert finding.kind.name == "work-open"
    assert finding.what in ("Ship is open", "Pay is open")
    assert finding.run.history[-1].type == "decision"


def test_nothing_is_wrong_with_work_that_is_canceled_or_may_be_left() -> None:
    assert nothing(ClosesAndCancels, allow=["batching"])
    assert nothing(type("Allowing", (ClosesEarly,), {"fuzz_allows": ("work-open", "batching")}))


class CancelsItsWork(Base):
    """Takes it for granted that an activity is open when somebody asks it to cancel itself."""

    def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:  # noqa: ARG002
        return Timer(60, id="objections")

    def respond_to_timer(self, process: Process, timer: Timer) -> Any:  # noqa: ARG002
        return CompleteProcess()

    def respond_to_cancel_requested(self, process: Process, details: Any) -> Any:
        if not process.is_new:
            process.unfinished_activities()[0]
        return CancelProcess(details)


def test_one_that_raises_on_a_cancel_while_a_timer_runs_is_found() -> None:
    finding = found(CancelsItsWork)
    assert finding.kind.name == "raises"
    assert finding.what.startswith("IndexError")
    assert finding.where.rpartition("/")[2].startswith("test_fuzz.py:")
    assert events(finding)[-1] == "cancel_requested"


def test_nothing_is_wrong_with_one_that_is_canceled_at_any_time() -> None:
    class Cancels(CancelsItsWork):
        def respond_to_cancel_requested(self, process: Process, details: Any) -> Any:
            return [*map(CancelActivity, process.unfinished_activities()), CancelProcess(details)]

    assert nothing(Cancels)


# --- other answers that are none ---


def test_what_the_engine_refuses_is_found() -> None:
    finding = found(asks(lambda: [ScheduleActivity(Pay, id="a"), ScheduleActivity(Ship, id="a")]))
    assert finding.kind.name == "illegal"
    assert "an activity with the id 'a' is still open" in finding.what
    finding = found(asks(lambda: "nonsense"))
    assert finding.kind.name == "illegal"


def test_a_decision_that_does_not_end_is_found() -> None:
    def endless() -> Any:
        while True:
            pass

    assert found(asks(endless), longest=0.05).kind.name == "slow"


# --- all that can happen does ---


def test_everything_that_can_happen_to_a_process_happens() -> None:
    seen: set[str] = set()

    class Sees(Base):
        def initiate(self, process: Process) -> Any:  # noqa: ARG002
            child = StartChildProcess(Process("Child", input=1))
            return [Pay, child, Timer(60), SignalProcess("other", Signal("hello")), RequestCancelProcess("other")]

        def decide(self, process: Process) -> Any:
            for event in process.history:
                result = getattr(event, "result", None)
                which = getattr(result, "timeout", None) or getattr(result, "type", "")
                seen.add(f"{event.type} {which}".rstrip())
            return super().decide(process)

        def handle_event(self, event: Any, process: Process) -> Any:
            return self.initiate(process) if event.type == "process_started" else None

    class Child(Workflow):
        def decide(self, process: Process) -> Any:
            raise NotImplementedError

    report = fuzz(Sees, workflows=[Child], signals=[Signal("s")], allow=["stuck"], seed=1, examples=150)
    assert report.findings == []
    ends = ("completed", "canceled", "failed", "scheduled", "execution", "heartbeat", "worker")
    assert seen >= {f"activity {end}" for end in ends}
    assert seen >= {f"child_process {end}" for end in ("completed", "canceled", "failed", "timedout")}
    assert seen >= {"activity_started", "activity_lost", "timer", "signal", "cancel_requested", "decision_failed"}
    assert seen >= {"signal_failed", "cancel_failed"}


def test_a_child_of_the_same_workflow_is_not_decided_about() -> None:
    class Nested(Base):
        def initiate(self, process: Process) -> Any:  # noqa: ARG002
            return StartChildProcess(Process("Nested"))

        def respond_to_child_process(self, process: Process, *_: Any) -> Any:  # noqa: ARG002
            return CompleteProcess()

    assert nothing(Nested)


def test_one_that_never_ends_is_no_finding_and_neither_is_one_that_continues_as_new() -> None:
    class Ticks(Base):
        def initiate(self, process: Process) -> Any:  # noqa: ARG002
            return Timer(1)

        def respond_to_timer(self, process: Process, timer: Timer) -> Any:  # noqa: ARG002
            return Timer(1)

    report = fuzz(Ticks, seed=1, examples=5)
    assert report.findings == []
    assert report.endless > 0
    assert nothing(asks(ContinueAsNew))


def test_a_run_that_follows_is_tried_with_the_input_that_it_gets() -> None:
    class Counts(Base):
        def initiate(self, process: Process) -> Any:
            return ContinueAsNew({"n": process.input + 1})

    finding = found(Counts, inputs=[1])
    assert (finding.kind.name, finding.run.input) == ("raises", {"n": 2})


# --- what is put in ---


class Charges(Base):
    def initiate(self, process: Process) -> Any:
        return ScheduleActivity(Pay, input=process.input["amount"])

    def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:  # noqa: ARG002
        return CompleteProcess(result["charged"])


def test_examples_are_given_declared_or_taken_from_histories() -> None:
    assert found(Charges).kind.name == "raises"
    assert nothing(Charges, inputs=[{"amount": 3}], results={"Pay": [{"charged": 3}, {"charged": 0}]})

    class Paid(Activity):
        name = "Pay"
        example_result = {"charged": 1}

    assert nothing(type("Charges", (Charges,), {"activities": [Paid], "example_input": {"amount": 1}}))
    ended = ActivityEvent(ActivityExecution("Pay", "1"), ActivityCompleted({"charged": 5}))
    assert nothing(Charges, like=[Process("Charges", input={"amount": 5}, history=[ended])])


def test_it_is_known_what_nobody_gave_an_example_of() -> None:
    report = fuzz(SchedulesAnew, seed=1, most=1)
    assert report.values.made_up(report.findings[0].run) == [
        "the input",
        "the data of signal ship",
        "the result of Ship",
    ]
    report = fuzz(Charges, seed=1, most=1, inputs=[{"amount": 3}])
    assert report.values.made_up(report.findings[0].run) == ["the result of Pay"]


# --- the search ---


def shown(report: Report) -> tuple[Any, ...]:
    return report.seed, report.examples, [(one.key, one.what, one.run) for one in report.findings]


def test_the_same_seed_finds_the_same_and_without_one_it_is_drawn_and_told() -> None:
    first = fuzz(Forgets, most=1)
    assert shown(fuzz(Forgets, seed=first.seed, most=1)) == shown(first)


def test_it_looks_for_more_than_one_thing_that_is_wrong() -> None:
    class Both(CancelsItsWork):
        def respond_to_interrupted_activity(self, process: Process, activity_execution: Any, details: Any) -> Any:  # noqa: ARG002
            return None

    report = fuzz(Both, seed=1, most=2)
    assert {one.kind.name for one in report.findings} == {"raises", "stuck"}
    assert {one.run.id for one in report.findings} == {"fuzz-1", "fuzz-2"}


def test_it_ends_in_time() -> None:
    begun = time.monotonic()
    report = fuzz(Base, seed=1, examples=1_000_000, seconds=0.5)
    assert time.monotonic() - begun < 10
    assert 0 < report.examples < 1_000_000


def test_what_was_found_before_ctrl_c_is_not_lost() -> None:
    def tried() -> None:
        nonlocal examples
        examples += 1
        if examples == 200:
            raise KeyboardInterrupt

    examples = 0
    report = fuzz(Forgets, seed=1, tried=tried)
    assert report.interrupted
    assert [one.kind.name for one in report.findings] == ["stuck"]


def test_it_leaves_nothing_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fuzz(Forgets, seed=1, most=1)
    assert list(tmp_path.iterdir()) == []


def test_only_findings_that_there_are_can_be_allowed() -> None:
    with pytest.raises(ConfigurationException, match="no finding 'batchin' to allow: there are raises, slow"):
        fuzz(Base, allow=["batchin"])


def test_what_is_found_can_be_replayed() -> None:
    finding = found(CancelsItsWork)
    (divergence,) = replay(CancelsItsWork, unanswered(finding.run)).divergences
    assert isinstance(divergence.how, Raised)
    assert divergence.question.number == len(finding.run.history) - 1


def test_a_child_that_fails_is_a_result_too() -> None:
    class Parent(Base):
        def initiate(self, process: Process) -> Any:  # noqa: ARG002
            return StartChildProcess(Process("Base"))

        def respond_to_child_process(self, process: Process, *given: Any) -> Any:  # noqa: ARG002
            return None if isinstance(given[2], ProcessFailed) else CompleteProcess()

    assert found(Parent, workflows=[Base]).kind.name == "stuck"
