"""The code and the terminal sessions of the pages: run, compared with what the pages show, and drawn.

In a page, from the top to the bottom, in one empty folder:

- a block of Python, TOML or any text whose first line is a comment with a file's name is written to that file;
- any other block of Python is executed, all of a page's in one namespace;
- a `console` block is a terminal session: after `$ ` stands what is typed, and below it what the terminal shows;
  a command that ends with ` &` goes on while the page goes on, and is stopped at the page's end.

What differs from one run to the next (times, durations, process ids, ids) may differ; a line `…` stands for any lines.
"""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import pyte
from markdown_it import MarkdownIt

COLUMNS, LINES = 120, 300
HOME = "/home/you"  # where the pages say that all of it happens
PATIENCE = 60.0  # seconds that a command may take


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: `kind` is its language, `line` where it begins."""

    kind: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The name of the file that it is the content of, if it is one."""
        found = re.match(r"#\s*(\S+\.\w+)\s*\n", self.text)
        return found[1] if found else None


@dataclass
class Command:
    """What is typed, and what the terminal is to show."""

    typed: str
    shown: list[str] = field(default_factory=list)

    @property
    def stays(self) -> bool:
        """Does it go on while the page goes on?"""
        return self.typed.endswith(" &")


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    tokens = MarkdownIt().parse(page.read_text())
    return [
        Block(token.info.strip(), token.content, (token.map or [0])[0] + 1) for token in tokens if token.type == "fence"
    ]


def commands(session: str) -> list[Command]:
    """What is typed in a session, and what each shows. A command goes on in the next line after a backslash."""
    found: list[Command] = []
    for line in session.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:]))
        elif found and found[-1].typed.endswith("\\"):
            found[-1].typed += "\n" + line
        elif found:
            found[-1].shown.append(line)
    return found


