"""What is wrong with workflows and activities as they are written, though Python does not mind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from pyworkflow.managed import Activity, DefaultWorkflow, Manager, RuleSetWorkflow, Workflow

CLOSE = 0.8  # how much a name must be like another to be taken for a slip of the keyboard


def problems(manager: Manager) -> Iterator[str]:
    """What cannot work, a sentence each."""
    for activity in manager.activities.values():
        if activity.execute is Activity.execute:
            yield f"{_name(activity)} does not override execute()"
    workflows = manager.workflows.values()
    for workflow in workflows:
        if any(workflow in other.__mro__[1:] for other in workflows):
            continue  # it may be a mere base for others
        if issubclass(workflow, DefaultWorkflow) and workflow.decide is DefaultWorkflow.decide:
            if workflow.initiate is DefaultWorkflow.initiate:
                yield f"{_name(workflow)} does not override initiate(): none of its processes could begin"
        elif (
            issubclass(workflow, RuleSetWorkflow) and workflow.decide is RuleSetWorkflow.decide and not workflow.ruleset
        ):
            yield f"{_name(workflow)} has no rules"


def hints(manager: Manager, categories: Iterable[str] | None) -> Iterator[str]:
    """What looks like a slip of the keyboard, a sentence each; the categories are those to be worked on."""
    classes: tuple[type[Workflow] | type[Activity], ...] = (*manager.workflows.values(), *manager.activities.values())
    used = {cls.category for cls in classes}
    for category in categories or ():
        if category not in used:
            yield f"category {category!r} is meant to be {' or '.join(sorted(used))}?"
    for cls in classes:
        base = Activity if issubclass(cls, Activity) else Workflow
        for owner in cls.__mro__:
            if owner.__module__.partition(".")[0] == "pyworkflow":
                break
            yield from _slips(owner, base)


def _slips(owner: type, base: type) -> Iterator[str]:
    ours = next(cls for cls in owner.__mro__ if issubclass(cls, base) and cls.__module__.startswith("pyworkflow."))
    known = [name for name in dir(ours) if not name.startswith("_") and name not in vars(owner)]
    for name in vars(owner):
        if not name.startswith("_") and not hasattr(ours, name):
            for near in get_close_matches(name, known, n=1, cutoff=CLOSE):
                yield f"{_name(owner)}.{name} is meant to be {near}?"


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
