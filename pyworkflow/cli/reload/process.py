"""The supervisor's end of a process that loads the code and works with it."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from math import inf
from multiprocessing import get_context

from pyworkflow.cli.reload.child import Failed, main
from pyworkflow.cli.reload.files import content
from pyworkflow.cli.serving import Serving


class Child:
    """A process, the connection to it, and what it has read: each file, and the digest of its content."""

    def __init__(self, serving: Serving) -> None:
        context = get_context("spawn")  # a fork would take over locks and connections as they are
        self.link, theirs = context.Pipe()
        self.process = context.Process(target=main, args=(serving, theirs), name="pyworkflow-worker")
        with _ctrl_c_waits():
            self.process.start()
        theirs.close()
        self.files: dict[str, str] = {}
        self.code = ""
        self.failed: Failed | None = None  # what it said of its end
        self.deadline = inf  # when something is to be done about it

    def go_on(self, files: Iterable[str] = ()) -> None:
        """Let it do what comes next. These files count as code, though it may import them only later."""
        with suppress(OSError):  # it has died, which will be seen
            self.link.send(tuple(files))

    def kill(self) -> None:
        """End it now, and wait for that."""
        self.link.close()
        self.process.kill()
        self.process.join()


def differs(old: Child, new: Child) -> bool:
    """Would anything that the old one has read be read otherwise now? Has the new one read more?"""
    return not (new.files.keys() <= old.files.keys()) or any(
        digest != (new.files.get(file) or content(file)) for file, digest in old.files.items()
    )


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """A process that is started here does not hear Ctrl-C until it says so."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