class Page:
    """Runs the blocks of one page in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._place = folder  # where the shell is
        self._names: dict[str, Any] = {"__name__": "page"}
        self._running: list[Terminal] = []

    def run(self, block: Block) -> None:
        """Raises AssertionError where a session shows something else, and what the code raises."""
        if block.kind == "console":
            for command in commands(block.text):
                self._type(command)
        elif block.file is not None:
            path = self._place / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text.partition("\n")[2])
        elif block.kind == "python":
            self._execute(block)

    def close(self) -> None:
        """Stop what still runs."""
        for terminal in self._running:
            terminal.stop()

    def _execute(self, block: Block) -> None:
        before = Path.cwd()
        os.chdir(self._place)
        sys.path.insert(0, str(self._place))
        try:
            exec(compile("\n" * block.line + block.text, "page", "exec"), self._names)
        finally:
            sys.path.remove(str(self._place))
            os.chdir(before)

    def _type(self, command: Command) -> None:
        if command.stays:
            self._running.append(Terminal(command.typed.removesuffix(" &"), self._place))
            return
        where = self.folder / ".place"
        terminal = Terminal(f'{command.typed}\ncode=$?; pwd > "{where}"; exit $code', self._place)
        terminal.read_to_the_end()
        self._place = Path(where.read_text().strip()) if where.exists() else self._place
        shown = [line.replace(str(self.folder), HOME) for line in terminal.text()]
        if not alike(command.shown, shown):
            self.differ(command, shown)

    def differ(self, command: Command, shown: list[str]) -> None:
        """What to do when the terminal shows something else than the page."""
        raise AssertionError("\n".join([f"$ {command.typed}", *shown, "", "which the page shows as", *command.shown]))


class Terminal:
    """A command in a terminal of its own: what a person would see."""

    def __init__(self, command: str, folder: Path, columns: int = COLUMNS) -> None:
        self.screen = pyte.Screen(columns, LINES)
        self._stream = pyte.ByteStream(self.screen)
        self._ours, theirs = pty.openpty()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYWORKFLOW_")}
        environment |= {"TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(LINES), "LC_ALL": "C.UTF-8"}
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        environment.pop("NO_COLOR", None)
        self._process = subprocess.Popen(
            ["bash", "-c", command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)

    def read_to_the_end(self) -> None:
        """Show what the command writes, until it has ended."""
        deadline = monotonic() + PATIENCE
        while monotonic() < deadline:
            readable, _, _ = select.select([self._ours], [], [], 0.1)
            try:
                written = os.read(self._ours, 65536) if readable else b""
            except OSError:  # how Linux tells that the other end is closed
                written = b""
            if written:
                self._stream.feed(written)
            elif readable or self._process.poll() is not None:
                break
        self.stop()

    def stop(self) -> None:
        """End it, gently at first."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                os.killpg(self._process.pid, number)
                try:
                    self._process.wait(10)
                except subprocess.TimeoutExpired:
                    continue
        self._process.wait()
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1

    def text(self) -> list[str]:
        """The lines that it shows, without the empty ones at the end."""
        lines = [line.rstrip() for line in self.screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines


_VARYING = (
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)", "DATE"),
    (r"\d\d:\d\d:\d\d(\.\d+)?", "TIME"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
    (r"\d+:[0-9a-f]{16}", "TOKEN"),
    (r"\b[0-9a-f]{12}\b", "CODE"),
    (r"\b[0-9a-f]{8}\b", "ID"),
    (r"\[\d+\]", "PID"),
    (r"\b(\d+d \d\dh|\d+h \d\dm|\d+m \d\ds|\d+(\.\d+)?(ms| ?s))\b", "TOOK"),
    (r"\S+:\d{2,}(?=[\s,;)]|$)", "WHO"),
    (r"[█░]+", "BAR"),
    (r"\s+", " "),
)


def plain(line: str) -> str:
    """The line without what differs from one run to the next."""
    for pattern, word in _VARYING:
        line = re.sub(pattern, word, line)
    return line.strip()


def alike(expected: list[str], shown: list[str]) -> bool:
    """Do the lines say the same? A line `…` stands for any lines, and a … in a line for anything."""
    return _matches([plain(line) for line in expected], [plain(line) for line in shown])


def _matches(expected: list[str], shown: list[str]) -> bool:
    if not expected:
        return not shown
    if expected[0] == "…":
        return any(_matches(expected[1:], shown[skip:]) for skip in range(len(shown) + 1))
    if not shown:
        return False
    pattern = ".*".join(map(re.escape, expected[0].split("…")))
    return re.fullmatch(pattern, shown[0]) is not None and _matches(expected[1:], shown[1:])


class Update(Page):
    """Brings what a page shows up to date."""

    def __init__(self, folder: Path, text: str) -> None:
        super().__init__(folder)
        self.text = text
        self._done = 0  # characters of the text that lie behind

    def _type(self, command: Command) -> None:
        self._done = self.text.index(f"$ {command.typed}\n", self._done)
        super()._type(command)
        self._done += len(command.typed)

    def differ(self, command: Command, shown: list[str]) -> None:
        """The page is to show this."""
        before, after = (_typed_and_shown(command, lines) for lines in (command.shown, shown))
        assert self.text.startswith(before, self._done), f"not found in the page: {before}"
        self.text = self.text[: self._done] + after + self.text[self._done + len(before) :]


def _typed_and_shown(command: Command, shown: list[str]) -> str:
    return "".join(f"{line}\n" for line in (f"$ {command.typed}", *shown))


def update(page: Path) -> None:
    """Run the page, and write into it what its sessions show."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        run = Update(Path(folder), page.read_text())
        try:
            for block in blocks(page):
                run.run(block)
        finally:
            run.close()
            page.write_text(run.text)


def draw(typed: list[str], folder: Path, picture: Path, title: str) -> None:
    """Run the commands and draw what the terminal shows, with its colours, as a picture (SVG)."""
    import io

    from rich.console import Console
    from rich.text import Text

    width = 100
    console = Console(file=io.StringIO(), record=True, width=width, color_system="truecolor", force_terminal=True)
    for command in typed:
        terminal = Terminal(command, folder, width)
        terminal.read_to_the_end()
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        for number in range(len(terminal.text())):
            console.print(Text.assemble(*_coloured(terminal.screen.buffer[number], width)), no_wrap=True, crop=True)
    picture.write_text(console.export_svg(title=title))


def _coloured(row: Any, width: int) -> Iterator[tuple[str, str]]:
    for column in range(width):
        char = row[column]
        if char.data == " ":
            yield " ", "dim"  # another style than its neighbours': so each of them gets a place of its own
            continue
        style = " ".join(
            word for word in ("bold" if char.bold else "", "" if char.fg == "default" else _colour(char.fg)) if word
        )
        yield char.data, style


def _colour(name: str) -> str:
    return f"#{name}" if re.fullmatch("[0-9a-f]{6}", name) else {"brown": "yellow"}.get(name, name)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        update(Path(name))
