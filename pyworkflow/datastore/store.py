"""Documents in a datastore, changed by commits: whoever is first wins, and the other tries again."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from time import monotonic, sleep
from typing import TypeVar

from pyworkflow.datastore import documents
from pyworkflow.datastore import journal as journals
from pyworkflow.datastore.interface import Datastore, Key, Query, SharedDatastore, Writes
from pyworkflow.datastore.journal import JOURNAL, Commit, Journal
from pyworkflow.datastore.leases import LeaseKeeper
from pyworkflow.datastore.mirror import Mirror
from pyworkflow.engine.bell import Bell
from pyworkflow.engine.forks import forks
from pyworkflow.engine.store import Store, Transaction
from pyworkflow.exceptions import BackendException, BackendUnavailableException

Result = TypeVar("Result")

PROCESSES = Key("/process")
PATIENCE = 5.0  # seconds to look for a commit whose answer was lost
PAUSE = 0.25  # seconds between two looks for it
UNKNOWN = "whether the call was done is not known"
LOOK = 0.05  # seconds between two looks for commits of others, while waiting or reading everything
ROUNDS, LATE = 3, 30.0  # after so many readings, and seconds, one gives up who is always behind the others


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
        self._bell = Bell()
        self._followed = 0  # how often others had committed
        self._forget()

    def _forget(self) -> None:
        """Read everything anew."""
        self._mirror = Mirror()
        self._known = False  # is what follows, and the mirror, from the datastore, as it was when this looked last?
        self._text: str | None = None  # of the journal, as it was read last, or written here
        self._journal = Journal()
        self._unsure: dict[Key, str | None] = {}  # documents of the newest commit, which may not be written yet

    def transact(self, operation: Callable[[Transaction], Result]) -> Result:
        self._check_open()
        with self._lock:
            while True:
                self._refresh()
                try:
                    result = operation(self._mirror)
                    if not self._mirror.changed or self._commit():
                        self._mirror.keep()
                        return result
                    self._mirror.undo()  # another was first
                except Exception:
                    self._mirror.undo()
                    raise
                except BaseException:
                    self._forget()  # who is interrupted does not know how far he came
                    raise

    def read(self, operation: Callable[[Transaction], Result]) -> Result:
        self._check_open()
        with self._lock:
            self._refresh()
            return operation(self._mirror)

    # --- the journal ---

    def _commit(self) -> bool:
        """Write what the operation changed; False if another was first."""
        changed = {PROCESSES.child(id): self._document(id) for id in self._mirror.changed}
        commit = Commit(self._journal.next_number, secrets.token_hex(4), list(self._mirror.changed))
        journal = self._journal.followed_by(commit, self._mirror.last_key, self._mirror.last_seq, changed)
        text = journal.written()
        # First what the commit before may have left undone: this one takes its place in the journal.
        writes = [*self._unsure.items(), (JOURNAL, text), *changed.items()]
        failure: Exception | None = None
        self._known = False  # until all that follows went well
        try:
            whole = self._write(writes)
        except Exception as error:
            whole, failure = False, error
        if not whole and not self._is_done(commit, failure):
            if failure is not None:
                raise failure
            return False
        self._unsure = {} if whole else changed  # it is done, but perhaps not all is written
        self._text, self._journal, self._known = text, journal, True
        return True

    def _is_done(self, commit: Commit, failure: Exception | None) -> bool:
        """Is it in the journal? Who lost the answer to it was told that it failed, or that he was late."""
        try:
            text = self._journal_at_last()
        except BackendException as error:
            if self._shared and isinstance(failure, BackendUnavailableException):
                raise failure from error  # which says that nothing was done
            raise BackendException(f"{UNKNOWN}, since the datastore cannot be read: {error}") from error
        if text == self._text:
            return False
        journal = journals.read(text)
        if journal.has(commit):
            return True
        if commit.number not in [other.number for other in journal.recent]:
            raise BackendException(f"{UNKNOWN}, since the journal does not go back to it") from failure
        return False

    def _journal_at_last(self) -> str | None:
        """The journal, of a datastore that may be out of reach for a moment."""
        until = monotonic() + PATIENCE
        while True:
            try:
                return self._datastore.get(JOURNAL)
            except BackendException:
                if monotonic() > until:
                    raise
            sleep(PAUSE)

    def _document(self, process_id: str) -> str | None:
        runs = self._mirror.runs(process_id)
        return documents.written(runs) if runs else None

    def _write(self, writes: Writes) -> bool:
        if isinstance(self._datastore, SharedDatastore):
            return self._datastore.commit(JOURNAL, self._text, writes)
        for key, value in writes:
            if value is None:
                self._datastore.delete(key)
            else:
                self._datastore.put(key, value)
        return True

    def _refresh(self) -> None:
        """Bring the mirror up to date with what others have committed."""
        if self._known and not self._shared:
            return
        until = monotonic() + LATE
        for rounds in count():
            text = self._datastore.get(JOURNAL)
            if self._known and text == self._text:
                return
            if rounds >= ROUNDS and monotonic() > until:
                raise BackendUnavailableException(
                    "others commit faster than this can read; nothing was done, try again"
                )
            try:
                self._follow(text)  # and look again: documents may have been replaced while they were read
            except BaseException:
                self._forget()
                raise

    def _follow(self, text: str | None) -> None:
        changed = journals.read(text).changed_since(self._journal)
        if changed is None:  # too many, or the store was set back meanwhile
            text, changed = self._bring_all(text)
        journal = journals.read(text)
        for process_id in changed:
            self._bring(process_id, journal.writes)
        if text is None:  # it is the first, or the journal was lost
            self._mirror.count()
        else:
            self._mirror.last_key, self._mirror.last_seq = journal.last_key, journal.last_seq
        self._unsure = dict(journal.writes)
        self._text, self._journal, self._known = text, journal, True
        self._followed += 1

    def _bring(self, process_id: str, writes: Mapping[Key, str | None]) -> None:
        key = PROCESSES.child(process_id)
        text = writes[key] if key in writes else self._datastore.get(key)
        with documents.explained(key):
            self._mirror.bring(process_id, [] if text is None else documents.read(text))

    def _bring_all(self, text: str | None) -> tuple[str | None, set[str]]:
        """All documents. Returns the newest journal, and the processes that may have been changed since they were read.

        More commits may follow meanwhile than a journal remembers: so it is looked at while the documents are read.
        """
        self._mirror = Mirror()
        changed = {key.name for key in journals.read(text).writes}
        looked_at = monotonic()
        for document in self._datastore.query(Query(PROCESSES)):
            with documents.explained(f"what begins with {document[:80]!r} below {PROCESSES}"):
                runs = documents.read(document)
                self._mirror.bring(runs[0].head.id, runs)
            if monotonic() - looked_at > LOOK:
                newer = self._datastore.get(JOURNAL)
                more = journals.read(newer).changed_since(journals.read(text))
                if more is not None:
                    text, changed = newer, changed | more
                looked_at = monotonic()
        return text, changed

    # --- waiting and leases ---

    def ticket(self, topic: str) -> int:
        return self._bell.ticket(topic) + self._followed  # of two that only grow

    def wait(self, topic: str, ticket: int, timeout: float) -> None:
        until = monotonic() + timeout
        seen = self._text
        while (left := until - monotonic()) > 0 and self.ticket(topic) == ticket:
            self._bell.wait(topic, ticket - self._followed, min(left, LOOK))
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
