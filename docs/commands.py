"""Writes the page of the commands from the commands themselves: `python docs/commands.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from pyworkflow.cli.app import app

PAGE = Path(__file__).parent / "reference" / "commands.md"


def page() -> str:
    """The page, in Markdown."""
    group: Any = typer.main.get_command(app)
    parts = [
        "<!-- Written by docs/commands.py: change the commands, and run it. -->\n\n# Commands\n",
        *_command(group, "pyworkflow", level=None),
        *(
            line
            for name, command in group.commands.items()
            for line in _command(command, f"pyworkflow {name}", level=2)
        ),
    ]
    return "\n".join(parts) + "\n"


def _command(command: Any, name: str, level: int | None) -> Iterator[str]:
    if level is not None:
        yield f"{'#' * level} `{name}`\n"
    paragraphs = [" ".join(part.split()) for part in (command.help or "").split("\n\n") if part.strip()]
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and not one.hidden]
    usage = " ".join([name, *(["[OPTIONS]", "COMMAND"] if level is None else [*map(_usage, arguments), "[OPTIONS]"])])
    yield f"```text\n{usage}\n```\n"
    for paragraph in paragraphs:
        if paragraph.startswith("Example: "):
            yield f"```text\n$ {paragraph.removeprefix('Example: ')}\n```\n"
        else:
            yield f"{_escaped(paragraph)}\n"
    rows = [(_escaped(f"`{_usage(one)}`"), one.help) for one in arguments]
    rows += [(_names(one), _help(one)) for one in options]
    if rows:
        yield "| | |\n|---|---|"
        for what, text in rows:
            yield f"| {what} | {_escaped(text or '')} |"
        yield ""


def _usage(argument: Any) -> str:
    metavar = str(argument.metavar or argument.name.upper())
    return metavar if argument.required else f"[{metavar.strip('[]')}]"


def _names(option: Any) -> str:
    value = "" if option.is_flag else f" {option.metavar}"
    return ", ".join(f"`{name}{value}`".replace("|", "\\|") for name in option.opts)


def _help(option: Any) -> str:
    text = option.help or ""
    return f"{text} Environment: `{option.envvar}`." if option.envvar else text


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())
