"""For those who test: a clock to move, and the contract that every backend is held to.

`BackendContract` and `WorkflowBackendTestCase` are loaded when they are asked for: the first needs pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyworkflow.testing.clock import Clock

if TYPE_CHECKING:
    from pyworkflow.testing.contract import BackendContract
    from pyworkflow.testing.suite2013 import WorkflowBackendTestCase

__all__ = ["BackendContract", "Clock", "WorkflowBackendTestCase"]


def __getattr__(name: str) -> Any:
    if name == "BackendContract":
        import pytest

        pytest.register_assert_rewrite("pyworkflow.testing.contract")  # so that a failure shows the values
        from pyworkflow.testing.contract import BackendContract

        return BackendContract
    if name == "WorkflowBackendTestCase":
        from pyworkflow.testing.suite2013 import WorkflowBackendTestCase

        return WorkflowBackendTestCase
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
