"""What a backend can and cannot do: facts, which the contract suite checks."""

from __future__ import annotations

from dataclasses import dataclass

CLOSINGS = frozenset({"decision", "cancel", "timeout", "parent"})


@dataclass(frozen=True)
class Capabilities:
    """Each field has the full promise as its default; a backend names those in which it promises less, or otherwise.

    Times are in seconds, lengths in characters; None stands for no limit that anybody meets.
    """

    # --- what it is ---

    durable: bool
    """Does what was acknowledged survive the end of every process that used it?"""

    several_processes: bool
    """Can operating-system processes share it?"""

    lost_work_after: float | None
    """Seconds until the work of a worker that died is found to be lost; None: only its time-outs end it."""

    # --- what it takes ---

    refused_in_ids: str = ""
    """Characters that ids, names and categories cannot hold."""

    max_id: int | None = None
    """The longest id, name or category."""

    max_tags: int | None = None
    """The most tags of a process."""

    max_payload: int | None = None
    """The longest value, as JSON: an input, a result, details, a signal's data."""

    max_heartbeat: int | None = None
    """The longest details of a heartbeat, as JSON."""

    max_timeout: float | None = None
    """The longest time-out of a workflow or an activity."""

    max_open: int | None = None
    """The most activities, and the most timers, that a process can have open."""

    # --- time ---

    time_step: float = 0.000_001
    """Delays and time-outs are rounded up to a whole number of these."""

    clock_step: float = 0.000_001
    """To what the times of events are precise."""

    keeps_time: bool = False
    """Does it apply what is due by itself, and at that time, though no worker looks?"""

    # --- polls ---

    polls_by_name: bool = True
    """Do polls hand out only what they name?"""

    polls_of_root: bool = True
    """Can a poll ask for the work of one process and its descendants?"""

    fifo: bool = True
    """Is what has waited longest handed out first? Otherwise roughly so."""

    # --- decisions ---

    longest_pause: float = 60
    """Between two offers of a decision that fails, which come after 1, 2, 4 … seconds."""

    retry_now: bool = True
    """Is a decision that failed offered at once to a worker with other code? Otherwise after its pause."""

    # --- activities ---

    restarts_lost: bool = True
    """Is an activity that was lost or released handed out again? Otherwise that ends it, as ActivityTimedOut."""

    reads_running: bool = True
    """Can be read of a running activity when it last gave a sign of life, with which details, what its token is, and
    whether it was handed off? Otherwise only the object that took it knows the last two."""

    # --- processes and each other ---

    ids_unique: str = "always"
    """For how long an id is taken: "always", or while its process is "open"."""

    child_policy_on: frozenset[str] = CLOSINGS
    """Which ways of closing a parent put its children's policies into effect: by its own decision, by a cancel from
    outside, by its time-out, by its own parent's policy."""

    children_over_runs: bool = True
    """Does a process that continued as new hear of the children of its earlier runs, and do their policies hold?"""

    tells_cancel_details: bool = True
    """Does a parent hear the details with which its child was canceled from outside?"""

    # --- looking ---

    streams_all: bool = True
    """Can the events of all processes be read in the order of their commits?"""

    observes_all: bool = True
    """Does an observer hear every event? Otherwise what calls recorded, and the rest when the next decision is due."""

    forgets: bool = True
    """Can closed processes be pruned, and imported?"""

    forks: bool = True
    """Can a process go on from an event of another?"""
