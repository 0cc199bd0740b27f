"""The rows of all documents, in memory, where operations look and change; and which processes they changed."""

from __future__ import annotations

from collections.abc import Sequence

from pyworkflow.datastore.documents import Run
from pyworkflow.engine.records import ActivityRow, EventRecord, ProcessHead, Start, TimerRow
from pyworkflow.memory.rows import Row, Rows


class Mirror(Rows):
    """Rows that know the ids of the processes that were changed since the last `keep` or `undo`."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: dict[str, None] = {}  # a set that keeps its order

    def keep(self) -> None:
        """What was changed is in the datastore."""
        super().keep()
        self.changed.clear()

    def undo(self) -> None:
        """What was changed is put back."""
        super().undo()
        self.changed.clear()

    def runs(self, process_id: str) -> list[Run]:
        """All that there is of a process; nothing if it is not there."""
        return [self._run(key) for key in self._runs.get(process_id, [])]

    def bring(self, process_id: str, runs: Sequence[Run]) -> None:
        """The process as it is in the datastore; nothing if it is not there any more."""
        self._take_out(process_id)
        for run in runs:
            head = run.head
            self._starts[head.key], self._histories[head.key], self._seqs[head.key] = run.start, run.history, run.seqs
            self._log.update({seq: (head.key, number) for number, seq in enumerate(run.seqs, start=1)})
            self._runs[head.id].append(head.key)
            if head.parent is not None:
                self._children[head.parent].append(head.key)
                self._children[head.parent].sort()
            self._set(self._heads, head.key, head)
            rows: list[ActivityRow | TimerRow] = [*run.activities, *run.timers]
            for row in rows:
                self._set(self._table(row), row.key, row)

    def count(self) -> None:
        """Keys and events go on after all that there are: where nobody has noted which were the last."""
        self.last_key = max((*self._heads, *self._activities, *self._timers), default=0)
        self.last_seq = max(self._log, default=0)

    def _run(self, key: int) -> Run:
        head = self.head_by_key(key)
        assert head is not None
        return Run(
            head,
            self._starts[key],
            self._histories[key],
            self._seqs[key],
            list(self.activities(key)),
            list(self.timers(key)),
        )

    def _take_out(self, process_id: str) -> None:
        for key in self._runs.pop(process_id, []):
            for row in list(self._work.pop(key, {}).values()):
                self._work[key][row.key] = row  # where _set looks for it
                self._set(self._table(row), row.key, None)
            head = self._heads.pop(key)
            assert isinstance(head, ProcessHead)
            if head.parent is not None:
                self._children[head.parent].remove(key)
            del self._starts[key], self._histories[key]
            for seq in self._seqs.pop(key):
                self._log.pop(seq, None)

    # --- what changes a process ---

    def add_process(self, head: ProcessHead, start: Start) -> int:
        self.changed[head.id] = None
        return super().add_process(head, start)

    def append(self, process: int, first_number: int, events: Sequence[EventRecord]) -> None:
        self._note(process)
        super().append(process, first_number, events)

    def forget(self, process_id: str) -> None:
        self.changed[process_id] = None
        super().forget(process_id)

    def _put(self, table: dict[int, Row], key: int, row: Row | None) -> None:
        touched = row or table.get(key)
        if isinstance(touched, ProcessHead):
            self.changed[touched.id] = None
        elif isinstance(touched, ActivityRow | TimerRow):
            self._note(touched.process)
        super()._put(table, key, row)

    def _note(self, process: int) -> None:
        head = self.head_by_key(process)
        assert head is not None
        self.changed[head.id] = None
