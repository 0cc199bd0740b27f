"""Processes as lines of JSON: to be kept, read by programs, and carried from one backend to another.

A run is a line that says what it was started with, then a line for each of its events::

    {"type": "process", "format": 1, "workflow": "Order", "id": "order-17", "run": 1, "input": {"amount": 30}, …}
    {"number": 1, "time": "2026-01-01T12:00:00.123456Z", "type": "process_started"}

A process is its runs, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from json import JSONDecodeError

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


def read(text: Iterable[str | bytes], name: str | None = None) -> Iterator[list[Process]]:
    """The processes that the lines hold, each as the list of its runs.

    Raises InvalidValueException for what is not in the format above, with the number of the line, and with the name
    of the file if it is given.
    """
    for _, runs in groupby(_runs(text, name), key=lambda run: run.id):
        yield list(runs)


def _runs(text: Iterable[str | bytes], name: str | None) -> Iterator[Process]:
    run: Process | None = None
    events: list[Event] = []
    newest: dict[object, int] = {}  # run of a process, by its id
    number = 0
    for number, line in enumerate(text, start=1):
        if not line.strip():
            continue
        with _told(name, number):
            document = _object(line)
            if document["type"] != "process":
                events.append(_event(document, expected=len(events) + 1, header=run))
                continue
            if run is not None:
                yield _whole(run, events)
            run, events = _header(document), []
            if run.run <= newest.get(run.id, 0):
                raise ValueError(f"process {run.id!r} is in the file twice")
            newest[run.id] = run.run
    if run is not None:
        with _told(name, number):
            yield _whole(run, events)


@contextmanager
def _told(name: str | None, number: int) -> Iterator[None]:
    """What is wrong here is told with its place."""
    place = f"line {number}" if name is None else f"{name}:{number}"
    try:
        yield
    except UnicodeDecodeError as error:
        raise InvalidValueException(place, f"not UTF-8 text: {error.reason}") from error
    except JSONDecodeError as error:
        raise InvalidValueException(place, f"not JSON: {error.msg} at column {error.pos + 1}") from error
    except RecursionError as error:
        raise InvalidValueException(place, f"not JSON that can be read: {error}") from error
    except (KeyError, TypeError, AttributeError, ValueError, BackendException) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise InvalidValueException(place, f"not of an exported process: {reason}") from error


def _object(line: str | bytes) -> dict[str, Json]:
    document = codec.loads(line)
    if not isinstance(document, dict):
        raise ValueError("it is no JSON object")
    return document


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
        raise ValueError(f"{run.id!r} has no events")
    return Process(run.workflow, run.id, run.input, run.tags, events, run.parent, run=run.run)
