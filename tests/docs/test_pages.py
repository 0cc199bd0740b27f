"""Every block of code and every terminal session of the pages does what the page says."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pyworkflow.blinker import signals

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

import commands  # noqa: E402
import sessions  # noqa: E402

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHOWN_ONLY = {"sh", "text", "ini", "toml", "{toctree}", "{eval-rst}"}  # toml is run where it has a file's name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_shows_is_so(page: Path) -> None:
    blocks = sessions.blocks(page)
    assert {block.kind for block in blocks} <= SHOWN_ONLY | {"python", "console"}
    with TemporaryDirectory() as folder:  # whose path is short, as that of a person's folder is
        run = sessions.Page(Path(folder))
        try:
            for block in blocks:
                run.run(block)
        finally:
            run.close()


def test_the_page_of_the_commands_is_what_the_commands_say() -> None:
    assert commands.PAGE.read_text() == commands.page(), "run `python docs/commands.py`"


def test_the_reference_has_every_signal_and_says_what_it_says_itself() -> None:
    rows = [f"| `on_{name}` | {signal.__doc__} |" for name, signal in signals.items()]
    assert "\n".join(rows) in (ROOT / "docs" / "reference" / "python.md").read_text()


@pytest.mark.parametrize(
    ("expected", "shown", "is_alike"),
    [
        (["a 5ms"], ["a 17ms"], True),
        (["a  b"], ["a b"], True),
        (["a"], ["b"], False),
        (["a"], ["a", "b"], False),
        (["a", "b"], ["a"], False),
        (["a", "…", "c"], ["a", "b", "b", "c"], True),
        (["…"], [], True),
        (["a … z"], ["a b c z"], True),
        (["a … z"], ["a b c"], False),
        (["2026-01-01 10:00:00+00:00 x"], ["2027-12-31 11:11:11+02:00 x"], True),
    ],
)
def test_a_session_is_compared_but_for_what_differs_each_time(
    expected: list[str], shown: list[str], is_alike: bool
) -> None:
    assert sessions.alike(expected, shown) is is_alike
