"""What the tests of the command line share: its endings, and the command as a process of its own."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from pyworkflow.backend import Backend

EVIL = "\x1b[2J\x9b31m[red]\n"
DEADLINE = 30.0  # seconds after which a test gives up

WORKFLOWS = '''
import os, time
from pyworkflow.activity import ActivityCanceled
from pyworkflow.decision import CompleteProcess, ContinueAsNew, FailProcess, ScheduleActivity, StartChildProcess, Timer
from pyworkflow.managed import Activity, DefaultWorkflow, Workflow
from pyworkflow.process import Process


class EchoActivity(Activity):
    scheduled_timeout = 3600

    def execute(self):
        if self.input == "fail":
            raise ValueError("cannot \\x1b[31mecho")
        return self.input


class Sleep(Activity):
    """Real work: it sleeps until a file appears, and gives signs of life."""

    scheduled_timeout = 3600
    heartbeat_timeout = 600

    def execute(self):
        self.heartbeat({"began": True})
        while not os.path.exists(self.input):
            time.sleep(0.01)
        return "woken"


class EchoWorkflow(DefaultWorkflow):
    activities = [EchoActivity]

    def initiate(self, process):
        return EchoActivity

    def respond_to_completed_activity(self, process, activity_execution, result):
        return CompleteProcess(result)

    def respond_to_interrupted_activity(self, process, activity_execution, details):
        return FailProcess("no echo")


class Sleeper(DefaultWorkflow):
    activities = [Sleep]

    def initiate(self, process):
        return Sleep

    def respond_to_completed_activity(self, process, activity_execution, result):
        return CompleteProcess(result)


class Waiter(DefaultWorkflow):
    def initiate(self, process):
        return None

    def respond_to_signal(self, process, signal):
        return CompleteProcess(signal.data)


class Parent(DefaultWorkflow):
    def initiate(self, process):
        return [StartChildProcess(Process("Waiter")), Timer(3600, id="reminder")]


class Broken(Workflow):
    def decide(self, process):
        raise ZeroDivisionError("of no use")


class Countdown(Workflow):
    def decide(self, process):
        return ContinueAsNew(process.input - 1) if process.input else CompleteProcess("lift-off")
'''


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Command = Callable[..., Ended]


# What a shell starts in the background is deaf to Ctrl-C, and so are its children, unless they say otherwise.
HEARS_CTRL_C = """
import signal, sys
from pyworkflow.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""


class Running:
    """The command in a process of its own, its output in files."""

    def __init__(self, words: Sequence[str], folder: Path) -> None:
        self._out, self._err = folder / f"out-{words[0]}", folder / f"err-{words[0]}"
        with self._out.open("w") as out, self._err.open("w") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-c", HEARS_CTRL_C, *words],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def printed(self) -> str:
        """What it has printed so far."""
        return self._out.read_text()

    def told(self) -> str:
        """What is on stderr so far."""
        return self._err.read_text()

    def wait_for(self, text: str, times: int = 1) -> None:
        """Return when stderr holds the text so many times."""
        until(lambda: self.told().count(text) >= times, f"{text!r} in {self._err}")

    def ended(self, within: float = DEADLINE) -> Ended:
        code = self._process.wait(timeout=within)
        return Ended(code, self._out.read_text(), self._err.read_text())

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def until(condition: Callable[[], bool], what: str) -> None:
    """Return when the condition holds; fail if it does not in time."""
    deadline = time.monotonic() + DEADLINE
    pause = Event()
    while not condition():
        assert time.monotonic() < deadline, f"never seen: {what}"
        pause.wait(0.02)


def decide(backend: Backend, *decisions: object) -> None:
    """Take the decision that is due, and decide this."""
    task = backend.poll_decision_task(identity="decider")
    assert task is not None
    backend.complete_decision_task(task, list(decisions))  # type: ignore[arg-type]


def in_terminal(*words: str, columns: int, **environment: str) -> str:
    """What the command writes to a terminal, output and errors alike."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "pyworkflow", *words],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": str(columns), **environment},
    ):
        os.close(theirs)
        seen = b""
        try:
            while chunk := os.read(ours, 65536):
                seen += chunk
        except OSError:  # how Linux tells that the other end is closed
            pass
    os.close(ours)
    return seen.decode().replace("\r\n", "\n")


def without_colour(text: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", text)
