"""A closed process from elsewhere: is it whole, and what are its rows?"""

from __future__ import annotations

from collections.abc import Sequence

from pyworkflow import codec
from pyworkflow.decision import ContinueAsNew
from pyworkflow.defaults import Defaults
from pyworkflow.engine.records import EventRecord, ProcessHead, Start, duration, micros
from pyworkflow.event import DecisionEvent
from pyworkflow.exceptions import InvalidValueException
from pyworkflow.process import Process


def rows(runs: Sequence[Process]) -> list[tuple[ProcessHead, Start, list[EventRecord]]]:
    """The rows of each run. Raises InvalidValueException for what is no whole history, or is still open."""
    if not runs:
        raise InvalidValueException("runs", "there are none")
    numbers = [run.run for run in runs]
    if numbers != list(range(1, len(runs) + 1)):
        raise InvalidValueException(_name(runs[0]), f"its runs are {numbers}, not all from 1 on")
    if len({(run.id, run.workflow, run.parent) for run in runs}) > 1:
        raise InvalidValueException(_name(runs[0]), "its runs differ in id, workflow or parent")
    return [_row(run, _status(run, is_last=run is runs[-1])) for run in runs]


def _name(run: Process) -> str:
    return f"process {run.id!r}"


def _status(run: Process, *, is_last: bool) -> str:
    """How the run ended, as its history must tell."""
    result = run.result
    if is_last and result is None:
        raise InvalidValueException(_name(run), "it is still open; only closed processes can be imported")
    if not is_last and not _continued(run):
        raise InvalidValueException(_name(run), f"run {run.run} does not end by continuing as new")
    return result.type if result is not None else "continued"


def _continued(run: Process) -> bool:
    last = run.history[-1]
    return isinstance(last, DecisionEvent) and isinstance(last.decision, ContinueAsNew)


def _row(run: Process, status: str) -> tuple[ProcessHead, Start, list[EventRecord]]:
    given = codec.START.encode(run, "process")
    process_id = codec.text(run.id, "process.id")
    events = records(run)
    parent = None if run.parent is None else codec.text(run.parent, "process.parent")
    head = ProcessHead(
        key=0,
        id=process_id,
        run=run.run,
        root=process_id,
        workflow=given["workflow"],
        category=Defaults.DECISION_CATEGORY,
        parent=parent,
        child_policy=None,
        timeout=duration(Defaults.WORKFLOW_TIMEOUT),
        decision_timeout=duration(Defaults.DECISION_TIMEOUT),
        started_at=events[0].at,
        timeout_at=events[0].at + duration(Defaults.WORKFLOW_TIMEOUT),
        last_at=events[-1].at,
        status=status,
        closed_at=events[-1].at,
        length=len(events),
    )
    return head, start(run), events


def start(run: Process) -> Start:
    """What it was started with. Raises InvalidValueException for what cannot be stored."""
    given = codec.START.encode(run, "process")
    return Start(codec.dumps(given["input"]), tuple(given["tags"]))


def records(run: Process) -> list[EventRecord]:
    """Its history. Raises InvalidValueException for one that is none, or that cannot be stored."""
    if [event.type for event in run.history].count("process_started") != 1 or run.history[0].type != "process_started":
        raise InvalidValueException(_name(run), "its history does not begin with its one process_started")
    times = [micros(event.datetime) for event in run.history]
    if times != sorted(times):
        raise InvalidValueException(_name(run), "the times in its history decrease")
    return [
        EventRecord(event.type, at, codec.dumps(codec.encode_event(event)))
        for event, at in zip(run.history, times, strict=True)
    ]
