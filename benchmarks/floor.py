"""The floor: what bare sqlite3 takes to write the same changes of state, one commit a change.

A process of one activity changes seven times: started; its first decision handed out; decided; the activity handed
out; ended; the second decision handed out; decided, which closes it. Each change updates the row of the process and
appends its events, as little as anyone could write who wants to keep state and history.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

CHANGES = (
    ("started", '{"type":"process_started"}'),
    ("deciding", '{"type":"decision_started"}'),
    ("decided", '{"type":"decision","decision":{"type":"schedule_activity","activity":"Echo","id":"1"}}'),
    ("running", '{"type":"activity_started","activity_execution":{"activity":"Echo","id":"1"}}'),
    ("ended", '{"type":"activity","activity_execution":{"activity":"Echo","id":"1"},"result":{"type":"completed"}}'),
    ("deciding", '{"type":"decision_started"}'),
    ("completed", '{"type":"decision","decision":{"type":"complete_process"}}'),
)

SCHEMA = """
    CREATE TABLE process (key INTEGER PRIMARY KEY, state TEXT NOT NULL);
    CREATE TABLE event (seq INTEGER PRIMARY KEY, process INTEGER NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE UNIQUE INDEX event_number ON event (process, number);
"""


def write(path: Path, processes: int, durability: str) -> None:
    """Write so many processes, one after the other."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {durability}")
        connection.executescript(SCHEMA)
        for key in range(1, processes + 1):
            for number, (state, body) in enumerate(CHANGES, 1):
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT OR REPLACE INTO process VALUES (?, ?)", (key, state))
                connection.execute("INSERT INTO event (process, number, body) VALUES (?, ?, ?)", (key, number, body))
                connection.execute("COMMIT")
