"""The same questions in another process, which has been asked nothing, and in which hashes are others."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import reduce
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pyworkflow import archive, codec
from pyworkflow.fuzz.findings import TWO_ANSWERS, Finding
from pyworkflow.managed import Workflow
from pyworkflow.process import Process
from pyworkflow.replay import Answer, answer, as_at, difference, questions
from pyworkflow.replay.words import how_words

PATIENCE = 30.0  # seconds until the other process is given up
HASHES = "4711"  # what they are made from there; any number will do

Found = tuple[int, int, str]  # which run, the number of the event that asks, and how the answer differs


def asked_afresh(workflow: type[Workflow], runs: Sequence[Process], longest: float) -> Finding | None:
    """A question of these runs that a worker which begins with it answers otherwise than it was answered.

    The workflow is imported there: one that cannot be, such as a class within a function, is not asked.
    """
    if not runs or _imported(workflow.__module__, workflow.__qualname__) is not workflow:
        return None
    texts = [[codec.dumps(line) for line in archive.lines(run)] for run in runs]
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    where = workflow.__module__, workflow.__qualname__
    process = context.Process(target=_answer_all, args=(*where, texts, longest, theirs), daemon=True)
    with _other_hashes():
        process.start()
    theirs.close()
    try:
        found: Found | None = ours.recv() if ours.poll(PATIENCE) else None
    except EOFError:
        found = None
    finally:
        process.kill()
        process.join()
    if found is None:
        return None
    which, number, how = found
    what = f"a process that was asked nothing before, and in which sets have another order, answers otherwise: {how}"
    return Finding(TWO_ANSWERS, as_at(runs[which], number), what)


def _imported(module: str, name: str) -> Any:
    """What has this name there; None if that is no module, or not one that another process has as well."""
    found = None if module == "__main__" else sys.modules.get(module)
    return reduce(lambda one, part: getattr(one, part, None), name.split("."), found)


@contextmanager
def _other_hashes() -> Iterator[None]:
    before = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = HASHES
    try:
        yield
    finally:
        del os.environ["PYTHONHASHSEED"]
        if before is not None:
            os.environ["PYTHONHASHSEED"] = before


def _answer_all(module: str, name: str, texts: Sequence[Sequence[str]], longest: float, link: Connection) -> None:
    """In the other process: the last question of each run first, so that nothing is known of those before it."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        __import__(module)
        link.send(_first_difference(_imported(module, name), texts, longest))


def _first_difference(workflow: type[Workflow], texts: Sequence[Sequence[str]], longest: float) -> Found | None:
    for which, text in enumerate(texts):
        ((run,),) = archive.read(text)
        for question in reversed(list(questions(run))):
            if question.recorded is not None:
                now = answer(workflow, question.process, longest)
                how = difference(question.recorded, now) if isinstance(now, Answer) else now
                if how is not None:
                    return which, question.number, ", ".join(how_words(how))
    return None
