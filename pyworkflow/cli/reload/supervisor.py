"""Watches the files, has each save loaded by a fresh process, and lets that one take over once it has."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from math import inf
from multiprocessing import connection
from time import monotonic
from types import FrameType

from pyworkflow.cli import output
from pyworkflow.cli.errors import one_line
from pyworkflow.cli.processes import HOPELESS, Place, ended
from pyworkflow.cli.reload.child import Failed, Read, Ready
from pyworkflow.cli.reload.files import Alarm, Files, Mark, content
from pyworkflow.cli.reload.process import Child, differs
from pyworkflow.cli.reload.words import introduced
from pyworkflow.cli.serving import STOPPING, Serving, handling
from pyworkflow.cli.session import Session
from pyworkflow.config import BackendSettings
from pyworkflow.exceptions import WorkflowException

LOGGER = logging.getLogger("pyworkflow.worker")
PATIENCE = 5.0  # seconds that a load may take without a word
LOOK = 1.0  # seconds between two looks at the files that nothing gave occasion to
SHARE = 20  # and so many times as long as one takes: the supervisor is to need no more than a twentieth of a core
GRACE = 5.0  # seconds that a process that was told to stop may take longer than its shutdown_timeout
NOW = 1.0  # seconds that it may take after a second Ctrl-C
CONFIGURATION = 2  # an exit code that a save can cure


class Reloading:
    """One worker after the other, each with the code as it was saved last: until stopped.

    A process that is told to stop finishes what it runs while the next one works already.
    """

    def __init__(self, serving: Serving, *, quiet: bool = False) -> None:
        session = Session(serving.config, serving.backend_url)
        if session.file is None:
            raise session.without_file()
        if not session.file.is_file():
            session.settings  # noqa: B018 - which says what is wrong
        self._serving = serving
        self._quiet = quiet
        self._files = Files(session.file, serving.backend_url)
        self._alarm = Alarm()
        self._spare: Child | None = None  # has imported all but the code
        self._loading: Child | None = None
        self._working: Child | None = None
        self._finishing: list[Child] = []
        self._place = Place(1)  # knows when the next may begin after one that died
        self._died: int | None = None  # with this exit code, and nobody has taken its place
        self._seen: dict[str, Mark] = {}
        self._saved: set[str] = set()  # since the code that works was loaded
        self._refused = False  # is what was saved last of no use?
        self._has_reloaded = False
        self._look_at = 0.0
        self._received: list[int] = []
        self._heard = 0  # of those that were received
        self._code = 0

    def run(self, attend: Callable[[BackendSettings], None] = lambda _: None) -> int:
        """The exit code: 0, 130 for Ctrl-C, or that of a worker for which there is no hope.

        `attend` is called with its backend before a process begins to work; what it raises for the first ends all.
        """
        self._attend = attend
        with handling({signal.SIGINT: self.stop, signal.SIGTERM: self.stop}):
            try:
                self._seen = self._files.look()
                self._load()
                while not self._is_over():
                    self._wait()
                    self._listen()
                    self._look_at_files()
                    self._look_after_processes()
            except BaseException:
                self._let_finish()
                raise
            finally:
                self._end_all()
        return self._code or (130 if signal.SIGINT in self._received else 0)

    def stop(self, number: int = signal.SIGTERM, _: FrameType | None = None) -> None:
        """What a signal does: the first stops, a second one ends now. Safe from another thread."""
        self._received.append(number)
        self._alarm.ring()

    # --- what has happened ---

    def _wait(self) -> None:
        self._alarm.watch(self._files.folders)
        ends = [child.process.sentinel for child in self._children()]
        links = [child.link for child in (self._loading, self._working) if child and not child.link.closed]
        if self._alarm.bell in connection.wait([self._alarm.bell, *ends, *links], timeout=LOOK):
            self._alarm.silence()
            self._look_at = 0.0
        for number in range(self._heard, len(self._received)):
            self._heard = number + 1
            self._stop_all(again=number > 0)

    def _is_over(self) -> bool:
        return bool(self._received or self._code) and not self._children()

    def _stop_all(self, *, again: bool) -> None:
        if not again:
            output.note(STOPPING)
        self._drop_loading()
        self._retire()
        if again:
            for child in self._finishing:
                child.process.terminate()
                child.deadline = monotonic() + NOW

    def _listen(self) -> None:
        """Hear what those say that load or work."""
        for child in (self._loading, self._working):
            while child is not None and not child.link.closed and child.link.poll():
                try:
                    said = child.link.recv()
                except (EOFError, OSError):
                    child.link.close()
                    break
                self._hear(child, said)

    def _hear(self, child: Child, said: Read | Ready | Failed) -> None:
        match said:
            case Read(file=file, digest=digest):
                child.files[file] = digest
            case Ready():
                self._take_over(child, said)
            case Failed() if child is self._working:
                child.failed = said
            case Failed(reason=reason, code=code):
                self._refuse(reason, code)

    # --- files ---

    def _look_at_files(self) -> None:
        """Load anew, if what was saved can make a difference."""
        began = monotonic()
        if began < self._look_at or self._received or self._code:
            return
        newest = self._loading or self._working
        now = self._files.look(newest.files if newest else ())
        self._look_at = monotonic() + max(LOOK, SHARE * (monotonic() - began))
        saved = {file for file in {*now, *self._seen} if now.get(file) != self._seen.get(file)}
        saved = {file for file in saved if self._matters(file, now)}
        self._seen = now
        if saved:
            self._saved |= saved
            self._load()

    def _matters(self, file: str, now: dict[str, Mark]) -> bool:
        """Not, if nobody has read it, or if what was read is what it holds."""
        newest = self._loading or self._working
        if newest is None or self._refused:
            return True
        if file in newest.files:
            return newest.files[file] != content(file)
        return self._loading is not None or (file in now and file not in self._seen)

    # --- processes ---

    def _children(self) -> list[Child]:
        named = (self._spare, self._loading, self._working)
        return [*(child for child in named if child is not None), *self._finishing]

    def _load(self) -> None:
        """Have a process load what is saved now, instead of one that may be at it."""
        self._drop_loading()
        child, self._spare = self._spare, None
        self._loading = child if child and child.process.is_alive() else Child(self._serving)
        self._loading.go_on([*(self._working.files if self._working else ()), *self._saved])
        self._loading.deadline = monotonic() + PATIENCE

    def _take_over(self, child: Child, ready: Ready) -> None:
        """The code is loaded: from now on it works, unless it is what works already."""
        old, was_refused = self._working, self._refused
        self._refused = False
        child.code = ready.code
        if old is not None and not differs(old, child):
            self._drop_loading()
            if was_refused:
                self._tell(f"the code is again as it was: {old.code}")
        else:
            try:
                self._attend(ready.backend)
            except (WorkflowException, OSError) as error:
                if old is None:
                    raise
                self._refuse(one_line(error), CONFIGURATION)
                return
            for line in introduced(ready, None if old is None else old.code, self._saved):
                self._tell(line)
            self._retire()
            child.go_on()
            self._loading, self._working, self._died = None, child, None
            self._has_reloaded = self._has_reloaded or old is not None
            self._place.started_at = monotonic()
        self._saved.clear()

    def _tell(self, text: str) -> None:
        if not self._quiet:
            output.note(text)

    def _refuse(self, reason: str, code: int) -> None:
        """What was saved is of no use: what works goes on, and another save may be better."""
        self._drop_loading()
        self._refused = True
        if self._working is not None:
            output.note(f"not loaded: {reason}{self._what_goes_on()}")
            return
        output.note(f"pyworkflow: {reason}")
        if code in HOPELESS and code != CONFIGURATION:
            self._code = code
        else:
            output.note("waiting for a save")

    def _what_goes_on(self) -> str:
        return "" if self._working is None else f"; code {self._working.code} goes on"

    def _retire(self) -> None:
        """Tell the one that works to stop: it takes nothing new, and finishes what it runs."""
        child, self._working = self._working, None
        if child is not None:
            child.link.close()
            child.process.terminate()
            child.deadline = monotonic() + self._serving.shutdown_timeout + GRACE
            self._finishing.append(child)

    def _drop_loading(self) -> None:
        if self._loading is not None:
            self._loading.kill()
            self._loading = None

    def _look_after_processes(self) -> None:
        """See who has ended, and what is to follow."""
        for child in list(self._finishing):
            if not child.process.is_alive():
                self._finishing.remove(child)
                if child.process.exitcode and not self._received:
                    how = ended(child.process.exitcode)
                    LOGGER.warning("the process that finished with the old code ended %s: what it ran is lost", how)
            elif monotonic() >= child.deadline:
                LOGGER.warning("worker process %s does not end: killed", child.process.pid)
                child.kill()
        if self._loading is not None and not self._loading.process.is_alive():
            self._listen()  # to what it may have said last
        if self._loading is not None and not self._loading.process.is_alive():
            self._refuse(f"the process that loads the code ended {ended(self._loading.process.exitcode or 0)}", 1)
        if self._loading is not None and monotonic() >= self._loading.deadline:
            self._loading.deadline = inf
            output.note(f"still loading after {PATIENCE:g} s{self._what_goes_on()}")
        if self._working is not None and not self._working.process.is_alive():
            self._listen()  # to what it may have said last
            died, self._working = self._working, None
            self._died = died.process.exitcode or 0
            if died.failed is not None and died.failed.code in HOPELESS:
                self._despair(died.failed.code)
        if self._spare is not None and (self._received or self._code or not self._spare.process.is_alive()):
            self._spare.kill()
            self._spare = None
        if not (self._received or self._code or self._loading):
            self._follow_up()

    def _despair(self, code: int) -> None:
        """It cannot work here. If others have worked before, a save has brought that, and a save can mend it."""
        if self._has_reloaded:
            self._died, self._refused = None, True
            output.note("waiting for a save")
        else:
            self._code = code

    def _let_finish(self) -> None:
        """After an error of our own: what runs may finish, as when it is stopped."""
        self._drop_loading()
        self._retire()
        until = monotonic() + self._serving.shutdown_timeout
        for child in self._finishing:
            child.process.join(max(until - monotonic(), 0))

    def _follow_up(self) -> None:
        """With nothing to load: see to one that takes the place of one that died, and to a spare one."""
        if self._died is not None and monotonic() >= self._place.due(self._died):
            LOGGER.warning("the worker process ended %s; another takes its place", ended(self._died))
            self._died = None
            self._load()
        elif self._spare is None:
            self._spare = Child(self._serving)

    def _end_all(self) -> None:
        for child in self._children():
            child.kill()
