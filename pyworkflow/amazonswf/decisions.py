"""What a list of decisions means to Amazon SWF: checked whole, then written (D3, D5). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pyworkflow import codec
from pyworkflow.amazonswf import limits, payload, wire
from pyworkflow.amazonswf.history import Story
from pyworkflow.amazonswf.registry import Registry
from pyworkflow.codec import Json
from pyworkflow.decision import (
    CHILD_POLICIES,
    CancelActivity,
    CancelProcess,
    CancelTimer,
    CompleteProcess,
    ContinueAsNew,
    Decision,
    FailProcess,
    RecordMarker,
    RequestCancelProcess,
    ScheduleActivity,
    SignalProcess,
    StartChildProcess,
    Timer,
)
from pyworkflow.exceptions import InvalidDecisionException, InvalidValueException, UnknownWorkflowException
from pyworkflow.process import Process


@dataclass
class Answer:
    """A list as it is sent: the decisions of SWF, and the names of the types that they need.

    `closing` is the one that closes the process, if any does.
    """

    decisions: list[dict[str, Any]] = field(default_factory=list)
    activities: set[str] = field(default_factory=set)
    workflows: set[str] = field(default_factory=set)
    closing: Decision | None = None


@dataclass
class _List:
    """The run as it becomes while the list is written. `timers` are open: our timer, and its id at SWF."""

    story: Story
    registry: Registry
    version: str
    answer: Answer
    waiting: set[str]
    running: set[str]
    timers: list[tuple[Timer, str]]
    children: int
    number: int  # of the event that the decision will be, if nothing arrived meanwhile

    def send(self, kind: str, **attributes: Any) -> None:
        """Another decision of SWF. What is None is left out."""
        self.answer.decisions.append(wire.decision(kind, **attributes))

    @property
    def closes(self) -> bool:
        """Does the list close the process? Then what is open ends with it, and nothing more can be opened."""
        return self.answer.closing is not None

    def note(self, decision: Decision) -> None:
        """Record it; it has no effect. In a list that closes the process it counts only if that is closed."""
        document = codec.DECISION.encode(decision, "")
        details = payload.written(None, decision=document, closing=self.closes or None)
        self.send("RecordMarker", markerName=payload.DECISION, details=_fits(details, "the decision"))


def written(story: Story, made: Sequence[Decision], registry: Registry, version: str) -> Answer:
    """The list for the run as the decision task showed it.

    Raises InvalidDecisionException for the first decision that cannot be; then nothing is to be done.
    """
    answer = Answer(closing=made[-1] if made and made[-1].closes else None)
    at_hand = _begin(story, registry, version, answer)
    if story.round.retry_timer is not None and story.round.retry_at is not None:
        at_hand.send("CancelTimer", timerId=story.round.retry_timer)
    closed_by: Decision | None = None
    for decision in made:
        if closed_by is not None:
            raise InvalidDecisionException(decision, f"nothing can follow {type(closed_by).__name__}, which closes it")
        at_hand.number += 1
        with _blamed(decision):
            codec.DECISION.encode(decision, "")
            _write(at_hand, decision)
        closed_by = decision if decision.closes else None
    size = wire.size(answer.decisions)
    if size > limits.MAX_REQUEST:
        raise InvalidDecisionException(
            made[-1], f"the list has {size:,} characters; Amazon SWF takes {limits.MAX_REQUEST:,}"
        )
    return answer


def _begin(story: Story, registry: Registry, version: str, answer: Answer) -> _List:
    return _List(
        story,
        registry,
        version,
        answer,
        waiting={one.execution.id for one in story.activities.values() if one.started_id is None},
        running={one.execution.id for one in story.activities.values() if one.started_id is not None},
        timers=[(one.timer, one.id) for one in story.timers.values()],
        children=len(story.children),
        number=len(story.events),
    )


@contextmanager
def _blamed(decision: Decision) -> Iterator[None]:
    """What is refused within is this decision."""
    try:
        yield
    except InvalidValueException as refused:
        where = refused.where.lstrip(".")
        raise InvalidDecisionException(decision, f"{where}: {refused.reason}" if where else refused.reason) from None
    except UnknownWorkflowException as unknown:
        raise InvalidDecisionException(decision, str(unknown)) from None


def _write(at_hand: _List, decision: Decision) -> None:
    match decision:
        case ScheduleActivity():
            _schedule(at_hand, decision)
        case CancelActivity():
            _cancel_activity(at_hand, decision)
        case Timer():
            _start_timer(at_hand, decision)
        case CancelTimer():
            _cancel_timer(at_hand, decision)
        case _:
            _write_beyond(at_hand, decision)


def _write_beyond(at_hand: _List, decision: Decision) -> None:
    """What has an effect though the process closes."""
    match decision:
        case StartChildProcess():
            _start_child(at_hand, decision)
        case SignalProcess(process_id=process_id, signal=signal):
            name = limits.own(signal.name, "signal.name")
            at_hand.send(
                "SignalExternalWorkflowExecution",
                workflowId=limits.identifier(process_id, "process_id"),
                signalName=name,
                input=_text(signal.data, "signal.data"),
            )
        case RequestCancelProcess():
            _request_cancel(at_hand, decision)
        case RecordMarker(name=name, data=data):
            at_hand.send("RecordMarker", markerName=limits.own(name, "name"), details=_text(data, "data"))
        case _:
            _close(at_hand, decision)


def _close(at_hand: _List, decision: Decision) -> None:
    match decision:
        case CompleteProcess(result=result):
            at_hand.send("CompleteWorkflowExecution", result=_text(result, "result"))
        case CancelProcess(details=details):
            at_hand.send("CancelWorkflowExecution", details=_text(details, "details"))
        case FailProcess(reason=reason, details=details):
            fields = payload.failure(codec.plain(reason, "reason"), codec.plain(details, "details"))
            _fits(fields.get("details"), "details")
            at_hand.send("FailWorkflowExecution", **fields)
        case ContinueAsNew(input=input):
            story = at_hand.story
            at_hand.send(
                "ContinueAsNewWorkflowExecution",
                input=_text(input, "input", run=story.run + 1),
                executionStartToCloseTimeout=wire.seconds(story.timeout),
                taskStartToCloseTimeout=wire.seconds(story.decision_timeout),
                taskList={"name": story.category},
                tagList=story.tags,
                childPolicy="ABANDON",
                workflowTypeVersion=story.version,
            )


def _schedule(at_hand: _List, decision: ScheduleActivity) -> None:
    id = limits.identifier(decision.id, "id")
    type = at_hand.registry.activities.get(decision.activity)
    if type is None:
        known = ", ".join(sorted(at_hand.registry.activities)) or "none"
        raise InvalidValueException(
            "", f"activity {decision.activity!r} is not registered with this backend (registered: {known})"
        )
    if id in at_hand.waiting or id in at_hand.running:
        raise InvalidValueException("", f"an activity with the id {id!r} is still open")
    at_hand.waiting.add(id)
    _few(len(at_hand.waiting) + len(at_hand.running), "activities")
    category = None if decision.category is None else limits.category(decision.category)
    attributes = {
        "activityType": {"name": type.name, "version": at_hand.version},
        "activityId": id,
        "input": _text(decision.input, "input"),
        "control": payload.written(None, category=category),
        "taskList": {"name": category or type.category},
        "scheduleToStartTimeout": wire.seconds(type.scheduled_timeout),
        "startToCloseTimeout": wire.seconds(type.execution_timeout),
        "heartbeatTimeout": wire.seconds(type.heartbeat_timeout),
        "scheduleToCloseTimeout": "NONE",
    }
    if at_hand.closes:
        at_hand.note(decision)
    else:
        at_hand.answer.activities.add(type.name)
        at_hand.send("ScheduleActivityTask", **attributes)


def _cancel_activity(at_hand: _List, decision: CancelActivity) -> None:
    """One that waits ends at once, one that runs is asked (A6); what is unknown or over is left alone (D5)."""
    asked = any(one.cancel_requested for one in at_hand.story.activities.values() if one.execution.id == decision.id)
    is_open = decision.id in at_hand.waiting or decision.id in at_hand.running
    if at_hand.closes or asked or not is_open:
        at_hand.note(decision)
        return
    at_hand.waiting.discard(decision.id)
    at_hand.send("RequestCancelActivityTask", activityId=decision.id)


def _start_timer(at_hand: _List, decision: Timer) -> None:
    delay = limits.seconds(decision.delay, "delay", least=0, most=limits.MAX_DELAY)
    if decision.id is not None:
        limits.own(limits.identifier(decision.id, "id"), "id")
        if any(timer.id == decision.id for timer, _ in at_hand.timers):
            raise InvalidValueException("", f"a timer with the id {decision.id!r} is still open")
    id = decision.id or f"{payload.TIMER}{at_hand.number}"
    at_hand.timers.append((_as_stored(decision), id))
    _few(len(at_hand.timers), "timers")
    control = payload.written(None, timer=codec.TIMER.encode(decision, ""))
    if at_hand.closes:
        at_hand.note(decision)
    else:
        at_hand.send("StartTimer", timerId=id, startToFireTimeout=str(delay), control=_fits(control, "data"))


def _cancel_timer(at_hand: _List, decision: CancelTimer) -> None:
    wanted = _as_stored(decision.timer) if isinstance(decision.timer, Timer) else decision.timer
    for position, (timer, id) in enumerate(at_hand.timers):
        if timer == wanted or (timer.id is not None and timer.id == wanted):
            del at_hand.timers[position]
            if not at_hand.closes:
                at_hand.send("CancelTimer", timerId=id)
                return
            break
    at_hand.note(decision)


def _start_child(at_hand: _List, decision: StartChildProcess) -> None:
    child: Process = decision.process
    if decision.child_policy not in CHILD_POLICIES:
        raise InvalidValueException("", f"child_policy must be one of {', '.join(CHILD_POLICIES)}")
    type = at_hand.registry.workflow(child.workflow or "")
    at_hand.children += 1
    _few(at_hand.children, "children")
    policy = None if decision.child_policy == "ABANDON" else decision.child_policy
    at_hand.answer.workflows.add(type.name)
    at_hand.send(
        "StartChildWorkflowExecution",
        workflowType={"name": type.name, "version": at_hand.version},
        workflowId=limits.identifier(child.id or _child_id(at_hand), "process.id"),
        input=_text(child.input, "process.input"),
        control=payload.written(None, policy=policy, named=None if child.id else False),
        tagList=limits.tags(child.tags, "process.tags"),
        taskList={"name": type.category},
        executionStartToCloseTimeout=wire.seconds(type.timeout),
        taskStartToCloseTimeout=wire.seconds(type.decision_timeout),
        childPolicy="ABANDON",
    )


def _child_id(at_hand: _List) -> str:
    """`<parent>-<number of its decision event>` (V6); runs after the first say which, since their numbers recur."""
    story, number = at_hand.story, at_hand.number
    return f"{story.process_id}-{number}" if story.run == 1 else f"{story.process_id}-{story.run}.{number}"


def _request_cancel(at_hand: _List, decision: RequestCancelProcess) -> None:
    process_id = limits.identifier(decision.process_id, "process_id")
    if decision.details is None:
        at_hand.send("RequestCancelExternalWorkflowExecution", workflowId=process_id)
    else:
        details = _text(decision.details, "details")
        at_hand.send("SignalExternalWorkflowExecution", workflowId=process_id, signalName=payload.CANCEL, input=details)


def _few(number: int, what: str) -> None:
    if number > limits.MAX_OPEN:
        raise InvalidValueException("", f"more than {limits.MAX_OPEN} {what} would be open; Amazon SWF takes no more")


def _as_stored(timer: Timer) -> Timer:
    """A copy, its data as JSON brings it back (V3)."""
    copy: Timer = codec.TIMER.decode(codec.TIMER.encode(timer, ""))
    return copy


def _text(value: object, where: str, **ours: Json) -> str | None:
    return _fits(payload.written(codec.plain(value, where), **ours), where)


def _fits(text: str | None, where: str) -> str | None:
    return limits.payload(text, where)
