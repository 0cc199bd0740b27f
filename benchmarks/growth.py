"""What a decision costs as a history grows, and what many activities at once cost as they become more.

A process schedules activities, which end, until its history has so many events; ten more and a timer stay open. Then,
after one more signal, a decision is taken, made and told: the first time by a worker that has not seen the process
before, and then again and again.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

from pyworkflow import Process
from pyworkflow.decision import CompleteProcess, Decision, RecordMarker, ScheduleActivity, Timer
from pyworkflow.engine.records import EventRecord
from pyworkflow.managed import Activity, Manager, RuleSetWorkflow, Workflow
from pyworkflow.managed.worker import ActivityWorker, DecisionWorker, WorkerPool
from pyworkflow.managed.workflow import rules
from pyworkflow.sqlite import SQLiteBackend
from pyworkflow.sqlite.rows import SQLTransaction

REPEATS = 50
BATCH = 500  # activities that are ended with one commit
DAY = 86_400
LOOKS = ("by rule", "by what is unfinished", "by every event")


class EchoActivity(Activity):
    """As little as an activity can do."""

    def execute(self) -> object:
        """Its input."""
        return self.input


class LongWorkflow(RuleSetWorkflow):
    """Schedules as many activities as its input says, and notes every signal; its data say what is looked at."""

    activities = [EchoActivity]

    @rules.process_started()  # type: ignore[untyped-decorator]  # it can be written without its parentheses
    def begin(self, event: Any, process: Process) -> list[Decision]:  # noqa: ARG002
        """All that it ever does, and what stays open."""
        later: list[Decision] = [ScheduleActivity(EchoActivity, category="nobody's") for _ in range(10)]
        return [*later, Timer(DAY, id="later"), *_echoes(process.input)]

    @rules.signal()
    def note(self, event: Any, process: Process) -> RecordMarker:
        """One marker."""
        look = event.signal.data
        if look == "by what is unfinished":
            seen = [len(process.unfinished_activities()), len(process.untriggered_timers())]
        elif look == "by every event":
            seen = [sum(event.type == "activity" for event in process.history)]
        else:
            seen = []
        return RecordMarker("heard", seen)


class FanWorkflow(Workflow):
    """Schedules as many activities as its input says, and completes when all have ended."""

    activities = [EchoActivity]

    def decide(self, process: Process) -> list[Decision]:
        """All of them at first."""
        if process.is_new:
            return _echoes(process.input)
        return [] if process.unfinished_activities() else [CompleteProcess()]


def _echoes(many: int) -> list[Decision]:
    return [ScheduleActivity(EchoActivity, input={"number": number}) for number in range(many)]


def run(lengths: Sequence[int], activities: Sequence[int]) -> None:
    """Print what decisions cost in histories of these lengths, looking at them, and so many activities at once."""
    logging.getLogger("pyworkflow").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        paths = {length: Path(folder) / f"{length}.db" for length in lengths}
        for length, path in paths.items():
            _grow(path, length)
        for look in LOOKS:
            _decisions(look, paths)
        _commands(paths)
        _fans(Path(folder), activities)


def _grow(path: Path, length: int) -> None:
    """A file with one process, whose history is about so long."""
    with SQLiteBackend(path) as backend:
        manager = Manager(backend, [LongWorkflow])
        manager.start_process(Process(LongWorkflow, "long", (length - 14) // 3))
        decisions, activities = DecisionWorker(manager), ActivityWorker(manager)
        decisions.step()
        while tasks := activities.take(BATCH, 0):
            backend.together([partial(backend.complete_activity_task, task) for task in tasks])
        decisions.step()
        decisions.close()
        activities.close()


def _decisions(look: str, paths: dict[int, Path]) -> None:
    print(f"\ndecisions {look}")
    print(f"{'events':>10} {'first':>12} {'then':>12} {'ratio':>7} {'bytes read':>12} {'then':>8}")
    shortest: float | None = None
    for length, path in paths.items():
        cold, warm, read_first, read_then = _decision(path, look)
        shortest = shortest or warm
        print(
            f"{length:10} {cold * 1000:9.2f} ms {warm * 1000:9.2f} ms {warm / shortest:7.2f}"
            f" {read_first:12} {read_then:8.0f}"
        )


def _decision(path: Path, look: str) -> tuple[float, float, int, float]:
    """Seconds of the first decision and of later ones, and the bytes of events that were read for them."""
    copy = Path(shutil.copy(path, path.with_suffix(".copy")))  # what one look adds is nothing to the next
    with SQLiteBackend(copy) as backend, _read() as read:
        manager = Manager(backend, [LongWorkflow])
        worker = DecisionWorker(manager)
        worker.step()  # in vain: the file is open then
        took, bytes_read = [], []
        for _ in range(REPEATS + 1):
            manager.signal_process("long", "look", look)
            read.clear()
            began = time.perf_counter()
            worker.step()
            took.append(time.perf_counter() - began)
            bytes_read.append(sum(len(record.body) for record in read))
        worker.close()
    return took[0], median(took[1:]), bytes_read[0], median(bytes_read[1:])


@contextmanager
def _read() -> Iterator[list[EventRecord]]:
    """The events that are read from a file meanwhile."""
    seen: list[EventRecord] = []
    history = SQLTransaction.history

    def history_in_sight(transaction: SQLTransaction, key: int, after: int, length: int) -> Sequence[EventRecord]:
        records = history(transaction, key, after, length)
        seen.extend(records)
        return records

    with mock.patch.object(SQLTransaction, "history", history_in_sight):
        yield seen


def _commands(paths: dict[int, Path]) -> None:
    """A command looks at all that there is, each time."""
    print(f"\n{'events':>10} " + " ".join(f"{f'pyworkflow {name}':>20}" for name in ("list", "show", "history")))
    for length, path in paths.items():
        took = []
        for command in (["list"], ["show", "long"], ["history", "long"]):
            began = time.perf_counter()
            call = [sys.executable, "-m", "pyworkflow", "--backend", f"sqlite:///{path}", *command]
            subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
            took.append(time.perf_counter() - began)
        print(f"{length:10} " + " ".join(f"{seconds:18.2f} s" for seconds in took))


def _fans(folder: Path, activities: Sequence[int]) -> None:
    print(f"\n{'activities':>10} {'one decision':>14} {'each':>10} {'until closed':>14} {'each':>10} {'decisions':>10}")
    for many in activities:
        with SQLiteBackend(folder / f"fan-{many}.db") as backend:
            manager = Manager(backend, [FanWorkflow])
            process_id = manager.start_process(Process(FanWorkflow, input=many))
            worker = DecisionWorker(manager)
            began = time.perf_counter()
            worker.step()
            scheduled = time.perf_counter()
            worker.close()
            WorkerPool(manager, concurrency=1, burst=True).run()
            closed = time.perf_counter() - scheduled
            history = manager.process_by_id(process_id).history
        decisions = sum(event.type == "decision_started" for event in history)
        print(
            f"{many:10} {(scheduled - began) * 1000:11.0f} ms {(scheduled - began) / many * 1e6:7.1f} us"
            f" {closed:12.2f} s {closed / many * 1e6:7.0f} us {decisions:10}"
        )
