"""Asking a workflow, as a worker does it: the same question gets the same answer, its ids included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from uuid import NAMESPACE_OID, uuid5

from pyworkflow.decision import Decision, activity_ids
from pyworkflow.managed.workflow.answers import decisions_of
from pyworkflow.managed.workflow.base import Workflow
from pyworkflow.process import Process


def ask(workflow: Workflow, process: Process, made: Callable[[str], object] = lambda _: None) -> list[Decision]:
    """What the workflow decides for the process as it is; `made` is called with each id that was not given.

    Raises what `decide` raises, and InvalidDecisionException for an answer that stands for no decisions.
    """
    with activity_ids(_ids(process, made)):
        return decisions_of(workflow.decide(process), process)


def _ids(process: Process, made: Callable[[str], object]) -> Iterator[str]:
    """Ids that the same question gets again, for what a decide makes in the same order."""
    question = f"{process.id}/{process.run}/{len(process.history)}"
    for number in count(1):
        id = str(uuid5(NAMESPACE_OID, f"{question}/{number}"))
        made(id)
        yield id
