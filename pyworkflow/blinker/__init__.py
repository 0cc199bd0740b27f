"""Blinker signals for what happens to processes, over any backend."""

from __future__ import annotations

try:
    from pyworkflow.blinker.backend import BlinkerBackend
    from pyworkflow.blinker.signals import signals
except ModuleNotFoundError as error:
    message = f"pyworkflow.blinker needs the package {error.name!r}: pip install 'pyworkflow[blinker]'"
    raise ModuleNotFoundError(message, name=error.name) from None

__all__ = ["BlinkerBackend", "signals"]
