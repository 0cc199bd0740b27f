"""The real engine, in which whatever the rules allow happens when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from pyworkflow.activity import ActivityResult
from pyworkflow.engine import transitions
from pyworkflow.engine.changes import Changes
from pyworkflow.engine.records import ActivityRow, ProcessHead, Worker
from pyworkflow.engine.registry import LONGEST
from pyworkflow.engine.session import Session
from pyworkflow.managed import Manager, Workflow
from pyworkflow.memory import MemoryBackend
from pyworkflow.process import ProcessResult
from pyworkflow.testing.clock import START, Clock

TICK = 0.001  # seconds from one event to the next
SOMEBODY = "Somebody"  # the workflow of other processes, with which this one is in touch

Rule = Callable[[ProcessHead, ActivityRow, int], Changes]


class World(MemoryBackend):
    """A backend in memory with a clock of its own.

    Activities end and time out when it is said, whatever their time-outs; time that passes applies those as well. A
    process has no time-out, and a decision none.
    """

    def __init__(self, workflows: Iterable[type[Workflow]]) -> None:
        self.time = Clock(START)
        super().__init__(clock=self.time)
        for workflow in Manager(self, workflows).workflows.values():
            self.register_workflow(workflow.name, workflow.category, LONGEST, LONGEST)
        self.register_workflow(SOMEBODY, timeout=LONGEST)

    def begin(self, process_id: str, activity: str) -> bool:
        """A worker takes it. False, here and below, if it is not open, or not as that needs."""
        return self._do(process_id, activity, lambda head, row, _: Changes(head, activities=(row,)))

    def end(self, process_id: str, activity: str, result: ActivityResult) -> bool:
        """It ends with this result."""
        return self._do(process_id, activity, lambda head, row, now: transitions.end_activity(head, row, result, now))

    def lose(self, process_id: str, activity: str) -> bool:
        """Its worker dies."""
        return self._do(process_id, activity, transitions.activity_lost)

    def time_out(self, process_id: str, activity: str, which: str) -> bool:
        """That time-out of it is over; `worker` is that workers died of it too often."""
        if which == "worker":
            last = transitions.MOST_LOSSES - 1
            return self._do(
                process_id,
                activity,
                lambda head, row, now: transitions.activity_lost(head, row._replace(losses=last), now),
            )
        return self._do(
            process_id,
            activity,
            lambda head, row, now: transitions.activity_timed_out(head, row._replace(timeout=which), now),
            waiting=which == "scheduled",
        )

    def _do(self, process_id: str, activity: str, rule: Rule, *, waiting: bool = False) -> bool:
        """Apply a rule to an activity: to one that waits, or else to one that a worker has, as it first takes it."""

        def operation(session: Session) -> bool:
            head = session.transaction.head(process_id)
            rows = session.transaction.activities(head.key, [activity]) if head else ()
            if head is None or not rows or (waiting and rows[0].state != "waiting"):
                return False
            row = rows[0]
            if row.state == "waiting" and not waiting:
                started = transitions.start_activity(head, row, Worker("", None, None), session.now)
                head = session.record(started)
                (row,) = started.activities
            session.record(rule(head, row, session.now))
            return True

        return self._transact_in_time(operation)

    def close_child(self, child: str, result: ProcessResult) -> bool:
        """A child ends with this result."""

        def operation(session: Session) -> bool:
            head = session.transaction.head(child)
            if head is None or head.status != "open":
                return False
            session.record(transitions.close(head, result, "cancel", session.now))
            return True

        return self._transact_in_time(operation)

    def tick(self) -> None:
        """Hardly any time passes."""
        self.time.advance(TICK)

    def skip(self, process_id: str) -> bool:
        """Time passes until something is due: a timer of the process, or a time-out of an activity."""
        pending = self.pending(process_id)
        due = [timer.due_at for timer in pending.timers] + [one.deadline for one in pending.activities]
        if not due:
            return False
        self.time.advance(max(min(due) - self.time(), timedelta()).total_seconds())
        self.apply_due()
        return True
