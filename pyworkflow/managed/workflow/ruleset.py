"""A workflow that is a set of rules."""

from __future__ import annotations

from typing import Any, ClassVar

from pyworkflow.event import Event
from pyworkflow.managed.workflow.answers import in_order, merged
from pyworkflow.managed.workflow.base import Workflow
from pyworkflow.managed.workflow.rules import Rule, RuleDecorator
from pyworkflow.process import Process


class RuleSetWorkflow(Workflow):
    """Write its handlers under the decorators of `rules`. All that match an event are called, in the order written.

    Several events can be new at once: they are answered one after the other, until an answer closes the process.

    A subclass inherits the rules; what it defines under the name of one, a rule or not, takes its place.
    """

    ruleset: ClassVar[list[Rule]] = []

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        rules: dict[str, Rule] = {}
        for owner in reversed(cls.__mro__):
            for name, value in vars(owner).items():
                if isinstance(value, RuleDecorator):
                    raise TypeError(f"{owner.__qualname__}.{name}: its rule is written without parentheses: add ()")
                if isinstance(value, Rule):
                    rules[name] = value
                else:
                    rules.pop(name, None)
        cls.ruleset = list(rules.values())

    def handle_event(self, event: Event, process: Process) -> list[Any]:
        """What the rules that match this event answer, in order; equal decisions once."""
        return merged(rule(self, event, process) for rule in self.ruleset if rule.match(event))

    def decide(self, process: Process) -> list[Any]:
        """What the rules answer to all that is new, in order."""
        return in_order(self.handle_event(event, process) for event in process.unseen_events())
