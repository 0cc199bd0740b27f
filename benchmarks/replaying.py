"""Histories asked again a second, against reading them, and against asking their workflow without history."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from pyworkflow import archive, codec
from pyworkflow.decision import CompleteProcess, ScheduleActivity
from pyworkflow.managed import Activity, DefaultWorkflow
from pyworkflow.process import Process
from pyworkflow.replay import questions, replay
from pyworkflow.testing import FastForward

ACTIVITIES = 7  # of a process: with these it has thirty events


class Step(Activity):
    """One of many."""


class ChainWorkflow(DefaultWorkflow):
    """One activity after the other."""

    activities = [Step]

    def initiate(self, process: Process) -> Any:  # noqa: ARG002
        return ScheduleActivity(Step, input={"step": 1})

    def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:  # noqa: ARG002
        step = activity_execution.input["step"]
        return ScheduleActivity(Step, input={"step": step + 1}) if step < ACTIVITIES else CompleteProcess(result)


def run(histories: int, rounds: int) -> None:
    """Print how many a second are replayed, read, and merely asked for, in turns."""
    forward = FastForward(ChainWorkflow, fakes={Step: {"fine": True}})
    forward.run()
    lines = [codec.dumps(line) for line in archive.lines(forward.process)]
    asked = [one.process for one in questions(forward.process)]
    workloads: dict[str, Callable[[], object]] = {
        "replayed": lambda: replay(ChainWorkflow, read(lines)),
        "read": lambda: read(lines),
        "decide alone": lambda: [ChainWorkflow().decide(process) for process in asked],
    }
    took: dict[str, list[float]] = {name: [] for name in workloads}
    for _ in range(rounds):
        for name, workload in workloads.items():
            began = time.perf_counter()
            for _ in range(histories):
                workload()
            took[name].append(time.perf_counter() - began)
    print(f"{histories} histories of {len(lines) - 1} events, medians of {rounds} rounds")
    least = median(took["replayed"])
    for name, seconds in took.items():
        print(f"{name:<14}{histories / median(seconds):8.0f} histories/s  {median(seconds) / least:6.2f} of the time")


def read(lines: list[str]) -> Process:
    """The run that is written there."""
    ((only,),) = archive.read(lines)
    return only
