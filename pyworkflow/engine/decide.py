"""What a list of decisions means for a process: checked whole, then applied in order (D3, D5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pyworkflow import codec
from pyworkflow.activity import ActivityCanceled
from pyworkflow.decision import (
    CHILD_POLICIES,
    CancelActivity,
    CancelTimer,
    ContinueAsNew,
    Decision,
    RecordMarker,
    RequestCancelProcess,
    ScheduleActivity,
    SignalProcess,
    StartChildProcess,
    Timer,
)
from pyworkflow.engine import transitions
from pyworkflow.engine.changes import Changes, Message, SendCancel, SendSignal, StartChild
from pyworkflow.engine.records import ActivityRow, ProcessHead, Start, TimerRow
from pyworkflow.engine.registry import ActivityType, Registry, seconds
from pyworkflow.event import ActivityEvent, DecisionEvent, Event
from pyworkflow.exceptions import InvalidDecisionException, InvalidValueException, UnknownWorkflowException
from pyworkflow.process import Process, closing_result
from pyworkflow.unfinished import OpenTimers


@dataclass
class _Round:
    """The process as it becomes while the list is applied."""

    head: ProcessHead
    registry: Registry
    open_activities: dict[str, ActivityRow]
    open_timers: OpenTimers  # by their places among the rows
    timers: list[TimerRow]
    tags: tuple[str, ...]
    now: int
    events: list[Event] = field(default_factory=list)
    added: dict[str, ActivityRow] = field(default_factory=dict)
    saved: list[ActivityRow] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    fired: list[int] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)


def apply(
    head: ProcessHead,
    decisions: Sequence[Decision],
    registry: Registry,
    activities: Mapping[str, ActivityRow],
    timers: Iterable[TimerRow],
    tags: tuple[str, ...],
    now: int,
) -> Changes:
    """The decisions, recorded and applied in order.

    `activities` holds at least those open ones that the list names, `timers` the open ones if it names any, both
    oldest first. Raises InvalidDecisionException for the first decision that cannot be; then nothing is to be done.
    """
    round = _Round(head, registry, dict(activities), OpenTimers(), [], tags, now)
    for row in timers:
        _add_timer(round, row)
    closing: Decision | None = None
    for decision in decisions:
        if closing is not None:
            raise InvalidDecisionException(decision, f"nothing can follow {type(closing).__name__}, which closes it")
        _check(decision)
        round.events.append(DecisionEvent(decision))
        _apply(round, decision)
        closing = decision if decision.closes else None
    return _going_on(round) if closing is None else _closing(round, closing)


def named_activities(decisions: Iterable[Decision]) -> list[str]:
    """The ids of the activities that the decisions name."""
    return [decision.id for decision in decisions if isinstance(decision, ScheduleActivity | CancelActivity)]


def names_timers(decisions: Iterable[Decision]) -> bool:
    """Does it matter to them which timers are open?"""
    return any(
        isinstance(decision, CancelTimer) or (isinstance(decision, Timer) and decision.id is not None)
        for decision in decisions
    )


def _check(decision: Decision) -> None:
    """Refuse what is no decision of ours, and what JSON cannot hold."""
    try:
        codec.DECISION.encode(decision, "")
    except InvalidValueException as refused:
        where = refused.where.lstrip(".")
        raise InvalidDecisionException(decision, f"{where}: {refused.reason}" if where else refused.reason) from None


def _apply(round: _Round, decision: Decision) -> None:
    match decision:
        case ScheduleActivity():
            _schedule(round, decision)
        case CancelActivity():
            _cancel_activity(round, decision)
        case Timer():
            _start_timer(round, decision)
        case CancelTimer():
            _cancel_timer(round, decision)
        case StartChildProcess():
            _start_child(round, decision)
        case SignalProcess(process_id=process_id, signal=signal):
            _text(decision, process_id, "process_id")
            _text(decision, signal.name, "signal.name")
            round.messages.append(SendSignal(process_id, signal, round.head.id))
        case RequestCancelProcess(process_id=process_id, details=details):
            _text(decision, process_id, "process_id")
            round.messages.append(SendCancel(process_id, details, round.head.id))
        case RecordMarker(name=name):
            _text(decision, name, "name")


def _going_on(round: _Round) -> Changes:
    calls_for_another = any(event.calls_for_decision for event in round.events)
    return Changes(
        transitions.decision_made(round.head, round.now, calls_for_another),
        tuple(round.events),
        activities=(*round.saved, *round.added.values()),
        ended=tuple(round.ended),
        timers=tuple(row for row in map(round.timers.__getitem__, round.open_timers.numbers()) if not row.key),
        fired=tuple(round.fired),
        messages=tuple(round.messages),
    )


def _closing(round: _Round, decision: Decision) -> Changes:
    head, now = round.head, round.now
    if isinstance(decision, ContinueAsNew):
        start = Start(codec.dumps(codec.plain(decision.input, "input")), round.tags)
        return Changes(
            transitions.closed(head, "continued", now),
            tuple(round.events),
            withdraw=True,
            messages=tuple(round.messages),
            successor=(transitions.next_run(transitions.closed(head, "continued", now), now), start),
        )
    result = closing_result(decision)
    assert result is not None
    return Changes(
        transitions.closed(head, result.type, now),
        tuple(round.events),
        withdraw=True,
        messages=(*round.messages, *transitions.last_messages(head, result)),
    )


def _schedule(round: _Round, decision: ScheduleActivity) -> None:
    _text(decision, decision.id, "id")
    type = round.registry.activities.get(decision.activity)
    if type is None:
        known = ", ".join(sorted(round.registry.activities)) or "none"
        raise InvalidDecisionException(
            decision, f"activity {decision.activity!r} is not registered with this backend (registered: {known})"
        )
    if decision.id in round.open_activities or decision.id in round.added:
        raise InvalidDecisionException(decision, f"an activity with the id {decision.id!r} is still open")
    if decision.category is not None:
        _text(decision, decision.category, "category")
    round.added[decision.id] = activity_row(decision, type, round.head.key, round.now)


def activity_row(decision: ScheduleActivity, type: ActivityType, process: int, now: int) -> ActivityRow:
    """It waits from now on."""
    return ActivityRow(
        key=0,
        process=process,
        id=decision.id,
        activity=type.name,
        input=codec.dumps(codec.plain(decision.input, "input")),
        category=decision.category or type.category,
        scheduled_timeout=type.scheduled_timeout,
        execution_timeout=type.execution_timeout,
        heartbeat_timeout=type.heartbeat_timeout,
        restart_lost=type.restart_lost,
        since=now,
        deadline=now + type.scheduled_timeout,
    )


def _cancel_activity(round: _Round, decision: CancelActivity) -> None:
    """One that waits ends at once, one that runs is asked (A6); what is unknown or over is left alone (D5)."""
    if decision.id in round.added:
        row = round.added.pop(decision.id)
        round.events.append(ActivityEvent(row.execution, ActivityCanceled()))
    elif decision.id in round.open_activities:
        row = round.open_activities[decision.id]
        if row.state == "waiting":
            del round.open_activities[decision.id]
            round.ended.append(row.key)
            round.events.append(ActivityEvent(row.execution, ActivityCanceled()))
        elif not row.cancel_requested:
            round.open_activities[decision.id] = row._replace(cancel_requested=True)
            round.saved.append(round.open_activities[decision.id])


def _start_timer(round: _Round, decision: Timer) -> None:
    try:
        delay = seconds(decision.delay, "delay", least=0)
    except InvalidValueException as refused:
        raise InvalidDecisionException(decision, str(refused)) from None
    if decision.id is not None and round.open_timers.has(decision.id):
        raise InvalidDecisionException(decision, f"a timer with the id {decision.id!r} is still open")
    _add_timer(round, TimerRow(0, round.head.key, round.now + delay, as_stored(decision)))


def _add_timer(round: _Round, row: TimerRow) -> None:
    round.open_timers.add(len(round.timers), row.timer)
    round.timers.append(row)


def _cancel_timer(round: _Round, decision: CancelTimer) -> None:
    wanted = as_stored(decision.timer) if isinstance(decision.timer, Timer) else decision.timer
    place = round.open_timers.pop(wanted)
    if place is not None and round.timers[place].key:
        round.fired.append(round.timers[place].key)


def as_stored(timer: Timer) -> Timer:
    """A copy of our own, its data as JSON brings it back (V3)."""
    copy: Timer = codec.TIMER.decode(codec.TIMER.encode(timer, ""))
    return copy


def _start_child(round: _Round, decision: StartChildProcess) -> None:
    child: Process = decision.process
    if decision.child_policy not in CHILD_POLICIES:
        raise InvalidDecisionException(decision, f"child_policy must be one of {', '.join(CHILD_POLICIES)}")
    try:
        workflow = round.registry.workflow(child.workflow or "")
    except UnknownWorkflowException as unknown:
        raise InvalidDecisionException(decision, str(unknown)) from None
    head = transitions.new_process(
        workflow,
        child.id or _child_id(round),
        round.now,
        parent=round.head,
        child_policy=decision.child_policy,
    )
    start = Start(codec.dumps(codec.plain(child.input, "input")), tuple(child.tags))
    round.messages.append(StartChild(head, start))


def _child_id(round: _Round) -> str:
    """`<parent>-<number of its decision event>` (V6); runs after the first say which, since their numbers recur."""
    number = round.head.length + len(round.events)
    run = round.head.run
    return f"{round.head.id}-{number}" if run == 1 else f"{round.head.id}-{run}.{number}"


def _text(decision: Decision, value: object, where: str) -> None:
    if not isinstance(value, str) or not value:
        raise InvalidDecisionException(decision, f"{where} must be text that is not empty, not {value!r}")
