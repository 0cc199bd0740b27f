"""What replays found: counted, grouped by what differs and where, and as records for a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pyworkflow import codec
from pyworkflow.backend import Backend
from pyworkflow.decision import Decision
from pyworkflow.prefix import unanswered
from pyworkflow.process import Process
from pyworkflow.replay import Difference, Divergence, Raised, Replay, TimedOut
from pyworkflow.replay.words import how_words, occasion

Place = tuple[str, int]  # the id of a process (and its run, from the second on), and the number of an event
Alike = tuple[str, str, tuple[str, ...]]  # a workflow, what it was asked about, and how its answer differs


@dataclass
class Group:
    """Where the answers differ alike: `how`, in the words for the first."""

    workflow: str
    at: str
    how: tuple[str, ...]
    places: list[Place] = field(default_factory=list)
    processes: set[str] = field(default_factory=set)


class Tally:
    """Counts replays, and groups where they differ."""

    def __init__(self) -> None:
        self.runs = 0
        self.asked = 0
        self.left = 0  # questions that were not asked, since they follow a difference
        self.differ = 0  # runs
        self.without_code: Counter[str] = Counter()  # runs by workflow
        self._processes: set[str] = set()
        self._groups: dict[Alike, Group] = {}

    @property
    def groups(self) -> list[Group]:
        """Those with most places first."""
        return sorted(self._groups.values(), key=lambda group: -len(group.places))

    def add(self, done: Replay) -> None:
        """One run more."""
        self.runs += 1
        self._processes.add(str(done.run.id))
        self.asked += done.asked
        self.left += done.questions - done.asked
        self.differ += bool(done.divergences)
        for one in done.divergences:
            workflow, at, how = str(done.run.workflow), occasion(one.question.process), how_words(one.how)
            group = self._groups.setdefault((workflow, at, _kind(one.how) or how), Group(workflow, at, how))
            group.places.append((name_of(done.run), one.question.number))
            group.processes.add(str(done.run.id))

    def summary(self, what: str = "process") -> str:
        """How many decide the same, and how many do not."""
        same = self.runs - self.differ
        parts = [f"{same} decide{'s' if same == 1 else ''} the same"]
        if self.differ:
            parts.append(f"{self.differ} differ{'s' if self.differ == 1 else ''}")
        runs = f"{counted(self.runs, 'run')} of " if self.runs > len(self._processes) else ""
        return f"{runs}{counted(len(self._processes), what)}: {', '.join(parts)}"


def _kind(how: Difference | Raised | TimedOut) -> tuple[str, ...] | None:
    """What two errors have in common that are one, whichever process they tell of; None for what is no error."""
    return (how.reason.partition(":")[0], how.where) if isinstance(how, Raised) else None


def counted(number: int, what: str) -> str:
    """`1 process`, `2 processes`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}{'es' if what.endswith('s') else 's'}"


def name_of(run: Process) -> str:
    """The id of the process, with the number of the run from the second on."""
    return str(run.id) if run.run == 1 else f"{run.id} run {run.run}"


def settled(backend: Backend, process_id: str, number: int) -> tuple[Process, bool]:
    """The run as it is, and whether its last decision is yet to be made: by a worker now, or again after a failure."""
    while True:
        run = backend.process_by_id(process_id, run=number)
        if run.result is not None or run.history[-1].type == "decision":
            return run, False
        pending = backend.pending(process_id).decision
        if len(backend.process_by_id(process_id, run=number).history) == len(run.history):
            return run, pending is not None and pending.started is not None


def as_asked(backend: Backend, process_id: str, number: int) -> Process:
    """The run, to be replayed: a last decision that is yet to be made is due in it."""
    run, is_undecided = settled(backend, process_id, number)
    return unanswered(run) if is_undecided else run


def records(done: Replay) -> Iterator[dict[str, Any]]:
    """Each divergence, for a program."""
    for one in done.divergences:
        yield {
            "process": done.run.id,
            "run": done.run.run,
            "workflow": done.run.workflow,
            "event": one.question.number,
            "at": occasion(one.question.process),
            **_how(one),
        }


def _how(one: Divergence) -> dict[str, Any]:
    match one.how:
        case Difference(more=more, fewer=fewer, changed=changed):
            changes = [
                {"then": _plain(change.then), "now": _plain(change.now), "fields": change.fields} for change in changed
            ]
            return {"kind": "differs", "more": _all(more), "fewer": _all(fewer), "changed": changes}
        case Raised(reason=reason, where=where, traceback=traceback):
            return {"kind": "raises", "reason": reason, "where": where, "traceback": traceback}
        case TimedOut(seconds=seconds):
            return {"kind": "takes too long", "seconds": seconds}


def _all(made: tuple[Decision, ...]) -> list[Any]:
    return [_plain(one) for one in made]


def _plain(one: Decision) -> Any:
    try:
        return codec.DECISION.encode(one, "")
    except ValueError:
        return {"type": one.type, "text": repr(one)}  # what could not be recorded
