"""Where commands print: data to stdout, everything else to stderr. The only place that knows rich."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from secrets import token_hex
from shutil import copymode
from types import TracebackType
from typing import IO, TYPE_CHECKING, Annotated, Any, NoReturn, Self, TextIO, TypeVar

import typer

from pyworkflow.cli.text import NOT_IN_JSON, safe, shortened
from pyworkflow.codec import Json
from pyworkflow.exceptions import ConfigurationException

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text
    from rich.tree import Tree

Item = TypeVar("Item")

PIPE_WIDTH = 160  # of a line that is made for people and goes elsewhere than to a terminal
NARROW = 100  # characters of a terminal
SVG_WIDTH = 110  # characters
BESIDE = 14  # characters between the label and the end, without the bar: spaces, a mark, and 59m 59s
UNLIMITED = 1_000_000
GAP = 2  # characters between the columns of a table
LEAST = 5  # characters of a column that gives way
STDIN = STDOUT = Path("-")


class Format(StrEnum):
    """How data is printed: for people, as one JSON document, or as one JSON record a line."""

    table = "table"
    json = "json"
    jsonl = "jsonl"


FormatOption = Annotated[Format, typer.Option("-o", "--output", metavar="table|json|jsonl", help="How to print it.")]


@dataclass(frozen=True)
class Part:
    """A piece of a line: its text is stored text, shown safely; `style` is one of rich's; `width` pads it."""

    text: str
    style: str = ""
    width: int = 0


@dataclass(frozen=True)
class Node:
    """A line of a tree, and what hangs below it. Is what it tells `over`?"""

    line: tuple[Part, ...]
    below: Sequence[Node] = ()
    over: bool = False


def data(text: str) -> None:
    """A line of data. Ends the command quietly when whoever reads it, such as `head`, has enough."""
    try:
        sys.stdout.write(text + "\n")
    except BrokenPipeError:
        _end_quietly()


def flush() -> None:
    """What was printed as data goes out now. Ends the command quietly as `data` does."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _end_quietly()


def _end_quietly() -> NoReturn:
    forget(sys.stdout)
    raise typer.Exit from None


def forget(stream: TextIO) -> None:
    """What is still to be written there goes nowhere, without complaint."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def note(text: str) -> None:
    """A line for the person, which is no data: that nobody reads it is no reason to end."""
    try:
        print(safe(text), file=sys.stderr, flush=True)
    except BrokenPipeError:
        forget(sys.stderr)
    except OSError:  # a terminal that has gone, a disk that is full
        pass


def records(items: Iterable[dict[str, Any]], form: Format) -> None:
    """The items for a program: one JSON list, or one JSON object a line."""
    if form is Format.json:
        data(_json(list(items), form))
        return
    for item in items:
        data(_json(item, form))


def json_lines(items: Iterable[dict[str, Any]]) -> Iterator[str]:
    """One JSON object a line."""
    return (_json(item, Format.jsonl) + "\n" for item in items)


def write_file(path: Path, lines: Iterable[str]) -> int:
    """Write the lines to a file, which appears, or is replaced, when all of them are written. Returns their number.

    A link stays, and leads to the new file. What is no file, such as a pipe, is written to as it is, and so is
    whatever /dev/stdout leads to; STDOUT stands for that. Raises ConfigurationException where it cannot be written.
    """
    try:
        if path == STDOUT:
            return _written(lines, sys.stdout)
        if path.is_relative_to("/dev") or (path.exists() and not path.is_file()):
            with path.open("a", encoding="utf-8") as there:  # behind what stands there, if it is a file after all
                return _written(lines, there)
        return _replaced(Path(os.path.realpath(path)), lines)
    except BrokenPipeError:
        _end_quietly()
    except OSError as error:
        raise ConfigurationException(f"{path} cannot be written: {error.strerror}") from error


