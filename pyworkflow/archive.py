"""Processes as lines of JSON: to be kept, read by programs, and carried from one backend to another.

A run is a line that says what it was started with, then a line for each of its events::

    {"type": "process", "format": 1, "workflow": "Order", "id": "order-17", "run": 1, "input": {"amount": 30}, …}
    {"number": 1, "time": "2026-01-01T12:00:00.123456Z", "type": "process_started"}

A process is its runs, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from pyworkflow import codec
from pyworkflow.codec import Json
from pyworkflow.event import Event
from pyworkflow.exceptions import BackendException, InvalidValueException
from pyworkflow.process import Process

FORMAT = 1
"""Rises when a reader of the older format could misread the newer one."""

_HEADER = ("workflow", "id", "run", "input", "tags", "parent")


def lines(run: Process) -> Iterator[dict[str, Json]]:
    """One run as JSON objects: its start, and its events in order."""
    yield {"type": "process", "format": FORMAT, **{name: getattr(run, name) for name in _HEADER}}
    yield from (event_line(number, event) for number, event in enumerate(run.history, start=1))


def event_line(number: int, event: Event) -> dict[str, Json]:
    """An event with its number (from 1), its time and its type, and then its own fields."""
    return {"number": number, "time": codec.time_text(event.datetime), "type": event.type, **codec.encode_event(event)}


def read(text: Iterable[str | bytes]) -> Iterator[list[Process]]:
    """The processes that the lines hold, each as the list of its runs.

    Raises InvalidValueException, with the number of the line, for what is not in the format above.
    """
    for _, runs in groupby(_runs(text), key=lambda run: run.id):
        yield list(runs)


def _runs(text: Iterable[str | bytes]) -> Iterator[Process]:
    run: Process | None = None
    events: list[Event] = []
    for number, line in enumerate(text, start=1):
        if not line.strip():
            continue
        try:
            document = codec.loads(line)
            if document["type"] != "process":
                events.append(_event(document, expected=len(events) + 1, header=run))
                continue
            if run is not None:
                yield _whole(run, events)
            run, events = _header(document), []
        except (KeyError, TypeError, AttributeError, ValueError, BackendException) as error:
            reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise InvalidValueException(f"line {number}", f"not of an exported process: {reason}") from error
    if run is not None:
        yield _whole(run, events)


def _header(document: Json) -> Process:
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']!r} is not the one that this version reads ({FORMAT})")
    return Process(**{name: document[name] for name in _HEADER})


def _event(document: Json, expected: int, header: Process | None) -> Event:
    if header is None:
        raise ValueError('a line with "type": "process" must come first')
    given = dict(document)
    number, at, type = given.pop("number"), codec.time_of(given.pop("time")), given.pop("type")
    if number != expected:
        raise ValueError(f"event {number} where event {expected} should be")
    return codec.decode_event(type, at, given)


def _whole(run: Process, events: list[Event]) -> Process:
    if not events:
        raise InvalidValueException(f"process {run.id}", "it has no events")
    return Process(run.workflow, run.id, run.input, run.tags, events, run.parent, run=run.run)
