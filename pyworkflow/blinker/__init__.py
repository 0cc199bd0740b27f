"""Blinker signals for what happens to processes, over any backend."""

from __future__ import annotations

from pyworkflow.blinker.backend import BlinkerBackend
from pyworkflow.blinker.signals import signals

__all__ = ["BlinkerBackend", "signals"]
