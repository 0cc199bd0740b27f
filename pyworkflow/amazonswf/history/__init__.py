"""The events of Amazon SWF as ours: a fold over the history of one execution, which is one run of a process.

Pure: the same events give the same story, and more events only add to it. What other programs record is read as far as
it has a meaning here; kinds of events that we do not know are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pyworkflow.amazonswf.history import activities, children, execution, messages, tasks, timers
from pyworkflow.amazonswf.history.story import Handler, Story

HANDLERS: dict[str, Handler] = {
    **execution.HANDLERS,
    **tasks.HANDLERS,
    **activities.HANDLERS,
    **timers.HANDLERS,
    **children.HANDLERS,
    **messages.HANDLERS,
}


def tell(story: Story, events: Iterable[Mapping[str, Any]]) -> Story:
    """Go on with these events of SWF, in their order. Returns the story."""
    for event in events:
        kind = event["eventType"]
        story.turn_to(event["eventId"], event["eventTimestamp"])
        handle = HANDLERS.get(kind)
        if handle is not None:
            handle(story, attributes_of(event))
    return story


def attributes_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an event of SWF says, besides its kind, its number and its time."""
    kind = event["eventType"]
    attributes: Mapping[str, Any] = event.get(f"{kind[0].lower()}{kind[1:]}EventAttributes", {})
    return attributes


__all__ = ["HANDLERS", "Story", "attributes_of", "tell"]
