"""A worker whose code is loaded anew whenever it is saved, in a fresh process each time."""

from pyworkflow.cli.reload.supervisor import Reloading

__all__ = ["Reloading"]