def make_folder(path: Path) -> None:
    """Make the folder that the file is to be in, unless it is there. Raises ConfigurationException if it cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationException(f"{error.filename} cannot be made: {error.strerror}") from error


def _replaced(path: Path, lines: Iterable[str]) -> int:
    new = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        with new.open("x", encoding="utf-8") as file:
            if path.exists():
                copymode(path, new)
            count = _written(lines, file)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    return count


def _written(lines: Iterable[str], stream: TextIO) -> int:
    count = 0
    for line in lines:
        stream.write(line)
        count += 1
    return count


def progress(items: Iterable[Item], what: str) -> Generator[Item, None, None]:
    """The items, counted on stderr while they pass, where that is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed}"), TimeElapsedColumn())
    with Progress(*columns, console=_console(sys.stderr), transient=True) as shown:
        task = shown.add_task(what, total=None)
        for item in items:
            yield item
            shown.advance(task)


def record(item: dict[str, Any], form: Format) -> None:
    """One item for a program: a JSON object, on one line if that is the format."""
    data(_json(item, form))


def value(result: Json) -> None:
    """A JSON value on one line."""
    data(_json(result, Format.jsonl))


class _Aside:
    """What the user's code takes for its stdout or stderr: all goes to stderr, and closing it closes nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def close(self) -> None:
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def prints_aside() -> Iterator[None]:
    """While the user's code runs: what it prints goes to stderr, since stdout is for data."""
    before = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = _Aside(before[1])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


@contextmanager
def unheard() -> Iterator[None]:
    """What the user's code prints and logs meanwhile goes nowhere."""
    logging.disable()
    try:
        with Path(os.devnull).open("w", encoding="utf-8") as none, redirect_stdout(none), redirect_stderr(none):
            yield
    finally:
        logging.disable(logging.NOTSET)


