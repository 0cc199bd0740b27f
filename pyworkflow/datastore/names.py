"""Any text as the name of a file."""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import quote

LONGEST_NAME = 200  # characters; most file systems take 255 bytes, and something is added to it


def quoted(name: str) -> str:
    """Nothing in it leads elsewhere. A long one ends in what tells it from others, after a `+` that no other has."""
    quoted = quote(name, safe=" ").replace(".", "%2E") if name.startswith(".") else quote(name, safe=" ")
    if len(quoted) <= LONGEST_NAME:
        return quoted
    return f"{quoted[: LONGEST_NAME - 65]}+{sha256(name.encode()).hexdigest()}"
