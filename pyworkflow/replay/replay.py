"""A whole run: every question that it holds, until the first answer that differs."""

from __future__ import annotations

from dataclasses import dataclass

from pyworkflow.managed import Workflow
from pyworkflow.process import Process
from pyworkflow.replay.answer import LONGEST, Answer, Raised, TimedOut, answer
from pyworkflow.replay.compare import Difference, difference
from pyworkflow.replay.questions import Question, questions


@dataclass(frozen=True)
class Divergence:
    """Here today's code differs from what is recorded, or has no answer."""

    question: Question
    how: Difference | Raised | TimedOut


@dataclass(frozen=True)
class Replay:
    """How a run went: `asked` questions, of `questions` that it holds, and where the answers differ.

    After the first one that differs the rest of the history is counterfactual: it tells what came of other decisions.
    """

    run: Process
    questions: int
    asked: int
    divergences: tuple[Divergence, ...]


def replay(
    workflow: type[Workflow],
    run: Process,
    *,
    due: bool = True,
    to_the_end: bool = False,
    longest: float = LONGEST,
) -> Replay:
    """Ask the workflow every question that the run holds, until an answer differs, or `to_the_end`.

    It ends in any case where an answer does not come in time. To a question that is due, which is left out without
    `due`, any answer will do. `longest` is in seconds.
    """
    asked, divergences = 0, []
    asking = (one for one in questions(run) if due or one.recorded is not None)
    for question in asking:
        asked += 1
        how = _compared(workflow, question, longest)
        if how is not None:
            divergences.append(Divergence(question, how))
            if not to_the_end or isinstance(how, TimedOut):
                break
    left = sum(1 for _ in asking)
    return Replay(run, asked + left, asked, tuple(divergences))


def _compared(workflow: type[Workflow], question: Question, longest: float) -> Difference | Raised | TimedOut | None:
    now = answer(workflow, question.process, longest)
    if not isinstance(now, Answer):
        return now
    return None if question.recorded is None else difference(question.recorded, now)
