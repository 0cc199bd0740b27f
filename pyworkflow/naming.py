"""How classes get the names that histories know them by."""

from __future__ import annotations


class ClassName:
    """The class's name less a suffix: `FooWorkflow` is `Foo`; a class named just by the suffix keeps it.

    Readable on the class and on its instances. A class attribute `name = "…"` overrides it.
    """

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix

    def __get__(self, instance: object, owner: type) -> str:
        return owner.__name__.removesuffix(self._suffix) or owner.__name__


def text_of(value: object) -> str:
    """The value as text; of text its characters, whatever a subclass such as an enumeration of texts says instead."""
    return str.__str__(value) if isinstance(value, str) else str(value)


def name_of(named: object) -> str:
    """The name of a class or an instance that has one, and otherwise the text itself."""
    name = None if isinstance(named, str) else getattr(named, "name", None)
    return name if isinstance(name, str) else text_of(named)
