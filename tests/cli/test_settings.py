"""workflows.toml, and what leads to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyworkflow.config import (
    BackendSettings,
    ProjectSettings,
    Settings,
    WorkerSettings,
    find_file,
    open_backend,
    read_settings,
)
from pyworkflow.exceptions import ConfigurationException

ALL = """
[project]
name = "orders"
modules = ["orders.workflows"]
path = ["src"]

[backend]
url = "sqlite:///orders.db"
durability = "full"

[worker]
concurrency = 3
categories = ["default", "heavy"]
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "workflows.toml"
    file.write_text(text)
    return file


def test_everything_that_a_file_can_say_is_read(folder: Path) -> None:
    file = written(folder, ALL)
    assert read_settings(file) == Settings(
        file=file,
        project=ProjectSettings("orders", ("orders.workflows",), (folder / "src",)),
        backend=BackendSettings("sqlite:///orders.db", "full", folder),
        worker=WorkerSettings(3, ("default", "heavy")),
    )


def test_an_empty_file_means_the_defaults_and_its_own_folder(folder: Path) -> None:
    settings = read_settings(written(folder, ""))
    assert settings.backend == BackendSettings("sqlite:///.pyworkflow/pyworkflow.db", "normal", folder)
    assert settings.project == ProjectSettings(None, (), (folder,))
    assert settings.worker == WorkerSettings(8, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[worker]\nconcurency = 3", "workflows.toml:2: [worker] has no key 'concurency'; did you mean 'concurrency'?"),
        ("[projects]\nname = 'x'", "workflows.toml:1: there is no [projects] here; did you mean 'project'?"),
        ("\n\nworker.zzz = 1", "workflows.toml:3: [worker] has no key 'zzz'; there are concurrency, categories"),
        ("project = { modul = [] }", "workflows.toml:1: [project] has no key 'modul'; did you mean 'modules'?"),
        ("[project]\nmodules = 'orders'", "workflows.toml:2: modules must be a list of module names"),
        ("[worker]\nconcurrency = 0", "workflows.toml:2: concurrency must be a whole number from 1, not 0"),
        ("[worker]\nconcurrency = true", "workflows.toml:2: concurrency must be a whole number from 1, not True"),
        ("[backend]\ndurability = 'max'", """workflows.toml:2: durability must be "normal" or "full", not 'max'"""),
        ("backend = 'sqlite'", "workflows.toml:1: backend must be a table, which begins with [backend]"),
        ("[project\n", "workflows.toml is not TOML: "),
    ],
)
def test_a_mistake_is_told_with_file_line_key_and_the_nearest_right_one(folder: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationException) as raised:
        read_settings(written(folder, text))
    assert str(raised.value).startswith(message)


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    with pytest.raises(ConfigurationException, match=r"none\.toml cannot be read: No such file"):
        read_settings(folder / "none.toml")
    (folder / "latin.toml").write_bytes(b"# caf\xe9")
    with pytest.raises(ConfigurationException, match=r"latin\.toml is not UTF-8"):
        read_settings(folder / "latin.toml")


def test_the_file_is_found_in_the_nearest_parent_that_has_one(folder: Path) -> None:
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    file = written(folder, "")
    assert find_file(below) == file
    nearer = written(folder / "a", "")
    assert find_file(below) == nearer


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgres://localhost/x", "'postgres://localhost/x' is no backend: write sqlite:///FILE"),
        ("orders.db", "'orders.db' is no backend"),
        ("memory://x", "'memory://x' is no backend"),
        ("sqlite://orders.db", "'sqlite://orders.db' names no file: write sqlite:///orders.db"),
        ("sqlite:///", "'sqlite:///' names no file"),
        ("sqlite:///:memory:", "'sqlite:///:memory:' names no file"),
    ],
)
def test_a_url_that_names_no_backend_is_refused_with_what_to_write(url: str, message: str) -> None:
    with pytest.raises(ConfigurationException) as raised:
        open_backend(BackendSettings(url))
    assert str(raised.value).startswith(message)


def test_a_relative_url_begins_at_the_folder_and_an_absolute_one_does_not(folder: Path) -> None:
    from pyworkflow.process import Process

    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    for url, file in (("sqlite:///one.db", elsewhere / "one.db"), (f"sqlite:///{folder}/two.db", folder / "two.db")):
        with open_backend(BackendSettings(url, folder=elsewhere)) as backend:
            backend.register_workflow("Foo")
            backend.start_process(Process("Foo"))
        assert file.is_file()
