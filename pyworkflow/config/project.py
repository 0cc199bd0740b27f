"""The code that a project brings: its workflows, and a text that tells its versions apart."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType, TracebackType

from pyworkflow.config import fresh
from pyworkflow.config.fresh import is_own, put_on_path, source_of
from pyworkflow.config.settings import ProjectSettings, shown_path
from pyworkflow.exceptions import ConfigurationException, UnknownWorkflowException
from pyworkflow.managed import Workflow


@dataclass(frozen=True)
class Project:
    """The workflows of a project's modules, and `code`: other sources, another text."""

    workflows: tuple[type[Workflow], ...]
    code: str

    def with_code_of(self, files: Iterable[Path]) -> Project:
        """The same, whose `code` tells these files as well, which it imports only when they are needed."""
        digest = hashlib.sha256(self.code.encode())
        there = sorted({file.resolve() for file in files if file.is_file()})
        for file in there:
            digest.update(str(file).encode() + b"\0" + file.read_bytes() + b"\0")
        return replace(self, code=digest.hexdigest()[:12]) if there else self

    def workflow(self, name: str) -> type[Workflow]:
        """The workflow of this name, or whose class has it. Raises UnknownWorkflowException with a note to help."""
        for workflow in self.workflows:
            if name in (workflow.name, workflow.__name__):
                return workflow
        error = UnknownWorkflowException(name)
        error.add_note(_nearest(name, [workflow.name for workflow in self.workflows]))
        raise error


def load_project(settings: ProjectSettings) -> Project:
    """Import the modules and collect the concrete workflows that are defined in them (or, of a package, below it).

    Raises ConfigurationException for a folder that is not there, a module that does not import, and a module without
    a workflow.
    """
    for folder in settings.path:
        if not folder.is_dir():
            raise ConfigurationException(f"[project] path: there is no folder {str(folder)!r}")
    put_on_path(settings)
    workflows = [workflow for name in settings.modules for workflow in _workflows(_own(_imported(name), settings))]
    return Project(tuple(dict.fromkeys(workflows)), _code(settings))


def _own(module: ModuleType, settings: ProjectSettings) -> ModuleType:
    """The module, unless the project has another of this name, and this program has imported one from elsewhere."""
    top = module.__name__.partition(".")[0]
    spec = PathFinder.find_spec(top, [str(folder.resolve()) for folder in settings.path])
    loaded = getattr(sys.modules[top], "__file__", None)
    if spec is None or spec.origin is None or loaded is None or Path(loaded).resolve() == Path(spec.origin).resolve():
        return module
    raise ConfigurationException(
        f"module {top!r}: {shown_path(loaded)} was imported before, and is not {shown_path(spec.origin)}; "
        "a program can load one of them only"
    )


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module can also end in SystemExit
        where = _where(error)
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ConfigurationException(f"module {name!r} does not import: {reason}{where}") from error


def _where(error: BaseException) -> str:
    """The line of the user's that did it: the last one outside the import machinery, or the one that is no Python."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({shown_path(error.filename)}:{error.lineno})"
    places = [place for place in _places(error.__traceback__) if not _is_import_machinery(place[0])]
    return f" ({shown_path(places[-1][0])}:{places[-1][1]})" if places else ""


def _places(traceback: TracebackType | None) -> Iterator[tuple[str, int]]:
    while traceback is not None:
        yield traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
        traceback = traceback.tb_next


def _is_import_machinery(file: str) -> bool:
    return file.startswith("<") or file in (__file__, fresh.__file__, importlib.__file__)


def _workflows(module: ModuleType) -> list[type[Workflow]]:
    defined = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Workflow)
        and f"{value.__module__}.".startswith(f"{module.__name__}.")
    ]
    found = [value for value in defined if value.decide is not Workflow.decide]  # a base for others is no workflow
    if not found:
        why = f": {defined[0].__name__} does not override decide()" if defined else ""
        raise ConfigurationException(f"module {module.__name__!r} defines no workflow{why}")
    return found


def _code(settings: ProjectSettings) -> str:
    """Of the sources of all that is loaded from the project: the first 12 hexadecimal digits of their sha256."""
    digest = hashlib.sha256()
    for name, source in sorted(_sources(settings)):
        digest.update(name.encode() + b"\0" + source + b"\0")
    return digest.hexdigest()[:12]


def _sources(settings: ProjectSettings) -> Iterator[tuple[str, bytes]]:
    packages = {name.partition(".")[0] for name in settings.modules}
    folders = [folder.resolve() for folder in settings.path]
    for name, module in list(sys.modules.items()):
        file = Path(getattr(module, "__file__", None) or "")
        if file.suffix != ".py" or not file.is_file():
            continue
        if any(is_own(file, folder) for folder in folders) or name.partition(".")[0] in packages:
            yield name, source_of(module, file)


def _nearest(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"this project has {', '.join(known)}" if known else "[project] modules in workflows.toml names none"
