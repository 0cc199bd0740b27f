"""What is put in where the world would bring something: inputs, results of activities, data of signals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyworkflow import codec
from pyworkflow.activity import ActivityCompleted
from pyworkflow.event import ActivityEvent, SignalEvent
from pyworkflow.managed import Workflow
from pyworkflow.process import Process
from pyworkflow.signal import Signal

Results = Mapping[str, Sequence[Any]]  # of activities, by their names


@dataclass(frozen=True)
class Values:
    """Examples, of which the first of each is the plainest. Where there is none it is None, and that is `made_up`."""

    inputs: Sequence[Any]
    results: Results
    signals: Sequence[Signal]

    def results_of(self, name: str) -> Sequence[Any]:
        """What an activity, or a child of this workflow, can end with."""
        return self.results.get(name) or (None,)

    def made_up(self, run: Process) -> list[str]:
        """What in this history nobody gave an example of, in words."""
        unknown = ["the input"] if not self.inputs else []
        known = {signal.name for signal in self.signals if signal.data is not None}
        for event in run.history:
            match event:
                case ActivityEvent(activity_execution=execution, result=ActivityCompleted()):
                    if execution.activity not in self.results:
                        unknown.append(f"the result of {execution.activity}")
                case SignalEvent(signal=signal):
                    if signal.name not in known:
                        unknown.append(f"the data of signal {signal.name}")
        return list(dict.fromkeys(unknown))


def values_of(
    workflow: type[Workflow],
    inputs: Sequence[Any] = (),
    results: Results | None = None,
    signals: Iterable[Signal] = (),
    like: Iterable[Process] = (),
) -> Values:
    """What is given comes before what the classes give as examples, and that before what recorded runs hold."""
    runs = [run for run in like if run.workflow == workflow.name]
    found: dict[str, list[Any]] = {name: list(given) for name, given in (results or {}).items()}
    for activity in workflow.activities:
        if activity.name not in found and activity.example_result is not None:
            found[activity.name] = [activity.example_result]
    declared = [Signal(name, data) for name, data in workflow.signals.items()]
    sent = [event.signal for run in runs for event in run.history if isinstance(event, SignalEvent)]
    seen = _results(runs)
    declared_input = [] if workflow.example_input is None else [workflow.example_input]
    return Values(
        inputs=_different([*(inputs or declared_input), *(run.input for run in runs)]),
        results={name: _different([*found.get(name, ()), *seen.get(name, ())]) for name in {**found, **seen}},
        signals=_different([*_first(signals, declared), *sent]),
    )


def _first(given: Iterable[Signal], declared: Iterable[Signal]) -> list[Signal]:
    """What is given, and what is declared under other names."""
    listed = list(given)
    return [*listed, *(one for one in declared if one.name not in {signal.name for signal in listed})]


def _results(runs: Iterable[Process]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for event in (event for run in runs for event in run.history):
        if isinstance(event, ActivityEvent) and isinstance(event.result, ActivityCompleted):
            found.setdefault(event.activity_execution.activity, []).append(event.result.result)
    return found


def _different(values: Iterable[Any]) -> list[Any]:
    """Each once, in order."""
    return list({_text(value): value for value in reversed(list(values))}.values())[::-1]


def _text(value: Any) -> str:
    if isinstance(value, Signal):
        return codec.dumps([value.name, codec.plain(value.data, "data")])
    return codec.dumps(codec.plain(value, "example"))
