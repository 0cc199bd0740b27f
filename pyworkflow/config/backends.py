"""From a backend's URL to the backend: schemes are entry points, ours as well as those of other packages.

The entry point of a scheme is a function that is called with three things: the URL (without its query), the folder
that a relative path in it starts from, and the options, which are the URL's query and the other keys of [backend]. It
returns a Backend. It raises ConfigurationException for a URL that is none of its kind, or an option that it does not
know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from urllib.parse import parse_qsl

from pyworkflow.backend import Backend, without_password
from pyworkflow.config.settings import BackendSettings
from pyworkflow.exceptions import ConfigurationException

GROUP = "pyworkflow.backends"

Opener = Callable[[str, Path, Mapping[str, str]], Backend]


def open_backend(settings: BackendSettings) -> Backend:
    """The backend that the URL names.

    Raises ConfigurationException for a URL or an option that is wrong and for a backend that is not installed, and
    what the backend itself raises when it is opened.
    """
    url, _, query = settings.url.partition("?")
    options = {**settings.options, **dict(parse_qsl(query, keep_blank_values=True))}
    if "%00" in url:
        raise ConfigurationException(f"{settings.shown!r} is no backend: there is no character %00 in a name")
    entry = _entry_point(url)
    try:
        opener: Opener = entry.load()
        return opener(url, settings.folder, options)
    except ModuleNotFoundError as error:
        raise ConfigurationException(_missing(entry, error)) from error
    except ConfigurationException as error:
        place = settings.places.get(error.option or "")
        raise ConfigurationException(f"{place}: {error}") if place else error from error.__cause__


def schemes() -> list[str]:
    """Those that are known here."""
    return sorted(entry_points(group=GROUP).names)


def _entry_point(url: str) -> EntryPoint:
    scheme, colon, _ = url.partition(":")
    found = entry_points(group=GROUP, name=scheme)
    if not colon or not found:
        near = get_close_matches(scheme, schemes(), n=1)
        hint = f"did you mean {near[0]}:?" if near else f"write a URL that begins with {_listed(schemes())}"
        raise ConfigurationException(f"{without_password(url)!r} is no backend: {hint}")
    (entry, *_) = found
    return entry


def _missing(entry: EntryPoint, error: ModuleNotFoundError) -> str:
    extras = ",".join(entry.extras)
    cure = f": pip install 'pyworkflow[{extras}]'" if extras else ""
    return f"the backend {entry.name}: needs the package {error.name!r}, which is not installed{cure}"


def _listed(words: list[str]) -> str:
    return ", ".join(f"{word}:" for word in words[:-1]) + f" or {words[-1]}:" if len(words) > 1 else f"{words[0]}:"
