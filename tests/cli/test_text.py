"""Values in words, and stored text that is shown and never obeyed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pyworkflow.cli.ids import short_ids
from pyworkflow.cli.output import log_to_stderr
from pyworkflow.cli.text import duration, json_text, local_time, safe, shortened
from pyworkflow.codec import time_of, time_text
from pyworkflow.exceptions import BackendUnavailableException
from pyworkflow.managed.worker.outage import Outage


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0ms"),
        (0.0124, "12ms"),
        (0.9996, "1.0s"),
        (59.94, "59.9s"),
        (59.96, "1m 00s"),
        (245, "4m 05s"),
        (3599.6, "1h 00m"),
        (11_520, "3h 12m"),
        (86_400 * 5 + 3 * 3600, "5d 03h"),
    ],
)
def test_a_duration_is_told_in_two_units_at_most(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("two\nlines\r\t\x07", "two\\nlines\\r\\t\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("left\u202eright", "left\\u202eright"),
        ("lone \ud800", "lone \\ud800"),
        ("naïve 日本語 🎉 [bold]", "naïve 日本語 🎉 [bold]"),
    ],
)
def test_what_a_terminal_would_obey_is_written_as_an_escape(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_a_value_is_compact_json_and_what_is_long_is_cut() -> None:
    assert json_text({"a": [1, "\x9b"]}) == '{"a":[1,"\\x9b"]}'
    assert json_text(None) == ""
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdef", 5) == "abcd…"


def test_times_are_local_with_their_offset_for_people_and_utc_for_programs() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=5)))
    assert time_text(at) == "2026-01-01T22:04:05.678901Z"
    assert time_of(time_text(at)) == at
    assert datetime.fromisoformat(local_time(at, "microseconds")) == at.astimezone(UTC)
    assert local_time(at)[-6] in "+-"


def test_uuids_are_shortened_as_far_as_they_stay_apart_and_other_ids_not_at_all() -> None:
    one, near = "01234567-89ab-4cde-8f01-23456789abcd", "01234567-89ff-4cde-8f01-23456789abcd"
    alone = "fedcba98-89ab-4cde-8f01-23456789abcd"
    assert short_ids({one, near, alone, "order-17", f"{alone}-5", f"{one}-5-17", f"{one}-x"}) == {
        one: "01234567-89a",
        near: "01234567-89f",
        alone: "fedcba98",
        "order-17": "order-17",
        f"{alone}-5": "fedcba98/5",
        f"{one}-5-17": "01234567-89a/5/17",
        f"{one}-x": f"{one}-x",
    }
    assert short_ids(set()) == {}


@pytest.fixture
def restored_logging() -> Iterator[None]:
    """What a test sets of our loggers is put back."""
    loggers = [logging.getLogger(name) for name in ("pyworkflow", "pyworkflow.outage", "pyworkflow.sqlite")]
    before = [(one.level, one.handlers) for one in loggers]
    yield
    for one, (level, handlers) in zip(loggers, before, strict=True):
        one.setLevel(level)
        one.handlers = handlers


@pytest.mark.usefixtures("restored_logging")
def test_a_command_that_logs_little_can_still_say_what_everybody_waits_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def away() -> None:
        answers = iter([BackendUnavailableException("no answer"), None])

        def call() -> None:
            if (answer := next(answers)) is not None:
                raise answer

        Outage().ride_out(call)

    log_to_stderr(logging.ERROR, with_waits=True)
    away()
    said = capsys.readouterr().err
    assert "the backend cannot be reached, trying again: no answer" in said
    assert "the backend is back" in said
    log_to_stderr(logging.ERROR)
    away()
    assert capsys.readouterr().err == ""
