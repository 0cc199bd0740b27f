"""The document that guards all others: the newest commit in full, and the names of those before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pyworkflow import codec
from pyworkflow.datastore import documents
from pyworkflow.datastore.interface import Key

JOURNAL = Key("/journal")
REMEMBERED = 200  # commits whose processes the journal names: who has missed more reads everything anew


class Commit(NamedTuple):
    """One commit: two of the same number, in a store that was set back meanwhile, differ in their names."""

    number: int
    name: str
    ids: Sequence[str]  # of the processes that it changed


@dataclass(frozen=True)
class Journal:
    """What it says; and, while there is none, nothing."""

    recent: Sequence[Commit] = ()  # the newest commits, in order
    last_key: int = 0
    last_seq: int = 0
    writes: Mapping[Key, str | None] = field(default_factory=dict)

    @property
    def next_number(self) -> int:
        """Of the commit that is to follow."""
        return self.recent[-1].number + 1 if self.recent else 1

    def followed_by(self, commit: Commit, last_key: int, last_seq: int, writes: Mapping[Key, str | None]) -> Journal:
        """The journal that this commit puts in its place."""
        return Journal([*self.recent, commit][-REMEMBERED:], last_key, last_seq, writes)

    def changed_since(self, other: Journal) -> set[str] | None:
        """The processes that were changed after the newest commit of the other; None if not all are known."""
        if not other.recent or other.recent[-1] not in self.recent:
            return None
        missed = self.recent[self.recent.index(other.recent[-1]) + 1 :]
        return {id for commit in missed for id in commit.ids}

    def written(self) -> str:
        """As text."""
        return codec.dumps(
            {
                "format": documents.FORMAT,
                "recent": self.recent,
                "last_key": self.last_key,
                "last_seq": self.last_seq,
                "writes": self.writes,
            }
        )


def read(text: str | None) -> Journal:
    """The journal in this text; an empty one while there is none."""
    if text is None:
        return Journal()
    with documents.explained(JOURNAL):
        journal = documents.parsed(text)
        return Journal(
            [Commit(number, name, ids) for number, name, ids in journal["recent"]],
            journal["last_key"],
            journal["last_seq"],
            {Key(key): value for key, value in journal["writes"].items()},
        )
