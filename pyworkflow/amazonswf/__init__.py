"""Processes as executions of Amazon Simple Workflow Service (SWF)."""

from pyworkflow.amazonswf.backend import AmazonSWFBackend, from_url

__all__ = ["AmazonSWFBackend", "from_url"]
