"""What every backend promises to those who use it.

The rules behind the promise are numbered; one suite of tests in `pyworkflow.testing` states them for every backend.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from pyworkflow.activity import ActivityExecution, ActivityResult
from pyworkflow.capabilities import Capabilities as Capabilities  # noqa: PLC0414 - part of the promise
from pyworkflow.decision import Decision, Timer
from pyworkflow.defaults import Defaults
from pyworkflow.event import Event
from pyworkflow.exceptions import ConfigurationException, UnsupportedException
from pyworkflow.process import Process
from pyworkflow.signal import Signal
from pyworkflow.task import ActivityTask, DecisionTask

Item = TypeVar("Item")
Result = TypeVar("Result")

STATUSES = ("open", "completed", "canceled", "failed", "timedout", "continued")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some of a listing, and where the next page begins: `cursor` is None when there is no more."""

    items: Sequence[Item]
    cursor: str | None = None

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)


@dataclass(frozen=True)
class Query:
    """Which processes to list; None leaves a choice open.

    `status` is one of STATUSES, or "closed" for all that are neither open nor continued. `since` leaves out what
    started earlier. `parent` lists the children of one process; `parent=""` the processes without a parent.
    `id_prefix` lists those whose id begins so, `failing` those whose decision has come to nothing.
    """

    status: str | None = None
    workflow: str | None = None
    tag: str | None = None
    since: datetime | None = None
    parent: str | None = None
    id_prefix: str | None = None
    failing: bool = False


ALL = Query()


@dataclass(frozen=True)
class Summary:
    """One run of a process without its history.

    `status` is one of STATUSES; `events` counts its history, `failures` how often in a row its decision came to
    nothing.
    """

    id: str
    run: int
    workflow: str
    status: str
    started_at: datetime
    closed_at: datetime | None
    parent: str | None
    tags: tuple[str, ...]
    events: int
    failures: int = 0


@dataclass(frozen=True)
class Recorded:
    """An event, and where it stands: `seq` in the commit order of the whole store, `number` (from 1) in its run."""

    seq: int
    process_id: str
    run: int
    number: int
    event: Event


@dataclass(frozen=True)
class Observed:
    """Events that one call recorded for one run of a process, in order; `number` (from 1) is that of the first."""

    process_id: str
    workflow: str
    run: int
    number: int
    events: tuple[Event, ...]


Observer = Callable[[Observed], None]


@dataclass(frozen=True)
class PendingDecision:
    """A decision that is due, or being made (`state` is "due" or "running").

    `since` is when it fell due, or when it was handed out; one that failed is offered again at `due_at` with the
    `attempt` after, the error of the last attempt being `error`. `started` is the number of the decision_started that
    asks for it, if there is one already. While running: by whom, and when it will be given up.
    """

    state: str
    category: str
    since: datetime
    due_at: datetime | None = None
    deadline: datetime | None = None
    identity: str | None = None
    attempt: int = 1
    error: str | None = None
    started: int | None = None


@dataclass(frozen=True)
class PendingActivity:
    """An activity that has not ended: `state` is "waiting", "running" or "handed_off".

    `since` is when it came into that state. `deadline` is when `timeout` (scheduled, execution, heartbeat) will
    end it. `token` completes it from any process, once it is running or handed off.
    """

    execution: ActivityExecution
    state: str
    category: str
    since: datetime
    deadline: datetime
    timeout: str
    token: str | None = None
    identity: str | None = None
    heartbeat_at: datetime | None = None
    details: Any = None
    losses: int = 0
    cancel_requested: bool = False


@dataclass(frozen=True)
class PendingTimer:
    """A timer that has not fired."""

    timer: Timer
    due_at: datetime


@dataclass(frozen=True)
class Pending:
    """What an open process waits for. All empty: it waits for a signal.

    `workers` is how many live workers the backend knows of, whatever they serve; None where it does not know.
    """

    decision: PendingDecision | None
    activities: tuple[PendingActivity, ...]
    timers: tuple[PendingTimer, ...]
    children: tuple[Summary, ...]
    timeout_at: datetime | None
    workers: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Heartbeat:
    """What a worker learns when its activity gives a sign of life."""

    cancel_requested: bool


@dataclass(frozen=True)
class Raised:
    """What one of several calls raised."""

    error: Exception


