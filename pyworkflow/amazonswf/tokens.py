"""Task tokens: text that names a task from anywhere."""

from __future__ import annotations

from typing import NamedTuple

LONGEST = 1024  # characters of a token of SWF


class Token(NamedTuple):
    """A token of Amazon SWF, and what it does not tell: of which execution it is, and since which event it runs."""

    kind: str  # decision or activity
    process_id: str
    run_id: str
    started_id: int
    swf: str

    @property
    def text(self) -> str:
        """As callers know it. Ids hold no colon."""
        return ":".join((self.kind, self.process_id, self.run_id, str(self.started_id), self.swf))

    @classmethod
    def of(cls, text: str | None, kind: str) -> Token | None:
        """What the text says; None if it is no token of this kind."""
        parts = (text or "").split(":", 4)
        if len(parts) != 5 or parts[0] != kind or not all(parts) or not parts[3].isdecimal():
            return None
        if not parts[3].isascii() or len(parts[3]) > 9 or len(parts[4]) > LONGEST:
            return None
        return cls(kind, parts[1], parts[2], int(parts[3]), parts[4])
