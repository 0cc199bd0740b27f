"""Rows as what people and workers read: processes, what they wait for, and events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from pyworkflow import codec
from pyworkflow.backend import Observed, Page, Pending, PendingActivity, PendingDecision, PendingTimer, Query, Recorded
from pyworkflow.engine.histories import Histories
from pyworkflow.engine.records import ActivityRow, EventRecord, ProcessHead, Start, moment
from pyworkflow.engine.store import Store, Transaction
from pyworkflow.event import Event
from pyworkflow.exceptions import UnknownProcessException
from pyworkflow.history import History
from pyworkflow.process import Process
from pyworkflow.unfinished import CHANGING, Unfinished

PAGE = 100


def process(transaction: Transaction, process_id: str, number: int | None) -> Callable[[], Process]:
    """That run of a process, the newest if None is given. Raises UnknownProcessException."""
    return run(transaction, existing(transaction, process_id, number))


def run(transaction: Transaction, head: ProcessHead) -> Callable[[], Process]:
    """This run as long as its head says, whatever was appended since; to be decoded outside the transaction."""
    start = transaction.start(head.key)
    records = transaction.history(head.key, 0, head.length)
    return lambda: _process(head, start, [_event(record) for record in records])


def task(transaction: Transaction, head: ProcessHead, histories: Histories) -> Callable[[], Process]:
    """The same for who decides: he is asked again and again, and looks at little of what he has seen before.

    To be called only when the transaction is committed.
    """
    start = transaction.start(head.key)
    known = histories.of(head)
    records = known.records
    after = len(records)
    new = transaction.history(head.key, after, head.length)

    def decode() -> Process:
        histories.keep(head, known, after, new)
        events = [_event(record) for record in new]  # now: what this version does not know is no task for it

        def make(place: int) -> Event:
            return events[place - after] if place >= after else _event(records[place])

        def unfinished(length: int) -> Unfinished:
            """From events of its own: nothing that was done to those that are handed out is to be seen later."""
            before = known.unfinished if known.unfinished.length <= length else Unfinished()
            known.unfinished = then = before.after(
                _event(record) if record.type in CHANGING else None for record in records[before.length : length]
            )
            return then

        return _process(head, start, History(head.length, make, unfinished))

    return decode


def existing(transaction: Transaction, process_id: str, number: int | None = None) -> ProcessHead:
    """The head of that run. Raises UnknownProcessException."""
    head = transaction.head(process_id, number)
    if head is None:
        raise UnknownProcessException(process_id)
    return head


def processes(store: Store, workflow: str | None, tag: str | None, status: str | None) -> Iterator[Process]:
    """Such processes, oldest first, a page at a time, each as it is when it is read."""
    after = 0
    while True:
        keys = store.read(partial(_keys, workflow=workflow, tag=tag, status=status, after=after))
        for key in keys:
            decode = store.read(partial(_run_by_key, key=key))
            if decode is not None:
                yield decode()
        if len(keys) < PAGE:
            return
        after = keys[-1]


def pending(transaction: Transaction, process_id: str, workers: int) -> Pending:
    """What the process waits for. Raises UnknownProcessException."""
    head = existing(transaction, process_id)
    children = transaction.summaries(Query(status="open", parent=process_id), None, 1_000_000)
    return Pending(
        decision=_pending_decision(head),
        activities=tuple(_pending_activity(row) for row in transaction.activities(head.key)),
        timers=tuple(PendingTimer(row.timer, moment(row.due_at)) for row in transaction.timers(head.key)),
        children=tuple(summary for _, summary in reversed(children)),
        timeout_at=moment(head.timeout_at) if head.status == "open" else None,
        workers=workers,
    )


def events(transaction: Transaction, process_id: str | None, after: int, limit: int) -> Page[Recorded]:
    """Events with a seq above `after`. Raises UnknownProcessException."""
    if process_id is not None:
        existing(transaction, process_id)
    stored = transaction.events(process_id, after, limit)
    items = [Recorded(one.seq, one.process_id, one.run, one.number, _event(one.record)) for one in stored]
    return Page(items, str(items[-1].seq) if items else None)


def observed(head: ProcessHead, records: Sequence[EventRecord]) -> Observed:
    """Events that were recorded for this run, which was as long as its head says before."""
    return Observed(head.id, head.workflow, head.run, head.length + 1, tuple(map(_event, records)))


def _keys(
    transaction: Transaction, workflow: str | None, tag: str | None, status: str | None, after: int
) -> Sequence[int]:
    return transaction.keys(workflow, tag, status, after, PAGE)


def _run_by_key(transaction: Transaction, key: int) -> Callable[[], Process] | None:
    head = transaction.head_by_key(key)
    return None if head is None else run(transaction, head)


def _process(head: ProcessHead, start: Start, history: Sequence[Event]) -> Process:
    return Process(
        head.workflow,
        head.id,
        codec.loads(start.input),
        start.tags,
        history,
        head.parent,
        run=head.run,
    )


def _event(record: EventRecord) -> Event:
    return codec.decode_event(record.type, moment(record.at), codec.loads(record.body))


def _pending_decision(head: ProcessHead) -> PendingDecision | None:
    if head.decision_at is None:
        return None
    running = head.decision == "running"
    return PendingDecision(
        state=head.decision,
        category=head.category,
        since=moment(head.decision_at if running else min(head.decision_at, head.last_at)),
        due_at=None if running else moment(head.decision_at),
        deadline=None if head.decision_deadline is None else moment(head.decision_deadline),
        identity=head.identity,
        attempt=head.attempts + 1,
        error=head.error,
        started=head.start_number,
    )


def _pending_activity(row: ActivityRow) -> PendingActivity:
    return PendingActivity(
        execution=row.execution,
        state=row.state,
        category=row.category,
        since=moment(row.since),
        deadline=moment(row.deadline),
        timeout=row.timeout,
        token=None if row.secret is None else f"{row.key}:{row.secret}",
        identity=row.identity,
        heartbeat_at=None if row.heartbeat_at is None else moment(row.heartbeat_at),
        details=None if row.details is None else codec.loads(row.details),
        losses=row.losses,
        cancel_requested=bool(row.cancel_requested),
    )
