"""The errors that the service answers with."""

from __future__ import annotations


class Fault(Exception):
    """An answer that is an error: its code and message, and the status of HTTP."""

    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def unknown(message: str) -> Fault:
    """There is no such thing, or it is over."""
    return Fault("UnknownResourceFault", message)


def invalid(message: str) -> Fault:
    """The request is not one."""
    return Fault("ValidationException", message)
