"""Values in words: times, durations, and stored text that is shown and never obeyed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from pyworkflow.codec import Json, dumps

# Control characters (terminals obey them), line and paragraph separators, and those that turn the writing direction.
_BEYOND_ASCII = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
_UNSAFE = re.compile(f"[\x00-\x1f{_BEYOND_ASCII}]")
NOT_IN_JSON = re.compile(f"[{_BEYOND_ASCII}]")
"""What must be escaped in a JSON document before it is printed, beyond what JSON escapes itself."""


def safe(text: str) -> str:
    """The text on one line, with what a terminal would obey written as an escape such as \\x1b."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def json_text(value: Json) -> str:
    """The value as compact JSON; nothing for None."""
    return "" if value is None else safe(dumps(value))


def spread(value: dict[str, Json]) -> Iterator[str]:
    """All that an object holds, a line a field: what is in it is indented, and text of several lines keeps them."""
    for name, item in value.items():
        below = list(_below(item))
        yield safe(name) + (":" if below else f": {json_text(item) or 'null'}")
        yield from (f"  {line}" for line in below)


def _below(item: Json) -> Iterable[str]:
    if isinstance(item, str) and "\n" in item:
        return map(safe, item.splitlines())
    return spread(item) if isinstance(item, dict) else ()


def shortened(text: str, width: int) -> str:
    """At most `width` characters of it, the last of them … if some were left out."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def duration(seconds: float) -> str:
    """For people: 12ms, 3.4s, 4m 05s, 3h 12m, 5d 03h."""
    if seconds < 0.9995:
        return f"{max(seconds, 0) * 1000:.0f}ms"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02}m"
    return f"{whole // 86400}d {whole % 86400 // 3600:02}h"


def local_time(at: datetime, timespec: str = "seconds") -> str:
    """For people: their own time, with its offset."""
    return at.astimezone().isoformat(" ", timespec)
