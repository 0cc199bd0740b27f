"""`pyworkflow debug`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.named import RunOption, WhichArgument
from pyworkflow.cli.session import Session

if TYPE_CHECKING:
    from pyworkflow.process import Process
    from pyworkflow.replay import Answer


def debug(
    context: typer.Context,
    which: WhichArgument,
    at: Annotated[
        int | None,
        typer.Option(
            "--at", metavar="NUMBER", help="The event to ask after; else the last at which the workflow was asked."
        ),
    ] = None,
    run: RunOption = None,
) -> None:
    """Ask a workflow under pdb, with the history as it was at an event.

    It stops at the first line of decide; where that is not the workflow's own, at that of the first hook or rule which
    is called. What was decided is printed, and how it differs from what is recorded. Only reads.

    Example: pyworkflow debug order-17 --at 8
    """
    from pyworkflow.cli.debugging import asked, check_terminal
    from pyworkflow.cli.named import checked, found
    from pyworkflow.cli.replays import name_of
    from pyworkflow.cli.text import safe
    from pyworkflow.prefix import as_seen
    from pyworkflow.replay import Raised, as_at

    check_terminal()
    session = Session.of(context)
    process, undecided = found(session, which, run)
    number = _last_question(process) if at is None else checked(process, at)
    workflow = session.project.workflow(str(process.workflow))
    output.note(f"{workflow.__qualname__} asked about {name_of(process)} as it was at event {number}")
    answer, stopped = asked(workflow, as_at(as_seen(process) if undecided else process, number))
    if answer is None:
        output.note("quit: nothing is changed")
        return
    if isinstance(answer, Raised):
        for line in (*answer.traceback.splitlines(), f"decide raises {answer.reason} ({answer.where})"):
            output.note(line)
        return
    if not stopped:
        output.note(f"no method of {workflow.__qualname__} was called: there is nothing new that it answers")
    for decision in answer.decisions:
        output.data(safe(repr(decision)))
    _compare(process, number, answer)


def _last_question(process: Process) -> int:
    """The last decision_started, or else the last event."""
    numbers = [number for number, event in enumerate(process.history, start=1) if event.type == "decision_started"]
    return numbers[-1] if numbers else len(process.history)


def _compare(process: Process, number: int, answer: Answer) -> None:
    """How the answer differs from what is recorded at this event."""
    from pyworkflow.cli.past import answered
    from pyworkflow.replay import difference
    from pyworkflow.replay.words import how_words

    then, failed = answered(process, number)
    if not answer.decisions:
        output.note("it decides nothing")
    if failed is not None:
        output.note(f"nothing to compare with: the decision of event {number} came to nothing ({failed})")
    elif then is None:
        output.note(f"nothing to compare with: no answer is recorded for event {number}")
    else:
        how = difference(then, answer)
        output.note("as recorded" if how is None else "recorded otherwise:")
        for words in how_words(how) if how is not None else ():
            output.note(f"  {words}")
