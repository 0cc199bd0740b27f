"""Who may import whom. The directions are what keeps each part replaceable; here they are checked."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pyworkflow

ROOT = Path(pyworkflow.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py") if "template" not in path.parts)  # a template is user's code

VOCABULARY = {
    "activity",
    "decision",
    "defaults",
    "event",
    "exceptions",
    "history",
    "lazy",
    "naming",
    "prefix",
    "process",
    "signal",
    "task",
    "unfinished",
}
PROMISE = VOCABULARY | {"archive", "backend", "capabilities", "codec", "given"}
RULES = PROMISE | {"engine"}
LOCAL = RULES | {"memory", "sqlite", "datastore"}

# Each part, and the parts that it may import; itself always.
MAY_IMPORT = {
    **dict.fromkeys(VOCABULARY, VOCABULARY),
    "codec": VOCABULARY,
    "archive": VOCABULARY | {"codec"},
    "capabilities": set(),
    "given": VOCABULARY | {"codec"},
    "backend": VOCABULARY | {"capabilities"},
    "engine": PROMISE,
    "memory": RULES,
    "sqlite": RULES,
    "datastore": RULES | {"memory"},  # whose rows are its mirror
    "blinker": VOCABULARY | {"backend"},
    "amazonswf": PROMISE,  # never the rules, which are those of the other end
    "managed": VOCABULARY | {"backend", "codec"},  # never the rules: it works with every backend
    "replay": VOCABULARY | {"codec", "managed"},  # of histories alone, wherever they come from
    "config": LOCAL | {"managed"},
    "testing": LOCAL | {"managed", "config", "replay"},  # config: golden histories are those of a project
    "fuzz": RULES | {"memory", "managed", "replay", "testing"},  # on the real engine, in memory
    "cli": LOCAL | {"managed", "config", "replay", "testing", "fuzz"},
    "__main__": {"cli"},
    "__init__": VOCABULARY,
}

# Packages of others, and of the standard library, that only some files may know.
ONLY_IN = {
    "typer": "cli/",
    "rich": "cli/output.py",
    "watchfiles": "cli/",
    "sqlite_utils": ("cli/", "sqlite/"),
    "tomli": "config/",
    "pytest": "testing/",
    "sqlite3": "sqlite/",
    "fcntl": ("engine/leases.py", "testing/golden.py"),
    "filelock": "datastore/",
    "redis": "datastore/",
    "hypothesis": "fuzz/",
    "blinker": "blinker/",
    "boto3": "amazonswf/service.py",
    "botocore": ("amazonswf/service.py", "amazonswf/errors.py"),
}

# What would make a rule depend on more than its arguments.
IMPURE = {"time", "random", "uuid", "secrets", "os", "threading", "sqlite3", "boto3", "botocore"}
PURE = [
    *(ROOT / "engine" / name for name in ("transitions.py", "decide.py", "changes.py", "records.py")),
    *(ROOT / "amazonswf" / name for name in ("decisions.py", "wire.py", "results.py", "payload.py", "limits.py")),
    *sorted((ROOT / "amazonswf" / "history").glob("*.py")),
]


def imports(path: Path) -> Iterator[str]:
    """The modules that the file imports, anywhere in it, by their full names."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            if node.module == "pyworkflow":
                yield from (f"pyworkflow.{alias.name}" for alias in node.names)
            else:
                yield str(node.module)


def part_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def allowed(part: str) -> set[str]:
    # `from pyworkflow import Process` takes two classes of the vocabulary from the package itself.
    shown = {"ActivityExecution", "Process", "__version__"}
    return {f"pyworkflow.{name}" for name in MAY_IMPORT[part] | {part} | shown}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_imports_only_parts_below_its_own(path: Path) -> None:
    ours = {".".join(name.split(".")[:2]) for name in imports(path) if name.split(".")[0] == "pyworkflow"}
    assert ours <= allowed(part_of(path))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_packages_of_others_are_known_only_where_they_belong(path: Path) -> None:
    for package in {name.split(".")[0] for name in imports(path)} - {"pyworkflow"}:
        if package in ONLY_IN:
            assert name_of(path).startswith(ONLY_IN[package]), f"{package} does not belong in {name_of(path)}"
        else:
            assert package in sys.stdlib_module_names, f"{package} is not one of our dependencies"


@pytest.mark.parametrize("path", PURE, ids=name_of)
def test_rules_and_translations_are_functions_of_their_arguments(path: Path) -> None:
    assert not IMPURE & {imported.split(".")[0] for imported in imports(path)}
    assert "utcnow" not in path.read_text()
    assert ".now(" not in path.read_text()


def test_every_file_has_its_idea_in_its_first_line() -> None:
    for path in FILES:
        line = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]
        assert line, f"{name_of(path)} does not say what it is for"


def loaded(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_the_vocabulary_and_no_backend() -> None:
    ours = {name.split(".")[1] for name in loaded("import pyworkflow") if name.startswith("pyworkflow.")}
    assert ours <= VOCABULARY


@pytest.mark.parametrize("statement", ["import pyworkflow.memory", "import pyworkflow.managed.worker"])
def test_what_is_heavy_is_loaded_only_by_what_needs_it(statement: str) -> None:
    heavy = {
        "sqlite3",
        "typer",
        "rich",
        "pytest",
        "watchfiles",
        "sqlite_utils",
        "tomli",
        "boto3",
        "botocore",
        "hypothesis",
    }
    assert not loaded(statement) & heavy
