"""What happens to all processes, a line for each event, as it happens."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Event, Thread
from typing import Any

import typer

from pyworkflow.backend import Backend, Recorded
from pyworkflow.cli import output
from pyworkflow.cli.errors import one_line
from pyworkflow.cli.follow import LOOK
from pyworkflow.cli.ids import short_ids
from pyworkflow.cli.narrate import Narrator, Told
from pyworkflow.cli.output import Format, Lines, Part
from pyworkflow.cli.text import duration, shortened
from pyworkflow.config import BackendSettings, open_backend
from pyworkflow.exceptions import BackendException, UnknownProcessException, UnsupportedException
from pyworkflow.managed.worker.outage import Outage
from pyworkflow.process import Process

KNOWN = 20_000  # runs that are remembered, those told of last: of another the history is read again
PATIENCE = 2.0  # seconds that what is still to be printed may take, if nobody reads it
ID, WHAT, TOOK = 12, 32, 7  # characters of the columns
LONGEST_ID = 24


@dataclass(frozen=True)
class Wanted:
    """Which events are to be printed, and how: of one `workflow` only, of ids that begin with `prefix` only."""

    form: Format = Format.table
    workflow: str | None = None
    prefix: str = ""

    def has(self, process: Process) -> bool:
        """Is this one of the workflow? It may be named as its class is."""
        return self.workflow in (None, process.workflow, f"{process.workflow}Workflow")


class Stream:
    """Prints as data what is recorded from now on, in the order of the commits; `told` counts what was printed."""

    def __init__(self, backend: Backend, wanted: Wanted) -> None:
        self._backend = backend
        self._wanted = wanted
        self._lines = Lines()
        self.told = 0
        self._known: OrderedDict[tuple[str, int], tuple[Process, Narrator]] = OrderedDict()
        self._after = newest(backend)

    def look(self, wait: float = LOOK) -> bool:
        """Print what is new, after waiting a moment for it. Was there anything?"""
        page = self._backend.events(after=self._after, wait=wait)
        for recorded in page:
            if recorded.process_id.startswith(self._wanted.prefix):
                with suppress(UnknownProcessException):  # it was removed since
                    self._show(recorded)
            self._after = recorded.seq
            self.told += 1
        output.flush()
        return bool(page.items)

    def _show(self, recorded: Recorded) -> None:
        process, narrator = self._run(recorded)
        told = narrator.tell(recorded.event)
        if not self._wanted.has(process):
            return
        if self._wanted.form is Format.jsonl:
            output.record(_record(recorded, process), self._wanted.form)
        else:
            self._print(process, told)

    def _run(self, recorded: Recorded) -> tuple[Process, Narrator]:
        """The run that the event belongs to, and who has told all of it that came before."""
        key = recorded.process_id, recorded.run
        if key not in self._known:
            process = self._backend.process_by_id(recorded.process_id, run=recorded.run)
            start = Process(
                process.workflow, process.id, process.input, process.tags, process.history[:1], run=process.run
            )  # the rest of the history is not kept
            narrator = Narrator(start)
            for event in process.history[: recorded.number - 1]:
                narrator.tell(event)
            self._known[key] = start, narrator
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def _print(self, process: Process, told: Told) -> None:
        id = short_ids({str(process.id)})[str(process.id)]
        name = f"{process.workflow}  " if told.number == 1 else ""
        self._lines.line(
            Part(f"{told.at.astimezone():%H:%M:%S}.{told.at.microsecond // 1000:03}", "dim"),
            Part(shortened(id, LONGEST_ID), "cyan", ID),
            Part(told.what, told.style, WHAT),
            Part("" if told.took is None else duration(told.took), width=TOOK),
            Part(f"{name}{told.detail}"),
        )


def _record(recorded: Recorded, process: Process) -> dict[str, Any]:
    """An event for a program: whose it is, and all that it holds; with the first what the process was started with."""
    from pyworkflow.archive import event_line

    whose = {"process": process.id, "workflow": process.workflow, "run": recorded.run}
    line = {**whose, **event_line(recorded.number, recorded.event)}
    return {**line, "input": process.input, "tags": process.tags} if recorded.number == 1 else line


def newest(backend: Backend) -> int:
    """The `seq` of the last event that is recorded; 0 if there is none. Asks a few dozen times, and never for much."""

    def above(seq: int) -> int | None:
        page = backend.events(after=seq, limit=1)
        return page.items[0].seq if page.items else None

    low, high = 0, 1
    while (found := above(high)) is not None:
        low, high = found, 2 * found
    while low < high:
        middle = (low + high) // 2
        found = above(middle)
        low, high = (low, middle) if found is None else (found, high)
    return low


class Streaming:
    """The stream of one backend, in a thread of its own, until closed.

    `ended` is called if it cannot go on, or if nobody reads it any more.
    """

    def __init__(self, wanted: Wanted, ended: Callable[[], None]) -> None:
        self._wanted = wanted
        self._ended = ended
        self._settings: BackendSettings | None = None
        self._stop: Callable[[], bool] = lambda: True

    def attend(self, settings: BackendSettings) -> None:
        """From now on nothing is missed of what happens in this backend, instead of another.

        Raises UnsupportedException if it tells only the events of one process.
        """
        if settings == self._settings:
            return
        self.close()
        backend = open_backend(settings)
        if not backend.capabilities.streams_all:
            backend.close()
            raise UnsupportedException(
                f"the backend {settings.shown}",
                "tell the events of all processes: `pyworkflow worker --reload` does the rest of this command",
            )
        self._settings = settings
        stop = Event()
        stream = Stream(backend, self._wanted)
        thread = Thread(target=self._run, args=(stream, stop), daemon=True)
        thread.start()
        self._stop = partial(_stopped, backend, stream, thread, stop)

    def close(self) -> bool:
        """Print what there is still to print, and end. False if nobody reads it, and a thread waits for that."""
        stop, self._stop = self._stop, lambda: True
        return stop()

    def _run(self, stream: Stream, stop: Event) -> None:
        outage = Outage()
        try:
            while not stop.is_set():
                outage.ride_out(stream.look, stop)
            while stream.look(wait=0):
                pass
        except typer.Exit:  # nobody reads
            self._ended()
        except Exception as error:  # such as a disk that is full
            if not (stop.is_set() and isinstance(error, BackendException)):
                output.note(f"pyworkflow: {one_line(error)}")
                self._ended()


def _stopped(backend: Backend, stream: Stream, thread: Thread, stop: Event) -> bool:
    stop.set()
    backend.interrupt()
    told = -1
    while thread.is_alive() and told != stream.told:  # as long as somebody reads
        told = stream.told
        thread.join(PATIENCE)
    if thread.is_alive():
        return False
    backend.close()
    return True
