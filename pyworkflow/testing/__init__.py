"""For those who test: a process driven by hand, a clock that jumps, and the contract that every backend is held to.

All of it is loaded when it is asked for: pytest loads our plugin in every project where we are installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyworkflow.testing.clock import Clock
    from pyworkflow.testing.contract import BackendContract
    from pyworkflow.testing.driver import WorkflowDriver
    from pyworkflow.testing.fakes import After, InTurn
    from pyworkflow.testing.forward import FastForward
    from pyworkflow.testing.happenings import (
        cancel_requested,
        canceled,
        child_ended,
        completed,
        failed,
        fired,
        signaled,
        timed_out,
    )
    from pyworkflow.testing.suite2013 import WorkflowBackendTestCase

__all__ = [
    "After",
    "BackendContract",
    "Clock",
    "FastForward",
    "InTurn",
    "WorkflowBackendTestCase",
    "WorkflowDriver",
    "cancel_requested",
    "canceled",
    "child_ended",
    "completed",
    "failed",
    "fired",
    "signaled",
    "timed_out",
]

_MODULES = {
    "After": "fakes",
    "BackendContract": "contract",
    "Clock": "clock",
    "FastForward": "forward",
    "InTurn": "fakes",
    "WorkflowBackendTestCase": "suite2013",
    "WorkflowDriver": "driver",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "BackendContract":
        import pytest

        pytest.register_assert_rewrite("pyworkflow.testing.contract")  # so that a failure shows the values
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'happenings')}"), name)
