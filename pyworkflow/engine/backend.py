"""Any store as a backend: draw the time and the ids, apply a rule in one transaction, wake who waits."""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import starmap, takewhile
from typing import Any, TypeVar
from uuid import uuid4

from pyworkflow import codec
from pyworkflow.activity import ActivityResult
from pyworkflow.backend import (
    ALL,
    Backend,
    Heartbeat,
    Lease,
    Page,
    Pending,
    Query,
    Raised,
    Recorded,
    Summary,
)
from pyworkflow.decision import ContinueAsNew, Decision
from pyworkflow.defaults import Defaults
from pyworkflow.engine import decide, forking, importing, reading, transitions
from pyworkflow.engine.bell import EVENTS
from pyworkflow.engine.changes import Changes
from pyworkflow.engine.histories import Histories
from pyworkflow.engine.joined import Joined, SpoiltError, outcome
from pyworkflow.engine.records import ActivityRow, EventRecord, ProcessHead, Start, Worker, micros
from pyworkflow.engine.registry import Registry
from pyworkflow.engine.session import Session, activities_of, decisions_of
from pyworkflow.engine.store import Store, Transaction
from pyworkflow.event import CancelRequestedEvent, SignalEvent, utcnow
from pyworkflow.exceptions import (
    BackendUnavailableException,
    InvalidValueException,
    ProcessAlreadyStartedException,
    ProcessClosedException,
    UnknownActivityException,
    UnknownDecisionException,
    UnknownProcessException,
    WorkflowException,
)
from pyworkflow.given import ending, listed, storable
from pyworkflow.naming import name_of
from pyworkflow.process import Process
from pyworkflow.signal import Signal
from pyworkflow.task import ActivityTask, DecisionTask

LOGGER = logging.getLogger("pyworkflow.engine")

Result = TypeVar("Result")

LONGEST_WAIT = 1.0  # seconds between two looks of a waiting poll: the slow polling behind the wake-ups
LEASE_CHECK = 1.0  # seconds between two looks for workers that died
EXPIRED_AT_ONCE = 100  # things whose time is up, in one transaction
SHORT = 10 * transitions.SECOND  # a time-out below this does not bear waiting for others
LARGEST = 2**63 - 1  # the largest key and number that a store can hold


