"""One operation under way: it records changes, delivers messages, and remembers whom to wake after the commit."""

from __future__ import annotations

from collections import deque

from pyworkflow import codec
from pyworkflow.engine import transitions
from pyworkflow.engine.bell import EVENTS
from pyworkflow.engine.changes import Changes, Message, SendCancel, SendSignal, StartChild, TellChildren, TellParent
from pyworkflow.engine.forking import Fork
from pyworkflow.engine.records import Due, EventRecord, ProcessHead, Start
from pyworkflow.engine.store import Transaction
from pyworkflow.event import (
    CancelFailedEvent,
    CancelRequestedEvent,
    ChildProcessEvent,
    Event,
    SignalEvent,
    SignalFailedEvent,
)
from pyworkflow.process import ProcessFailed


def decisions_of(category: str) -> str:
    """The topic of those that wait for a decision."""
    return f"decision {category}"


def activities_of(category: str) -> str:
    """The topic of those that wait for an activity."""
    return f"activity {category}"


class Session:
    """A transaction, the time at which all in it happens, and the messages that are still to be delivered.

    `recorded` is what was recorded, if that is to be kept for an observer.
    """

    def __init__(self, transaction: Transaction, now: int, *, observed: bool = False) -> None:
        self.transaction = transaction
        self.now = now
        self.changes = 0  # that were made
        self.topics: list[str] = []
        self.recorded: list[tuple[ProcessHead, list[EventRecord]]] | None = [] if observed else None
        self._messages: deque[Message] = deque()

    def head(self, key: int) -> ProcessHead:
        """The run that an open activity or timer, or something due, belongs to."""
        head = self.transaction.head_by_key(key)
        assert head is not None
        return head

    def start(self, head: ProcessHead, start: Start) -> None:
        """A new run begins."""
        self.changes += 1
        begun = transitions.start(head, self.now)
        after, records = self._longer(begun.head, begun.events)
        key = self.transaction.add_process(after, start)
        self._append(head._replace(key=key), records)
        self._offer(after)

    def fork(self, fork: Fork) -> None:
        """A process begins with events of another. Whoever observes hears that it began, and what it adds to them."""
        self.changes += 1
        key = self.transaction.add_process(fork.head, fork.start)
        head = fork.head._replace(key=key)
        self.transaction.append(key, 1, fork.events)
        self.topics.append(EVENTS)
        if self.recorded is not None:
            for first, records in ((0, fork.events[:1]), (fork.copied, fork.events[fork.copied :])):
                if records:
                    self.recorded.append((head._replace(length=first), records))
        for activity in fork.activities:
            self.transaction.add_activity(activity._replace(process=key))
            self.topics.append(activities_of(activity.category))
        for timer in fork.timers:
            self.transaction.add_timer(timer._replace(process=key))
        self._offer(head)

    def record(self, changes: Changes) -> ProcessHead:
        """Do to one process what the rules say; its head as it is then. Messages wait for `deliver`."""
        self.changes += 1
        transaction = self.transaction
        head, records = self._longer(changes.head, changes.events)
        if records:
            self._append(changes.head, records)
        transaction.save_process(head)
        for key in changes.ended:
            transaction.drop_activity(key)
        for key in changes.fired:
            transaction.drop_timer(key)
        for activity in changes.activities:
            if activity.key:
                transaction.save_activity(activity)
            else:
                transaction.add_activity(activity)
            if activity.state == "waiting":
                self.topics.append(activities_of(activity.category))
        for timer in changes.timers:
            transaction.add_timer(timer)
        if changes.withdraw:
            transaction.withdraw(head.key)
        self._offer(head)
        self._messages.extend(changes.messages)
        if changes.successor is not None:
            self.start(*changes.successor)
        return head

    def _longer(self, head: ProcessHead, events: tuple[Event, ...]) -> tuple[ProcessHead, list[EventRecord]]:
        """The head after the events, and these, at a time that never decreases along a history (V4)."""
        if not events:
            return head, []
        at = max(self.now, head.last_at)
        records = [EventRecord(event.type, at, codec.dumps(codec.encode_event(event))) for event in events]
        return head._replace(length=head.length + len(events), last_at=at), records

    def _append(self, head: ProcessHead, records: list[EventRecord]) -> None:
        """Keep events that follow those that this head counts."""
        self.transaction.append(head.key, head.length + 1, records)
        self.topics.append(EVENTS)
        if self.recorded is not None:
            self.recorded.append((head, records))

    def _offer(self, head: ProcessHead) -> None:
        """Somebody may wait for its decision."""
        if head.decision == "due" and head.decision_at is not None and head.decision_at <= self.now:
            self.topics.append(decisions_of(head.category))

    def expire(self, due: Due) -> None:
        """The time of something is up."""
        transaction = self.transaction
        if due.kind == "timer":
            timer = transaction.timer(due.key)
            self.record(transitions.fire(self.head(timer.process), timer, self.now))
        elif due.kind == "activity":
            activity = transaction.activity(due.key)
            assert activity is not None
            self.record(transitions.activity_timed_out(self.head(activity.process), activity, self.now))
        elif due.kind == "decision":
            self.record(transitions.decision_timed_out(self.head(due.key), self.now))
        else:
            self.record(transitions.time_out(self.head(due.key), self.now))

    def lose(self, lease: str) -> None:
        """All that this lease holds is lost (A5)."""
        decisions, activities = self.transaction.held(lease)
        for head in decisions:
            self.record(transitions.decision_lost(head, self.now))
        for activity in activities:
            self.record(transitions.activity_lost(self.head(activity.process), activity, self.now))

    def deliver(self) -> None:
        """Bring every message to its process, and those that this leads to; each takes effect once (Z1)."""
        while self._messages:
            message = self._messages.popleft()
            match message:
                case StartChild():
                    self._start_child(message)
                case SendSignal(process_id, signal, sender):
                    failed = self._hand_over(process_id, SignalEvent(signal))
                    if failed:
                        self._hand_over(sender, SignalFailedEvent(process_id, signal, failed))
                case SendCancel(process_id, details, sender):
                    failed = self._hand_over(process_id, CancelRequestedEvent(details))
                    if failed:
                        self._hand_over(sender, CancelFailedEvent(process_id, failed))
                case TellParent():
                    self._tell_parent(message)
                case TellChildren(parent):
                    for child in self.transaction.open_children(parent):
                        self.record(transitions.parent_closed(child, self.now))

    def _hand_over(
        self,
        process_id: str,
        event: SignalEvent | CancelRequestedEvent | SignalFailedEvent | CancelFailedEvent | ChildProcessEvent,
    ) -> str | None:
        """Bring an event to a process; why not, if it cannot be."""
        head = self.transaction.head(process_id)
        if head is None:
            return "there is no such process"
        if head.status != "open":
            return f"the process is closed ({head.status})"
        self.record(transitions.receive(head, event, self.now))
        return None

    def _start_child(self, message: StartChild) -> None:
        head = message.head
        if self.transaction.head(head.id) is None:
            self.start(head, message.start)
        else:
            assert head.parent is not None
            taken = ProcessFailed(f"a process with the id {head.id!r} was started before")
            self._messages.appendleft(TellParent(head.parent, head.id, head.workflow, message.start.tags, 0, taken))

    def _tell_parent(self, message: TellParent) -> None:
        tags = self.transaction.start(message.key).tags if message.tags is None else message.tags
        event = ChildProcessEvent(message.child, message.result, message.workflow, list(tags))
        self._hand_over(message.parent, event)
