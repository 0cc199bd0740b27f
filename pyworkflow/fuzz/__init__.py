"""Whatever can happen to a process, tried on a workflow before it happens: a search for what is wrong with `decide`."""

from __future__ import annotations

try:
    from pyworkflow.fuzz.search import Report, fuzz
except ModuleNotFoundError as error:
    message = f"pyworkflow.fuzz needs the package {error.name!r}: pip install 'pyworkflow[fuzz]'"
    raise ModuleNotFoundError(message, name=error.name) from None

from pyworkflow.fuzz.findings import KINDS, Finding, Kind

__all__ = ["KINDS", "Finding", "Kind", "Report", "fuzz"]
