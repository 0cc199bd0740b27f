"""What is measured, of whom, and where: one contender in one of its settings."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

from pyworkflow.sqlite.connect import Durability

WARM_UP = 20  # workflows, until all is loaded
SINGLES = 100  # workflows that are timed one at a time


@dataclass(frozen=True)
class Measured:
    """What one contender did in one round."""

    rate: float  # workflows a second, of a batch
    latencies: list[float]  # seconds from start to result, one at a time


@dataclass(frozen=True)
class Contender:
    """A system, and how its SQLite file is set: a write-ahead log, or whatever is there once it is installed."""

    name: str
    module: str  # in this package; its `measure` does the work
    durability: Durability | None = None  # None: as installed

    @property
    def journal(self) -> str:
        """How SQLite keeps commits whole: as installed, the others leave that to SQLite itself."""
        return "rollback" if self.durability is None else "WAL"

    @property
    def synchronous(self) -> Durability:
        """Whether SQLite waits for the disk at every commit (full), which is its own choice."""
        return self.durability or "full"

    def measure(self, processes: int) -> Measured:
        """Do the work with a new file, in an operating-system process that has done nothing before."""
        context = get_context("spawn")
        here, there = context.Pipe(duplex=False)
        with tempfile.TemporaryDirectory() as folder, here:
            given = (self.module, Path(folder) / "workflows.db", self.durability, processes, there)
            child = context.Process(target=_measure, args=given)
            child.start()
            there.close()  # so that a child that fails closes the pipe
            try:
                measured: Measured = here.recv()
            except EOFError:
                sys.exit(f"{self.name} has measured nothing")
            finally:
                child.join()
        return measured


def _measure(module: str, path: Path, durability: Durability | None, processes: int, told: Connection) -> None:
    measure: Callable[[Path, Durability | None, int], Measured]
    measure = importlib.import_module(f"benchmarks.peers.{module}").measure
    told.send(measure(path, durability, processes))


def timed(work: Callable[[], object]) -> float:
    """How many seconds it takes."""
    began = perf_counter()
    work()
    return perf_counter() - began
