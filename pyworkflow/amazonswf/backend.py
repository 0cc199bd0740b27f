"""The backend that leaves everything to Amazon SWF."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from pyworkflow import codec
from pyworkflow.activity import ActivityResult
from pyworkflow.amazonswf import limits, listing, payload, wire
from pyworkflow.amazonswf.deciding import Deciding
from pyworkflow.amazonswf.errors import AlreadyThere, UnknownResource
from pyworkflow.amazonswf.executing import Executing
from pyworkflow.amazonswf.executions import Executions, summary
from pyworkflow.amazonswf.history import Story
from pyworkflow.amazonswf.history.round import LONGEST_PAUSE
from pyworkflow.amazonswf.holding import Holding
from pyworkflow.amazonswf.observing import Observing, last, started
from pyworkflow.amazonswf.pending import pending
from pyworkflow.amazonswf.policies import Policies
from pyworkflow.amazonswf.polling import Polling
from pyworkflow.amazonswf.registration import Registration
from pyworkflow.amazonswf.registry import Registry
from pyworkflow.amazonswf.service import Service
from pyworkflow.backend import (
    ALL,
    Backend,
    Capabilities,
    Heartbeat,
    Lease,
    Page,
    Pending,
    Query,
    Recorded,
    Summary,
    known_options,
)
from pyworkflow.decision import Decision
from pyworkflow.defaults import Defaults
from pyworkflow.event import CancelRequestedEvent, Event, ProcessClosedEvent, SignalEvent
from pyworkflow.exceptions import (
    BackendException,
    ConfigurationException,
    InvalidValueException,
    ProcessAlreadyStartedException,
    ProcessClosedException,
    UnknownProcessException,
    UnsupportedException,
)
from pyworkflow.given import listed
from pyworkflow.naming import name_of
from pyworkflow.process import Process, ProcessCanceled
from pyworkflow.signal import Signal
from pyworkflow.task import ActivityTask, DecisionTask

LOOK = 1.0  # seconds between two readings of a history by one who waits for events


class AmazonSWFBackend(Backend):
    """Processes are executions in a `domain` of Amazon Simple Workflow Service; categories are its task lists.

    Without keys the credentials are those that boto3 finds. `endpoint_url` leads to another service that speaks as SWF
    does. A boto3 `client` that is given is used for everything, and closed by its owner. Workflows and activities are
    registered with SWF under one `version`, when they are first used; a domain that is missing is made, and keeps what
    has closed for `retention` days.

    A poll that has begun cannot be taken back without losing what it may bring, and SWF holds it for a minute: so
    `close` can take so long.
    """

    capabilities = Capabilities(
        durable=True,
        several_processes=True,
        lost_work_after=None,
        refused_in_ids=limits.REFUSED,
        max_id=limits.MAX_ID,
        max_tags=limits.MAX_TAGS,
        max_payload=limits.MAX_PAYLOAD,
        max_heartbeat=limits.MAX_HEARTBEAT,
        max_timeout=limits.MAX_TIMEOUT,
        max_open=limits.MAX_OPEN,
        time_step=1,
        clock_step=0.001,
        keeps_time=True,
        polls_by_name=False,
        polls_of_root=False,
        fifo=False,
        longest_pause=LONGEST_PAUSE,
        retry_now=False,
        restarts_lost=False,
        reads_running=False,
        ids_unique="open",
        child_policy_on=frozenset({"decision", "cancel", "parent"}),
        children_over_runs=False,
        tells_cancel_details=False,
        streams_all=False,
        observes_all=False,
        forgets=False,
        forks=False,
    )

    def __init__(
        self,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        region: str = "us-east-1",
        domain: str = "default",
        *,
        client: Any = None,
        endpoint_url: str | None = None,
        version: str = "1.0",
        retention: int = 90,
    ) -> None:
        self._service = Service(
            limits.category(domain, "domain"),
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
            region=region,
            endpoint_url=endpoint_url,
            client=client,
        )
        self._registry = Registry()
        version = limits.short(limits.identifier(version, "version"), "version", limits.MAX_VERSION)
        self._registration = Registration(self._service, version, retention)
        self._executions = Executions(self._service)
        self._holding = Holding()
        self._observing = Observing(self._executions, lambda: self.observer)
        self._policies = Policies(self._service, self._executions, self._observing)
        self._executing = Executing(self._service, self._executions, self._holding, self._observing)
        self._deciding = Deciding(
            self._service,
            self._registry,
            self._registration,
            self._executions,
            self._holding,
            self._observing,
            self._policies,
        )
        self._polling = Polling(
            self._service,
            self._registration,
            self._executions,
            self._holding,
            self._observing,
            self._deciding,
            self._executing,
        )
        self._interrupts = 0
        self._interrupted = threading.Condition()

    # --- what there is to work on ---

    def register_workflow(
        self,
        name: str,
        category: str = Defaults.DECISION_CATEGORY,
        timeout: float = Defaults.WORKFLOW_TIMEOUT,
        decision_timeout: float = Defaults.DECISION_TIMEOUT,
    ) -> None:
        self._registry.add_workflow(name, category, timeout, decision_timeout)

    def register_activity(
        self,
        name: str,
        category: str = Defaults.ACTIVITY_CATEGORY,
        scheduled_timeout: float = Defaults.ACTIVITY_SCHEDULED_TIMEOUT,
        execution_timeout: float = Defaults.ACTIVITY_EXECUTION_TIMEOUT,
        heartbeat_timeout: float = Defaults.ACTIVITY_HEARTBEAT_TIMEOUT,
        restart_lost: bool = True,  # noqa: ARG002 - none is restarted here
    ) -> None:
        self._registry.add_activity(name, category, scheduled_timeout, execution_timeout, heartbeat_timeout)

    # --- processes ---

    def start_process(self, process: Process) -> str:
        workflow = self._registry.workflow(process.workflow or "")
        given = codec.START.encode(process, "process")
        process_id = limits.identifier(given["id"] or str(uuid4()), "process.id")
        input, tags = payload.written(given["input"]), limits.tags(given["tags"], "process.tags")
        limits.payload(input, "process.input")
        self._registration.need_workflow(workflow.name)
        try:
            answer = self._service.call(
                "start_workflow_execution",
                domain=self._service.domain,
                workflowId=process_id,
                workflowType={"name": workflow.name, "version": self._registration.version},
                taskList={"name": workflow.category},
                input=input,
                executionStartToCloseTimeout=wire.seconds(workflow.timeout),
                taskStartToCloseTimeout=wire.seconds(workflow.decision_timeout),
                tagList=tags,
                childPolicy="ABANDON",
            )
        except AlreadyThere as error:
            if given["id"] is None:  # which nobody else has: the request arrived twice
                return process_id
            raise ProcessAlreadyStartedException(process_id) from error
        except UnknownResource as error:
            raise BackendException(f"Amazon SWF does not know the workflow {workflow.name!r}: {error}") from error
        self._executions.know(process_id, answer["runId"])
        self._observing.after(process_id, answer["runId"], started)
        return process_id

    def signal_process(self, process_id: str, signal: Signal | str, data: Any = None) -> None:
        given = signal if isinstance(signal, Signal) else Signal(signal, data)
        name, plain = limits.own(given.name, "signal"), codec.plain(given.data, "data")
        self._signal(process_id, name, plain, SignalEvent(Signal(name, plain)))

    def cancel_process(self, process_id: str, details: Any = None) -> None:
        plain = codec.plain(details, "details")
        limits.payload(payload.written(plain), "details")
        with self._reaching(process_id):
            self._policies.terminate(process_id, None, payload.CANCELED, plain)
        self._observing.after(process_id, None, last(ProcessClosedEvent(ProcessCanceled(plain), "cancel")))
        with suppress(UnknownProcessException):
            self._policies.apply(self._executions.newest(process_id))

    def request_cancel_process(self, process_id: str, details: Any = None) -> None:
        plain = codec.plain(details, "details")
        if plain is not None:
            self._signal(process_id, payload.CANCEL, plain, CancelRequestedEvent(plain))
            return
        with self._reaching(process_id):
            self._service.call("request_cancel_workflow_execution", domain=self._service.domain, workflowId=process_id)
        self._observing.after(process_id, None, last(CancelRequestedEvent()))

    def _signal(self, process_id: str, name: str, data: codec.Json, event: Event) -> None:
        input = limits.payload(payload.written(data), "data")
        with self._reaching(process_id):
            self._service.once(
                "signal_workflow_execution",
                domain=self._service.domain,
                workflowId=process_id,
                signalName=name,
                input=input,
            )
        self._observing.after(process_id, None, last(event))

    # --- looking ---

    def process_by_id(self, process_id: str, *, run: int | None = None) -> Process:
        return self._executions.run(process_id, run).process()

    def processes(
        self, workflow: object = None, tag: str | None = None, *, status: str | None = "open"
    ) -> Iterator[Process]:
        query = Query(status, None if workflow is None else name_of(workflow), tag)
        return listing.processes(self._executions, query)

    def summaries(self, query: Query = ALL, *, cursor: str | None = None, limit: int = 50) -> Page[Summary]:
        return listing.summaries(self._executions, query, cursor, limit)

    def pending(self, process_id: str) -> Pending:
        story = self._executions.newest(process_id)
        return pending(story, self._open_children(story), self._holding.activity)

    def _open_children(self, story: Story) -> Iterator[Summary]:
        for child in story.children.values():
            first = None if child.run_id is None else self._executions.story(child.process_id, child.run_id)
            newest = None if first is None else self._executions.last_of(first)
            if newest is not None and newest.status == "open":
                yield summary(newest)

    def events(
        self, process_id: str | None = None, *, after: int | None = None, limit: int = 1000, wait: float = 0
    ) -> Page[Recorded]:
        if process_id is None:
            raise self._cannot("tell the events of all processes, only those of one")
        until, interrupts = monotonic() + wait, self._interrupts
        while True:
            items = listing.events(self._executions, process_id, after or 0, limit)
            left = until - monotonic()
            if items or left <= 0 or self._interrupts != interrupts:
                return Page(items, str(items[-1].seq) if items else None)
            with self._interrupted:
                self._interrupted.wait(min(left, LOOK))

    # --- working ---

    def poll_decision_task(
        self,
        category: str = Defaults.DECISION_CATEGORY,
        identity: str | None = None,
        *,
        wait: float | None = None,
        lease: Lease | None = None,
        code: str | None = None,
        root: str | None = None,
        names: Collection[str] | None = None,  # noqa: ARG002 - SWF hands out whatever is in the task list
    ) -> DecisionTask | None:
        who = payload.identity(identity, code)
        held = self._polling.decision(self._polled(category, root), who, wait, None if lease is None else lease.id)
        return held.task if held is not None and isinstance(held.task, DecisionTask) else None

    def poll_activity_task(
        self,
        category: str = Defaults.ACTIVITY_CATEGORY,
        identity: str | None = None,
        *,
        wait: float | None = None,
        lease: Lease | None = None,
        root: str | None = None,
        names: Collection[str] | None = None,  # noqa: ARG002 - SWF hands out whatever is in the task list
    ) -> ActivityTask | None:
        who = payload.identity(identity, None)
        held = self._polling.activity(self._polled(category, root), who, wait, None if lease is None else lease.id)
        return held.task if held is not None and isinstance(held.task, ActivityTask) else None

    def complete_decision_task(self, task: DecisionTask, decisions: Decision | Iterable[Decision] | None) -> bool:
        return self._deciding.complete(task, listed(decisions))

    def fail_decision_task(self, task: DecisionTask, reason: str, details: str | None = None) -> None:
        self._deciding.fail(task, reason, details)

    def complete_activity_task(self, task: ActivityTask, result: Any = None) -> ActivityResult:
        return self._executing.complete(task, result)

    def heartbeat_activity_task(self, task: ActivityTask, details: Any = None) -> Heartbeat:
        return Heartbeat(self._executing.heartbeat(task, details))

    def hand_off(self, task: ActivityTask) -> str:
        return self._executing.hand_off(task)

    def release(self, task: DecisionTask | ActivityTask) -> None:
        if isinstance(task, DecisionTask):
            self._deciding.release(task)
        else:
            self._executing.release(task)

    def lease(self, identity: str | None = None) -> Lease:  # noqa: ARG002 - SWF has nowhere to keep it
        return _SWFLease(self._release_lease)

    # --- keeping ---

    def import_process(self, runs: Sequence[Process]) -> str:  # noqa: ARG002
        raise self._cannot("take in processes from elsewhere")

    def prune(self, before: datetime, *, limit: int = 1000) -> int:  # noqa: ARG002
        raise self._cannot("forget processes before the retention period of their domain is over")

    # --- ending ---

    def interrupt(self) -> None:
        with self._interrupted:
            self._interrupts += 1
            self._interrupted.notify_all()
        self._polling.interrupt()

    def close(self) -> None:
        self.interrupt()
        self._polling.close()
        self._service.close()

    def __repr__(self) -> str:
        return f"AmazonSWFBackend(region={self._service.region!r}, domain={self._service.domain!r})"

    # --- how it is done ---

    @contextmanager
    def _reaching(self, process_id: str) -> Iterator[None]:
        """Within, something is sent to the open run. Raises UnknownProcessException, as ProcessClosedException."""
        if not limits.is_identifier(process_id):
            raise UnknownProcessException(process_id)
        try:
            yield
        except UnknownResource as error:
            status = self._executions.newest(process_id).status
            raise ProcessClosedException(process_id, "a moment ago" if status == "open" else status) from error

    def _polled(self, category: str, root: str | None) -> str:
        if root is not None:
            raise self._cannot("serve one process and its descendants only: give them a category of their own")
        return limits.category(category)

    def _cannot(self, what: str) -> UnsupportedException:
        return UnsupportedException("Amazon SWF", what)

    def _release_lease(self, lease: str) -> None:
        for held in self._holding.of_lease(lease):
            self.release(held.task)


class _SWFLease(Lease):
    """Tasks that are released together. SWF knows no such thing: when this program dies, their time-outs end them."""

    def __init__(self, release: Callable[[str], None]) -> None:
        self._release = release
        self.id = str(uuid4())

    def close(self) -> None:
        self._release(self.id)


def from_url(url: str, folder: Path, options: Mapping[str, str]) -> AmazonSWFBackend:  # noqa: ARG001 - it is in none
    """`swf://REGION/DOMAIN`; the options are `endpoint_url` and `version`. The credentials are those of boto3."""
    region, _, domain = url.removeprefix("swf://").partition("/")
    if not (url.startswith("swf://") and region and domain):
        raise ConfigurationException(f"{url!r} names no domain: write swf://us-east-1/orders")
    given = known_options(url, options, {"endpoint_url": None, "version": None})
    try:
        return AmazonSWFBackend(region=region, domain=unquote(domain), **given)
    except InvalidValueException as error:
        raise ConfigurationException(f"{url!r}: {error}", option=error.where) from error
