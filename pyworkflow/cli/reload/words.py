"""What is said of code that begins to work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyworkflow.cli.reload.child import Ready
from pyworkflow.config.settings import shown_path

NAMED = 3  # files


def introduced(ready: Ready, old: str | None, saved: Iterable[str]) -> Iterator[str]:
    """Lines: of the first code who works on what, of other code what it makes of open processes and what was saved.

    `old` is the hash of the code that worked until now.
    """
    if old is None:
        yield ready.introduction
    elif old == ready.code:
        yield f"loaded anew: {_names(saved)}; code {ready.code} as before"
    else:
        if ready.open is not None:
            yield ready.open
        yield f"loaded anew: {_names(saved)}; code {ready.code} instead of {old}"
    yield from ready.hints


def _names(saved: Iterable[str]) -> str:
    names = sorted(map(shown_path, saved))
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
