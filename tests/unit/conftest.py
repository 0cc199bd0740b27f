"""What the unit tests share."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from time import monotonic

import pytest

Until = Callable[[Callable[[], object]], None]


@pytest.fixture
def until() -> Until:
    """Waits until a condition holds, and fails when it still does not after half a minute."""

    def wait(condition: Callable[[], object]) -> None:
        deadline, pause = monotonic() + 30, Event()
        while not condition():
            assert monotonic() < deadline, "waited in vain"
            pause.wait(0.005)

    return wait
