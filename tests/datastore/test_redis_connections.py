"""A Redis whose answers get lost: what took effect took effect once, whatever the client heard of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from unittest.mock import Mock

import pytest
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import (
    BusyLoadingError,
    ClusterDownError,
    ExecAbortError,
    MasterDownError,
    ResponseError,
    TryAgainError,
)

from pyworkflow import Process
from pyworkflow.datastore import DatastoreBackend, Key, RedisDatastore, from_redis_url
from pyworkflow.datastore.leases import DEAD_AFTER
from pyworkflow.event import ProcessStartedEvent, SignalEvent
from pyworkflow.exceptions import BackendException, BackendUnavailableException
from pyworkflow.signal import Signal


class Line:
    """Stands between client and server, and can be told to break when the next commit was done, or before it is.

    Or to be silent from the next renewal of a lease on, with that one connection.
    """

    def __init__(self, server: Path, address: Path | None = None) -> None:
        self._server = server
        self._listening = socket.socket(socket.AF_UNIX if address else socket.AF_INET)
        self._listening.bind(str(address) if address else ("127.0.0.1", 0))
        self._listening.listen()
        self.address = self._listening.getsockname()
        self.lose: str | None = None  # "question" or "answer"
        self.of = b"EXEC"  # the questions that this is about
        self.lost = 0
        self.hang = False
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
                if self.hang and b"SET" in question and b"lease/" in question:
                    self.hang = False
                    client.recv(1)  # until the client gives it up
                    break
                losing = self.lose if self.of in question else None
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
    client = Redis(unix_socket_path=line.address)
    with DatastoreBackend(RedisDatastore(client, prefix=f"{tmp_path.name}:")) as backend:
        backend.register_workflow("Order")
        yield backend
    client.close()


@pytest.mark.parametrize("of", [b"EXEC", b"WATCH"])
@pytest.mark.parametrize("what", ["question", "answer"])
def test_a_call_takes_effect_once_though_its_question_or_its_answer_is_lost(
    backend: DatastoreBackend, line: Line, what: str, of: bytes
) -> None:
    line.of = of
    line.lose = what
    assert backend.start_process(Process("Order", "p")) == "p"
    line.lose = what
    backend.signal_process("p", "go")
    assert line.lost == 2
    assert backend.process_by_id("p").history == [ProcessStartedEvent(), SignalEvent(Signal("go"))]


def by_url(port: int, prefix: str) -> DatastoreBackend:
    return from_redis_url(f"datastore+redis://127.0.0.1:{port}/0", Path(), {"prefix": f"{prefix}:"})


def test_a_renewal_whose_connection_hangs_is_made_by_another_before_the_lease_is_dead(
    redis_socket: Path, tmp_path: Path
) -> None:
    line = Line(redis_socket)
    with by_url(line.address[1], tmp_path.name) as backend:
        lease = backend.lease("worker")
        line.hang = True
        before = monotonic()
        backend._leases.renew()  # type: ignore[union-attr]
        assert monotonic() - before < DEAD_AFTER / 2
        assert not line.hang
        lease.close()
    line.close()


def test_who_is_closed_leaves_no_connection(redis_socket: Path, redis_address: str, tmp_path: Path) -> None:
    def connections() -> set[str]:
        return {one["id"] for one in client.client_list()}

    with Redis(unix_socket_path=str(redis_socket)) as client:
        others = connections()
        with by_url(int(redis_address.rpartition(":")[2]), tmp_path.name) as backend:
            backend.lease("worker")
            list(backend.processes())
            own = connections() - others
            assert own
        while own & connections():  # the server is told, and answers others meanwhile
            pass


def test_a_connection_that_is_lost_while_the_journal_is_watched_is_made_again(
    backend: DatastoreBackend, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Pipeline.watch

    def watch_and_lose(pipeline: Pipeline, *names: str) -> object:
        line.of, line.lose = b"GET", "question"
        return watch(pipeline, *names)  # type: ignore[no-untyped-call]

    with monkeypatch.context() as patch:
        patch.setattr(Pipeline, "watch", watch_and_lose)
        with pytest.raises(BackendUnavailableException):  # it is lost again and again, and nothing was done
            backend.start_process(Process("Order", "p"))
    line.lose = None
    backend.start_process(Process("Order", "p"))
    monkeypatch.setattr(Pipeline, "watch", lambda *given: (monkeypatch.undo(), watch_and_lose(*given))[1])
    backend.signal_process("p", "go")
    assert backend.process_by_id("p").history == [ProcessStartedEvent(), SignalEvent(Signal("go"))]


@pytest.mark.parametrize(
    ("trouble", "over"),
    [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
        ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"),
    ],
)
def test_what_a_server_refuses_for_a_while_is_told_as_such_and_was_not_done(
    backend: DatastoreBackend, redis_socket: Path, trouble: str, over: str
) -> None:
    backend.start_process(Process("Order", "p"))
    with Redis(unix_socket_path=str(redis_socket)) as client:
        client.execute_command(*trouble.split())  # type: ignore[no-untyped-call]
        try:
            with pytest.raises(BackendUnavailableException):
                backend.signal_process("p", "go")
        finally:
            client.execute_command(*over.split())  # type: ignore[no-untyped-call]
    assert backend.process_by_id("p").history == [ProcessStartedEvent()]


@pytest.mark.parametrize(
    "error",
    [
        MasterDownError("MASTERDOWN Link with MASTER is down"),
        ClusterDownError("CLUSTERDOWN The cluster is down"),
        TryAgainError("TRYAGAIN Multiple keys request during rehashing of slot"),
        BusyLoadingError("Redis is loading the dataset in memory"),
        ResponseError("MISCONF Redis is configured to save RDB snapshots, but it's unable to persist to disk"),
        ExecAbortError("Transaction discarded because of previous errors: MISCONF Errors writing to the AOF file"),
    ],
)
def test_every_refusal_that_passes_is_told_as_such(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    client = Redis()
    monkeypatch.setattr(client, "get", Mock(side_effect=error))
    with pytest.raises(BackendUnavailableException):
        RedisDatastore(client).get(Key("/journal"))


def test_a_value_that_is_no_text_is_told_as_such(redis_socket: Path, tmp_path: Path) -> None:
    with Redis(unix_socket_path=str(redis_socket)) as client:
        client.set(f"{tmp_path.name}:journal", b"\xff\xfe")
        with pytest.raises(BackendException, match="was not written by pyworkflow"):
            RedisDatastore(client, prefix=f"{tmp_path.name}:").get(Key("/journal"))
