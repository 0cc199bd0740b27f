"""What the code that is about to decide makes of the processes that are open, in a line and in a moment."""

from __future__ import annotations

from time import monotonic

from pyworkflow.backend import Backend, Query
from pyworkflow.cli.replays import Tally, as_asked, counted
from pyworkflow.config import Project
from pyworkflow.replay import TimedOut, replay

MOST = 500  # processes, the newest
SECONDS = 0.5  # for all of them: who saves wants to see the new code decide within a second


def open_processes(backend: Backend, project: Project, seconds: float = SECONDS) -> str:
    """How many open processes the project's code decides for as they were decided, and how many not. Only reads.

    Where the time is over, or there are more than MOST, it says that these are the newest.
    """
    until = monotonic() + seconds
    workflows = {cls.name: cls for cls in project.workflows}
    page = backend.summaries(Query(status="open"), limit=MOST + 1)
    tally, whole = Tally(), len(page.items) <= MOST
    for summary in page.items[:MOST]:
        cls = workflows.get(summary.workflow)
        if cls is None:
            tally.without_code[summary.workflow] += 1
            continue
        if monotonic() >= until:
            whole = False
            break
        run = as_asked(backend, summary.id, summary.run)
        done = replay(cls, run, longest=max(until - monotonic(), 0.001))
        if any(isinstance(one.how, TimedOut) for one in done.divergences):
            whole = False  # which shows that our time was short, and not that it decides otherwise
            break
        tally.add(done)
    parts = [
        f"{counted(number, 'open process')} of {name}: no code here" for name, number in tally.without_code.items()
    ]
    if tally.runs:
        which = "" if whole else "the newest "
        where = " (pyworkflow replay --open tells where)" if tally.differ else ""
        parts.insert(0, f"{which}{tally.summary('open process')}{where}")
    elif not whole:
        parts.insert(0, "open processes: the time was too short to replay one")
    return "; ".join(parts) or "no open processes"
