"""An activity as the workflow sees it: one execution, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pyworkflow.naming import text_of


@dataclass(frozen=True)
class ActivityExecution:
    """One scheduled execution: the activity's name, an id that is unique among the open ones, the input."""

    activity: str
    id: str
    input: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", text_of(self.id))


class ActivityResult:
    """How an activity ended. `type` tells which: completed, canceled, failed or timedout."""

    type: ClassVar[str]

    def __hash__(self) -> int:
        return hash(type(self))  # its contents may be JSON, which has no hash


class InterruptedActivityResult(ActivityResult, Exception):
    """It ended otherwise than completed. An activity can return one of these, or raise it."""

    def __str__(self) -> str:
        return repr(self)


@dataclass(eq=True)
class ActivityCompleted(ActivityResult):
    """It returned `result`."""

    type: ClassVar[str] = "completed"
    result: Any = None

    __hash__ = ActivityResult.__hash__


@dataclass(eq=True)
class ActivityCanceled(InterruptedActivityResult):
    """It gave up: it was asked to, or it chose to."""

    type: ClassVar[str] = "canceled"
    details: Any = None

    __hash__ = ActivityResult.__hash__
    __str__ = InterruptedActivityResult.__str__


@dataclass(eq=True)
class ActivityFailed(InterruptedActivityResult):
    """It failed: `reason` in one line, `details` (such as a traceback) at length."""

    type: ClassVar[str] = "failed"
    reason: Any = None
    details: Any = None

    __hash__ = ActivityResult.__hash__
    __str__ = InterruptedActivityResult.__str__


@dataclass(eq=True)
class ActivityTimedOut(InterruptedActivityResult):
    """Its time was up. `timeout` tells which: scheduled, execution, heartbeat, or worker (lost too often).

    `details` are those of its last heartbeat.
    """

    type: ClassVar[str] = "timedout"
    details: Any = None
    timeout: str | None = None

    __hash__ = ActivityResult.__hash__
    __str__ = InterruptedActivityResult.__str__
