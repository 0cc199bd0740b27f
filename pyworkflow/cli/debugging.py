"""A question put to a workflow under pdb, which stops where the user's own code begins."""

from __future__ import annotations

import os
import pdb
import sys
from bdb import BdbQuit
from stat import S_ISCHR
from types import FrameType

from pyworkflow.exceptions import ConfigurationException
from pyworkflow.managed import Workflow
from pyworkflow.managed.worker.failure import reason_of, traceback_of, where
from pyworkflow.managed.workflow.asking import ask
from pyworkflow.process import Process
from pyworkflow.replay import Answer, Raised


class Debugger(pdb.Pdb):
    """Stops first at the first line of a method of the workflow that is not one of ours, and never within our code.

    That is `decide`, or, where `decide` is ours, the first hook or rule that it calls.
    """

    def __init__(self, workflow: Workflow) -> None:
        super().__init__(skip=["pyworkflow.*"])
        self.arrived = False
        self._workflow = workflow
        self._first: FrameType | None = None

    def stop_here(self, frame: FrameType) -> bool:
        """Is this a place to stop at?"""
        if not self.arrived:
            if not self._is_method(frame):
                return False
            self.arrived, self._first = True, frame
            self.set_step()
        return bool(super().stop_here(frame)) and self._is_within(frame)

    def user_call(self, frame: FrameType, argument_list: None) -> None:
        """A function is called: not worth a stop of its own where we have just arrived, since its first line comes."""
        if frame is not self._first:
            super().user_call(frame, argument_list)

    def _is_within(self, frame: FrameType | None) -> bool:
        """Was it called by such a method, without our code between? What our code itself calls is of no interest."""
        while frame is not None and not _is_ours(frame):
            if self._is_method(frame):
                return True
            frame = frame.f_back
        return False

    def _is_method(self, frame: FrameType) -> bool:
        code = frame.f_code
        if code.co_argcount == 0 or _is_ours(frame):
            return False
        return frame.f_locals.get(code.co_varnames[0]) is self._workflow


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("pyworkflow.")


def asked(workflow: type[Workflow], process: Process) -> tuple[Answer | Raised | None, bool]:
    """What the workflow decides for the process, None if the person quits; and whether code of its own was called.

    Who has pdb run it anew has it asked once more.
    """
    while True:
        made = workflow()
        debugger = Debugger(made)
        try:
            return debugger.runcall(_answer, made, process), debugger.arrived
        except pdb.Restart:
            continue


def _answer(workflow: Workflow, process: Process) -> Answer | Raised:
    made: set[str] = set()
    try:
        return Answer(tuple(ask(workflow, process, made.add)), frozenset(made))
    except (BdbQuit, pdb.Restart):
        raise
    except (Exception, SystemExit) as error:
        cls = type(workflow)
        return Raised(reason_of(error), where(error, cls), traceback_of(error, cls))


def check_terminal() -> None:
    """Raises ConfigurationException where nobody types: neither at a terminal nor, before, into a pipe or a file."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError):
        mode = None
    if not sys.stdin.isatty() and (mode is None or S_ISCHR(mode)):
        raise ConfigurationException("debug needs a terminal, or commands of pdb on standard input")
