"""What replays found: counted, grouped by what differs and where, and as records for a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pyworkflow import codec
from pyworkflow.backend import Backend
from pyworkflow.decision import Decision
from pyworkflow.process import Process
from pyworkflow.replay import Difference, Divergence, Raised, Replay, TimedOut
from pyworkflow.replay.words import how_words, occasion

Place = tuple[str, int]  # the id of a process (and its run, from the second on), and the number of an event
Group = tuple[str, str, tuple[str, ...]]  # a workflow, what it was asked about, and how its answer differs


class Tally:
    """Counts replays, and groups where they differ."""

    def __init__(self) -> None:
        self.runs = 0
        self.asked = 0
        self.left = 0  # questions that were not asked, since they follow a difference
        self.differ = 0  # runs
        self.groups: dict[Group, list[Place]] = {}
        self.without_code: Counter[str] = Counter()  # runs by workflow

    def add(self, done: Replay) -> None:
        """One run more."""
        self.runs += 1
        self.asked += done.asked
        self.left += done.questions - done.asked
        self.differ += bool(done.divergences)
        for one in done.divergences:
            group = (str(done.run.workflow), occasion(one.question.process), how_words(one.how))
            self.groups.setdefault(group, []).append((name_of(done.run), one.question.number))

    def summary(self, what: str = "process") -> str:
        """How many decide the same, and how many do not."""
        same = self.runs - self.differ
        parts = [f"{same} decide{'s' if same == 1 else ''} the same"]
        if self.differ:
            parts.append(f"{self.differ} differ{'s' if self.differ == 1 else ''}")
        return f"{counted(self.runs, what)}: {', '.join(parts)}"


def counted(number: int, what: str) -> str:
    """`1 process`, `2 processes`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}{'es' if what.endswith('s') else 's'}"


def name_of(run: Process) -> str:
    """The id of the process, with the number of the run from the second on."""
    return str(run.id) if run.run == 1 else f"{run.id} run {run.run}"


def settled(backend: Backend, process_id: str, number: int) -> tuple[Process, bool]:
    """The run as it is, and whether a worker is deciding about it just now, so that its last question is open."""
    while True:
        run = backend.process_by_id(process_id, run=number)
        if run.result is not None or run.history[-1].type == "decision":
            return run, False
        pending = backend.pending(process_id).decision
        deciding = pending is not None and pending.state == "running"
        if len(backend.process_by_id(process_id, run=number).history) == len(run.history):
            return run, deciding


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
