-- Times are microseconds since 1970 (UTC), bodies are JSON text. The columns are explained in engine/records.py.

CREATE TABLE process (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    run INTEGER NOT NULL,
    root TEXT NOT NULL,
    workflow TEXT NOT NULL,
    category TEXT NOT NULL,
    parent TEXT,
    child_policy TEXT,
    timeout INTEGER NOT NULL,
    decision_timeout INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    timeout_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    closed_at INTEGER,
    length INTEGER NOT NULL,
    decision TEXT NOT NULL,
    decision_at INTEGER,
    decision_deadline INTEGER,
    attempts INTEGER NOT NULL,
    error TEXT,
    failed_codes TEXT NOT NULL,
    start_number INTEGER,
    arrived INTEGER NOT NULL,
    secret TEXT,
    lease TEXT,
    identity TEXT,
    code TEXT
);

CREATE UNIQUE INDEX process_id ON process (id, run);
CREATE INDEX process_due ON process (category, decision_at) WHERE decision = 'due';
CREATE INDEX process_offer ON process (decision_at) WHERE decision = 'due';
CREATE INDEX process_failed ON process (category, key) WHERE failed_codes != '';
CREATE INDEX process_deadline ON process (decision_deadline) WHERE decision_deadline IS NOT NULL;
CREATE INDEX process_timeout ON process (timeout_at) WHERE status = 'open';
CREATE INDEX process_parent ON process (parent, status) WHERE parent IS NOT NULL;
CREATE INDEX process_lease ON process (lease) WHERE lease IS NOT NULL;

-- Apart from the process, whose row is written anew with every change: an input can be large.
CREATE TABLE start (
    process INTEGER PRIMARY KEY,
    input TEXT NOT NULL,
    tags TEXT NOT NULL
);

CREATE TABLE tag (
    tag TEXT NOT NULL,
    process INTEGER NOT NULL,
    PRIMARY KEY (tag, process)
) WITHOUT ROWID;

CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    process INTEGER NOT NULL,
    number INTEGER NOT NULL,
    type TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL
);

CREATE UNIQUE INDEX event_number ON event (process, number);

CREATE TABLE activity (
    key INTEGER PRIMARY KEY,
    process INTEGER NOT NULL,
    id TEXT NOT NULL,
    activity TEXT NOT NULL,
    input TEXT NOT NULL,
    category TEXT NOT NULL,
    scheduled_timeout INTEGER NOT NULL,
    execution_timeout INTEGER NOT NULL,
    heartbeat_timeout INTEGER NOT NULL,
    restart_lost INTEGER NOT NULL,
    since INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    timeout TEXT NOT NULL,
    state TEXT NOT NULL,
    execution_deadline INTEGER,
    heartbeat_at INTEGER,
    details TEXT,
    losses INTEGER NOT NULL,
    cancel_requested INTEGER NOT NULL,
    secret TEXT,
    lease TEXT,
    identity TEXT
);

CREATE UNIQUE INDEX activity_id ON activity (process, id);
CREATE INDEX activity_waiting ON activity (category, key) WHERE state = 'waiting';
CREATE INDEX activity_deadline ON activity (deadline);
CREATE INDEX activity_lease ON activity (lease) WHERE lease IS NOT NULL;

CREATE TABLE timer (
    key INTEGER PRIMARY KEY,
    process INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    timer TEXT NOT NULL
);

CREATE INDEX timer_due ON timer (due_at);
CREATE INDEX timer_process ON timer (process);
