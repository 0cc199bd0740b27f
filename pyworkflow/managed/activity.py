"""An activity as its author writes it: what to do with an input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from pyworkflow.defaults import Defaults
from pyworkflow.naming import ClassName
from pyworkflow.task import ActivityTask


class Activity:
    """Subclass it and override `execute`. Times are in seconds.

    `execute` can run more than once for one schedule, when a worker dies under it: write it so that this does no harm,
    or set `restart_lost = False`.
    """

    scheduled_timeout: ClassVar[float] = Defaults.ACTIVITY_SCHEDULED_TIMEOUT
    """How long it may wait for a worker."""

    execution_timeout: ClassVar[float] = Defaults.ACTIVITY_EXECUTION_TIMEOUT
    """How long it may run."""

    heartbeat_timeout: ClassVar[float] = Defaults.ACTIVITY_HEARTBEAT_TIMEOUT
    """How long it may run without a sign of life."""

    category: ClassVar[str] = Defaults.ACTIVITY_CATEGORY
    """Which workers execute it: those that poll this category."""

    auto_complete: ClassVar[bool] = True
    """False: what `execute` returns leaves it open, unless it is an ActivityResult; its token ends it from anywhere."""

    restart_lost: ClassVar[bool] = True
    """Is it executed again when its worker dies? With False it ends with ActivityTimedOut(timeout="worker")."""

    example_result: ClassVar[Any] = None
    """What it can return: an example for `pyworkflow fuzz`, which does not execute it."""

    name: ClassVar[str] = ClassName("Activity")  # type: ignore[assignment]
    """What histories call it: the class name less `Activity`."""

    def __init__(self, task: ActivityTask, monitor: ActivityMonitor | None = None) -> None:
        self._task = task
        self._monitor = monitor

    @property
    def input(self) -> Any:
        """What it was scheduled with."""
        return self._task.activity_execution.input

    @property
    def task(self) -> ActivityTask:
        """The task; its `context` is the token that completes it."""
        return self._task

    @property
    def monitor(self) -> ActivityMonitor | None:
        """Who hears its signs of life, if anybody does."""
        return self._monitor

    def heartbeat(self, details: Any = None) -> None:
        """Give a sign of life, with details (JSON) for those who watch. Cheap: a worker sends at most one a second.

        Raises ActivityCanceled, once, when the workflow asked the activity to end, and whenever its task is over: let
        it pass, or catch it to clean up.
        """
        if self._monitor is None:
            return
        if details is None:
            self._monitor.heartbeat()
        else:
            self._monitor.heartbeat(details)

    def execute(self) -> Any:
        """Do it, and return the result (JSON), or an ActivityResult; these, and all errors, may also be raised."""
        raise NotImplementedError(f"{type(self).__qualname__} must override execute()")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(type(self))  # its input may be JSON, which has no hash


class ActivityMonitor:
    """Hears an activity's signs of life: `heartbeat_fn()`, or `heartbeat_fn(details)` when there are any."""

    def __init__(self, heartbeat_fn: Callable[..., object] | None = None) -> None:
        self._heartbeat_fn = heartbeat_fn

    def heartbeat(self, details: Any = None) -> None:
        """Pass a sign of life on."""
        if self._heartbeat_fn is None:
            return
        if details is None:
            self._heartbeat_fn()
        else:
            self._heartbeat_fn(details)
