"""The vocabulary as JSON, and back."""

from __future__ import annotations

import enum
import json
from collections import OrderedDict, namedtuple
from datetime import UTC, datetime
from typing import Any

import pytest

from pyworkflow import ActivityExecution, Process, codec, event
from pyworkflow.activity import ActivityCanceled, ActivityCompleted, ActivityFailed, ActivityTimedOut
from pyworkflow.decision import (
    CancelActivity,
    CancelProcess,
    CancelTimer,
    CompleteProcess,
    ContinueAsNew,
    FailProcess,
    RecordMarker,
    RequestCancelProcess,
    ScheduleActivity,
    SignalProcess,
    StartChildProcess,
    Timer,
)
from pyworkflow.exceptions import BackendException, InvalidValueException
from pyworkflow.process import ProcessCanceled, ProcessCompleted, ProcessFailed, ProcessTimedOut
from pyworkflow.signal import Signal

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
DATA = {"items": [1, 2.5, None, True, "ü"], "empty": {}}
EXECUTION = ActivityExecution("Pay", "1", DATA)
DECISIONS = [
    ScheduleActivity("Pay", "1", "heavy", DATA),
    CancelActivity("1"),
    Timer(1.5, DATA, "t"),
    Timer(1),
    CancelTimer("t"),
    CancelTimer(Timer(1, DATA)),
    StartChildProcess(Process("Order", "o", DATA, ["blue"], parent="p"), "TERMINATE"),
    StartChildProcess(Process("Order")),
    SignalProcess("o", Signal("paid", DATA)),
    RequestCancelProcess("o", DATA),
    RecordMarker("m", DATA),
    CompleteProcess(DATA),
    CompleteProcess(),
    CancelProcess(DATA),
    FailProcess("why", DATA),
    ContinueAsNew(DATA),
]
EVENTS: list[event.Event] = [
    event.ProcessStartedEvent(datetime=NOW),
    event.ProcessClosedEvent(ProcessCanceled(DATA), "cancel", datetime=NOW),
    event.DecisionStartedEvent("host:1", "abc", datetime=NOW),
    *(event.DecisionEvent(decision, datetime=NOW) for decision in DECISIONS),
    event.DecisionFailedEvent("why", "Traceback", datetime=NOW),
    event.DecisionTimedOutEvent(datetime=NOW),
    event.ActivityStartedEvent(EXECUTION, "host:1", datetime=NOW),
    event.ActivityLostEvent(EXECUTION, "host:1", datetime=NOW),
    event.ActivityEvent(EXECUTION, ActivityCompleted(DATA), datetime=NOW),
    event.ActivityEvent(EXECUTION, ActivityFailed("why", DATA), datetime=NOW),
    event.ActivityEvent(EXECUTION, ActivityCanceled(DATA), datetime=NOW),
    event.ActivityEvent(EXECUTION, ActivityTimedOut(DATA, "worker"), datetime=NOW),
    event.TimerEvent(Timer(1, DATA), datetime=NOW),
    event.SignalEvent(Signal("paid", DATA), datetime=NOW),
    event.SignalFailedEvent("o", Signal("paid", DATA), "why", datetime=NOW),
    event.ChildProcessEvent("o", ProcessCompleted(DATA), "Order", ["blue"], datetime=NOW),
    event.ChildProcessEvent("o", ProcessFailed("why", DATA), datetime=NOW),
    event.ChildProcessEvent("o", ProcessTimedOut(DATA), datetime=NOW),
    event.CancelRequestedEvent(DATA, datetime=NOW),
    event.CancelFailedEvent("o", "why", datetime=NOW),
]


@pytest.mark.parametrize("one", EVENTS, ids=repr)
def test_an_event_comes_back_as_it_was_through_json_text(one: event.Event) -> None:
    text = codec.dumps(codec.encode_event(one))
    again = codec.decode_event(one.type, NOW, codec.loads(text))
    assert type(again) is type(one)
    assert repr(again) == repr(one)
    assert again == one


def test_no_kind_of_event_or_decision_is_missing_from_these_tests() -> None:
    assert {type(one) for one in EVENTS} == set(event.Event.__subclasses__())
    assert {type(one).__name__ for one in DECISIONS} == {
        cls.__name__ for cls in ScheduleActivity.__mro__[1].__subclasses__()
    }


def test_a_value_is_copied_and_tuples_become_lists() -> None:
    given = {"a": (1, (2,)), "b": OrderedDict(x=[None])}
    brought = codec.plain(given, "input")
    assert brought == {"a": [1, [2]], "b": {"x": [None]}} == json.loads(codec.dumps(brought))
    assert brought["b"]["x"] is not given["b"]["x"]  # type: ignore[index]


class Colour(enum.IntEnum):
    RED = 1


def test_what_is_a_kind_of_number_or_text_comes_back_plain() -> None:
    class Text(str):
        __slots__ = ()

    pair = namedtuple("pair", "a b")
    brought = codec.plain([Colour.RED, Text("x"), pair(1, 2), True], "input")
    assert brought == [1, "x", [1, 2], True]
    assert [type(one) for one in brought] == [int, str, list, bool]


DEEP: list[Any] = []
for _ in range(300):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": [1, float("nan")]}, 'input["a"][1]: nan is not a JSON number'),
        ([float("inf")], "input[0]: inf is not a JSON number"),
        ({"a": {1: 2}}, 'input["a"]: the key 1 is not text'),
        ({"a": {3, 4}}, 'input["a"]: an object of set is not a JSON value (text, number, true, false, null, list or'),
        (b"x", "input: an object of bytes is not a JSON value"),
        (["\ud800"], "input[0]: holds a lone surrogate at character 0, which is not Unicode text"),
        ({"\udc80": 1}, "input: holds a lone surrogate"),
        (DEEP, "is nested more than 200 levels deep"),
        ([10**5000], "input[0]: is an integer of too many digits"),
    ],
    ids=["nan", "inf", "key", "set", "bytes", "surrogate", "surrogate key", "deep", "digits"],
)
def test_what_json_would_refuse_or_change_is_refused_saying_where(value: object, message: str) -> None:
    with pytest.raises(InvalidValueException) as refused:
        codec.plain(value, "input")
    assert message in str(refused.value)
    assert len(str(refused.value)) < 300


def test_a_value_in_a_decision_is_refused_saying_where() -> None:
    with pytest.raises(InvalidValueException, match=r'input\["a"\]: an object of object'):
        codec.DECISION.encode(ScheduleActivity("Pay", input={"a": object()}), "")


def test_json_of_others_with_nan_in_it_is_not_read() -> None:
    with pytest.raises(ValueError, match="NaN is not JSON"):
        codec.loads('{"a": NaN}')


def test_a_record_of_a_kind_that_this_version_does_not_know_is_refused() -> None:
    with pytest.raises(BackendException, match="'teleported' event, which this version of pyworkflow does not know"):
        codec.decode_event("teleported", NOW, {})
    with pytest.raises(BackendException, match="holds a 'teleport', which this version"):
        codec.decode_event("decision", NOW, {"decision": {"type": "teleport"}})


@pytest.mark.parametrize("value", ["", None, 5, b"x"])
def test_text_that_is_needed_is_text_and_not_empty(value: object) -> None:
    with pytest.raises(InvalidValueException, match="signal"):
        codec.text(value, "signal")
