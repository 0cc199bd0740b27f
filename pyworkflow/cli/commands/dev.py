"""`pyworkflow dev`"""

from __future__ import annotations

import logging
import os
from typing import Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.commands.worker import CategoryOption, ConcurrencyOption
from pyworkflow.cli.completion import process_ids, workflows
from pyworkflow.cli.output import Format, FormatOption
from pyworkflow.cli.session import Session


def dev(
    context: typer.Context,
    workflow: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Show only processes of this workflow: Foo or FooWorkflow.",
            autocompletion=workflows,
        ),
    ] = None,
    id: Annotated[
        str,
        typer.Option(metavar="PREFIX", help="Show only processes whose ids begin so.", autocompletion=process_ids),
    ] = "",
    category: CategoryOption = None,
    concurrency: ConcurrencyOption = None,
    shutdown_timeout: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="What running activities have to finish with old code.")
    ] = 30.0,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Log each task as well, as a worker does.")] = False,
    form: FormatOption = Format.table,
) -> int:
    """Work, load the code anew whenever it is saved, and print every event of all processes.

    It is `worker --reload` and what happens meanwhile, whoever makes it happen: a line tells time, process, event, how
    long it took, and details, shortened; -o jsonl prints one event a line with nothing left out. Events go to stdout;
    stderr tells of saves, and of what goes wrong.

    Example: pyworkflow dev --workflow Order
    """
    from pyworkflow.cli.reload import Reloading
    from pyworkflow.cli.serving import Serving
    from pyworkflow.cli.stream import Streaming, Wanted

    if form is Format.json:
        raise typer.BadParameter("what has no end is no JSON document: jsonl prints one event a line", param_hint="-o")
    session = Session.of(context)
    serving = Serving(
        config=session.config,
        backend_url=session.backend_url,
        activities=True,
        decisions=True,
        categories=tuple(category) if category else None,
        concurrency=concurrency,
        burst=False,
        max_tasks=None,
        name=None,
        shutdown_timeout=shutdown_timeout,
        log_level=logging.INFO if verbose else logging.WARNING,
        watched=workflow,
    )
    output.log_to_stderr(serving.log_level)
    reloading = Reloading(serving)
    streaming = Streaming(Wanted(form, workflow, id), reloading.stop)
    try:
        code = reloading.run(streaming.attend)
    except BaseException:
        streaming.close()
        raise
    if not streaming.close():
        os._exit(code)  # Python itself would wait for who does not read
    return code
