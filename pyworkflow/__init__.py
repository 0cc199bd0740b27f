"""Durable workflows, decided step by step by a function of their history."""

from pyworkflow.activity import ActivityExecution
from pyworkflow.process import Process

__all__ = ["ActivityExecution", "Process"]
__version__ = "0.1.0"
