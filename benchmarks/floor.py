"""The floor: what bare sqlite3 takes to write the same changes of state into the same tables.

A process of one activity changes seven times: started; its first decision handed out; decided; the activity handed
out; ended; the second decision handed out; decided, which closes it. Each change is the least that keeps these rows and
their indexes right, with nothing looked up, checked or decided. It is written with one commit a change, or with one
for the same change of many processes.

The least that keeps a state and a history at all, in tables of the floor's own, is `bare`: two rows a change.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from pyworkflow.sqlite.connect import Durability, connect

NOW = 2_000_000_000_000_000  # not due for years
DAY = 86_400_000_000
YEAR = 365 * DAY
WORKER = ("0123456789abcdef", "3f2c9a1e-0000-4000-8000-0123456789ab", "laptop:1234")  # secret, lease, identity

START = f"""
    INSERT INTO process (key, id, run, root, workflow, category, timeout, decision_timeout, started_at, timeout_at,
        last_at, status, length, decision, decision_at, attempts, failed_codes, arrived)
    VALUES (?, ?, 1, ?, 'OneActivity', 'default', {YEAR}, 60000000, ?, ?, ?, 'open', 1, 'due', ?, 0, '', 0)"""
HAND_OUT = """
    UPDATE process SET decision = 'running', decision_at = ?, decision_deadline = ?, start_number = ?, length = ?,
        last_at = ?, secret = ?, lease = ?, identity = ? WHERE key = ?"""
DECIDED = """
    UPDATE process SET status = ?, closed_at = ?, decision = 'idle', decision_at = NULL, decision_deadline = NULL,
        start_number = NULL, length = ?, last_at = ?, secret = NULL, lease = NULL, identity = NULL WHERE key = ?"""
SCHEDULE = f"""
    INSERT INTO activity (key, process, id, activity, input, category, scheduled_timeout, execution_timeout,
        heartbeat_timeout, restart_lost, since, deadline, timeout, state, losses, cancel_requested)
    VALUES (?, ?, ?, 'Echo', 'null', 'default', {DAY}, {YEAR}, {YEAR}, 1, ?, ?, 'scheduled', 'waiting', 0, 0)"""
RUN = f"""
    UPDATE activity SET state = 'running', since = ?, deadline = {NOW + YEAR}, timeout = 'execution',
        execution_deadline = {NOW + YEAR}, secret = ?, lease = ?, identity = ? WHERE key = ?"""
LONGER = "UPDATE process SET length = ?, last_at = ? WHERE key = ?"
DUE = "UPDATE process SET decision = 'due', decision_at = ?, length = ?, last_at = ? WHERE key = ?"
EVENT = "INSERT INTO event (process, number, type, at, body) VALUES (?, ?, ?, ?, ?)"

Statement = tuple[str, tuple[Any, ...]]


def changes(key: int) -> Iterator[list[Statement]]:
    """The seven changes of a process, as statements."""
    id = f"3f2c9a1e-0000-4000-8000-{key:012x}"
    activity = f'"activity_execution":{{"activity":"Echo","id":"{id}"}}'

    def event(number: int, type: str, body: str = "{}") -> Statement:
        return EVENT, (key, number, type, NOW, body)

    def handed_out(length: int) -> list[Statement]:
        started = event(length, "decision_started", '{"identity":"laptop:1234"}')
        return [(HAND_OUT, (NOW, NOW + 60_000_000, length, length, NOW, *WORKER, key)), started]

    yield [
        (START, (key, id, id, NOW, NOW + YEAR, NOW, NOW)),
        ("INSERT INTO start VALUES (?, 'null', '[]')", (key,)),
        event(1, "process_started"),
    ]
    yield handed_out(2)
    yield [
        (SCHEDULE, (key, key, id, NOW, NOW + DAY)),
        (DECIDED, ("open", None, 3, NOW, key)),
        event(3, "decision", f'{{"decision":{{"type":"schedule_activity","activity":"Echo","id":"{id}"}}}}'),
    ]
    yield [
        (RUN, (NOW, *WORKER, key)),
        (LONGER, (4, NOW, key)),
        event(4, "activity_started", f'{{{activity},"identity":"laptop:1234"}}'),
    ]
    yield [
        ("DELETE FROM activity WHERE key = ?", (key,)),
        (DUE, (NOW, 5, NOW, key)),
        event(5, "activity", f'{{{activity},"result":{{"type":"completed"}}}}'),
    ]
    yield handed_out(6)
    yield [
        (DECIDED, ("completed", NOW, 7, NOW, key)),
        event(7, "decision", '{"decision":{"type":"complete_process"}}'),
    ]


def write(path: Path, processes: int, durability: Durability, together: int = 1) -> None:
    """Write so many processes: each change of so many of them together, in one commit."""
    with closing(connect(path, durability)) as connection:
        for first in range(1, processes + 1, together):
            keys = range(first, min(first + together, processes + 1))
            for same_change in zip(*map(changes, keys), strict=True):
                connection.execute("BEGIN IMMEDIATE")
                for statements in same_change:
                    for statement, given in statements:
                        connection.execute(statement, given)
                connection.execute("COMMIT")


def write_open(path: Path, keys: range) -> None:
    """Write processes with these keys, as they are while their activity waits."""
    with closing(connect(path, "normal")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for key in keys:
            for statements in islice(changes(key), 3):
                for statement, given in statements:
                    connection.execute(statement, given)
        connection.execute("COMMIT")


BARE_SCHEMA = """
    CREATE TABLE process (key INTEGER PRIMARY KEY, state TEXT NOT NULL);
    CREATE TABLE event (seq INTEGER PRIMARY KEY, process INTEGER NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE UNIQUE INDEX event_number ON event (process, number);
"""


def write_bare(path: Path, processes: int, durability: Durability) -> None:
    """Write the state and the events of so many processes, one after the other, and nothing else of them."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {durability}")
        connection.executescript(BARE_SCHEMA)
        for key in range(1, processes + 1):
            for number, statements in enumerate(changes(key), 1):
                ((_, (*_, body)),) = statements[-1:]
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT OR REPLACE INTO process VALUES (?, ?)", (key, str(number)))
                connection.execute("INSERT INTO event (process, number, body) VALUES (?, ?, ?)", (key, number, body))
                connection.execute("COMMIT")
