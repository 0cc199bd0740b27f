"""What a project says about itself: workflows.toml, the backend it names, the code it brings."""

from pyworkflow.config.backends import open_backend, schemes
from pyworkflow.config.project import Project, load_project
from pyworkflow.config.settings import (
    FILE_NAME,
    BackendSettings,
    ProjectSettings,
    Settings,
    WorkerSettings,
    find_file,
    read_settings,
)

__all__ = [
    "FILE_NAME",
    "BackendSettings",
    "Project",
    "ProjectSettings",
    "Settings",
    "WorkerSettings",
    "find_file",
    "load_project",
    "open_backend",
    "read_settings",
    "schemes",
]
