"""Writes the page of the rules from a run of the contract suite on every backend: `python docs/rules.py`."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from pyworkflow.testing.rules import RULES, rules_of

ROOT = Path(__file__).parents[1]
SUITE = ROOT / "tests" / "contract"
PAGE = Path(__file__).parent / "reference" / "backends.md"
BY_ITS_OWN_ACCOUNT = ", by its own account"  # so ends the reason of a test that the capabilities rule out

HEAD = """\
<!-- Written by docs/rules.py from a run of the suite: run it again when a rule or a backend is added. -->

# Rules and backends

What every backend promises has numbers, and each is tested, on every backend, by tests of that number in
`pyworkflow.testing.BackendContract`. ✓: all of them passed. A figure beside it: some were left out, since the backend
says that it cannot do what they need; a name such as `retry_now` is that of a field of its
[capabilities](python.md). –: all were.

"""


class Results:
    """Hears the outcome of each test: a plugin of pytest."""

    def __init__(self) -> None:
        self.passed: dict[tuple[str, str], int] = defaultdict(int)
        self.cannot: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One report of a test's beginning, its call, or its end."""
        group, test = report.nodeid.split("::")[-2:]
        for rule in rules_of(test):
            cell = rule, group.removeprefix("Test")
            if report.skipped and isinstance(report.longrepr, tuple):
                reason = report.longrepr[2].removeprefix("Skipped: ")
                if reason.endswith(BY_ITS_OWN_ACCOUNT):
                    self.cannot[cell][reason.removesuffix(BY_ITS_OWN_ACCOUNT)] = None
            elif report.when == "call" and report.passed:
                self.passed[cell] += 1


def backends() -> list[str]:
    """The backends that the suite is run on, by the names of their test classes."""
    files = sorted(SUITE.glob("test_*.py"))
    return [name for file in files for name in re.findall(r"^class Test(\w+)\(", file.read_text(), re.MULTILINE)]


def page(results: Results) -> str:
    """The page, in Markdown."""
    reasons: dict[str, int] = {}
    rows = [
        [rule, says, *(_cell(results, (rule, name), reasons) for name in backends())] for rule, says in RULES.items()
    ]
    head = ["rule", "what it says", *backends()]
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    notes = [f"{number}. {reason}" for reason, number in reasons.items()]
    return "\n".join([HEAD.rstrip(), "", *lines, "", *notes]) + "\n"


def _cell(results: Results, cell: tuple[str, str], reasons: dict[str, int]) -> str:
    notes = [str(reasons.setdefault(reason, len(reasons) + 1)) for reason in results.cannot[cell]]
    return ("✓" if results.passed[cell] else "–") + (f" <sup>{', '.join(notes)}</sup>" if notes else "")


def table(text: str) -> list[list[str]]:
    """The rows of the page's table, the first of which has the names of the backends."""
    head, _, *rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [head, *rows]


if __name__ == "__main__":
    results = Results()
    code = pytest.main([str(SUITE), "-n", "auto"], plugins=[results])
    if code == 0:
        PAGE.write_text(page(results))
    sys.exit(code)
