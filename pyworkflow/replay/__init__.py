"""Today's code asked what it would have decided: every question that a history holds, and how the answers differ.

Everything here is a function of histories, wherever they come from; nothing is written anywhere.
"""

from pyworkflow.replay.answer import Answer, Raised, TimedOut, answer
from pyworkflow.replay.compare import Change, Difference, difference
from pyworkflow.replay.questions import Question, as_at, questions
from pyworkflow.replay.replay import Divergence, Replay, replay

__all__ = [
    "Answer",
    "Change",
    "Difference",
    "Divergence",
    "Question",
    "Raised",
    "Replay",
    "TimedOut",
    "answer",
    "as_at",
    "difference",
    "questions",
    "replay",
]
