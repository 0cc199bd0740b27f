"""A Redis whose answers get lost: what took effect took effect once, whatever the client heard of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from redis import Redis

from pyworkflow import Process
from pyworkflow.datastore import DatastoreBackend, RedisDatastore
from pyworkflow.event import ProcessStartedEvent, SignalEvent
from pyworkflow.signal import Signal


class Line:
    """Stands between client and server, and can be told to break when the next commit was done, or before it is."""

    def __init__(self, server: Path, address: Path) -> None:
        self.address = address
        self._server = server
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(address))
        self._listening.listen()
        self.lose: str | None = None  # "question" or "answer"
        self.lost = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        """Question by question: the client sends nothing before it has the answer."""
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self._server))
            while question := client.recv(1 << 20):
                losing = self.lose if b"EXEC" in question else None
                if losing == "question":
                    break
                server.sendall(question)
                answer = server.recv(1 << 20)
                if losing == "answer":
                    break
                client.sendall(answer)
            else:
                return
            self.lose, self.lost = None, self.lost + 1


@pytest.fixture
def line(redis_socket: Path) -> Iterator[Line]:
    with TemporaryDirectory() as folder:
        line = Line(redis_socket, Path(folder) / "line")
        yield line
        line.close()


@pytest.fixture
def backend(line: Line, tmp_path: Path) -> Iterator[DatastoreBackend]:
    client = Redis(unix_socket_path=str(line.address))
    with DatastoreBackend(RedisDatastore(client, prefix=f"{tmp_path.name}:")) as backend:
        backend.register_workflow("Order")
        yield backend
    client.close()


@pytest.mark.parametrize("what", ["question", "answer"])
def test_a_call_takes_effect_once_though_its_question_or_its_answer_is_lost(
    backend: DatastoreBackend, line: Line, what: str
) -> None:
    line.lose = what
    assert backend.start_process(Process("Order", "p")) == "p"
    line.lose = what
    backend.signal_process("p", "go")
    assert line.lost == 2
    assert backend.process_by_id("p").history == [ProcessStartedEvent(), SignalEvent(Signal("go"))]
