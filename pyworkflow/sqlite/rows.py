"""The statements: each beside the method that it serves."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from itertools import compress, count
from operator import attrgetter, itemgetter, ne
from typing import Any

from pyworkflow import codec
from pyworkflow.backend import Query, Summary
from pyworkflow.engine.records import (
    ActivityRow,
    Due,
    EventRecord,
    ProcessHead,
    Start,
    StoredEvent,
    TimerRow,
    micros,
    moment,
)
from pyworkflow.engine.store import Transaction

_PROCESS_COLUMNS = ProcessHead._fields
_ACTIVITY_COLUMNS = ActivityRow._fields
_PROCESS = ", ".join(_PROCESS_COLUMNS)
_ACTIVITY = ", ".join(_ACTIVITY_COLUMNS)

_added_process = attrgetter(*_PROCESS_COLUMNS[1:])
_added_activity = attrgetter(*_ACTIVITY_COLUMNS[1:])

ADD_PROCESS = f"INSERT INTO process ({_PROCESS}) VALUES (NULL{', ?' * _PROCESS.count(',')})"
ADD_ACTIVITY = f"INSERT INTO activity ({_ACTIVITY}) VALUES (NULL{', ?' * _ACTIVITY.count(',')})"

NEWEST_RUN = f"SELECT {_PROCESS} FROM process WHERE id = ? ORDER BY run DESC LIMIT 1"
ONE_RUN = f"SELECT {_PROCESS} FROM process WHERE id = ? AND run = ?"
BY_KEY = f"SELECT {_PROCESS} FROM process WHERE key = ?"
# In each of these, {wanted} is replaced by what narrows it to a root, or to names.
DUE_DECISION = f"""
    SELECT {_PROCESS} FROM process WHERE decision = 'due' AND category = ? AND decision_at <= ?{{wanted}}
    ORDER BY decision_at LIMIT ?"""
FAILED_WITH_OTHER_CODES = f"""
    SELECT {_PROCESS} FROM process
    WHERE failed_codes != '' AND category = ? AND decision = 'due'
        AND instr(failed_codes, ' ' || ? || ' ') = 0{{wanted}}
    ORDER BY key LIMIT 1"""
WAITING_ACTIVITY = f"""
    SELECT {_ACTIVITY} FROM activity WHERE state = 'waiting' AND category = ?{{wanted}} ORDER BY key LIMIT ?"""
OF_ROOT = " AND root = ?"
ACTIVITY_OF_ROOT = " AND (SELECT root FROM process WHERE process.key = activity.process) = ?"
# Four statements: as one, SQLite sorts what its indexes have in order, which takes twenty times as long.
NEXT_DUE = (
    "SELECT due_at, 'timer', key FROM timer ORDER BY due_at, key LIMIT 1",
    "SELECT deadline, 'activity', key FROM activity ORDER BY deadline, key LIMIT 1",
    """SELECT decision_deadline, 'decision', key FROM process
       WHERE decision_deadline IS NOT NULL ORDER BY decision_deadline, key LIMIT 1""",
    """SELECT timeout_at, 'process', key FROM process INDEXED BY process_timeout
       WHERE status = 'open' ORDER BY timeout_at, key LIMIT 1""",
)
NEXT_OFFER = """
    SELECT decision_at FROM process WHERE decision = 'due' AND decision_at > ? ORDER BY decision_at LIMIT 1"""
LEASES = """
    SELECT lease FROM process WHERE lease IS NOT NULL UNION SELECT lease FROM activity WHERE lease IS NOT NULL"""
EVENTS = """
    SELECT seq, id, run, number, type, at, body FROM event JOIN process ON process.key = event.process
    WHERE seq > ? ORDER BY seq LIMIT ?"""
EVENTS_OF_PROCESS = """
    SELECT seq, id, run, number, type, at, body FROM event JOIN process ON process.key = event.process
    WHERE event.process IN (SELECT key FROM process WHERE id = ?) AND seq > ? ORDER BY seq LIMIT ?"""

CLOSED_BEFORE = """
    SELECT id FROM process WHERE closed_at < ? AND status NOT IN ('open', 'continued') ORDER BY closed_at LIMIT ?"""
# Once the newest event is gone SQLite would give its number again: a mark, of no process, takes its place.
MARK = "INSERT OR IGNORE INTO event (seq, process, number, type, at, body) VALUES (?, 0, ?, 'forgotten', 0, '')"
DROP_OLDER_MARKS = "DELETE FROM event WHERE process = 0 AND number < ?"


LAST_CHARACTER = "\U0010ffff"
FOREVER = 2**63 - 1
MOST_HEADS = 5000  # that a connection remembers


class Connection(sqlite3.Connection):
    """A connection that remembers what it has seen and written, as long as no other one writes.

    `quiet_until` is until when nothing is due, which is four statements to find out. `heads` are as they are in the
    database.
    """

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.heads: dict[int, ProcessHead] = {}
        self.forget()
        self._version: int | None = None  # what SQLite counts: the commits of others

    def forget(self) -> None:
        """What it remembers may be wrong."""
        self.quiet_until = 0
        self.heads.clear()

    def catch_up(self) -> None:
        """A transaction has begun: forget all if another connection has written since the last one."""
        (version,) = self.execute("PRAGMA data_version").fetchone()
        if version != self._version or len(self.heads) > MOST_HEADS:
            self._version = version
            self.forget()


class SQLTransaction(Transaction):
    """What an operation sees and changes through one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._execute = connection.execute
        self._heads = connection.heads
        self._activities: dict[int, ActivityRow] = {}

    # --- looking ---

    def head(self, process_id: str, run: int | None = None) -> ProcessHead | None:
        if run is None:
            return self._head(self._execute(NEWEST_RUN, (process_id,)).fetchone())
        return self._head(self._execute(ONE_RUN, (process_id, run)).fetchone())

    def head_by_key(self, key: int) -> ProcessHead | None:
        if key in self._heads:
            return self._heads[key]
        return self._head(self._execute(BY_KEY, (key,)).fetchone())

    def start(self, key: int) -> Start:
        given, tags = self._execute("SELECT input, tags FROM start WHERE process = ?", (key,)).fetchone()
        return Start(given, tuple(codec.loads(tags)))

    def history(self, key: int, after: int, length: int) -> Sequence[EventRecord]:
        rows = self._execute(
            "SELECT type, at, body FROM event WHERE process = ? AND number > ? AND number <= ? ORDER BY number",
            (key, after, length),
        )
        return [EventRecord(*row) for row in rows]

    def activity(self, key: int) -> ActivityRow | None:
        row = self._execute(f"SELECT {_ACTIVITY} FROM activity WHERE key = ?", (key,)).fetchone()
        return None if row is None else self._activity(row)

    def activities(self, process: int, ids: Iterable[str] | None = None) -> Sequence[ActivityRow]:
        if ids is None:
            rows = self._execute(f"SELECT {_ACTIVITY} FROM activity WHERE process = ? ORDER BY key", (process,))
            return [self._activity(row) for row in rows]
        one = f"SELECT {_ACTIVITY} FROM activity WHERE process = ? AND id = ?"
        found = (self._execute(one, (process, id)).fetchone() for id in ids)
        return [self._activity(row) for row in found if row is not None]

    def timer(self, key: int) -> TimerRow:
        return _timer(self._execute("SELECT key, process, due_at, timer FROM timer WHERE key = ?", (key,)).fetchone())

    def timers(self, process: int) -> Sequence[TimerRow]:
        rows = self._execute("SELECT key, process, due_at, timer FROM timer WHERE process = ? ORDER BY key", (process,))
        return [_timer(row) for row in rows]

    def open_children(self, process_id: str) -> Sequence[ProcessHead]:
        rows = self._execute(
            f"SELECT {_PROCESS} FROM process WHERE parent = ? AND status = 'open' ORDER BY key", (process_id,)
        )
        return self._all_heads(rows)

    def next_decisions(
        self, category: str, now: int, code: str | None, root: str | None, names: Collection[str] | None, most: int
    ) -> Sequence[ProcessHead]:
        wanted, given = _narrowed(root, OF_ROOT, names, "workflow")
        found = self._all_heads(self._execute(DUE_DECISION.format(wanted=wanted), (category, now, *given, most)))
        if not found and code is not None:
            found = self._all_heads(
                self._execute(FAILED_WITH_OTHER_CODES.format(wanted=wanted), (category, code, *given))
            )
        return found

    def next_activities(
        self, category: str, root: str | None, names: Collection[str] | None, most: int
    ) -> Sequence[ActivityRow]:
        wanted, given = _narrowed(root, ACTIVITY_OF_ROOT, names, "activity")
        return [
            self._activity(row)
            for row in self._execute(WAITING_ACTIVITY.format(wanted=wanted), (category, *given, most))
        ]

    def next_due(self) -> Due | None:
        rows = (self._execute(statement).fetchone() for statement in NEXT_DUE)
        return min((Due(*row) for row in rows if row is not None), default=None)

    def is_due(self, now: int) -> bool:
        connection = self._connection
        if now < connection.quiet_until:
            return False
        due = self.next_due()
        connection.quiet_until = FOREVER if due is None else due.at
        return due is not None and due.at <= now

    def _watch(self, at: int | None) -> None:
        """Something is due then."""
        if at is not None and at < self._connection.quiet_until:
            self._connection.quiet_until = at

    def next_offer(self, after: int) -> int | None:
        row = self._execute(NEXT_OFFER, (after,)).fetchone()
        return None if row is None else int(row[0])

    def leases(self) -> Sequence[str]:
        return [lease for (lease,) in self._execute(LEASES)]

    def held(self, lease: str) -> tuple[Sequence[ProcessHead], Sequence[ActivityRow]]:
        heads = self._execute(f"SELECT {_PROCESS} FROM process WHERE lease = ? ORDER BY key", (lease,))
        rows = self._execute(f"SELECT {_ACTIVITY} FROM activity WHERE lease = ? ORDER BY key", (lease,))
        return self._all_heads(heads), [self._activity(row) for row in rows]

    def _head(self, row: tuple[Any, ...] | None) -> ProcessHead | None:
        if row is None:
            return None
        head = self._heads[row[0]] = ProcessHead._make(row)  # its one flag comes as 0 or 1, which will do inside
        return head

    def _all_heads(self, rows: Iterable[tuple[Any, ...]]) -> list[ProcessHead]:
        return [head for head in map(self._head, rows) if head is not None]

    def _activity(self, row: tuple[Any, ...]) -> ActivityRow:
        activity = self._activities[row[0]] = ActivityRow._make(row)  # its flags come as 0 or 1, which will do inside
        return activity

    # --- listing ---

    def summaries(self, query: Query, before: int | None, limit: int) -> Sequence[tuple[int, Summary]]:
        where, given = _wanted(query)
        if before is not None:
            where, given = [*where, "key < ?"], [*given, before]
        rows = self._execute(
            f"""SELECT key, id, run, workflow, status, started_at, closed_at, parent, tags, length, attempts
                FROM process JOIN start ON start.process = process.key
                WHERE {" AND ".join(where) or "TRUE"} ORDER BY key DESC LIMIT ?""",
            (*given, limit),
        )
        return [(key, _summary(row)) for key, *row in rows]

    def keys(self, workflow: str | None, tag: str | None, status: str | None, after: int, limit: int) -> Sequence[int]:
        where, given = _wanted(Query(status=status, workflow=workflow, tag=tag))
        rows = self._execute(
            f"SELECT key FROM process WHERE {' AND '.join([*where, 'key > ?'])} ORDER BY key LIMIT ?",
            (*given, after, limit),
        )
        return [key for (key,) in rows]

    def events(self, process_id: str | None, after: int, limit: int) -> Sequence[StoredEvent]:
        if process_id is None:
            rows = self._execute(EVENTS, (after, limit))
        else:
            rows = self._execute(EVENTS_OF_PROCESS, (process_id, after, limit))
        return [
            StoredEvent(seq, id, run, number, EventRecord(type, at, body))
            for seq, id, run, number, type, at, body in rows
        ]

    def closed_before(self, before: int, limit: int) -> Sequence[str]:
        return [id for (id,) in self._execute(CLOSED_BEFORE, (before, limit))]

    # --- changing ---

    def add_process(self, head: ProcessHead, start: Start) -> int:
        self._watch(head.timeout_at)
        key = self._execute(ADD_PROCESS, _added_process(head)).lastrowid
        assert key is not None
        self._heads[key] = head._replace(key=key)
        self._execute("INSERT INTO start VALUES (?, ?, ?)", (key, start.input, codec.dumps(list(start.tags))))
        if start.tags:
            self._connection.executemany("INSERT INTO tag VALUES (?, ?)", [(tag, key) for tag in set(start.tags)])
        return key

    def save_process(self, head: ProcessHead) -> None:
        self._watch(head.decision_deadline)
        self._execute(*_update("process", ProcessHead._fields, self._heads.get(head.key), head))
        self._heads[head.key] = head

    def append(self, process: int, first_number: int, events: Sequence[EventRecord]) -> None:
        self._connection.executemany(
            "INSERT INTO event (process, number, type, at, body) VALUES (?, ?, ?, ?, ?)",
            [(process, number, *event) for number, event in enumerate(events, first_number)],
        )

    def add_activity(self, row: ActivityRow) -> None:
        self._watch(row.deadline)
        self._execute(ADD_ACTIVITY, _added_activity(row))

    def save_activity(self, row: ActivityRow) -> None:
        self._watch(row.deadline)
        self._execute(*_update("activity", ActivityRow._fields, self._activities.get(row.key), row))
        self._activities[row.key] = row

    def drop_activity(self, key: int) -> None:
        self._execute("DELETE FROM activity WHERE key = ?", (key,))

    def add_timer(self, row: TimerRow) -> None:
        self._watch(row.due_at)
        timer = codec.dumps(codec.TIMER.encode(row.timer, ""))
        self._execute("INSERT INTO timer (process, due_at, timer) VALUES (?, ?, ?)", (row.process, row.due_at, timer))

    def drop_timer(self, key: int) -> None:
        self._execute("DELETE FROM timer WHERE key = ?", (key,))

    def withdraw(self, process: int) -> None:
        self._execute("DELETE FROM activity WHERE process = ?", (process,))
        self._execute("DELETE FROM timer WHERE process = ?", (process,))

    def forget(self, process_id: str) -> None:
        (newest,) = self._execute("SELECT max(seq) FROM event").fetchone()
        for (key,) in self._execute("SELECT key FROM process WHERE id = ?", (process_id,)).fetchall():
            self._execute("DELETE FROM event WHERE process = ?", (key,))
            self._connection.executemany(
                "DELETE FROM tag WHERE tag = ? AND process = ?", [(tag, key) for tag in set(self.start(key).tags)]
            )
            self._execute("DELETE FROM start WHERE process = ?", (key,))
            self._execute("DELETE FROM process WHERE key = ?", (key,))
            self._heads.pop(key, None)
        self._execute(MARK, (newest, newest))
        self._execute(DROP_OLDER_MARKS, (newest,))


