"""A backend that passes every call on to another one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pyworkflow.activity import ActivityResult
from pyworkflow.backend import ALL, Backend, Heartbeat, Lease, Page, Pending, Query, Raised, Recorded, Summary
from pyworkflow.decision import Decision
from pyworkflow.defaults import Defaults
from pyworkflow.process import Process
from pyworkflow.signal import Signal
from pyworkflow.task import ActivityTask, DecisionTask

Result = TypeVar("Result")


class Delegate(Backend):
    """What `backend` promises, this promises too. A subclass overrides what it adds to."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.capabilities = backend.capabilities

    def register_workflow(
        self,
        name: str,
        category: str = Defaults.DECISION_CATEGORY,
        timeout: float = Defaults.WORKFLOW_TIMEOUT,
        decision_timeout: float = Defaults.DECISION_TIMEOUT,
    ) -> None:
        self.backend.register_workflow(name, category, timeout, decision_timeout)

    def register_activity(
        self,
        name: str,
        category: str = Defaults.ACTIVITY_CATEGORY,
        scheduled_timeout: float = Defaults.ACTIVITY_SCHEDULED_TIMEOUT,
        execution_timeout: float = Defaults.ACTIVITY_EXECUTION_TIMEOUT,
        heartbeat_timeout: float = Defaults.ACTIVITY_HEARTBEAT_TIMEOUT,
        restart_lost: bool = True,
    ) -> None:
        self.backend.register_activity(
            name, category, scheduled_timeout, execution_timeout, heartbeat_timeout, restart_lost
        )

    def start_process(self, process: Process) -> str:
        return self.backend.start_process(process)

    def signal_process(self, process_id: str, signal: Signal | str, data: Any = None) -> None:
        self.backend.signal_process(process_id, signal, data)

    def cancel_process(self, process_id: str, details: Any = None) -> None:
        self.backend.cancel_process(process_id, details)

    def request_cancel_process(self, process_id: str, details: Any = None) -> None:
        self.backend.request_cancel_process(process_id, details)

    def process_by_id(self, process_id: str, *, run: int | None = None) -> Process:
        return self.backend.process_by_id(process_id, run=run)

    def processes(
        self, workflow: object = None, tag: str | None = None, *, status: str | None = "open"
    ) -> Iterator[Process]:
        return self.backend.processes(workflow, tag, status=status)

    def summaries(self, query: Query = ALL, *, cursor: str | None = None, limit: int = 50) -> Page[Summary]:
        return self.backend.summaries(query, cursor=cursor, limit=limit)

    def pending(self, process_id: str) -> Pending:
        return self.backend.pending(process_id)

    def events(
        self, process_id: str | None = None, *, after: int | None = None, limit: int = 1000, wait: float = 0
    ) -> Page[Recorded]:
        return self.backend.events(process_id, after=after, limit=limit, wait=wait)

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
        return self.backend.poll_decision_task(
            category, identity, wait=wait, lease=lease, code=code, root=root, names=names
        )

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
        return self.backend.poll_activity_task(category, identity, wait=wait, lease=lease, root=root, names=names)

    def poll_decision_tasks(
        self,
        most: int,
        category: str = Defaults.DECISION_CATEGORY,
        identity: str | None = None,
        *,
        wait: float | None = None,
        lease: Lease | None = None,
        code: str | None = None,
        root: str | None = None,
        names: Collection[str] | None = None,
    ) -> list[DecisionTask]:
        return self.backend.poll_decision_tasks(
            most, category, identity, wait=wait, lease=lease, code=code, root=root, names=names
        )

    def poll_activity_tasks(
        self,
        most: int,
        category: str = Defaults.ACTIVITY_CATEGORY,
        identity: str | None = None,
        *,
        wait: float | None = None,
        lease: Lease | None = None,
        root: str | None = None,
        names: Collection[str] | None = None,
        quick: Collection[str] | None = None,
    ) -> list[ActivityTask]:
        return self.backend.poll_activity_tasks(
            most, category, identity, wait=wait, lease=lease, root=root, names=names, quick=quick
        )

    def complete_decision_task(self, task: DecisionTask, decisions: Decision | Iterable[Decision] | None) -> bool:
        return self.backend.complete_decision_task(task, decisions)

    def fail_decision_task(self, task: DecisionTask, reason: str, details: str | None = None) -> None:
        self.backend.fail_decision_task(task, reason, details)

    def complete_activity_task(self, task: ActivityTask, result: Any = None) -> ActivityResult:
        return self.backend.complete_activity_task(task, result)

    def heartbeat_activity_task(self, task: ActivityTask, details: Any = None) -> Heartbeat:
        return self.backend.heartbeat_activity_task(task, details)

    def hand_off(self, task: ActivityTask) -> str:
        return self.backend.hand_off(task)

    def release(self, task: DecisionTask | ActivityTask) -> None:
        self.backend.release(task)

    def put_back(self, task: DecisionTask | ActivityTask) -> None:
        self.backend.put_back(task)

    def together(self, calls: Sequence[Callable[[], Result]]) -> list[Result | Raised]:
        return self.backend.together(calls)

    def apply_due(self) -> None:
        self.backend.apply_due()

    def lease(self, identity: str | None = None) -> Lease:
        return self.backend.lease(identity)

    def import_process(self, runs: Sequence[Process]) -> str:
        return self.backend.import_process(runs)

    def fork_process(
        self,
        run: Process,
        number: int,
        *,
        results: Mapping[int, ActivityResult] | None = None,
        id: str | None = None,
    ) -> str:
        return self.backend.fork_process(run, number, results=results, id=id)

    def prune(self, before: datetime, *, limit: int = 1000) -> int:
        return self.backend.prune(before, limit=limit)

    def interrupt(self) -> None:
        self.backend.interrupt()

    def close(self) -> None:
        self.backend.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.backend!r})"