class EngineBackend(Backend):
    """The rules over a store. `clock` tells the time, aware."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = utcnow) -> None:
        self._store = store
        self._clock = clock
        self._registry = Registry()
        self._interrupts = 0
        self._joined = Joined()
        self._histories = Histories()
        self._busy: set[str] = set()  # topics whose last poll found something
        self._leases_checked = float("-inf")

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
        restart_lost: bool = True,
    ) -> None:
        self._registry.add_activity(
            name, category, scheduled_timeout, execution_timeout, heartbeat_timeout, restart_lost
        )

    # --- processes ---

    def start_process(self, process: Process) -> str:
        workflow = self._registry.workflow(process.workflow or "")
        given = codec.START.encode(process, "process")
        process_id: str = given["id"] or str(uuid4())
        start = Start(codec.dumps(given["input"]), tuple(given["tags"]))

        def operation(session: Session) -> bool:
            if session.transaction.head(process_id) is not None:
                return False
            session.start(transitions.new_process(workflow, process_id, session.now), start)
            return True

        if not self._transact(operation):
            raise ProcessAlreadyStartedException(process_id)
        return process_id

    def signal_process(self, process_id: str, signal: Signal | str, data: Any = None) -> None:
        given = signal if isinstance(signal, Signal) else Signal(signal, data)
        event = SignalEvent(Signal(codec.text(given.name, "signal"), codec.plain(given.data, "data")))
        self._change_open(process_id, lambda head, now: transitions.receive(head, event, now))

    def cancel_process(self, process_id: str, details: Any = None) -> None:
        plain = codec.plain(details, "details")
        self._change_open(process_id, lambda head, now: transitions.cancel(head, plain, now))

    def request_cancel_process(self, process_id: str, details: Any = None) -> None:
        event = CancelRequestedEvent(codec.plain(details, "details"))
        self._change_open(process_id, lambda head, now: transitions.receive(head, event, now))

    def _change_open(self, process_id: str, rule: Callable[[ProcessHead, int], Changes]) -> None:
        """Apply a rule to a process that must be open."""

        def operation(session: Session) -> ProcessHead | None:
            head = session.transaction.head(process_id)
            if head is not None and head.status == "open":
                session.record(rule(head, session.now))
            return head

        head = self._transact_in_time(operation)
        if head is None:
            raise UnknownProcessException(process_id)
        if head.status != "open":
            raise ProcessClosedException(process_id, head.status)

    # --- looking ---

    def process_by_id(self, process_id: str, *, run: int | None = None) -> Process:
        if run is not None and not 0 < run <= LARGEST:
            raise UnknownProcessException(process_id)
        return self._read(lambda transaction: reading.process(transaction, process_id, run))()

    def processes(
        self, workflow: object = None, tag: str | None = None, *, status: str | None = "open"
    ) -> Iterator[Process]:
        name = None if workflow is None else name_of(workflow)
        return reading.processes(self._store, name, tag, status)

    def summaries(self, query: Query = ALL, *, cursor: str | None = None, limit: int = 50) -> Page[Summary]:
        before = None if cursor is None else _cursor(cursor)
        rows = self._read(lambda transaction: transaction.summaries(query, before, limit))
        more = str(rows[-1][0]) if rows and len(rows) == limit else None
        return Page([summary for _, summary in rows], more)

    def pending(self, process_id: str) -> Pending:
        workers = self._store.live_leases()
        return self._read(lambda transaction: reading.pending(transaction, process_id, workers))

    def events(
        self, process_id: str | None = None, *, after: int | None = None, limit: int = 1000, wait: float = 0
    ) -> Page[Recorded]:
        def look() -> Page[Recorded] | None:
            number = min(after or 0, LARGEST)
            page = self._read(lambda transaction: reading.events(transaction, process_id, number, limit))
            return page if page.items else None

        return self._wait_for(look, EVENTS, wait, lambda: LONGEST_WAIT) or Page([])

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
        names: Collection[str] | None = None,
    ) -> DecisionTask | None:
        tasks = self.poll_decision_tasks(
            1, category, identity, wait=wait, lease=lease, code=code, root=root, names=names
        )
        return tasks[0] if tasks else None

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
        worker = Worker(secrets.token_hex(8), identity, lease.id if lease else None, code)
        histories = self._histories if self._joined.session is None else Histories()  # what is committed is kept

        def find(transaction: Transaction, now: int, most: int) -> Sequence[ProcessHead]:
            return transaction.next_decisions(category, now, code, root, names, most)

        def claim(session: Session) -> list[tuple[str, Callable[[], Process]]]:
            heads = [
                session.record(transitions.start_decision(head, worker, session.now))
                for head in find(session.transaction, session.now, most)
            ]
            return [
                (_token(head.key, worker.secret), reading.task(session.transaction, head, histories)) for head in heads
            ]

        claimed = self._poll(find, claim, decisions_of(category), wait, lease)
        return [task for task in starmap(self._decision_task, claimed) if task is not None]

    def _decision_task(self, token: str, process: Callable[[], Process]) -> DecisionTask | None:
        try:
            return DecisionTask(process(), token)
        except Exception as error:  # a newer version wrote what this one does not know
            with suppress(WorkflowException):
                self.fail_decision_task(DecisionTask(Process(), token), str(error))
            return None

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
        tasks = self.poll_activity_tasks(1, category, identity, wait=wait, lease=lease, root=root, names=names)
        return tasks[0] if tasks else None

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
        worker = Worker(secrets.token_hex(8), identity, lease.id if lease else None)

        def find(transaction: Transaction, now: int, most: int) -> Sequence[ActivityRow]:  # noqa: ARG001
            rows = transaction.next_activities(category, root, names, most)
            return list(takewhile(lambda row: _may_come_with_others(row, quick), rows)) or rows[:1]

        def claim(session: Session) -> list[ActivityTask]:
            tasks = []
            for row in find(session.transaction, session.now, most):
                head = session.record(transitions.start_activity(session.head(row.process), row, worker, session.now))
                tasks.append(ActivityTask(row.execution, head.id, _token(row.key, worker.secret)))
            return tasks

        return self._poll(find, claim, activities_of(category), wait, lease)

    def complete_decision_task(self, task: DecisionTask, decisions: Decision | Iterable[Decision] | None) -> bool:
        made = listed(decisions)

        def rule(session: Session, head: ProcessHead) -> bool:
            transaction = session.transaction
            changes = decide.apply(
                head,
                made,
                self._registry,
                {row.id: row for row in transaction.activities(head.key, decide.named_activities(made))},
                transaction.timers(head.key) if decide.names_timers(made) else (),
                transaction.start(head.key).tags if any(isinstance(one, ContinueAsNew) for one in made) else (),
                session.now,
            )
            overtaken = head.arrived and bool(made) and made[-1].closes
            session.record(transitions.decision_overtaken(head, session.now) if overtaken else changes)
            return not overtaken

        return self._with_decision(task, rule)

    def fail_decision_task(self, task: DecisionTask, reason: str, details: str | None = None) -> None:
        why, more = storable(reason), None if details is None else storable(details)

        def rule(session: Session, head: ProcessHead) -> None:
            session.record(transitions.decision_failed(head, why, more, session.now))

        self._with_decision(task, rule)

    def complete_activity_task(self, task: ActivityTask, result: Any = None) -> ActivityResult:
        end = ending(result)

        def rule(session: Session, row: ActivityRow) -> None:
            session.record(transitions.end_activity(session.head(row.process), row, end, session.now))

        self._with_activity(task, rule)
        return end

    def heartbeat_activity_task(self, task: ActivityTask, details: Any = None) -> Heartbeat:
        text = None if details is None else codec.dumps(codec.plain(details, "details"))

        def rule(session: Session, row: ActivityRow) -> Heartbeat:
            session.transaction.save_activity(transitions.heartbeat(row, text, session.now))
            return Heartbeat(bool(row.cancel_requested))

        return self._with_activity(task, rule)

    def hand_off(self, task: ActivityTask) -> str:
        def rule(session: Session, row: ActivityRow) -> None:
            session.transaction.save_activity(transitions.hand_off(row, session.now))

        self._with_activity(task, rule)
        return task.context or ""

    def release(self, task: DecisionTask | ActivityTask) -> None:
        self._give_back(task, transitions.decision_lost, transitions.activity_lost)

    def put_back(self, task: DecisionTask | ActivityTask) -> None:
        self._give_back(task, transitions.decision_put_back, transitions.activity_put_back)

    def _give_back(
        self,
        task: DecisionTask | ActivityTask,
        of_decision: Callable[[ProcessHead, int], Changes],
        of_activity: Callable[[ProcessHead, ActivityRow, int], Changes],
    ) -> None:
        def operation(session: Session) -> None:
            if isinstance(task, DecisionTask):
                head = _running_decision(session.transaction, task.context)
                if head is not None:
                    session.record(of_decision(head, session.now))
            else:
                row = _taken_activity(session.transaction, task.context)
                if row is not None and row.state == "running":  # and not handed off
                    session.record(of_activity(session.head(row.process), row, session.now))

        self._transact_in_time(operation)

    def lease(self, identity: str | None = None) -> Lease:
        return _EngineLease(self, identity)

    # --- keeping ---

    def import_process(self, runs: Sequence[Process]) -> str:
        rows = importing.rows(runs)
        process_id = rows[0][0].id

        def operation(session: Session) -> bool:
            transaction = session.transaction
            if transaction.head(process_id) is not None:
                return False
            for head, start, events in rows:
                transaction.append(transaction.add_process(head, start), 1, events)
            session.topics.append(EVENTS)
            return True

        if not self._transact(operation):
            raise ProcessAlreadyStartedException(process_id)
        return process_id

    def fork_process(
        self,
        run: Process,
        number: int,
        *,
        results: Mapping[int, ActivityResult] | None = None,
        id: str | None = None,
    ) -> str:
        process_id = str(uuid4()) if id is None else codec.text(id, "id")

        def operation(session: Session) -> bool:
            if session.transaction.head(process_id) is not None:
                return False
            whole = forking.as_it_is(run, session.transaction.head(str(run.id)))
            session.fork(forking.fork(whole, number, results or {}, process_id, self._registry, session.now))
            return True

        if not self._transact(operation):
            raise ProcessAlreadyStartedException(process_id)
        return process_id

    def prune(self, before: datetime, *, limit: int = 1000) -> int:
        def operation(session: Session) -> int:
            ids = session.transaction.closed_before(micros(before), limit)
            for process_id in ids:
                session.transaction.forget(process_id)
            return len(ids)

        return self._transact(operation)

    # --- ending ---

    def interrupt(self) -> None:
        self._interrupts += 1
        self._store.interrupt()

    def close(self) -> None:
        self.interrupt()
        self._store.close()

    # --- several calls with one commit ---

    def together(self, calls: Sequence[Callable[[], Result]]) -> list[Result | Raised]:
        if self._joined.session is not None or len(calls) < 2:
            return super().together(calls)
        asked = self._now()

        def operation(session: Session) -> list[Result | Raised]:
            with self._joined.by(session, asked) as joined:
                outcomes = [outcome(call, session) for call in calls]
                if joined.spoilt:
                    raise SpoiltError
                return outcomes

        try:
            return self._transact(operation)
        except BackendUnavailableException as error:
            return [Raised(error)] * len(calls)
        except Exception:  # one of them spoils it for all, and nothing is done: which, each for itself will tell
            LOGGER.debug("%d calls could not be made together", len(calls), exc_info=True)
        return super().together(calls)

    # --- how it is done ---

    def _now(self) -> int:
        return micros(self._clock())

    def _asked(self) -> int:
        """When the call was asked for, or those that it has joined."""
        return self._now() if self._joined.session is None else self._joined.asked

    def _transact(self, operation: Callable[[Session], Result]) -> Result:
        """One operation: whole or not at all; then those that wait for what it brought are woken."""
        joined = self._joined.session
        if joined is not None:
            return self._joined.make(operation, joined)

        def in_transaction(transaction: Transaction) -> tuple[Result, Session]:
            # The time is that when its turn has come, after any waiting.
            session = Session(transaction, self._now(), observed=self.observer is not None)
            result = operation(session)
            session.deliver()
            return result, session

        result, session = self._store.transact(in_transaction)
        if session.topics:
            self._ring(session.topics)
        if session.recorded:
            self._tell_observer(session.recorded)
        return result

    def _ring(self, topics: Sequence[str]) -> None:
        """Wake who waits. It is done whether or not they can be woken: they look by themselves, later."""
        try:
            self._store.ring(topics)
        except Exception:
            LOGGER.exception("who waits for work could not be woken")

    def _read(self, operation: Callable[[Transaction], Result]) -> Result:
        """An operation that only looks: by a call that has joined others, at what those have changed too."""
        joined = self._joined.session
        return self._store.read(operation) if joined is None else operation(joined.transaction)

    def _tell_observer(self, recorded: Iterable[tuple[ProcessHead, list[EventRecord]]]) -> None:
        for head, records in recorded:
            try:
                if self.observer is not None:
                    self.observer(reading.observed(head, records))
            except Exception:
                LOGGER.exception("the observer of %r failed; what it was told of is recorded", self)

    def apply_due(self) -> None:
        self._recover()
        self._expire(self._asked())

    def _with_decision(self, task: DecisionTask, rule: Callable[[Session, ProcessHead], Result]) -> Result:
        """Apply a rule to the process of a decision task that is not over."""

        def operation(session: Session) -> tuple[Result] | None:
            head = _running_decision(session.transaction, task.context)
            return None if head is None else (rule(session, head),)

        done = self._transact_in_time(operation)
        if done is None:
            raise UnknownDecisionException(task.context)
        return done[0]

    def _with_activity(self, task: ActivityTask, rule: Callable[[Session, ActivityRow], Result]) -> Result:
        """Apply a rule to the activity of a task that is not over."""

        def operation(session: Session) -> tuple[Result] | None:
            row = _taken_activity(session.transaction, task.context)
            return None if row is None else (rule(session, row),)

        done = self._transact_in_time(operation)
        if done is None:
            raise UnknownActivityException(task.context)
        return done[0]

    def _transact_in_time(self, operation: Callable[[Session], Result]) -> Result:
        """The same, but first everything whose time is up: a task that comes too late finds itself over.

        It comes when the call is made: waiting for the store's lock makes nothing late, unless somebody who asked later
        is given the lock first.
        """
        asked = self._asked()

        def in_time(session: Session) -> tuple[Result] | None:
            return None if session.transaction.is_due(asked) else (operation(session),)

        while (done := self._transact(in_time)) is None:
            self._expire(asked)
        return done[0]

    def _poll(
        self,
        find: Callable[[Transaction, int, int], Sequence[object]],
        claim: Callable[[Session], list[Result]],
        topic: str,
        wait: float | None,
        lease: Lease | None,
    ) -> list[Result]:
        """Claim what can be found, after doing what is due; if there is nothing, wait until there may be.

        After an empty poll the next one only reads: idle workers take no write lock, for which busy ones would queue.
        """

        def look() -> list[Result] | None:
            if lease is not None:
                self._recover()
            if topic not in self._busy and not self._is_worth_a_claim(find):
                return None
            claimed = self._transact_in_time(claim)
            (self._busy.add if claimed else self._busy.discard)(topic)
            return claimed or None

        return self._wait_for(look, topic, wait or 0, self._pause) or []

    def _is_worth_a_claim(self, find: Callable[[Transaction, int, int], Sequence[object]]) -> bool:
        """Is there something to be found, or due?"""
        now = self._asked()
        return self._read(lambda transaction: transaction.is_due(now) or bool(find(transaction, now, 1)))

    def _wait_for(
        self, look: Callable[[], Result | None], topic: str, wait: float, pause: Callable[[], float]
    ) -> Result | None:
        """What `look` finds, at once or within `wait` seconds, unless interrupted."""
        until = time.monotonic() + (wait if self._joined.session is None else 0)
        interrupts = self._interrupts
        while True:
            ticket = self._store.ticket(topic)
            found = look()
            left = until - time.monotonic()
            if found is not None or left <= 0 or self._interrupts != interrupts:
                return found
            self._store.wait(topic, ticket, min(left, pause()))

    def _pause(self) -> float:
        """Seconds until something is due, at most LONGEST_WAIT."""
        now = self._now()

        def nearest(transaction: Transaction) -> int | None:
            due, offer = transaction.next_due(), transaction.next_offer(now)
            return min((at for at in (due and due.at, offer) if at is not None), default=None)

        at = self._read(nearest)
        return LONGEST_WAIT if at is None else min(max((at - now) / transitions.SECOND, 0.001), LONGEST_WAIT)

    def _expire(self, asked: int) -> None:
        """Apply everything whose time was up then, in the order in which it fell due (T1, A4, D9, P7)."""

        def operation(session: Session) -> bool:
            for _ in range(EXPIRED_AT_ONCE):
                due = session.transaction.next_due()
                if due is None or due.at > asked:
                    return False
                session.expire(due)
                session.deliver()
            return True

        while self._transact(operation):
            pass

    def _recover(self) -> None:
        """What workers held that have died is lost (A5)."""
        if time.monotonic() - self._leases_checked < LEASE_CHECK:
            return
        self._leases_checked = time.monotonic()
        for lease in self._read(lambda transaction: transaction.leases()):
            if not self._store.is_alive(lease):
                self._lose(lease)

    def _lose(self, lease: str) -> None:
        self._transact_in_time(lambda session: session.lose(lease))
        self._store.drop_lease(lease)


class _EngineLease(Lease):
    """A lease that the store keeps alive, for the operating-system process that opened it."""

    def __init__(self, backend: EngineBackend, identity: str | None) -> None:
        self._backend = backend
        self._pid: int | None = os.getpid()
        self.id = backend._store.open_lease(identity)

    def close(self) -> None:
        if self._pid == os.getpid():
            self._pid = None
            self._backend._lose(self.id)


# --- tokens and values ------------------------------------------------------------------------------------------


def _token(key: int, secret: str) -> str:
    """It carries the row, and a secret that changes each time the row is handed out."""
    return f"{key}:{secret}"


def _opened(token: str | None) -> tuple[int, str]:
    """Key and secret; a key that no row has for what is no token."""
    key, _, secret = (token or "").partition(":")
    return (int(key), secret) if key.isascii() and key.isdigit() and len(key) <= 18 else (0, "")


def _running_decision(transaction: Transaction, token: str | None) -> ProcessHead | None:
    key, secret = _opened(token)
    head = transaction.head_by_key(key)
    return head if head is not None and head.decision == "running" and head.secret == secret else None


def _taken_activity(transaction: Transaction, token: str | None) -> ActivityRow | None:
    key, secret = _opened(token)
    row = transaction.activity(key)
    return row if row is not None and row.state != "waiting" and row.secret == secret else None


def _may_come_with_others(row: ActivityRow, quick: Collection[str] | None) -> bool:
    """It can wait for those before it, and it has done no harm yet; if the worker dies it may be begun again."""
    if quick is not None and row.activity not in quick:
        return False
    return row.losses == 0 and row.restart_lost and min(row.execution_timeout, row.heartbeat_timeout) >= SHORT


def _cursor(text: str) -> int:
    try:
        return min(int(text), LARGEST)
    except ValueError:
        raise InvalidValueException("cursor", f"{text!r} is none that a page of this backend had") from None