def _narrowed(
    root: str | None, of_root: str, names: Collection[str] | None, column: str
) -> tuple[str, Collection[str]]:
    """Conditions for a root and for names, and what they are given."""
    conditions = of_root if root is not None else ""
    if names is not None:
        conditions += f" AND {column} IN ({', '.join('?' * len(names))})"
    return conditions, (*([root] if root is not None else ()), *(names or ()))


def _update(
    table: str, columns: tuple[str, ...], old: tuple[Any, ...] | None, new: tuple[Any, ...]
) -> tuple[str, tuple[Any, ...]]:
    """A statement for the columns that differ, and what it is given: SQLite writes every index that it names anew."""
    places = range(1, len(columns)) if old is None else compress(count(), map(ne, old, new))
    statement, given = _update_of(table, columns, tuple(places) or (0,))
    return statement, given(new)


@cache
def _update_of(
    table: str, columns: tuple[str, ...], places: tuple[int, ...]
) -> tuple[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]]:
    set_ = ", ".join(f"{columns[place]} = ?" for place in places)
    return f"UPDATE {table} SET {set_} WHERE key = ?", itemgetter(*places, 0)


def _timer(row: tuple[Any, ...]) -> TimerRow:
    key, process, due_at, timer = row
    return TimerRow(key, process, due_at, codec.TIMER.decode(codec.loads(timer)))


