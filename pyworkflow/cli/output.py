"""Where commands print: data to stdout, everything else to stderr. The only place that knows rich."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from pyworkflow.cli.text import NOT_IN_JSON, safe, shortened
from pyworkflow.codec import Json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PIPE_WIDTH = 160  # of a line that is made for people and goes elsewhere than to a terminal
UNLIMITED = 1_000_000


class Format(StrEnum):
    """How data is printed: for people, as one JSON document, or as one JSON record a line."""

    table = "table"
    json = "json"
    jsonl = "jsonl"


FormatOption = Annotated[Format, typer.Option("-o", "--output", help="How to print it.")]


@dataclass(frozen=True)
class Part:
    """A piece of a line: its text is stored text, shown safely; `style` is one of rich's; `width` pads it."""

    text: str
    style: str = ""
    width: int = 0


def data(text: str) -> None:
    """A line of data. Ends the command quietly when whoever reads it, such as `head`, has enough."""
    try:
        sys.stdout.write(text + "\n")
    except BrokenPipeError:
        forget_stdout()
        raise typer.Exit from None


def forget_stdout() -> None:
    """What is still to be written there goes nowhere, without complaint."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def note(text: str) -> None:
    """A line for the person, which is no data."""
    print(safe(text), file=sys.stderr, flush=True)


def records(items: Iterable[dict[str, Any]], form: Format) -> None:
    """The items for a program: one JSON list, or one JSON object a line."""
    if form is Format.json:
        data(_json(list(items), form))
        return
    for item in items:
        data(_json(item, form))


def record(item: dict[str, Any], form: Format) -> None:
    """One item for a program: a JSON object, on one line if that is the format."""
    data(_json(item, form))


def value(result: Json) -> None:
    """A JSON value on one line."""
    data(_json(result, Format.jsonl))


class _SafeFormatter(logging.Formatter):
    """Messages hold names and errors that come from outside; a traceback keeps its lines."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(safe, super().format(record).split("\n")))


def log_to_stderr(level: int) -> None:
    """What the project logs from this level on: a line each, with the local time."""
    handler = logging.StreamHandler()
    handler.setFormatter(_SafeFormatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("pyworkflow")
    logger.setLevel(level)
    logger.handlers = [handler]


def _json(document: Json, form: Format) -> str:
    text = json.dumps(document, ensure_ascii=False, indent=2 if form is Format.json else None)
    # JSON itself escapes line breaks and the like, but not all that terminals obey.
    return NOT_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def table(headers: Sequence[str], rows: Iterable[Sequence[Part]]) -> None:
    """Rows under headers. In a terminal the first column stays whole and the others give way; in a pipe all stay."""
    from rich.table import Table

    rows = list(rows)
    made = Table(box=None, pad_edge=False, header_style="bold")
    made.add_column(headers[0], no_wrap=True, min_width=max((len(safe(row[0].text)) for row in rows), default=None))
    for header in headers[1:]:
        made.add_column(header, no_wrap=True, overflow="ellipsis")
    _print(made, rows)


def fields(rows: Iterable[Sequence[Part]]) -> None:
    """A name and a text a row; long texts go on under themselves in a terminal, and on one line in a pipe."""
    from rich.table import Table

    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    _print(made, rows)


def _print(made: Table, rows: Iterable[Sequence[Part]]) -> None:
    from rich.text import Text

    console = _console(sys.stdout)
    for row in rows:
        made.add_row(*(Text(safe(part.text), part.style) for part in row))
    if not console.is_terminal:
        console.width = UNLIMITED
    with console.capture() as captured:
        console.print(made)
    for line in captured.get().splitlines():
        data(line.rstrip())


def _console(stream: IO[str]) -> Console:
    from rich.console import Console

    # With NO_COLOR rich still writes bold and dim; without a colour system it writes text alone.
    return Console(file=stream, highlight=False, color_system=None if os.environ.get("NO_COLOR") else "auto")


class Lines:
    """Lines made of parts, printed one by one as they come: as wide as the terminal, without colour into a pipe."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream or sys.stdout
        self._console = _console(self._stream)

    def line(self, *parts: Part) -> None:
        """Print the parts side by side; what does not fit is cut, with a … at the end."""
        if self._console.is_terminal:
            self._rich_line(parts)
        else:
            text = shortened("  ".join(safe(part.text).ljust(part.width) for part in parts).rstrip(), PIPE_WIDTH)
            if self._stream is sys.stdout:
                data(text)
            else:
                print(text, file=self._stream, flush=True)

    def _rich_line(self, parts: Sequence[Part]) -> None:
        from rich.text import Text

        made = Text("  ").join(Text(safe(part.text).ljust(part.width), part.style) for part in parts)
        self._console.print(made, no_wrap=True, overflow="ellipsis", crop=True)
