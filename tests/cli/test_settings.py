"""workflows.toml, and what leads to it."""

from __future__ import annotations

import subprocess
import sys
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
from pyworkflow.config.backends import schemes
from pyworkflow.exceptions import ConfigurationException
from pyworkflow.memory import MemoryBackend

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
        backend=BackendSettings("sqlite:///orders.db", {"durability": "full"}, folder),
        worker=WorkerSettings(3, ("default", "heavy")),
    )


def test_an_empty_file_means_the_defaults_and_its_own_folder(folder: Path) -> None:
    settings = read_settings(written(folder, ""))
    assert settings.backend == BackendSettings("sqlite:///.pyworkflow/pyworkflow.db", {}, folder)
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
        ("[backend]\ndurability = 1", "workflows.toml:2: durability must be text, not 1"),
        ("backend = 'sqlite'", "workflows.toml:1: backend must be a table, which begins with [backend]"),
        ("[project\n", "workflows.toml is not TOML: "),
    ],
)
def test_a_mistake_is_told_with_file_line_key_and_the_nearest_right_one(folder: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationException) as raised:
        read_settings(written(folder, text))
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("durability = 'max'", """workflows.toml:3: durability must be "normal" or "full", not 'max'"""),
        (
            "durablity = 'full'",
            "workflows.toml:3: the backend sqlite: has no option 'durablity'; did you mean 'durabil",
        ),
        ("zzz = 'full'", "workflows.toml:3: the backend sqlite: has no option 'zzz'; there are durability"),
    ],
)
def test_an_option_that_the_backend_does_not_take_is_told_with_its_place(folder: Path, text: str, message: str) -> None:
    settings = read_settings(written(folder, f"[backend]\nurl = 'sqlite:///x.db'\n{text}"))
    with pytest.raises(ConfigurationException) as raised:
        open_backend(settings.backend)
    assert str(raised.value).startswith(message)


def test_the_query_of_a_url_is_options_too(folder: Path) -> None:
    with open_backend(BackendSettings("sqlite:///x.db?durability=full", {"durability": "normal"}, folder)) as backend:
        assert backend._store._durability == "full"  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationException, match="has no option 'a'"):
        open_backend(BackendSettings("memory:?a=b"))


@pytest.fixture
def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another package, which brings two backends: one of them needs a package that is not there."""
    monkeypatch.syspath_prepend(str(folder))
    (folder / "theirs.py").write_text(
        "from pyworkflow.memory import MemoryBackend\ndef opened(url, folder, options):\n    return MemoryBackend()\n"
    )
    (folder / "needy.py").write_text("import nothing_of_this_name\n")
    info = folder / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[pyworkflow.backends]\ntheirs = theirs:opened\nneedy+x = needy:opened [more]\n"
    )
    return folder


def test_another_package_can_bring_a_backend(installed: Path) -> None:
    assert installed.is_dir()
    assert isinstance(open_backend(BackendSettings("theirs://anywhere")), MemoryBackend)
    assert {"sqlite", "memory", "theirs", "needy+x"} <= set(schemes())


def test_a_backend_whose_package_is_missing_says_what_to_install(installed: Path) -> None:
    assert installed.is_dir()
    with pytest.raises(ConfigurationException) as raised:
        open_backend(BackendSettings("needy+x://a"))
    assert str(raised.value) == (
        "the backend needy+x: needs the package 'nothing_of_this_name', which is not installed: "
        "pip install 'pyworkflow[more]'"
    )


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("datastore+redis://localhost/abc", "'datastore+redis://localhost/abc' names no database: write datastore+re"),
        ("datastore+redis://localhost:x/0", "'datastore+redis://localhost:x/0' names no database: write datastore+re"),
        ("datastore+redis://u:a/b@c@host:x/0", "'datastore+redis://u:***@host:x/0' names no database: write datastor"),
        ("datastor+redis://:secret@host/0", "'datastor+redis://:***@host/0' is no backend: did you mean datastore+re"),
        ("datastore+file:a%00b", "'datastore+file:a%00b' is no backend: there is no character %00 in a name"),
        ("sqlite:///a%00b", "'sqlite:///a%00b' is no backend: there is no character %00 in a name"),
        ("datastore+file:workflows.toml", "'datastore+file:workflows.toml' names no folder: "),
    ],
)
def test_a_url_that_leads_nowhere_is_told_without_its_password(folder: Path, url: str, message: str) -> None:
    written(folder, "")
    with pytest.raises(ConfigurationException) as raised:
        open_backend(BackendSettings(url, {}, folder))
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("datastore+redis://:secret@host:6379/0?prefix=a:", "datastore+redis://:***@host:6379/0?prefix=a:"),
        ("datastore+redis://me:se@cr/et@host/0", "datastore+redis://me:***@host/0"),
        ("datastore+redis://host:6379/0?prefix=a@b", "datastore+redis://host:6379/0?prefix=a@b"),
        ("datastore+redis://me@host:6379/0", "datastore+redis://me@host:6379/0"),
        ("sqlite:////data/a:b@c.db", "sqlite:////data/a:b@c.db"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert BackendSettings(url).shown == shown


WITHOUT = """
import sys

sys.modules["redis"] = sys.modules["blinker"] = None  # as if they were not installed
from pyworkflow.datastore import *
from pyworkflow.config import BackendSettings, open_backend

try:
    {code}
except Exception as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "from pyworkflow.datastore import RedisDatastore",
            "RedisDatastore needs the package 'redis': pip install 'pyworkflow[redis]'",
        ),
        (
            "from pyworkflow.blinker import BlinkerBackend",
            "pyworkflow.blinker needs the package 'blinker': pip install 'pyworkflow[blinker]'",
        ),
        (
            "open_backend(BackendSettings('datastore+redis://localhost/0'))",
            "the backend datastore+redis: needs the package 'redis', which is not installed: "
            "pip install 'pyworkflow[redis]'",
        ),
    ],
)
def test_without_an_extra_it_is_said_what_to_install(code: str, message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(code=code)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == f"{message}\n"


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
        ("postgres://localhost/x", "'postgres://localhost/x' is no backend: write a URL that begins with "),
        ("sqlit:///x.db", "'sqlit:///x.db' is no backend: did you mean sqlite:?"),
        ("orders.db", "'orders.db' is no backend"),
        ("memory://x", "'memory://x': write memory: alone"),
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
