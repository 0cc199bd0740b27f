"""The command `pyworkflow`: its options and the list of its commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pyworkflow import __version__
from pyworkflow.cli.commands.cancel import cancel
from pyworkflow.cli.commands.check import check
from pyworkflow.cli.commands.complete import complete
from pyworkflow.cli.commands.debug import debug as debug_process
from pyworkflow.cli.commands.dev import dev
from pyworkflow.cli.commands.export import export
from pyworkflow.cli.commands.fail import fail
from pyworkflow.cli.commands.fork import fork
from pyworkflow.cli.commands.fuzz import fuzz
from pyworkflow.cli.commands.history import history
from pyworkflow.cli.commands.import_ import import_processes
from pyworkflow.cli.commands.init import init
from pyworkflow.cli.commands.list import list_processes
from pyworkflow.cli.commands.prune import prune
from pyworkflow.cli.commands.replay import replay
from pyworkflow.cli.commands.run import run
from pyworkflow.cli.commands.show import show
from pyworkflow.cli.commands.signal import signal
from pyworkflow.cli.commands.start import start
from pyworkflow.cli.commands.worker import worker
from pyworkflow.cli.completion import backends
from pyworkflow.cli.session import Session

# Without rich's markup the help comes in a third of the time.
app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            envvar="PYWORKFLOW_CONFIG", metavar="FILE", help="The workflows.toml to use, instead of the nearest."
        ),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            envvar="PYWORKFLOW_BACKEND",
            metavar="URL",
            help="The backend to use, such as sqlite:///orders.db.",
            autocompletion=backends,
        ),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,  # noqa: ARG001
    version: Annotated[bool, typer.Option("--version", help="Show the version and end.")] = False,
) -> None:
    """Start, work, signal and watch durable workflows.

    workflows.toml, in this folder or the nearest parent that has one, says where the code is and where
    processes are kept. These options can stand anywhere on the line.

    Exit codes: 0 ok; 1 the process ended other than completed, or fuzz found something; 2 usage or configuration;
    3 no such process or workflow; 4 conflict, such as an id that is taken; 5 the backend cannot be reached or is
    locked; 6 a replay differs; 124 a wait timed out; 130 Ctrl-C.
    """
    context.obj = Session(config, backend or None)
    if version:
        typer.echo(f"pyworkflow {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command()(init)
app.command()(check)
app.command()(run)
app.command()(start)
app.command()(worker)
app.command()(dev)
app.command()(signal)
app.command()(cancel)
app.command("list")(list_processes)
app.command()(show)
app.command()(history)
app.command()(replay)
app.command("debug")(debug_process)
app.command()(fork)
app.command()(fuzz)
app.command()(complete)
app.command()(fail)
app.command()(export)
app.command("import")(import_processes)
app.command()(prune)
