"""An activity's signs of life, and its errors as text."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest

from pyworkflow import ActivityExecution
from pyworkflow.activity import ActivityCanceled
from pyworkflow.backend import Heartbeat
from pyworkflow.exceptions import BackendUnavailableException, UnknownActivityException
from pyworkflow.managed import Activity, ActivityMonitor
from pyworkflow.managed.worker.deadline import Deadline
from pyworkflow.managed.worker.failure import reason_of, traceback_of, where
from pyworkflow.managed.worker.heartbeat import Pulse
from pyworkflow.task import ActivityTask

TASK = ActivityTask(ActivityExecution("Pay", "1", [3, 4]))
ALWAYS, SELDOM = 0, 1_000_000  # heartbeat time-outs: send every one, or one a second


class PayActivity(Activity):
    pass


class Backend:
    """Answers what it is told to, and remembers what it was sent."""

    def __init__(self, *answers: Heartbeat | Exception) -> None:
        self.sent: list[Any] = []
        self._answers = list(answers)

    def __call__(self, details: Any) -> Heartbeat:
        self.sent.append(details)
        answer = self._answers.pop(0) if self._answers else Heartbeat(cancel_requested=False)
        if isinstance(answer, Exception):
            raise answer
        return answer


def until(seconds: float, call: Callable[[], object]) -> None:
    """Call again and again, until it raises."""
    end = monotonic() + seconds
    while monotonic() < end:
        call()


def pulse_of(send: Callable[[Any], Heartbeat], timeout: float, **options: Any) -> Pulse:
    """A Pulse whose calls wait for the answers, unless it is to have less patience."""
    return Pulse(send, timeout, **{"patience": 30, **options})


def test_a_heartbeat_is_passed_on_without_an_argument_unless_there_are_details() -> None:
    calls: list[tuple[Any, ...]] = []
    activity = PayActivity(TASK, ActivityMonitor(lambda *given: calls.append(given)))
    activity.heartbeat()
    activity.heartbeat({"done": 1})
    activity.heartbeat(0)
    assert calls == [(), ({"done": 1},), (0,)]


def test_a_heartbeat_that_nobody_hears_does_nothing() -> None:
    PayActivity(TASK).heartbeat({"done": 1})
    PayActivity(TASK, ActivityMonitor()).heartbeat()


def test_an_activity_that_does_nothing_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"PayActivity must override execute\(\)"):
        PayActivity(TASK).execute()


def test_activities_are_equal_when_their_classes_and_attributes_are() -> None:
    class OtherActivity(PayActivity):
        pass

    assert PayActivity(TASK) == PayActivity(TASK)
    assert PayActivity(TASK) != OtherActivity(TASK)
    assert PayActivity(TASK) != PayActivity(ActivityTask(ActivityExecution("Pay", "2")))
    assert len({PayActivity(TASK), PayActivity(TASK)}) == 1


def test_the_first_heartbeat_is_sent_at_once_and_those_soon_after_are_not() -> None:
    backend = Backend()
    pulse = pulse_of(backend, SELDOM, now=lambda: 5.0)
    for _ in range(1000):
        pulse()
    assert backend.sent == [None]


def test_a_short_heartbeat_time_out_has_more_of_them_sent() -> None:
    backend = Backend()
    pulse = pulse_of(backend, ALWAYS)
    pulse("a")
    pulse()
    pulse("b")
    assert backend.sent == ["a", None, "b"]


def test_details_that_were_not_sent_go_with_the_next_heartbeat() -> None:
    backend = Backend(BackendUnavailableException("away"))
    pulse = pulse_of(backend, ALWAYS)
    pulse("a")
    pulse()
    pulse()
    assert backend.sent == ["a", "a", None]


def test_details_that_came_too_soon_go_with_the_next_heartbeat_sent() -> None:
    backend, seconds = Backend(), [0.0]
    pulse = pulse_of(backend, SELDOM, now=lambda: seconds[0])
    pulse("a")
    pulse("b")
    pulse("c")
    seconds[0] = 0.9
    pulse()
    assert backend.sent == ["a"]
    seconds[0] = 1.0
    pulse()
    assert backend.sent == ["a", "c"]


def test_a_heartbeat_is_sent_in_each_quarter_of_a_short_time_out() -> None:
    backend, seconds = Backend(), [0.0]
    pulse = pulse_of(backend, 2, now=lambda: seconds[0])
    for tenth in range(10):
        seconds[0] = tenth / 10
        pulse(tenth)
    assert backend.sent == [0, 5]


def test_a_slow_backend_holds_nothing_up_and_what_it_answers_is_heard_later() -> None:
    answers, heard = threading.Event(), threading.Event()

    def slow(details: Any) -> Heartbeat:
        assert answers.wait(30)
        assert details == "a"
        return Heartbeat(cancel_requested=True)

    pulse = pulse_of(slow, ALWAYS, patience=0, arrived=heard.set)
    pulse("a")
    pulse("b")
    answers.set()
    assert heard.wait(30)
    with pytest.raises(ActivityCanceled):
        until(30, pulse)


def test_who_listens_hears_of_a_cancel_unless_the_activity_gives_signs_of_life_itself() -> None:
    pulse = pulse_of(Backend(*[Heartbeat(cancel_requested=True)] * 3), ALWAYS)
    with pytest.raises(ActivityCanceled):
        pulse.listen()
    pulse = pulse_of(Backend(Heartbeat(cancel_requested=False), *[Heartbeat(cancel_requested=True)] * 3), ALWAYS)
    pulse("begun")
    pulse.listen()
    with pytest.raises(ActivityCanceled):
        pulse()


def test_a_request_to_cancel_raises_once_so_that_the_activity_can_clean_up() -> None:
    backend = Backend(*[Heartbeat(cancel_requested=True)] * 3)
    pulse = pulse_of(backend, ALWAYS)
    with pytest.raises(ActivityCanceled) as raised:
        pulse()
    assert raised.value == ActivityCanceled()
    pulse("cleaning up")
    assert backend.sent == [None, "cleaning up"]


def test_an_activity_that_is_over_hears_it_at_every_heartbeat_and_the_backend_hears_no_more() -> None:
    backend = Backend(UnknownActivityException("token"))
    pulse = pulse_of(backend, ALWAYS)
    for _ in range(3):
        with pytest.raises(ActivityCanceled, match="over already"):
            pulse()
    assert backend.sent == [None]


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


class UnreadableError(Exception):
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("no"), "ValueError: no"),
        (ValueError(), "ValueError"),
        (ValueError("two\n  lines"), "ValueError: two lines"),
        (SystemExit(3), "SystemExit: 3"),
        (UnreadableError(), "UnreadableError: (its message cannot be read)"),
        (OSError("\udcff"), "OSError: \\udcff"),
        (ValueError("x" * 1000), "ValueError: " + "x" * 488 + "…"),
    ],
    ids=["message", "none", "lines", "exit", "unreadable", "surrogate", "long"],
)
def test_an_error_is_one_line_of_text(error: BaseException, reason: str) -> None:
    assert reason_of(error) == reason


def fail_deep_down() -> None:
    raise ValueError("no")


def caught() -> BaseException:
    """The error as a frame of ours catches it."""
    ours: dict[str, Any] = {"__name__": "pyworkflow.managed.worker.activity", "call": fail_deep_down}
    exec("def caught():\n    try:\n        call()\n    except ValueError as error:\n        return error", ours)
    error = ours["caught"]()
    assert isinstance(error, ValueError)
    return error


def test_a_traceback_begins_in_the_users_code_and_ends_with_the_error() -> None:
    text = traceback_of(caught(), Activity)
    assert text.startswith("Traceback (most recent call last):\n")
    assert "in fail_deep_down" in text
    assert "in caught" not in text
    assert text.endswith("ValueError: no\n")


def test_where_an_error_was_raised_is_a_file_and_a_line() -> None:
    line = fail_deep_down.__code__.co_firstlineno + 1
    assert where(caught(), Activity) == f"{os.path.relpath(__file__)}:{line}"


def test_a_long_traceback_keeps_its_beginning_and_its_end() -> None:
    text = traceback_of(raised(ValueError("<" + "x" * 100_000 + ">")), Activity)
    assert len(text) < 8_100
    assert text.startswith("Traceback (most recent call last):\n")
    assert text.endswith("xxx>\n")
    assert "characters left out" in text


def test_work_that_is_done_is_not_late_though_a_sign_of_life_arrives_afterwards() -> None:
    deadline = Deadline(10, 1)
    deadline.met()
    deadline.beat()
    assert deadline.left() == math.inf
