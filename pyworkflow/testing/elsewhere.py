"""Another operating-system process: it is given a role to play with a backend, and what it says is heard here."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from pyworkflow.backend import Backend
from pyworkflow.testing.roles import PATIENCE

YEAR = 31_536_000
READY = "ready"


class Elsewhere:
    """Plays `role(backend, *arguments)`, once told to begin, with a backend that `factory` makes there.

    Both functions must be importable there: they are pickled, with the arguments. What the role yields (JSON) can be
    heard here, in order. A context manager; in the end it is killed if it still runs.
    """

    def __init__(self, factory: Callable[[], Backend], role: Callable[..., Iterator[Any]], *arguments: Any) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        self._said: SimpleQueue[str | None] = SimpleQueue()
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()
        assert self._process.stdin is not None
        task = pickle.dumps((factory, role, arguments))
        self._process.stdin.write(len(task).to_bytes(4, "big") + task)
        self._process.stdin.flush()

    def begin(self) -> Elsewhere:
        """Let it begin to play, once it is ready; so that several can begin together. Returns itself."""
        assert self.hear() == READY
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        return self

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(line.decode())
        self._said.put(None)

    def hear(self) -> Any:
        """The next that it says. Raises EOFError when it has ended, TimeoutError when nothing comes."""
        try:
            said = self._said.get(timeout=PATIENCE)
        except Empty:
            raise TimeoutError("the other process says nothing") from None
        if said is None:
            raise EOFError("the other process has ended")
        return json.loads(said)

    def hear_all(self) -> list[Any]:
        """All that it says until it ends, as it must by itself and without an error."""
        said = []
        try:
            while True:
                said.append(self.hear())
        except EOFError:
            status = self._process.wait(PATIENCE)
            assert status == 0, f"the other process ended with {status}; its standard error says why"
            return said

    def kill(self) -> None:
        """End it as kill -9 does."""
        self._process.kill()
        self._process.wait(PATIENCE)

    def __enter__(self) -> Elsewhere:
        return self

    def __exit__(self, *ignored: object) -> None:
        self.kill()
        self._listener.join(PATIENCE)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def play() -> None:
    """What the other process does: it reads its role, plays it, and says what that yields, a line of JSON each."""
    length = int.from_bytes(sys.stdin.buffer.read(4), "big")
    factory, role, arguments = pickle.loads(sys.stdin.buffer.read(length))
    with factory() as backend:
        backend.register_workflow("Order")
        backend.register_activity("Pay", scheduled_timeout=YEAR)
        _say(READY)
        sys.stdin.buffer.read(1)
        for said in role(backend, *arguments):
            _say(said)


def _say(said: Any) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    play()
