"""What the rules of the local backends make of a script, the translations to and from Amazon SWF make of it as well.

Scripts are drawn at random, and played to both: to a backend in memory and to one over the fake service. Their
processes must then have the same histories. Left out is what the capabilities declare: a run that continues as new has
neither children nor messages under way. Each process has a category of
its own, so that the order of processes plays no part; times are multiples of 4 s, and each kind of time-out has a
remainder of its own, so that nothing falls due at the same moment.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from fakeswf import FakeSWF, attached
from pyworkflow.activity import ActivityCanceled, ActivityFailed
from pyworkflow.amazonswf import AmazonSWFBackend
from pyworkflow.backend import Backend
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
from pyworkflow.event import Event
from pyworkflow.exceptions import InvalidDecisionException, UnknownResourceException
from pyworkflow.memory import MemoryBackend
from pyworkflow.process import Process
from pyworkflow.signal import Signal
from pyworkflow.task import ActivityTask, DecisionTask
from pyworkflow.testing import Clock

PROCESSES = [f"p{number}" for number in range(4)]
CHILDREN = [f"child {number}" for number in range(1, 200)]
ACTIVITIES, TIMERS = ["a", "b", "c"], ["s", "t"]
CLOSINGS: list[Decision] = [CompleteProcess([1]), FailProcess("why"), CancelProcess(), ContinueAsNew(1)]
YEAR = 31_536_000
POLICIES = ["ABANDON", "TERMINATE", "REQUEST_CANCEL"]
STEPS = 60


@dataclass
class Stage:
    """A backend, and the tasks that were taken from it and not ended, by process."""

    backend: Backend
    clock: Clock
    decisions: dict[str, DecisionTask] = field(default_factory=dict)
    activities: dict[str, list[ActivityTask]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for process_id in PROCESSES + CHILDREN:
            self.backend.register_workflow(process_id, category=process_id, decision_timeout=61)
            self.backend.register_activity(process_id, process_id, YEAR, execution_timeout=22, heartbeat_timeout=11)

    def play(self, step: Callable[[Stage], object]) -> object:
        """What came of a step: its answer, or that it was refused (a list can be wrong and come too late as well)."""
        try:
            answer = step(self)
        except (UnknownResourceException, InvalidDecisionException):
            answer = "refused"
        self.backend.apply_due()
        return answer

    def histories(self) -> dict[tuple[str, int], list[Event]]:
        """What has happened to each process, run by run."""
        found: dict[tuple[str, int], list[Event]] = {}
        for process in self.backend.processes(status=None):
            found[str(process.id), process.run] = process.history
        return found


class Script:
    """Draws steps. What a step does depends on the draw alone, not on the backend."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._started = 0
        self._numbers = 0
        self._children: list[str] = []

    def step(self) -> Callable[[Stage], object]:
        """The next one."""
        draws = [
            *([self._start] * (3 if self._started < 2 else 1)),
            *([self._take] * 6),
            *([self._decide] * 8),
            *([self._take_activity] * 4),
            *([self._end_activity] * 4),
            *([self._pass_time] * 3),
            self._beat,
            self._fail,
            self._signal,
            self._cancel,
            self._request_cancel,
        ]
        return self._draw.choice(draws)()

    def _someone(self) -> str:
        return self._draw.choice([*PROCESSES[: max(self._started, 1)], *self._children[-2:]])

    def _start(self) -> Callable[[Stage], object]:
        if self._started == len(PROCESSES):
            return self._pass_time()
        process_id, self._started = PROCESSES[self._started], self._started + 1
        return lambda on: on.backend.start_process(Process(process_id, process_id, [process_id], ["t"]))

    def _take(self) -> Callable[[Stage], object]:
        who = self._someone()

        def take(on: Stage) -> object:
            task = on.backend.poll_decision_task(who)
            if task is not None:
                on.decisions[who] = task
            return task and [event.type for event in task.process.unseen_events()]

        return take

    def _decide(self) -> Callable[[Stage], object]:
        who, made = self._someone(), [self._decision() for _ in range(self._draw.randrange(4))]
        if self._draw.random() < 0.15:
            # An activity that such a list cancels ends with the process, which only one of them tells.
            made = [one for one in made if not isinstance(one, CancelActivity)]
            made.append(self._draw.choice(CLOSINGS))
        if any(isinstance(one, StartChildProcess | SignalProcess | RequestCancelProcess) for one in made):
            made = [one for one in made if not isinstance(one, ContinueAsNew)]

        def decide(on: Stage) -> object:
            task = on.decisions.get(who)
            if task is None or (ContinueAsNew(1) in made and _has_children(task.process)):
                return None
            return on.backend.complete_decision_task(task, made)

        return decide

    def _decision(self) -> Decision:
        self._numbers += 1
        name = f"child {self._numbers}"
        child = Process(name, name, 1, ["x"])
        choices: list[Decision] = [
            *[ScheduleActivity(self._someone(), id=self._draw.choice(ACTIVITIES), input=self._numbers)] * 3,
            CancelActivity(self._draw.choice(ACTIVITIES)),
            Timer(self._draw.choice([0, 4, 8, 20]), self._numbers),
            Timer(self._draw.choice([4, 8]), id=self._draw.choice(TIMERS)),
            CancelTimer(self._draw.choice(TIMERS)),
            CancelTimer(Timer(8)),
            RecordMarker("m", self._numbers),
            StartChildProcess(child, self._draw.choice(POLICIES)),
            SignalProcess(self._someone(), Signal("s", self._numbers)),
            RequestCancelProcess(self._someone()),
        ]
        chosen = self._draw.choice(choices)
        if isinstance(chosen, StartChildProcess):
            self._children.append(name)
        return chosen

    def _take_activity(self) -> Callable[[Stage], object]:
        who = self._someone()

        def take(on: Stage) -> object:
            task = on.backend.poll_activity_task(who)
            if task is not None:
                on.activities.setdefault(who, []).append(task)
            return task and task.activity_execution

        return take

    def _end_activity(self) -> Callable[[Stage], object]:
        who, result = self._someone(), self._draw.choice([None, [1], ActivityFailed("why", 1), ActivityCanceled(2)])
        which = self._draw.randrange(3)

        def end(on: Stage) -> object:
            tasks = on.activities.get(who)
            return tasks and on.backend.complete_activity_task(tasks[which % len(tasks)], result)

        return end

    def _beat(self) -> Callable[[Stage], object]:
        who = self._someone()

        def beat(on: Stage) -> object:
            tasks = on.activities.get(who)
            return tasks and on.backend.heartbeat_activity_task(tasks[-1], "alive")

        return beat

    def _fail(self) -> Callable[[Stage], object]:
        who = self._someone()

        def fail(on: Stage) -> object:
            task = on.decisions.get(who)
            return task and on.backend.fail_decision_task(task, "a bug", "here")

        return fail

    def _signal(self) -> Callable[[Stage], object]:
        who, data = self._someone(), self._draw.choice([None, 0, [1]])
        return lambda on: on.backend.signal_process(who, "go", data)

    def _cancel(self) -> Callable[[Stage], object]:
        who = self._someone()
        return lambda on: on.backend.cancel_process(who)

    def _request_cancel(self) -> Callable[[Stage], object]:
        who, details = self._someone(), self._draw.choice([None, "why"])
        return lambda on: on.backend.request_cancel_process(who, details)

    def _pass_time(self) -> Callable[[Stage], object]:
        seconds = self._draw.choice([4, 4, 8, 20, 64])
        return lambda on: on.clock.advance(seconds)


def _has_children(process: Process) -> bool:
    return any(isinstance(getattr(event, "decision", None), StartChildProcess) for event in process.history)


def alike(event: Event) -> Any:
    """The event, without reasons, which each backend words itself."""
    return type(event) if event.type in ("signal_failed", "cancel_failed", "decision_failed") else event


@pytest.mark.parametrize("seed", range(100))
def test_both_make_the_same_of_a_script(seed: int) -> None:
    local, remote = Clock(), Clock()
    script = Script(seed)
    with MemoryBackend(clock=local) as memory, AmazonSWFBackend(client=attached(FakeSWF(remote))) as swf:
        stages = Stage(memory, local), Stage(swf, remote)
        for _ in range(STEPS):
            step = script.step()
            first, second = (stage.play(step) for stage in stages)
            assert second == first
        expected, found = (stage.histories() for stage in stages)
    assert found.keys() == expected.keys()
    for run, history in expected.items():
        assert list(map(alike, found[run])) == list(map(alike, history))