def _summary(row: Sequence[Any]) -> Summary:
    id, run, workflow, status, started_at, closed_at, parent, tags, *counts = row
    closed = None if closed_at is None else moment(closed_at)
    return Summary(id, run, workflow, status, moment(started_at), closed, parent, tuple(codec.loads(tags)), *counts)


def _wanted(query: Query) -> tuple[list[str], list[Any]]:
    """The query as conditions, and what they are given."""
    where: list[str] = []
    given: list[Any] = []
    if query.status == "closed":
        where.append("status NOT IN ('open', 'continued')")
    elif query.status is not None:
        where.append("status = ?")
        given.append(query.status)
    if query.workflow is not None:
        where.append("workflow = ?")
        given.append(query.workflow)
    if query.tag is not None:
        where.append("key IN (SELECT process FROM tag WHERE tag = ?)")
        given.append(query.tag)
    if query.since is not None:
        where.append("started_at >= ?")
        given.append(micros(query.since))
    if query.parent is not None:
        where.append("parent IS NULL" if query.parent == "" else "parent = ?")
        given.extend([query.parent] if query.parent else [])
    if query.failing:
        where.append("attempts > 0")
    if query.id_prefix is not None:
        where.append("key IN (SELECT key FROM process WHERE id BETWEEN ? AND ? AND substr(id, 1, ?) = ?)")
        prefix = query.id_prefix
        given.extend([prefix, prefix + LAST_CHARACTER, len(prefix), prefix])
    return where, given
