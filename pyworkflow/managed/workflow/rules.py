"""Rules: what is to be done when an event matches.

Each function makes a decorator for a handler `(self, event, process)`, which answers as `decide` does. What it takes
are conditions, all optional: a value (compare), a class (is it one?), or a callable (is it true of it? one that raises
says no). An activity or a workflow can be given by its class. Stacked, the handler is called for either event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Handler = Callable[[Any, Any, Any], Any]
Match = Callable[[Any], bool]


class Rule:
    """A handler, and what it is for. Called as the handler is, with the workflow first: it is not a method."""

    def __init__(self, match: Match, handler: Handler) -> None:
        self._match = match
        self._handler = handler

    def match(self, event: Any) -> bool:
        """Is the handler to be called for this event?"""
        return bool(self._match(event))

    def __call__(self, instance: Any, event: Any, process: Any) -> Any:
        return self._handler(instance, event, process)

    def __repr__(self) -> str:
        return f"Rule({self._handler!r})"


class RuleDecorator:
    """Makes a handler a rule. A class of its own, so that one left without its parentheses can be told."""

    def __init__(self, match: Match) -> None:
        self._match = match

    def __call__(self, handler: Handler | Rule) -> Rule:
        if isinstance(handler, Rule):
            return Rule(lambda event: self._match(event) or handler.match(event), handler)
        return Rule(self._match, handler)


def rule(match: Match) -> RuleDecorator:
    """For what `match(event)` is true of."""
    return RuleDecorator(match)


def process_started(handler: Handler | None = None) -> Any:
    """The process was started. Also works without parentheses."""
    decorator = _on("process_started")
    return decorator if handler is None else decorator(handler)


def activity(activity: Any = None, input: Any = None, result: Any = None) -> RuleDecorator:
    """An activity ended, however it did; `result` is its ActivityResult."""
    return rule(lambda event: _ended(event, activity, input, result))


def completed_activity(activity: Any = None, input: Any = None, result: Any = None) -> RuleDecorator:
    """An activity completed; `result` is its ActivityCompleted."""
    return rule(lambda event: _ended(event, activity, input, result) and event.result.type == "completed")


def interrupted_activity(activity: Any = None, result: Any = None, input: Any = None) -> RuleDecorator:
    """An activity failed, timed out or was canceled; `result` is its ActivityResult."""
    return rule(lambda event: _ended(event, activity, input, result) and event.result.type != "completed")


def activity_started(activity: Any = None, input: Any = None) -> RuleDecorator:
    """A worker has taken an activity. It calls for no decision, so this is heard with the next event that does."""
    return rule(lambda event: event.type == "activity_started" and _execution(event, activity, input))


def activity_lost(activity: Any = None, input: Any = None) -> RuleDecorator:
    """An activity's worker is gone, and it waits to be executed again. Heard with the next event, as above."""
    return rule(lambda event: event.type == "activity_lost" and _execution(event, activity, input))


def signal(name: Any = None, data: Any = None) -> RuleDecorator:
    """A signal came."""
    return rule(lambda event: event.type == "signal" and _is(event.signal.name, name) and _is(event.signal.data, data))


def signal_failed(process_id: Any = None, name: Any = None) -> RuleDecorator:
    """A signal that this process sent did not arrive."""
    return rule(
        lambda event: (
            event.type == "signal_failed" and _is(event.process_id, process_id) and _is(event.signal.name, name)
        )
    )


def timer(data: Any = None, id: Any = None) -> RuleDecorator:
    """A timer is due."""
    return rule(lambda event: event.type == "timer" and _is(event.timer.data, data) and _is(event.timer.id, id))


def child_process(workflow: Any = None, tags: Any = None, has_tag: Any = None, result: Any = None) -> RuleDecorator:
    """A child ended, however it did, or could not be started; `result` is its ProcessResult."""
    return rule(lambda event: _child(event, workflow, tags, has_tag, result))


def child_process_completed(
    workflow: Any = None, tags: Any = None, has_tag: Any = None, result: Any = None
) -> RuleDecorator:
    """A child completed; `result` is its ProcessCompleted."""
    return rule(lambda event: _child(event, workflow, tags, has_tag, result) and event.result.type == "completed")


def child_process_interrupted(
    workflow: Any = None, tags: Any = None, has_tag: Any = None, result: Any = None
) -> RuleDecorator:
    """A child failed, timed out, was canceled or could not be started; `result` is its ProcessResult."""
    return rule(lambda event: _child(event, workflow, tags, has_tag, result) and event.result.type != "completed")


def cancel_requested(details: Any = None) -> RuleDecorator:
    """Somebody asks the process to cancel itself."""
    return rule(lambda event: event.type == "cancel_requested" and _is(event.details, details))


def cancel_failed(process_id: Any = None) -> RuleDecorator:
    """The process that this one wanted to cancel is over, or unknown."""
    return rule(lambda event: event.type == "cancel_failed" and _is(event.process_id, process_id))


def decision(decision: Any = None) -> RuleDecorator:
    """What this workflow itself decided last time, such as a marker."""
    return rule(lambda event: event.type == "decision" and _is(event.decision, decision))


def _on(type: str) -> RuleDecorator:
    return rule(lambda event: event.type == type)


def _ended(event: Any, activity: Any, input: Any, result: Any) -> bool:
    return event.type == "activity" and _execution(event, activity, input) and _is(event.result, result)


def _execution(event: Any, activity: Any, input: Any) -> bool:
    return _is(event.activity_execution.activity, activity) and _is(event.activity_execution.input, input)


def _child(event: Any, workflow: Any, tags: Any, has_tag: Any, result: Any) -> bool:
    return (
        event.type == "child_process"
        and _is(event.workflow, workflow)
        and _is(event.tags, tags)
        and (has_tag is None or has_tag in (event.tags or ()))
        and _is(event.result, result)
    )


def _is(value: Any, condition: Any) -> bool:
    if condition is None:
        return True
    if isinstance(condition, type):
        name = getattr(condition, "name", None)
        return value == name if isinstance(name, str) else isinstance(value, condition)
    if callable(condition):
        try:
            return bool(condition(value))
        except Exception:
            return False
    return bool(value == condition)