class _SafeFormatter(logging.Formatter):
    """Messages hold names and errors that come from outside; a traceback keeps its lines."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(safe, super().format(record).split("\n")))


class _Stderr(logging.StreamHandler[Any]):
    """Writes to what stderr is at that moment, so that lines come above a picture and not into it."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def log_to_stderr(level: int, *, with_process: bool = False, with_waits: bool = False) -> None:
    """What the project logs from this level on: a line each, with the local time, and with the process id.

    With `with_waits` also, whatever the level, that the backend is away or locked, and everybody waits.
    """
    handler = _Stderr()
    process = " [%(process)d]" if with_process else ""
    handler.setFormatter(_SafeFormatter(f"%(asctime)s %(levelname)-7s{process} %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("pyworkflow")
    logger.setLevel(level)
    logger.handlers = [handler]
    for waited_for in ("pyworkflow.outage", "pyworkflow.sqlite"):
        logging.getLogger(waited_for).setLevel(logging.WARNING if with_waits else logging.NOTSET)


def _json(document: Json, form: Format) -> str:
    text = json.dumps(document, ensure_ascii=False, indent=2 if form is Format.json else None)
    # JSON itself escapes line breaks and the like, but not all that terminals obey.
    return NOT_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def is_narrow() -> bool:
    """Is stdout a terminal with little room?"""
    return sys.stdout.isatty() and _console(sys.stdout).width < NARROW


def table(headers: Sequence[str], rows: Iterable[Sequence[Part]], *, whole: Collection[int] = (0,)) -> None:
    """Rows under headers. In a terminal the columns that are to be `whole` stay so; the widest others give way."""
    from rich.cells import cell_len
    from rich.table import Table

    rows = list(rows)
    texts = [(header, *(safe(row[number].text) for row in rows)) for number, header in enumerate(headers)]
    widths = [max(map(cell_len, column)) for column in texts]
    between = GAP * (len(widths) - 1)
    console = _console(sys.stdout)
    if console.is_terminal:
        widths = _narrowed(widths, whole, console.width - between)
    made = Table(box=None, pad_edge=False, header_style="bold", width=sum(widths) + between)
    for header, width in zip(headers, widths, strict=True):
        made.add_column(header, no_wrap=True, overflow="ellipsis", width=width)
    _print(made, rows)


def _narrowed(widths: Sequence[int], whole: Collection[int], room: int) -> list[int]:
    """Widths that fit the room, if need be and if they can: one by one off the widest that may give way."""
    made = list(widths)
    giving = [number for number in range(len(made)) if number not in whole]
    while sum(made) > room and giving:
        widest = max(giving, key=made.__getitem__)
        if made[widest] <= LEAST:
            break
        made[widest] -= 1
    return made


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


Rows = Callable[[int], Iterable[Sequence[Part]]]


def picture(rows: Rows, legend: str) -> None:
    """What the rows draw: a label, a bar, a mark and a time each, where they are told how wide the bar may be."""
    console = _console(sys.stdout)
    lines = Lines()
    for row in _fitted(rows, console.width if console.is_terminal else PIPE_WIDTH):
        lines.line(*row)
    lines.line(Part(legend, "dim"))


def svg(rows: Rows, legend: str, title: str) -> str:
    """The same as a vector graphic."""
    from rich.console import Console

    console = Console(file=io.StringIO(), record=True, width=SVG_WIDTH, color_system="truecolor", force_terminal=True)
    for row in _fitted(rows, SVG_WIDTH):
        console.print(_joined(row))
    console.print(_joined([Part(legend, "dim")]))
    return console.export_svg(title=safe(title))


def _fitted(rows: Rows, width: int) -> list[list[Part]]:
    """With the labels in one column, and the bars as wide as there is room for."""
    widest = max(len(safe(label.text)) for label, *_ in rows(10))
    return [[replace(label, width=widest), *rest] for label, *rest in rows(max(width - widest - BESIDE, 10))]


def _console(stream: IO[str]) -> Console:
    from rich.console import Console

    # With NO_COLOR rich still writes bold and dim; without a colour system it writes text alone.
    return Console(file=stream, highlight=False, color_system=None if os.environ.get("NO_COLOR") else "auto")


class Lines:
    """Lines made of parts, printed one by one as they come: as wide as the terminal, without colour into a pipe.

    They are data, or notes for the person.
    """

    def __init__(self, *, notes: bool = False) -> None:
        self._print = note if notes else data
        self._console = _console(sys.stderr if notes else sys.stdout)

    def line(self, *parts: Part) -> None:
        """Print the parts side by side; what does not fit is cut, with a … at the end."""
        if self._console.is_terminal:
            self._rich_line(parts)
        else:
            self._print(shortened("  ".join(safe(part.text).ljust(part.width) for part in parts).rstrip(), PIPE_WIDTH))

    def whole_line(self, text: str) -> None:
        """Print the text with nothing cut: a terminal goes on in the next line."""
        data(safe(text))

    def _rich_line(self, parts: Sequence[Part]) -> None:
        self._console.print(_joined(parts), no_wrap=True, overflow="ellipsis", crop=True)


class Picture:
    """A tree that is repainted in place in a terminal; what is printed meanwhile comes above it. A context manager."""

    def __init__(self, stream: IO[str]) -> None:
        from rich.live import Live

        self._live = Live(console=_console(stream), auto_refresh=False)

    @property
    def room(self) -> int:
        """How many lines there are for it, now."""
        return self._live.console.height - 1  # the cursor's line

    def paint(self, node: Node) -> None:
        """Show this instead of what was shown before."""
        self._live.update(_tree(node), refresh=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._live.stop()


def _tree(node: Node) -> Tree:
    from rich.tree import Tree

    made = Tree(_joined(node.line), guide_style="dim")
    for child in node.below:
        made.children.append(_tree(child))
    return made


def _joined(parts: Iterable[Part]) -> Text:
    from rich.text import Text

    line = Text("  ").join(map(_styled, parts))
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def _styled(part: Part) -> Text:
    """Spaces before the text have no style: in a picture, what has one has a place of its own."""
    from rich.text import Text

    text = safe(part.text).ljust(part.width)
    shown = text.lstrip(" ")
    return Text.assemble(" " * (len(text) - len(shown)), (shown, part.style))
