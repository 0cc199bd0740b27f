"""`pyworkflow init`"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.exceptions import ConfigurationException

NEXT = """\
next:{enter}
  pyworkflow run Order -i '{{"order": 17, "amount": 30}}'     works on it here and shows it
  pyworkflow list                                           what there is; `show ID` and `history ID` tell more
  pip install pytest && python -m pytest                    runs its test

or in two terminals:
  pyworkflow worker
  pyworkflow start Order -i '{{"order": 18, "amount": 45}}'"""


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it, made if need be.")] = Path(),
) -> None:
    """Write a small project that runs.

    It has a workflows.toml, a workflow that handles an interrupted activity, and its test. Nothing is overwritten.

    Example: pyworkflow init orders
    """
    files = _template()
    for name in files:
        if (directory / name).exists():
            raise ConfigurationException(f"{directory / name} is already there: give `init` another folder")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (directory / name).write_text(text, encoding="utf-8")
            output.note(f"wrote {directory / name}")
    except OSError as error:
        raise ConfigurationException(f"{error.filename} cannot be written: {error.strerror}") from error
    enter = "" if directory == Path() else f"\n  cd {shlex.quote(str(directory))}"
    for line in NEXT.format(enter=enter).splitlines():
        output.note(line)


def _template() -> dict[str, str]:
    """The text of each file by its name."""
    from importlib.resources import files

    folder = files("pyworkflow.cli") / "template"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".template"))
    return {name.removesuffix(".template"): (folder / name).read_text(encoding="utf-8") for name in names}
