"""What is made as it is looked at reads as a list does."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from pyworkflow.event import Event, SignalEvent
from pyworkflow.lazy import Lazy
from pyworkflow.signal import Signal

EVENTS: list[Event] = [SignalEvent(Signal(str(number))) for number in range(5)]


def test_it_reads_as_a_list_does() -> None:
    history: Any = Lazy(5, EVENTS.__getitem__)
    assert (len(history), history[0], history[-1], history[-2]) == (5, EVENTS[0], EVENTS[4], EVENTS[3])
    assert history[1:3] == EVENTS[1:3]
    assert history[-2::-1] == EVENTS[-2::-1]
    assert history == EVENTS
    assert history == EVENTS
    assert history != EVENTS[1:]
    assert list(history) == EVENTS
    assert list(reversed(history)) == EVENTS[::-1]
    assert history + [EVENTS[0]] == [*EVENTS, EVENTS[0]]  # noqa: RUF005 - the sum is what is tried
    assert [EVENTS[0]] + history == [EVENTS[0], *EVENTS]  # noqa: RUF005
    assert EVENTS[3] in history
    assert history.index(EVENTS[3]) == 3
    assert repr(history) == repr(EVENTS)
    for other in (copy.copy(history), copy.deepcopy(history), pickle.loads(pickle.dumps(history))):
        assert type(other) is list
        assert other == EVENTS
    for place in (5, -6):
        with pytest.raises(IndexError):
            history[place]
    with pytest.raises(TypeError, match="unhashable"):
        hash(history)


def test_a_thing_is_made_once_and_only_when_it_is_looked_at() -> None:
    made: list[int] = []

    def make(place: int) -> Event:
        made.append(place)
        return EVENTS[place]

    history = Lazy(5, make)
    assert history[-1] is history[4]
    assert made == [4]
