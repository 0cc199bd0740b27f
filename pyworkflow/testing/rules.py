"""The rules by their numbers, a sentence each: the tests say them in full."""

from __future__ import annotations

import re

RULES = {
    "V1": "Workflows and activities are named after their classes, and no two of a kind alike.",
    "V2": "What is read is values: equal by content, the caller's own, written as the calls that make them.",
    "V3": "Inputs, results and details are JSON, come back as JSON brings them, or are refused, saying where.",
    "V4": "Times are aware, to the microsecond, and never decrease along a history.",
    "V5": "An activity returns or raises how it ends.",
    "V6": "The same question to a workflow gets the same ids for what it schedules.",
    "P1": "A start records the process and returns its id: the given one or a new one.",
    "P2": "An id is taken for good, whatever became of its process: a start can be repeated safely.",
    "P3": "A process begins with one event and a decision that is due; what was registered then holds for it always.",
    "P4": "Processes are found by their ids, open or closed.",
    "P5": "Processes are listed by workflow, tag and status, whole or as summaries in pages; looking changes nothing.",
    "P6": "How a process ended follows from its history alone.",
    "P7": "A closing that the workflow did not decide is recorded with what closed it.",
    "P8": "However a process closes, its open work is withdrawn.",
    "P9": "A process that continues as new stays who it is, and its earlier runs stay readable.",
    "P10": "Closed processes can be forgotten, and nothing that is open ever is.",
    "P11": "Closed processes can be brought in from elsewhere, as they were.",
    "P12": "A process can go on from an event of another: what was open there is set going anew, once.",
    "D1": "A process has one decision at a time; whatever arrives meanwhile, one more follows.",
    "D2": "A decision is handed out with the whole history.",
    "D3": "What was decided is recorded and applied in order, all of it or nothing.",
    "D4": "The token of a decision works once.",
    "D5": "A list that cannot be is refused whole; what fails at another process comes back as an event.",
    "D6": "A closing decision that something new overtook is not applied: the workflow sees it and decides again.",
    "D7": "Unseen is what followed the last decision that was made, however many came to nothing since.",
    "D8": "A decision that fails is recorded once, asked for again after growing pauses, and at once of other code.",
    "D9": "A decision that does not come in time is asked for again.",
    "A1": "Activities are handed out in order of arrival, within their category.",
    "A2": "What was scheduled ends once, and a decision is due.",
    "A3": "The token of an activity works once.",
    "A4": "Each of three time-outs ends an activity, at whatever a worker does next.",
    "A5": "What a dead worker held is found and handed out again; after the third loss the workflow is told.",
    "A6": "An activity that waits is canceled at once, one that runs is asked to end.",
    "A7": "An activity can be left open, and ended from anywhere by its token.",
    "A8": "Signs of life can carry details, which are readable while it runs and in its time-out.",
    "T1": "Timers are appended when due and never before; all that is due is applied in that order.",
    "C1": "A parent hears once of each child that it started, however that closes.",
    "C2": "When a parent closes, its policy decides what becomes of its children.",
    "S1": "A signal is appended, and a decision is due; a closed process refuses it.",
    "X1": "A cancel closes a process at once, and its parent is told.",
    "X2": "A request to cancel is for the workflow to decide.",
    "Z1": "A call is done whole or not at all, with its messages to other processes.",
    "Z2": "Any number of threads use one backend, and operating-system processes too.",
    "Z3": "A call whose outcome is unknown can be repeated.",
    "Z4": "Stored data is never unpickled, compiled or executed.",
    "Z5": "What the suite of 2013 observed still holds.",
    "Z6": "Calls made together are each what it is alone; several tasks can be taken at once, and put back unbegun.",
    "O1": "An observer hears what its object's calls recorded, once, after the commit.",
}


def rules_of(test: str) -> list[str]:
    """The numbers of the rules that a test of this name is about; none if it is not one of the suite."""
    named = re.match(r"test_((?:[A-Z]\d+_)+)", test)
    return named[1].rstrip("_").split("_") if named else []
