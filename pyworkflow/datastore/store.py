"""Documents in a datastore, changed by commits: whoever is first wins, and the other tries again."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import TypeVar

from pyworkflow import codec
from pyworkflow.datastore import documents
from pyworkflow.datastore.interface import Datastore, Key, Query, SharedDatastore, Writes
from pyworkflow.datastore.leases import LeaseKeeper
from pyworkflow.datastore.mirror import Mirror
from pyworkflow.engine.bell import Bell
from pyworkflow.engine.forks import forks
from pyworkflow.engine.store import Store, Transaction
from pyworkflow.exceptions import BackendException

Result = TypeVar("Result")

PROCESSES = Key("/process")
JOURNAL = Key("/journal")
REMEMBERED = 200  # commits whose processes the journal names: who has missed more reads everything anew
LOOK = 0.05  # seconds between two looks for commits of others, while waiting


class DatastoreStore(Store):
    """A document for each process, and one that guards them: the journal, which holds the newest commit whole.

    A commit replaces the journal, if nobody else has done so meanwhile, and then the documents. From the moment when
    the journal is replaced the commit is done: if its process dies before the documents are, the next commit, or who
    reads, takes them from the journal. So one commit can change several processes, and is whole or not at all.
    """

    def __init__(self, datastore: Datastore, make_leases: Callable[[], LeaseKeeper]) -> None:
        self._datastore = datastore
        self._shared = isinstance(datastore, SharedDatastore)
        self._make_leases = make_leases
        self._closed = False
        self._begin()
        forks.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._leases = self._make_leases()
        self._mirror = Mirror()
        self._bell = Bell()
        self._journal: str | None = None  # as it was read last, or written here
        self._number = 0  # of the commit in it
        self._recent: list[tuple[int, str, list[str]]] = []  # number, name and processes of the newest commits
        self._unsure: dict[Key, str | None] = {}  # documents of the newest commit, which may not be written yet

    def transact(self, operation: Callable[[Transaction], Result]) -> Result:
        self._check_open()
        with self._lock:
            while True:
                self._refresh()
                try:
                    result = operation(self._mirror)
                    done = not self._mirror.changed or self._commit()
                except BaseException:
                    self._mirror.undo()
                    raise
                if done:
                    self._mirror.keep()
                    return result
                self._mirror.undo()  # another was first

    def read(self, operation: Callable[[Transaction], Result]) -> Result:
        self._check_open()
        with self._lock:
            self._refresh()
            return operation(self._mirror)

    # --- the journal ---

    def _commit(self) -> bool:
        """Write what the operation changed; False if another was first."""
        changed = {PROCESSES.child(id): self._document(id) for id in self._mirror.changed}
        name = secrets.token_hex(4)
        recent = [*self._recent, (self._number + 1, name, list(self._mirror.changed))][-REMEMBERED:]
        journal = codec.dumps(
            {
                "format": documents.FORMAT,
                "number": self._number + 1,
                "last_key": self._mirror.last_key,
                "last_seq": self._mirror.last_seq,
                "recent": recent,
                "writes": dict(changed),
            }
        )
        # First what the commit before may have left undone: this one takes its place in the journal.
        writes = [*self._unsure.items(), (JOURNAL, journal), *changed.items()]
        try:
            whole = self._write(writes)
        except Exception:
            if not self._is_done(name):
                raise
            whole = False
        else:
            if not whole and not self._is_done(name):
                return False
        self._unsure = {} if whole else dict(changed)  # it is done, but perhaps not all is written
        self._journal, self._number, self._recent = journal, self._number + 1, recent
        return True

    def _is_done(self, name: str) -> bool:
        """Is this commit in the journal? Who lost the answer to it was told that it failed, or that he was late."""
        text = self._datastore.get(JOURNAL)
        recent = [] if text is None else codec.loads(text)["recent"]
        return [self._number + 1, name] in [entry[:2] for entry in recent]

    def _document(self, process_id: str) -> str | None:
        runs = self._mirror.runs(process_id)
        return documents.written(runs) if runs else None

    def _write(self, writes: Writes) -> bool:
        if isinstance(self._datastore, SharedDatastore):
            return self._datastore.commit(JOURNAL, self._journal, writes)
        for key, value in writes:
            if value is None:
                self._datastore.delete(key)
            else:
                self._datastore.put(key, value)
        return True

    def _refresh(self) -> None:
        """Bring the mirror up to date with what others have committed."""
        if self._journal is not None and not self._shared:
            return
        while (text := self._datastore.get(JOURNAL)) not in (None, self._journal):
            self._follow(str(text))  # and look again: documents may have been replaced while they were read

    def _follow(self, text: str) -> None:
        journal = codec.loads(text)
        if journal["format"] != documents.FORMAT:
            raise BackendException("the datastore was written by a newer version of pyworkflow")
        writes: dict[str, str | None] = journal["writes"]
        missed = [ids for number, _, ids in journal["recent"] if number > self._number]
        if self._journal is not None and len(missed) == journal["number"] - self._number:
            for process_id in {id for ids in missed for id in ids}:
                self._bring(process_id, writes)
        else:
            self._bring_all(writes)
        self._journal, self._number = text, journal["number"]
        self._recent = [(number, name, ids) for number, name, ids in journal["recent"]]
        self._unsure = {Key(key): value for key, value in writes.items()}
        self._mirror.last_key, self._mirror.last_seq = journal["last_key"], journal["last_seq"]

    def _bring(self, process_id: str, writes: Mapping[str, str | None]) -> None:
        key = PROCESSES.child(process_id)
        text = writes[key] if key in writes else self._datastore.get(key)
        self._mirror.bring(process_id, [] if text is None else documents.read(codec.loads(text)))

    def _bring_all(self, writes: Mapping[str, str | None]) -> None:
        self._mirror = Mirror()
        for text in (*self._datastore.query(Query(PROCESSES)), *writes.values()):
            if text is not None:
                runs = documents.read(codec.loads(text))
                self._mirror.bring(runs[0].head.id, runs)
        for key, text in writes.items():
            if text is None:
                self._mirror.bring(Key(key).name, [])

    # --- waiting and leases ---

    def ticket(self, topic: str) -> int:
        return self._bell.ticket(topic)

    def wait(self, topic: str, ticket: int, timeout: float) -> None:
        until = monotonic() + timeout
        seen = self._journal
        while (left := until - monotonic()) > 0 and self._bell.ticket(topic) == ticket:
            self._bell.wait(topic, ticket, min(left, LOOK))
            if self._shared and self._datastore.get(JOURNAL) != seen:
                return

    def ring(self, topics: Sequence[str]) -> None:
        self._bell.ring(topics)

    def interrupt(self) -> None:
        self._bell.ring_all()

    def open_lease(self, identity: str | None) -> str:
        return self._leases.open(identity)

    def is_alive(self, lease: str) -> bool:
        return self._leases.is_alive(lease)

    def live_leases(self) -> int:
        return self._leases.count()

    def drop_lease(self, lease: str) -> None:
        self._leases.drop(lease)

    def close(self) -> None:
        self._closed = True
        self._bell.ring_all()

    def _check_open(self) -> None:
        if self._closed:
            raise BackendException("this backend object was closed")

    # --- forks ---

    def before_fork(self) -> None:
        """Have no commit under way."""
        self._lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Begin anew."""
        self._begin()
