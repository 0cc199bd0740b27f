"""DBOS: its workflow is a function, which is called.

One call after the other in one thread: SQLite has one writer, and `start_workflow` with more threads was no faster, a
queue less than half as fast.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dbos import DBOS
from sqlalchemy import Engine, event

from benchmarks.peers.contender import SINGLES, WARM_UP, Measured, timed
from pyworkflow.sqlite.connect import Durability


@DBOS.step()
def echo(value: int) -> int:
    """As little as a step can do."""
    return value


@DBOS.workflow()
def one_step(value: int) -> int:
    """Echo, then complete."""
    return echo(value)


def measure(path: Path, durability: Durability | None, processes: int) -> Measured:
    """A batch, then one at a time: here the same thing."""
    if durability:
        _use_a_log(durability)
    DBOS(config={"name": "benchmark", "system_database_url": f"sqlite:///{path}", "log_level": "ERROR"})
    DBOS.launch()
    try:
        for number in range(WARM_UP):
            one_step(number)
        seconds = timed(lambda: [one_step(number) for number in range(processes)])
        return Measured(processes / seconds, [timed(lambda: one_step(0)) for _ in range(SINGLES)])
    finally:
        DBOS.destroy()


def _use_a_log(durability: Durability) -> None:
    """DBOS has no setting for it, and SQLAlchemy has."""

    @event.listens_for(Engine, "connect")
    def _set(connection: Any, _: object) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {durability}")
