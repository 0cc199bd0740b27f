"""Another time and another chance: what an answer that comes from the process alone does not notice."""

from __future__ import annotations

import datetime
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

READ = 0.001  # seconds that pass between two looks at a clock


class Elsewhen:
    """Stands in for the clocks and the sources of chance, in all modules that have them by name when it is made.

    What is out of reach (another library's generator, a clock read by an extension) is what it is: it differs by
    itself, if only a little. Other threads are told the real time, and so are modules that are imported meanwhile and
    keep the stand-ins.
    """

    def __init__(self) -> None:
        self._seconds = 0.0
        self._thread: int | None = None  # that is elsewhen
        self._generator = random.Random()
        self._stand_ins = {id(real): stand_in for real, stand_in in self._pairs()}
        self._places = list(self._found())

    @contextmanager
    def at(self, seconds: float, chance: str) -> Iterator[None]:
        """Within this block it is that time, in seconds since 1970, and luck is that of `chance`."""
        before = random.getstate()
        self._seconds = seconds
        self._generator.seed(chance)
        random.seed(chance)
        self._thread = get_ident()
        for names, name, _, stand_in in self._places:
            names[name] = stand_in
        try:
            yield
        finally:
            for names, name, real, _ in self._places:
                names[name] = real
            random.setstate(before)
            self._thread = None

    def _found(self) -> Iterator[tuple[dict[str, Any], str, Any, Any]]:
        """The names that are to mean something else, with what they mean and what they are to mean."""
        own = ("datetime", "os", "random", "time", "__main__")
        for module_name, module in list(sys.modules.items()):
            if module_name.partition(".")[0] in sys.stdlib_module_names and module_name not in own:
                continue
            names = getattr(module, "__dict__", {})
            for name, value in list(names.items()):
                if id(value) in self._stand_ins:
                    yield names, name, value, self._stand_ins[id(value)]

    def _pairs(self) -> Iterator[tuple[Any, Callable[..., Any]]]:
        now, read = self._now, time.time
        for clock in (time.time, time.monotonic, time.perf_counter):
            yield clock, lambda clock=clock: now(clock)
        for clock in (time.time_ns, time.monotonic_ns, time.perf_counter_ns):
            yield clock, lambda clock=clock: round(now(lambda: clock() / 1e9) * 1e9)
        for told in (time.localtime, time.gmtime, time.ctime):
            yield told, lambda seconds=None, told=told: told(now(read) if seconds is None else seconds)
        strftime, localtime = time.strftime, time.localtime
        yield strftime, lambda format, at=None: strftime(format, localtime(now(read)) if at is None else at)
        yield datetime.datetime, _datetimes(lambda: now(read))
        yield datetime.date, _dates(lambda: now(read))
        urandom = os.urandom
        yield urandom, lambda size: self._generator.randbytes(size) if self._thread == get_ident() else urandom(size)

    def _now(self, real: Callable[[], float]) -> float:
        if self._thread != get_ident():
            return real()
        self._seconds += READ
        return self._seconds


class _Alike(type):
    """A class whose instances are those of its base."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.__mro__[1])

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, cls.__mro__[1])


def _datetimes(seconds: Callable[[], float]) -> type:
    real = datetime.datetime

    class Datetime(datetime.datetime, metaclass=_Alike):
        def __new__(cls, *given: Any, **named: Any) -> Any:
            return real(*given, **named)

        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return real.fromtimestamp(seconds(), tz)

        @classmethod
        def today(cls) -> Any:
            return real.fromtimestamp(seconds())

        @classmethod
        def utcnow(cls) -> Any:
            return real.fromtimestamp(seconds(), datetime.UTC).replace(tzinfo=None)

    return Datetime


def _dates(seconds: Callable[[], float]) -> type:
    real = datetime.date

    class Date(datetime.date, metaclass=_Alike):
        def __new__(cls, *given: Any, **named: Any) -> Any:
            return real(*given, **named)

        @classmethod
        def today(cls) -> Any:
            return real.fromtimestamp(seconds())

    return Date
