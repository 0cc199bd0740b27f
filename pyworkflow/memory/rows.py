"""The rows, in dictionaries; what a failed operation changed is put back."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice

from pyworkflow.backend import Query, Summary
from pyworkflow.engine.records import ActivityRow, Due, EventRecord, ProcessHead, Start, StoredEvent, TimerRow, moment
from pyworkflow.engine.store import Transaction

Row = ProcessHead | ActivityRow | TimerRow
DEADLINES = "deadlines"
SPARE = 100  # entries that a queue may have beyond twice those that were current when it was cleared last


def _places(row: Row | None) -> list[tuple[str, int, str]]:
    """The queues that the row stands in, where in them, and as what."""
    match row:
        case ProcessHead(status="open"):
            places = [(DEADLINES, row.timeout_at, "process")]
            if row.decision == "due" and row.decision_at is not None:
                places.append((f"due {row.category}", row.decision_at, "offer"))
            if row.decision_deadline is not None:
                places.append((DEADLINES, row.decision_deadline, "decision"))
            return places
        case ActivityRow():
            waiting = [(f"waiting {row.category}", row.key, "activity")] if row.state == "waiting" else []
            return [(DEADLINES, row.deadline, "activity"), *waiting]
        case TimerRow():
            return [(DEADLINES, row.due_at, "timer")]
    return []


class Rows(Transaction):
    """The rows, the queues that they stand in, and how to put back what an operation changed."""

    def __init__(self) -> None:
        self.last_key = 0
        self.last_seq = 0
        self._heads: dict[int, Row] = {}
        self._activities: dict[int, Row] = {}
        self._timers: dict[int, Row] = {}
        self._starts: dict[int, Start] = {}
        self._histories: dict[int, list[EventRecord]] = {}
        self._seqs: dict[int, list[int]] = {}  # of the events of each history
        self._log: dict[int, tuple[int, int]] = {}  # run and number of every event, in the order of commits
        self._runs: defaultdict[str, list[int]] = defaultdict(list)
        self._children: defaultdict[str, list[int]] = defaultdict(list)
        self._work: defaultdict[int, dict[int, ActivityRow | TimerRow]] = defaultdict(dict)  # open, by run
        self._queues: defaultdict[str, list[tuple[int, str, int]]] = defaultdict(list)
        self._lengths: defaultdict[str, int] = defaultdict(int)  # of the queues, when they were cleared last
        self._undo: list[Callable[[], object]] = []

    def keep(self) -> None:
        """What the operation changed is to stay."""
        self._undo.clear()

    def undo(self) -> None:
        """Put back what the operation changed."""
        while self._undo:
            self._undo.pop()()

    def _next_key(self) -> int:
        self.last_key += 1
        return self.last_key

    # --- looking ---

    def head(self, process_id: str, run: int | None = None) -> ProcessHead | None:
        keys = self._runs.get(process_id, [])
        number = len(keys) if run is None else run
        return self.head_by_key(keys[number - 1]) if 1 <= number <= len(keys) else None

    def head_by_key(self, key: int) -> ProcessHead | None:
        row = self._heads.get(key)
        return row if isinstance(row, ProcessHead) else None

    def start(self, key: int) -> Start:
        return self._starts[key]

    def history(self, key: int, after: int, length: int) -> Sequence[EventRecord]:
        return self._histories.get(key, [])[after:length]

    def activity(self, key: int) -> ActivityRow | None:
        row = self._activities.get(key)
        return row if isinstance(row, ActivityRow) else None

    def activities(self, process: int, ids: Iterable[str] | None = None) -> Sequence[ActivityRow]:
        wanted = None if ids is None else set(ids)
        return [
            row
            for _, row in sorted(self._work.get(process, {}).items())
            if isinstance(row, ActivityRow) and (wanted is None or row.id in wanted)
        ]

    def timer(self, key: int) -> TimerRow:
        row = self._timers[key]
        assert isinstance(row, TimerRow)
        return row

    def timers(self, process: int) -> Sequence[TimerRow]:
        return [row for _, row in sorted(self._work.get(process, {}).items()) if isinstance(row, TimerRow)]

    def open_children(self, process_id: str) -> Sequence[ProcessHead]:
        heads = (self.head_by_key(key) for key in self._children.get(process_id, []))
        return [head for head in heads if head is not None and head.status == "open"]

    def next_decisions(
        self, category: str, now: int, code: str | None, root: str | None, names: Collection[str] | None, most: int
    ) -> Sequence[ProcessHead]:
        def is_wanted(head: Row) -> bool:
            assert isinstance(head, ProcessHead)
            return root in (None, head.root) and (names is None or head.workflow in names)

        def failed_with_others(head: Row) -> bool:
            assert isinstance(head, ProcessHead)
            return is_wanted(head) and head.failed_codes != "" and f" {code} " not in head.failed_codes

        queue = f"due {category}"
        found = self._first(queue, self._heads, is_wanted, most, until=now)
        if not found and code is not None:
            found = self._first(queue, self._heads, failed_with_others, 1)
        return [head for head in found if isinstance(head, ProcessHead)]

    def next_activities(
        self, category: str, root: str | None, names: Collection[str] | None, most: int
    ) -> Sequence[ActivityRow]:
        def is_wanted(row: Row) -> bool:
            assert isinstance(row, ActivityRow)
            return (root is None or self._root(row) == root) and (names is None or row.activity in names)

        found = self._first(f"waiting {category}", self._activities, is_wanted, most)
        return [row for row in found if isinstance(row, ActivityRow)]

    def _root(self, row: ActivityRow) -> str:
        head = self.head_by_key(row.process)
        assert head is not None
        return head.root

    def next_due(self) -> Due | None:
        entries = self._queues[DEADLINES]
        while entries and not self._is_current(DEADLINES, entries[0]):
            heapq.heappop(entries)
        return Due(*entries[0]) if entries else None

    def next_offer(self, after: int) -> int | None:
        offers = (
            entry[0]
            for queue, entries in self._queues.items()
            if queue.startswith("due ")
            for entry in entries
            if entry[0] > after and self._is_current(queue, entry)
        )
        return min(offers, default=None)

    def leases(self) -> Sequence[str]:
        return [row.lease for row in self._holders() if row.lease is not None]

    def held(self, lease: str) -> tuple[Sequence[ProcessHead], Sequence[ActivityRow]]:
        rows = [row for row in self._holders() if row.lease == lease]
        return (
            [row for row in rows if isinstance(row, ProcessHead)],
            [row for row in rows if isinstance(row, ActivityRow)],
        )

    def _holders(self) -> Iterator[ProcessHead | ActivityRow]:
        for table in (self._heads, self._activities):
            for row in table.values():
                if not isinstance(row, TimerRow) and row.lease is not None:
                    yield row

    # --- listing ---

    def summaries(self, query: Query, before: int | None, limit: int) -> Sequence[tuple[int, Summary]]:
        found = (
            (key, self._summary(key))
            for key in sorted(self._heads, reverse=True)
            if (before is None or key < before) and self._is_wanted(key, query)
        )
        return list(islice(found, limit))

    def keys(self, workflow: str | None, tag: str | None, status: str | None, after: int, limit: int) -> Sequence[int]:
        query = Query(status=status, workflow=workflow, tag=tag)
        return list(islice((key for key in sorted(self._heads) if key > after and self._is_wanted(key, query)), limit))

    def _is_wanted(self, key: int, query: Query) -> bool:
        one = self._summary(key)
        return (
            (
                query.status in (None, one.status)
                or (query.status == "closed" and one.status not in ("open", "continued"))
            )
            and query.workflow in (None, one.workflow)
            and (query.tag is None or query.tag in one.tags)
            and (query.since is None or one.started_at >= query.since)
            and (query.parent is None or query.parent == (one.parent or ""))
            and (query.id_prefix is None or one.id.startswith(query.id_prefix))
            and (not query.failing or one.failures > 0)
        )

    def _summary(self, key: int) -> Summary:
        head = self.head_by_key(key)
        assert head is not None
        return Summary(
            head.id,
            head.run,
            head.workflow,
            head.status,
            moment(head.started_at),
            None if head.closed_at is None else moment(head.closed_at),
            head.parent,
            self._starts[key].tags,
            head.length,
            head.attempts,
        )

    def events(self, process_id: str | None, after: int, limit: int) -> Sequence[StoredEvent]:
        if process_id is None:
            seqs: Iterable[int] = (seq for seq in range(after + 1, self.last_seq + 1) if seq in self._log)
        else:
            seqs = (seq for key in self._runs.get(process_id, []) for seq in self._seqs[key] if seq > after)
        return [self._stored(seq, *self._log[seq]) for seq in islice(seqs, limit)]

    def _stored(self, seq: int, key: int, number: int) -> StoredEvent:
        head = self.head_by_key(key)
        assert head is not None
        return StoredEvent(seq, head.id, head.run, number, self._histories[key][number - 1])

    def closed_before(self, before: int, limit: int) -> Sequence[str]:
        heads = (self.head_by_key(key) for key in self._heads)
        ended = (head for head in heads if head is not None and head.status not in ("open", "continued"))
        return list(
            islice((head.id for head in ended if head.closed_at is not None and head.closed_at < before), limit)
        )

    # --- changing ---

    def add_process(self, head: ProcessHead, start: Start) -> int:
        key = self._next_key()
        self._starts[key], self._histories[key], self._seqs[key] = start, [], []
        self._runs[head.id].append(key)
        self._undo.append(lambda: self._forget(head, key))
        if head.parent is not None:
            self._children[head.parent].append(key)
        self._put(self._heads, key, head._replace(key=key))
        return key

    def _forget(self, head: ProcessHead, key: int) -> None:
        del self._starts[key], self._histories[key], self._seqs[key]
        self._runs[head.id].remove(key)
        if head.parent is not None:
            self._children[head.parent].remove(key)

    def save_process(self, head: ProcessHead) -> None:
        self._put(self._heads, head.key, head)

    def append(self, process: int, first_number: int, events: Sequence[EventRecord]) -> None:
        self._histories[process].extend(events)
        for number in range(first_number, first_number + len(events)):
            self.last_seq += 1
            self._seqs[process].append(self.last_seq)
            self._log[self.last_seq] = (process, number)
        self._undo.append(lambda: self._unwrite(process, len(events)))

    def _unwrite(self, process: int, many: int) -> None:
        for seq in self._seqs[process][-many:]:
            del self._log[seq]
        del self._histories[process][-many:], self._seqs[process][-many:]
        self.last_seq -= many

    def add_activity(self, row: ActivityRow) -> None:
        key = self._next_key()
        self._put(self._activities, key, row._replace(key=key))

    def save_activity(self, row: ActivityRow) -> None:
        self._put(self._activities, row.key, row)

    def drop_activity(self, key: int) -> None:
        self._put(self._activities, key, None)

    def add_timer(self, row: TimerRow) -> None:
        key = self._next_key()
        self._put(self._timers, key, row._replace(key=key))

    def drop_timer(self, key: int) -> None:
        self._put(self._timers, key, None)

    def withdraw(self, process: int) -> None:
        for key, row in list(self._work.get(process, {}).items()):
            self._put(self._table(row), key, None)

    def forget(self, process_id: str) -> None:
        for key in self._runs.pop(process_id):
            head = self._heads.pop(key)
            assert isinstance(head, ProcessHead)
            seqs = self._seqs.pop(key)
            for seq in seqs:
                del self._log[seq]
            self._undo.append(partial(self._remember, head, self._starts.pop(key), self._histories.pop(key), seqs))
            if head.parent is not None:
                self._children[head.parent].remove(key)

    def _remember(self, head: ProcessHead, start: Start, history: list[EventRecord], seqs: list[int]) -> None:
        """A run of which nothing is open, as it was."""
        key = head.key
        self._heads[key], self._starts[key], self._histories[key], self._seqs[key] = head, start, history, seqs
        self._log.update({seq: (key, number) for number, seq in enumerate(seqs, start=1)})
        indexes = [self._runs[head.id], *([self._children[head.parent]] if head.parent is not None else [])]
        for keys in indexes:
            keys.append(key)
            keys.sort()

    def _table(self, row: Row) -> dict[int, Row]:
        if isinstance(row, ProcessHead):
            return self._heads
        return self._activities if isinstance(row, ActivityRow) else self._timers

    def _put(self, table: dict[int, Row], key: int, row: Row | None) -> None:
        """Set or drop one row, in its table and in the queues, so that it can be put back."""
        old = table.get(key)
        self._undo.append(lambda: self._set(table, key, old))
        self._set(table, key, row)

    def _set(self, table: dict[int, Row], key: int, row: Row | None) -> None:
        old = table.pop(key, None) if row is None else table.get(key)
        if row is not None:
            table[key] = row
        open_row = old if row is None else row
        if isinstance(open_row, ActivityRow | TimerRow):
            if row is None:
                del self._work[open_row.process][key]
                if not self._work[open_row.process]:
                    del self._work[open_row.process]
            else:
                self._work[open_row.process][key] = open_row
        for queue, place, kind in _places(row):
            if (queue, place, kind) not in _places(old):
                self._enqueue(queue, (place, kind, key))

    def _enqueue(self, queue: str, entry: tuple[int, str, int]) -> None:
        """Add an entry. What is out of date lies where its time has not come, and is cleared away now and then."""
        entries = self._queues[queue]
        heapq.heappush(entries, entry)
        if len(entries) > 2 * self._lengths[queue] + SPARE:
            entries[:] = {entry for entry in entries if self._is_current(queue, entry)}
            heapq.heapify(entries)
            self._lengths[queue] = len(entries)

    def _first(
        self, queue: str, table: dict[int, Row], wanted: Callable[[Row], bool], most: int, *, until: int | None = None
    ) -> list[Row]:
        """At most so many wanted rows of the queue, in order, up to this place. What is out of date falls out."""
        entries = self._queues[queue]
        passed: list[tuple[int, str, int]] = []
        found: list[Row] = []
        while entries and len(found) < most and (until is None or entries[0][0] <= until):
            entry = heapq.heappop(entries)
            if entry not in passed[-1:] and self._is_current(queue, entry):
                passed.append(entry)
                row = table[entry[2]]
                if wanted(row):
                    found.append(row)
        for entry in passed:
            heapq.heappush(entries, entry)
        return found

    def _is_current(self, queue: str, entry: tuple[int, str, int]) -> bool:
        place, kind, key = entry
        table = {"timer": self._timers, "activity": self._activities}.get(kind, self._heads)
        return (queue, place, kind) in _places(table.get(key))
