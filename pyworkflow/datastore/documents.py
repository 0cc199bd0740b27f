"""A process as one JSON document: all that is kept of it, so that each change of it is one write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyworkflow import codec
from pyworkflow.engine.records import ActivityRow, EventRecord, ProcessHead, Start, TimerRow
from pyworkflow.exceptions import BackendException

FORMAT = 1


@dataclass(frozen=True)
class Run:
    """One run of a process: its rows, and where in the order of all events its own stand."""

    head: ProcessHead
    start: Start
    history: list[EventRecord]
    seqs: list[int]
    activities: list[ActivityRow]
    timers: list[TimerRow]


def written(runs: Iterable[Run]) -> str:
    """The document. Inputs and bodies are JSON already, and are put in as they are."""
    return f'{{"format":{FORMAT},"runs":[{",".join(map(_run, runs))}]}}'


def _run(run: Run) -> str:
    events = ",".join(
        f'[{seq},"{event.type}",{event.at},{event.body}]' for seq, event in zip(run.seqs, run.history, strict=True)
    )
    activities = [row._asdict() for row in run.activities]
    timers = [[row.key, row.process, row.due_at, codec.TIMER.encode(row.timer, "")] for row in run.timers]
    head = run.head._asdict()
    return (
        f'{{"head":{codec.dumps(head)},"tags":{codec.dumps(run.start.tags)},'
        f'"input":{run.start.input},"events":[{events}],'
        f'"activities":{codec.dumps(activities)},"timers":{codec.dumps(timers)}}}'
    )


@contextmanager
def explained(where: str) -> Iterator[None]:
    """What is wrong with a text that this version did not write, as an error that says where it stands."""
    try:
        yield
    except BackendException as error:
        raise BackendException(f"{where}: {error}") from error
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise BackendException(f"{where} is damaged, or was not written by pyworkflow ({reason})") from error


def parsed(text: str) -> Any:
    """What the text of a document says. Raises BackendException for one of a newer version."""
    document = codec.loads(text)
    if document["format"] != FORMAT:
        raise BackendException(
            f"this was written by a newer version of pyworkflow (format {document['format']}, not {FORMAT})"
        )
    return document


def read(text: str) -> list[Run]:
    """The runs in a document: one at least."""
    runs = [_read_run(run) for run in parsed(text)["runs"]]
    if not runs:
        raise ValueError("no runs")
    return runs


def _read_run(run: Mapping[str, Any]) -> Run:
    return Run(
        ProcessHead(**run["head"]),
        Start(codec.dumps(run["input"]), tuple(run["tags"])),
        [EventRecord(type, at, codec.dumps(body)) for _, type, at, body in run["events"]],
        [seq for seq, *_ in run["events"]],
        [ActivityRow(**row) for row in run["activities"]],
        [TimerRow(key, process, due_at, codec.TIMER.decode(timer)) for key, process, due_at, timer in run["timers"]],
    )
