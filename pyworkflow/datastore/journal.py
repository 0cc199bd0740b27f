"""The document that guards all others: the newest commit in full, and the names of those before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pyworkflow import codec
from pyworkflow.datastore import documents
from pyworkflow.datastore.interface import Key

JOURNAL = Key("/journal")
NAMED = 64_000  # characters of ids that the journal names, the newest first
REMEMBERED = 200  # commits whose processes the journal names: who has missed more reads everything anew


class Commit(NamedTuple):
    """One commit: two of the same number, in a store that was set back meanwhile, differ in their names."""

    number: int
    name: str
    ids: Sequence[str] | None  # of the processes that it changed; None where too much would be named


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
        named, left = [], NAMED
        for one in reversed([*self.recent, commit][-REMEMBERED:]):
            left -= sum(map(len, one.ids or ()))
            named.append(one if left >= 0 else one._replace(ids=None))
        return Journal(named[::-1], last_key, last_seq, writes)

    def changed_since(self, other: Journal) -> set[str] | None:
        """The processes that were changed after the newest commit of the other; None if not all are known."""
        if not other.recent or not self.has(other.recent[-1]):
            return None
        changed: set[str] = set()
        for commit in self.recent:
            if commit.number <= other.recent[-1].number:
                continue
            if commit.ids is None:
                return None
            changed.update(commit.ids)
        return changed

    def has(self, commit: Commit) -> bool:
        """Is it among the newest?"""
        return any(one[:2] == commit[:2] for one in self.recent)

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
