"""What stands for the activities of a workflow under test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from inspect import iscoroutine, isfunction, signature
from itertools import chain, repeat
from types import ModuleType
from typing import Any

from pyworkflow.activity import ActivityCompleted, ActivityFailed, ActivityResult, InterruptedActivityResult
from pyworkflow.exceptions import ConfigurationException
from pyworkflow.managed import Activity
from pyworkflow.managed.worker.failure import reason_of, traceback_of
from pyworkflow.naming import name_of


@dataclass(frozen=True)
class After:
    """The same, but it takes so long by the clock: `After(3600, "shipped")`, in seconds or as a timedelta.

    It gives signs of life meanwhile, and ends as canceled as soon as the workflow asks it to.
    """

    time: float | timedelta
    fake: Any = None

    @property
    def seconds(self) -> float:
        """How long, in seconds."""
        return self.time.total_seconds() if isinstance(self.time, timedelta) else float(self.time)


class InTurn:
    """The first at the first execution of an activity, the second at the second; the last from then on.

    `InTurn(ConnectionError("no answer"), "paid")` fails once.
    """

    def __init__(self, *fakes: Any) -> None:
        if not fakes:
            raise ValueError("InTurn() needs at least one to begin with")
        self.fakes = fakes


class Fakes:
    """Fakes by the names of the activities that they stand for.

    Given by name or class in a mapping, or as a module whose functions and values have the activities' names. Raises
    ConfigurationException for a name that no activity has, of a function of a module if it begins as that of a class,
    and for a function that does not take the input.
    """

    def __init__(self, given: Mapping[Any, Any] | ModuleType, activities: Mapping[str, type[Activity]]) -> None:
        self._activities = activities
        self._known: list[str] = []
        self._fakes: dict[str, Any] = {}
        self._turns: dict[tuple[str, InTurn], Iterator[Any]] = {}
        if isinstance(given, ModuleType):
            self._take_module(given)
        elif isinstance(given, Mapping):
            for name, fake in given.items():
                if name_of(name) not in activities:
                    raise ConfigurationException(_unknown(name_of(name), activities))
                self._fakes[name_of(name)] = fake
        else:
            raise ConfigurationException(f"fakes: {given!r} is neither a mapping nor a module")
        for name, fake in self._fakes.items():
            _check_takes_input(name, fake)

    def _take_module(self, module: ModuleType) -> None:
        found = {name: fake for name, fake in vars(module).items() if not (name.startswith("_") or _is_activity(fake))}
        self._known = list(found)
        for name, activity in self._activities.items():
            for written in (activity.__name__, name):
                if written in found:
                    self._fakes[name] = found[written]
        names = {activity.__name__ for activity in self._activities.values()} | set(self._activities)
        for name, fake in found.items():
            if isfunction(fake) and fake.__module__ == module.__name__ and name[0].isupper() and name not in names:
                raise ConfigurationException(_unknown(name, self._activities))

    def __contains__(self, activity: str) -> bool:
        return activity in self._fakes

    def missing(self, activity: str) -> ConfigurationException:
        """What to say of an activity that has no fake."""
        near = get_close_matches(activity, self._known, n=1)
        hint = f" (is {near[0]} meant to be it?)" if near else ""
        return ConfigurationException(f"activity {activity} has no fake{hint}, and is not to be executed for real")

    def execute(self, activity: str, input: Any) -> tuple[float, ActivityResult]:
        """How the next execution ends, and after how many seconds.

        An AssertionError is a test's, and let through.
        """
        seconds, fake = self._unwrapped(activity, self._fakes[activity])
        try:
            if callable(fake) and not _is_error(fake):
                more, fake = self._unwrapped(activity, _called(fake, input))
                seconds += more
        except InterruptedActivityResult as result:
            return seconds, result
        except AssertionError:
            raise
        except Exception as error:
            return seconds, self._failed(activity, error)
        if _is_error(fake):
            raised = fake() if isinstance(fake, type) else fake
            if not isinstance(raised, Exception) or isinstance(raised, AssertionError):
                raise raised
            return seconds, raised if isinstance(raised, ActivityResult) else self._failed(activity, raised)
        return seconds, fake if isinstance(fake, ActivityResult) else ActivityCompleted(fake)

    def _failed(self, activity: str, error: Exception) -> ActivityFailed:
        return ActivityFailed(reason_of(error), traceback_of(error, self._activities[activity]))

    def _unwrapped(self, activity: str, fake: Any) -> tuple[float, Any]:
        seconds = 0.0
        while isinstance(fake, After | InTurn):
            if isinstance(fake, After):
                seconds, fake = seconds + fake.seconds, fake.fake
            else:
                turns = self._turns.setdefault((activity, fake), chain(fake.fakes, repeat(fake.fakes[-1])))
                fake = next(turns)
        return seconds, fake


def _called(fake: Callable[[Any], Any], input: Any) -> Any:
    made = fake(input)
    return asyncio.run(made) if iscoroutine(made) else made


def _check_takes_input(activity: str, fake: Any) -> None:
    if not isfunction(fake):
        return
    try:
        signature(fake).bind(None)
    except TypeError as error:
        raise ConfigurationException(f"the fake of {activity} gets the activity's input: {error}") from None


def _is_error(fake: Any) -> bool:
    return isinstance(fake, BaseException) or (isinstance(fake, type) and issubclass(fake, BaseException))


def _is_activity(fake: Any) -> bool:
    return isinstance(fake, type) and issubclass(fake, Activity)


def _unknown(name: str, activities: Mapping[str, object]) -> str:
    near = get_close_matches(name, activities, n=1)
    hint = f"is it meant to be {near[0]}?" if near else f"they have {', '.join(sorted(activities)) or 'none'}"
    return f"fakes: no workflow here has an activity {name!r} ({hint})"
