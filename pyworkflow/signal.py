"""A message to a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Signal:
    """A name that the workflow listens for, and data (JSON)."""

    name: str
    data: Any = None
