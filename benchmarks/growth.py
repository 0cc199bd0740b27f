"""What a decision costs as a history grows: taking it, deciding by rule, and telling, after one more signal."""

from __future__ import annotations

import logging
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from pyworkflow import Process
from pyworkflow.decision import RecordMarker
from pyworkflow.managed import Manager, RuleSetWorkflow
from pyworkflow.managed.worker import DecisionWorker
from pyworkflow.managed.workflow import rules
from pyworkflow.sqlite import SQLiteBackend

REPEATS = 50


class CountWorkflow(RuleSetWorkflow):
    """Notes every signal."""

    @rules.signal()
    def note(self, event: Any, process: Process) -> RecordMarker:  # noqa: ARG002
        """One marker."""
        return RecordMarker("heard", event.signal.data)


def run(lengths: list[int]) -> None:
    """Print the median for each length of history, and its ratio to the shortest."""
    logging.getLogger("pyworkflow").setLevel(logging.WARNING)
    shortest: float | None = None
    with tempfile.TemporaryDirectory() as folder, SQLiteBackend(Path(folder) / "processes.db") as backend:
        manager = Manager(backend, [CountWorkflow])
        worker = DecisionWorker(manager)
        for length in lengths:
            seconds = _decision(manager, worker, length)
            shortest = shortest or seconds
            print(f"{length:7} events   {seconds * 1000:8.2f} ms a decision   {seconds / shortest:6.2f}")
        worker.close()


def _decision(manager: Manager, worker: DecisionWorker, length: int) -> float:
    process_id = manager.start_process(Process(CountWorkflow))
    calls = [partial(manager.signal_process, process_id, "more", {"number": number}) for number in range(length)]
    manager.backend.together(calls)
    worker.step()
    took = []
    for number in range(REPEATS):
        manager.signal_process(process_id, "more", {"number": number})
        began = time.perf_counter()
        worker.step()
        took.append(time.perf_counter() - began)
    manager.cancel_process(process_id)
    return median(took)
