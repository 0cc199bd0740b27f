"""`pyworkflow fuzz`"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyworkflow.cli import output
from pyworkflow.cli.commands.start import WorkflowArgument
from pyworkflow.cli.completion import process_ids
from pyworkflow.cli.output import Format, FormatOption, Part
from pyworkflow.cli.session import Session
from pyworkflow.cli.values import json_value

if TYPE_CHECKING:
    from pyworkflow.codec import Json
    from pyworkflow.fuzz import Finding, Report
    from pyworkflow.managed import Workflow
    from pyworkflow.process import Process
    from pyworkflow.signal import Signal

FOUND, INTERRUPTED = 1, 130  # exit codes
DEPENDS_ON_VALUES = ("raises", "illegal", "stuck")  # what is found, perhaps
WIDEST = 40  # characters of what happened, so that the details stand in one column


def fuzz(
    context: typer.Context,
    workflow: WorkflowArgument,
    input: Annotated[
        list[str] | None,
        typer.Option("-i", "--input", metavar="JSON", help="An input: JSON or @FILE; repeatable."),
    ] = None,
    result: Annotated[
        list[str] | None,
        typer.Option("--result", metavar="NAME=JSON", help="What an activity can return; repeatable. Otherwise null."),
    ] = None,
    signal: Annotated[
        list[str] | None,
        typer.Option("--signal", metavar="NAME[=JSON]", help="A signal that can come, with its data; repeatable."),
    ] = None,
    like: Annotated[
        list[str] | None,
        typer.Option(
            "--like",
            metavar="ID|FILE",
            help="Take inputs, results and signals from a process, or from a file that `export` wrote; repeatable.",
            autocompletion=process_ids,
        ),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", metavar="FINDING", help="What is meant to be so, such as batching; repeatable."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="Try the same as a search that told this seed.")
    ] = None,
    examples: Annotated[int, typer.Option("--examples", min=1, metavar="N", help="How many histories to try.")] = 300,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=0.1, metavar="S", help="End after so many seconds in any case.")
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="FILE", help="Write the histories of what is found there, as `export` does."),
    ] = None,
    form: FormatOption = Format.table,
) -> int:
    """Look for what is wrong with a workflow, by taking it through all that can happen to a process.

    Activities are not executed: they complete, fail, time out and are canceled, and signals, requests to cancel and
    lost workers come between, one by one and several at once. What is found is told as a history, made as short as can
    be. Examples of inputs, results and signals help; where there is none, null is put in. Exits with 1 if anything is
    found.

    Example: pyworkflow fuzz Order -i '{"order": 17}' --signal 'paid={"amount": 30}'
    """
    session = Session.of(context)
    project = session.project
    cls = project.workflow(workflow)
    try:
        from pyworkflow.fuzz import fuzz as search
    except ModuleNotFoundError as error:
        from pyworkflow.exceptions import ConfigurationException

        raise ConfigurationException(str(error)) from error
    inputs, signals = [json_value(one, "-i") for one in input or ()], list(map(_signal, signal or ()))
    results, runs = _results(result or (), cls, project.workflows), list(_runs(session, like or ()))
    with closing(output.progress(count(), "histories tried")) as counted:
        next(counted)  # it is shown from the beginning, and not among what goes nowhere
        with output.unheard():
            report = search(
                cls,
                inputs=inputs,
                results=results,
                signals=signals,
                like=runs,
                workflows=project.workflows,
                allow=allow or (),
                seed=seed,
                examples=examples,
                seconds=seconds,
                tried=lambda: next(counted),
            )
    if save is not None and report.findings:
        output.make_folder(save)
        output.write_file(save, output.json_lines(_saved(report)))
    _print(report, form)
    _tell(report, save)
    if report.interrupted:
        return INTERRUPTED
    return FOUND if report.findings else 0


def _results(given: Iterable[str], cls: type[Workflow], workflows: Iterable[type[Workflow]]) -> dict[str, list[Json]]:
    """Examples by the names of activities, or of the workflows of children."""
    known = {name: one.name for one in cls.activities for name in (one.__name__, one.name)}
    known |= {name: one.name for one in workflows for name in (one.__name__, one.name)}
    found: dict[str, list[Json]] = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not equals or name not in known:
            names = ", ".join(activity.name for activity in cls.activities) or "none"
            raise typer.BadParameter(f"{one!r}: write NAME=JSON; activities: {names}", param_hint="--result")
        found.setdefault(known[name], []).append(json_value(text, "--result"))
    return found


def _signal(given: str) -> Signal:
    from pyworkflow.signal import Signal

    name, equals, text = given.partition("=")
    if not name:
        raise typer.BadParameter(f"{given!r}: write NAME, or NAME=JSON", param_hint="--signal")
    return Signal(name, json_value(text, "--signal") if equals else None)


def _runs(session: Session, like: Iterable[str]) -> Iterator[Process]:
    """What is recorded, in files and in the backend."""
    from pyworkflow import archive
    from pyworkflow.cli.ids import full_id
    from pyworkflow.cli.named import is_file, open_file

    for one in like:
        if is_file(one):
            with open_file(one) as lines:
                yield from (run for runs in archive.read(lines, one) for run in runs)
            continue
        with session.open_backend() as backend:
            newest = backend.process_by_id(full_id(backend, one))
            yield from (backend.process_by_id(str(newest.id), run=run) for run in range(1, newest.run + 1))


def _saved(report: Report) -> Iterator[dict[str, Any]]:
    from pyworkflow import archive
    from pyworkflow.prefix import unanswered

    for finding in report.findings:
        yield from archive.lines(unanswered(finding.run) if finding.kind.is_unanswered else finding.run)


def _print(report: Report, form: Format) -> None:
    if form is not Format.table:
        output.records((_record(report, finding) for finding in report.findings), form)
        return
    for number, finding in enumerate(report.findings):
        if number:
            output.data("")
        _story(finding)
        lines = output.Lines()
        at = f" ({finding.where})" if finding.where else ""
        lines.whole_line(f"{finding.kind.name}: {finding.what}{at}")
        lines.whole_line(f"    {finding.kind.means}")
        lines.whole_line(f"    {finding.kind.cure}")
        made_up = report.values.made_up(finding.run)
        if made_up and finding.kind.name in DEPENDS_ON_VALUES:
            lines.whole_line(f"    Nobody gave an example of {', '.join(made_up)}: null was put in.")


def _record(report: Report, finding: Finding) -> dict[str, Any]:
    from pyworkflow.archive import event_line

    return {
        "workflow": report.workflow,
        "seed": report.seed,
        "finding": finding.kind.name,
        "what": finding.what,
        "where": finding.where or None,
        "traceback": finding.traceback or None,
        "made_up": report.values.made_up(finding.run),
        "input": finding.run.input,
        "events": [event_line(number, event) for number, event in enumerate(finding.run.history, start=1)],
    }


def _story(finding: Finding) -> None:
    """The history as `pyworkflow history` tells it, without its times, which are nobody's."""
    from pyworkflow.cli.narrate import Narrator

    told = list(map(Narrator(finding.run).tell, finding.run.history))
    width = min(max(len(one.what) for one in told), WIDEST)
    lines = output.Lines()
    for one in told:
        number = Part(str(one.number).rjust(len(str(len(told)))), "dim")
        lines.line(number, Part(one.what, one.style, width), Part(one.detail))


def _tell(report: Report, save: Path | None) -> None:
    from pyworkflow.fuzz.play import LONGEST

    found = len(report.findings)
    seed = f"seed {report.seed}"
    if found and save is not None and save != output.STDOUT:
        output.note(f"{found} histor{'y' if found == 1 else 'ies'} written to {save}")
    what = f"{found} finding{'' if found == 1 else 's'}" if found else "nothing found"
    when = "; then came Ctrl-C" if report.interrupted else ""
    output.note(f"{report.workflow}: {what}, {report.examples} histories tried ({seed}){when}")
    if report.endless:
        output.note(f"{report.endless} of them were broken off, since they went on after {LONGEST} decisions")
    signals = ", ".join(dict.fromkeys(signal.name for signal in report.values.signals)) or "none"
    output.note(f"signals that were sent: {signals}")
