"""What Amazon SWF takes: its limits, checked before a call is made, so that an error names them.

The figures are those of its API reference and of its page of quotas; the service itself checks some of them only when
it is too late, since a decision that fails comes back as an event.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from pyworkflow import codec
from pyworkflow.exceptions import InvalidValueException

MAX_ID = 256  # characters of an id, a name, a category
MAX_VERSION = 64
MAX_IDENTITY = 256
MAX_REASON = 256
MAX_PAYLOAD = 32_768  # characters of an input, a result, details, what we keep in `control`
MAX_HEARTBEAT = 2_048
MAX_TAGS, MAX_TAG = 5, 256
MAX_TIMEOUT = 31_536_000  # seconds: no execution lasts longer than a year
MAX_DELAY = 99_999_999  # seconds: 8 digits
MAX_OPEN = 998  # activities of an execution, and timers, and children: of 1,000 timers this backend may need two
MAX_REQUEST = 1_000_000  # characters of a list of decisions; a request may have 1 MB

REFUSED = ":/|" + "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
RESERVED = "pyworkflow."  # begins what this backend names itself: timers, markers, signals


def identifier(value: object, where: str) -> str:
    """The value, if it can be an id or a name. Raises InvalidValueException."""
    text = short(value, where)
    for character in text:
        if character in REFUSED:
            raise InvalidValueException(where, f"{text!r} holds {character!r}, which Amazon SWF does not take in ids")
    if text == "arn":
        raise InvalidValueException(where, "'arn' is the one word that Amazon SWF does not take as an id")
    return text


def is_identifier(value: object) -> bool:
    """Can there be such an id at all?"""
    try:
        identifier(value, "id")
    except InvalidValueException:
        return False
    return True


def category(value: object, where: str = "category") -> str:
    """The value, if it can be a category, which is a task list there. Raises InvalidValueException."""
    text = identifier(value, where)
    if text != text.strip():
        raise InvalidValueException(where, f"{text!r} begins or ends with a space, which Amazon SWF does not take")
    return text


def own(value: object, where: str) -> str:
    """The value, if it can name a signal or a marker of the user's. Raises InvalidValueException."""
    text = short(value, where)
    if text.startswith(RESERVED):
        raise InvalidValueException(where, f"{text!r}: what begins with {RESERVED!r} is kept for this backend")
    return text


def short(value: object, where: str, most: int = MAX_ID) -> str:
    """The value, if it is text that is neither empty nor too long. Raises InvalidValueException."""
    text = codec.text(value, where)
    if len(text) > most:
        raise InvalidValueException(where, f"has {len(text):,} characters; Amazon SWF takes {most:,}")
    return text


def payload(text: str | None, where: str, most: int = MAX_PAYLOAD) -> str | None:
    """The JSON text, if it is not too long. Raises InvalidValueException."""
    if text is not None and len(text) > most:
        raise InvalidValueException(where, f"has {len(text):,} characters as JSON; Amazon SWF takes {most:,}")
    return text


def tags(given: Iterable[str], where: str = "tags") -> list[str]:
    """The tags, if there are not too many and none is too long. Raises InvalidValueException."""
    listed = list(given)
    if len(listed) > MAX_TAGS:
        raise InvalidValueException(where, f"there are {len(listed)}; Amazon SWF takes {MAX_TAGS}")
    return [short(tag, f"{where}[{position}]", MAX_TAG) for position, tag in enumerate(listed)]


def seconds(value: object, where: str, *, least: float = 0.000_001, most: int = MAX_TIMEOUT) -> int:
    """A duration in whole seconds, rounded up: nothing comes earlier than asked. Raises InvalidValueException."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < least:
        lower = "more than 0" if least else "0 or more"
        raise InvalidValueException(where, f"{value!r} is not a time in seconds ({lower})")
    whole = math.ceil(value)
    if whole > most:
        raise InvalidValueException(where, f"{value!r} s is longer than Amazon SWF takes: {most:,} s")
    return whole
