"""What a command works with: the settings, the backend and the code that the global options lead to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pyworkflow.cli.output import prints_aside
from pyworkflow.exceptions import ConfigurationException

if TYPE_CHECKING:
    from pyworkflow.backend import Backend
    from pyworkflow.config import Project, Settings
    from pyworkflow.managed import Manager


@dataclass(frozen=True)
class Session:
    """The global options, and what follows from them: each is read, opened or imported when it is asked for."""

    config: Path | None = None
    backend_url: str | None = None

    @classmethod
    def of(cls, context: typer.Context) -> Session:
        """The session that the global options of this command line made."""
        return context.ensure_object(cls)

    @cached_property
    def file(self) -> Path | None:
        """The workflows.toml to use, if there is one."""
        from pyworkflow.config import find_file

        return self.config or find_file(Path.cwd())

    @cached_property
    def settings(self) -> Settings:
        """Option before environment before file before default. A backend given here is relative to this folder."""
        from pyworkflow.config import BackendSettings, Settings, read_settings

        settings = read_settings(self.file) if self.file else Settings()
        if self.backend_url is None:
            return settings
        # Options belong to a kind of backend: to another file as well, to another kind not.
        written = settings.backend
        alike = written.url.partition(":")[0] == self.backend_url.partition(":")[0]
        given = (written.options, Path.cwd(), written.places) if alike else ()
        return replace(settings, backend=BackendSettings(self.backend_url, *given))

    def open_backend(self, *, alone: bool = False) -> Backend:
        """The backend; the caller closes it. Unless `alone`, it must be one that other commands see as well."""
        from pyworkflow.config import open_backend

        backend = open_backend(self.settings.backend)
        if not (alone or backend.capabilities.several_processes):
            backend.close()
            raise ConfigurationException(
                f"the backend {self.settings.backend.shown!r} ends with the command that opens it: "
                "it is only of use to `pyworkflow run`"
            )
        return backend

    @cached_property
    def project(self) -> Project:
        """The user's code. Raises ConfigurationException if there is none, or if something is wrong with it."""
        from pyworkflow.config import load_project

        if self.file is None:
            raise self.without_file()
        if not self.settings.project.modules:
            raise ConfigurationException(
                f'{self.file} names no code: give [project] a line such as modules = ["orders"]'
            )
        with prints_aside():
            return load_project(self.settings.project)

    def without_file(self) -> ConfigurationException:
        """What a command says that needs the user's code, where no file says what that is."""
        return ConfigurationException(
            f"there is no workflows.toml in {Path.cwd()} or above it; `pyworkflow init` writes one"
        )

    def manager(self, backend: Backend) -> Manager:
        """The project's workflows and activities, registered. Raises ConfigurationException if one cannot work."""
        from pyworkflow.cli.lint import problems
        from pyworkflow.managed import Manager

        manager = Manager(backend, self.project.workflows)
        for problem in problems(manager):
            raise ConfigurationException(problem)
        return manager