class Lease(ABC):
    """A worker's hold on the tasks that it polls: when the worker dies, they are lost, and handed out again.

    `id` is text. A context manager; closing it gives up at once what it still holds.
    """

    id: str

    @abstractmethod
    def close(self) -> None:
        """Give up at once what is still held. Closing twice does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()


class Backend(ABC):
    """Administers processes and hands out their tasks.

    Any number of threads may use one object. Times are aware UTC, durations are seconds. Each call is atomic for the
    process that it names. A process is named by its id. `BackendUnavailableException` from any call means that it was
    not done; after any other trouble with the connection the call may be repeated.
    """

    capabilities: Capabilities

    observer: Observer | None = None
    """Called with what a call of this object recorded, after the commit and before the call returns, at most once.

    Other objects and other operating-system processes observe what their own calls record. What it raises is logged.
    """

    # --- what there is to work on ---

    @abstractmethod
    def register_workflow(
        self,
        name: str,
        category: str = Defaults.DECISION_CATEGORY,
        timeout: float = Defaults.WORKFLOW_TIMEOUT,
        decision_timeout: float = Defaults.DECISION_TIMEOUT,
    ) -> None:
        """Make a workflow known to this object; nothing is stored. A later call for the same name replaces it.

        The category and the time-outs are carried into the record of each process that is started.
        """

    @abstractmethod
    def register_activity(
        self,
        name: str,
        category: str = Defaults.ACTIVITY_CATEGORY,
        scheduled_timeout: float = Defaults.ACTIVITY_SCHEDULED_TIMEOUT,
        execution_timeout: float = Defaults.ACTIVITY_EXECUTION_TIMEOUT,
        heartbeat_timeout: float = Defaults.ACTIVITY_HEARTBEAT_TIMEOUT,
        restart_lost: bool = True,
    ) -> None:
        """Make an activity known to this object; nothing is stored. A later call for the same name replaces it.

        With `restart_lost=False` it ends with ActivityTimedOut("worker") the first time its worker is lost.
        """

    # --- processes ---

    @abstractmethod
    def start_process(self, process: Process) -> str:
        """Record the process and return its id: the given one or a new uuid. A decision is due.

        Its history and its parent are not taken over. Raises ProcessAlreadyStartedException when the id was ever
        used, UnknownWorkflowException for a workflow that is not registered, InvalidValueException for an input
        that JSON cannot hold.
        """

    @abstractmethod
    def signal_process(self, process_id: str, signal: Signal | str, data: Any = None) -> None:
        """Append a `signal` event; a decision is due.

        Raises UnknownProcessException, as ProcessClosedException if the process is closed.
        """

    @abstractmethod
    def cancel_process(self, process_id: str, details: Any = None) -> None:
        """Close the process at once with ProcessCanceled(details); its open work is withdrawn.

        Raises UnknownProcessException, as ProcessClosedException if the process is closed.
        """

    @abstractmethod
    def request_cancel_process(self, process_id: str, details: Any = None) -> None:
        """Append a `cancel_requested` event, and let the workflow decide.

        Raises UnknownProcessException, as ProcessClosedException if the process is closed.
        """

    # --- looking: these only read, and never move, time out or recover anything ---

    @abstractmethod
    def process_by_id(self, process_id: str, *, run: int | None = None) -> Process:
        """The process, open or closed, as the caller's own copy: its newest run, or run number `run` (from 1).

        Raises UnknownProcessException.
        """

    @abstractmethod
    def processes(
        self, workflow: object = None, tag: str | None = None, *, status: str | None = "open"
    ) -> Iterator[Process]:
        """The processes, oldest first: the open ones; with another of STATUSES or "closed" those; with None all."""

    @abstractmethod
    def summaries(self, query: Query = ALL, *, cursor: str | None = None, limit: int = 50) -> Page[Summary]:
        """A page of processes without their histories, newest first."""

    @abstractmethod
    def pending(self, process_id: str) -> Pending:
        """What the process waits for. Raises UnknownProcessException."""

    @abstractmethod
    def events(
        self, process_id: str | None = None, *, after: int | None = None, limit: int = 1000, wait: float = 0
    ) -> Page[Recorded]:
        """The events with a `seq` above `after`, in commit order; of one process (all its runs) or of all.

        The page's cursor is the `seq` to go on after, None if the page is empty. With nothing there, waits up to
        `wait` seconds for an event. Raises UnknownProcessException.
        """

    # --- working ---

    @abstractmethod
    def poll_decision_task(
        self,
        category: str = Defaults.DECISION_CATEGORY,
        identity: str | None = None,
        *,
        wait: float | None = None,
        lease: Lease | None = None,
        code: str | None = None,
        root: str | None = None,
        names: Collection[str] | None = None,
    ) -> DecisionTask | None:
        """Hand out a decision that is due, its process with the whole history; None if there is none.

        Does not block, unless `wait` gives the seconds to wait for one. Under a `lease` the task is lost with its
        worker. `code` identifies the version of the code that will decide. With `root`, a process that no other
        started, only that and its descendants are served; with `names` only these workflows: a worker names those
        whose code it has.
        """

    @abstractmethod
    def poll_activity_task(
        self,
        category: str = Defaults.ACTIVITY_CATEGORY,
        identity: str | None = None,
        *,
        wait: float | None = None,
        lease: Lease | None = None,
        root: str | None = None,
        names: Collection[str] | None = None,
    ) -> ActivityTask | None:
        """Hand out the activity that has waited longest; None if there is none. The options are those above."""

    def poll_decision_tasks(
        self,
        most: int,  # noqa: ARG002 - one is the fewest
        category: str = Defaults.DECISION_CATEGORY,
        identity: str | None = None,
        *,
        wait: float | None = None,
        lease: Lease | None = None,
        code: str | None = None,
        root: str | None = None,
        names: Collection[str] | None = None,
    ) -> list[DecisionTask]:
        """The same for several at once, at most so many; none if there is none. A backend may hand out fewer."""
        task = self.poll_decision_task(category, identity, wait=wait, lease=lease, code=code, root=root, names=names)
        return [] if task is None else [task]

    def poll_activity_tasks(
        self,
        most: int,  # noqa: ARG002 - one is the fewest
        category: str = Defaults.ACTIVITY_CATEGORY,
        identity: str | None = None,
        *,
        wait: float | None = None,
        lease: Lease | None = None,
        root: str | None = None,
        names: Collection[str] | None = None,
        quick: Collection[str] | None = None,  # noqa: ARG002 - one is alone
    ) -> list[ActivityTask]:
        """The same for several at once, at most so many; none if there is none. A backend may hand out fewer.

        Some come alone: with `quick` those of other names; one that was lost before, since it may be what its worker
        died of, and others must not suffer for it; one that may not be restarted; one with a time-out of less than
        ten seconds, which runs from now on.
        """
        task = self.poll_activity_task(category, identity, wait=wait, lease=lease, root=root, names=names)
        return [] if task is None else [task]

    @abstractmethod
    def complete_decision_task(self, task: DecisionTask, decisions: Decision | Iterable[Decision] | None) -> bool:
        """Record and apply the decisions in order. True, unless they were not applied because news came in between.

        That is so when one of them closes the process and an event that calls for a decision arrived unseen: the
        call returns False, nothing of the list is applied, and the workflow decides again at once.

        Raises InvalidDecisionException for a list with something wrong in it: it is refused whole, nothing is
        recorded, and the task is still good. Raises UnknownDecisionException for a task that is over.
        """

    @abstractmethod
    def fail_decision_task(self, task: DecisionTask, reason: str, details: str | None = None) -> None:
        """The workflow could not decide. It is asked again, each time later, or at once with other code.

        Raises UnknownDecisionException for a task that is over.
        """

    @abstractmethod
    def complete_activity_task(self, task: ActivityTask, result: Any = None) -> ActivityResult:
        """End the activity, and return how it is recorded.

        What is not an ActivityResult, None included, becomes ActivityCompleted(result); a result that cannot be
        recorded becomes ActivityFailed. Raises UnknownActivityException for a task that is over.
        """

    @abstractmethod
    def heartbeat_activity_task(self, task: ActivityTask, details: Any = None) -> Heartbeat:
        """A sign of life. `details`, unless None, replace those of the last one.

        Raises UnknownActivityException for a task that is over.
        """

    @abstractmethod
    def hand_off(self, task: ActivityTask) -> str:
        """Leave the activity open, to be completed from elsewhere: it is held by no lease any more.

        Returns its token; completing `ActivityTask.of_token(token)` ends it, from any process. Raises
        UnknownActivityException for a task that is over.
        """

    @abstractmethod
    def release(self, task: DecisionTask | ActivityTask) -> None:
        """Give back a task that will not be done here; this counts as lost at once. Does nothing if it is over."""

    def put_back(self, task: DecisionTask | ActivityTask) -> None:
        """Give back a task that has not been begun: it waits again, and is not lost, where the backend can do that.

        Nothing is recorded, but of a decision that news has overtaken: its start is marked before the next. An
        activity whose end was asked for is canceled now. Does nothing if the task is over.
        """
        self.release(task)

    def together(self, calls: Sequence[Callable[[], Result]]) -> list[Result | Raised]:
        """Make several calls of this object that change something, with one commit where the backend can.

        `together([partial(backend.start_process, one) for one in processes])`, say. Each is as whole as it is alone,
        and they are made in this order. What each returned, or `Raised`. A call may be made again when something went
        wrong, so it must not use up what it is given, as an iterator.
        """
        return [_outcome(call) for call in calls]

    def apply_due(self) -> None:  # noqa: B027 - there is nothing to do where the other end keeps time
        """Apply time-outs, timers and losses that are due, as polls do: for when a worker is too busy to poll."""

    @abstractmethod
    def lease(self, identity: str | None = None) -> Lease:
        """A new lease, to poll with. `identity` says whose it is, to people."""

    # --- keeping ---

    @abstractmethod
    def import_process(self, runs: Sequence[Process]) -> str:
        """Record a closed process from elsewhere as it was, with its times, and return its id. Nothing falls due.

        `runs` are all its runs, in order, as `process_by_id` gives them. Raises ProcessAlreadyStartedException when
        the id was ever used, InvalidValueException for what is no whole history or is still open,
        UnsupportedException where the capabilities say so.
        """

    def fork_process(
        self,
        run: Process,  # noqa: ARG002 - what is asked for cannot be done
        number: int,  # noqa: ARG002
        *,
        results: Mapping[int, ActivityResult] | None = None,  # noqa: ARG002
        id: str | None = None,  # noqa: ARG002
    ) -> str:
        """Start a process that goes on from event `number` (from 1) of a run. Returns its id: the given or a new one.

        `run` is any, open or closed, from wherever, with whatever input; it is not touched. The new process begins
        with its history up to there, and its first event says so (`forked_from`). Within a list of decisions that is
        up to where they were asked for. A decision is due if that history has something which the workflow has not
        answered yet. Activities that are open there wait anew, timers take the time that they had left, and what has
        become of children since is told at once. It has no parent. `results` are other ends of activities, by the
        numbers of the events that scheduled them; those that are open there end at once.

        Raises InvalidValueException for an event that is not there, or closes the run, for a result of what was not
        scheduled, for an activity that is open there and not registered, and for a child that is open still;
        UnknownWorkflowException, ProcessAlreadyStartedException; UnsupportedException where the capabilities say so.
        """
        raise UnsupportedException(type(self).__name__, "fork processes")

    @abstractmethod
    def prune(self, before: datetime, *, limit: int = 1000) -> int:
        """Forget processes that closed before then, at most `limit`, and return how many: 0 when none is left.

        All their runs go, and their ids are free again; what is open is never touched. Raises UnsupportedException
        where the capabilities say so.
        """

    # --- ending ---

    @abstractmethod
    def interrupt(self) -> None:
        """Polls of this object that wait now return None at once."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections; waiting polls return None. Closing twice does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()


def _outcome(call: Callable[[], Result]) -> Result | Raised:
    try:
        return call()
    except Exception as error:
        return Raised(error)


def without_password(url: str) -> str:
    """The URL of a backend as it may be shown to anybody."""
    return re.sub(r"(://[^/?:@]*:)[^?]*@", r"\1***@", url, count=1)


def known_options(url: str, options: Mapping[str, str], known: Mapping[str, Collection[str] | None]) -> dict[str, Any]:
    """The options of a backend's URL, or of [backend]. `known` has the values that each may have; None: any.

    Raises ConfigurationException for one that is not known, or whose value is none of those.
    """
    scheme = url.partition(":")[0]
    for name, value in options.items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            there_are = f"there are {', '.join(known)}" if known else "it has none"
            hint = f"did you mean {near[0]!r}?" if near else there_are
            raise ConfigurationException(f"the backend {scheme}: has no option {name!r}; {hint}", option=name)
        values = known[name]
        if values is not None and value not in values:
            listed = " or ".join(f'"{one}"' for one in values)
            raise ConfigurationException(f"{name} must be {listed}, not {value!r}", option=name)
    return dict(options)
