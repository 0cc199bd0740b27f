"""The code that workflows.toml names."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyworkflow.config import ProjectSettings, load_project
from pyworkflow.exceptions import ConfigurationException, UnknownWorkflowException

ONE = """
from pyworkflow.managed import Workflow, DefaultWorkflow

class Base(Workflow):
    pass

class FooWorkflow(Base):
    def decide(self, process):
        return None
"""


def settings(folder: Path, *modules: str) -> ProjectSettings:
    return ProjectSettings(modules=modules, path=(folder,))


def test_the_concrete_workflows_that_a_module_defines_are_loaded(folder: Path) -> None:
    (folder / "one.py").write_text(ONE)
    (folder / "two.py").write_text("from one import Base, FooWorkflow\nclass Bar(FooWorkflow): pass\n")
    assert [cls.__name__ for cls in load_project(settings(folder, "one", "two")).workflows] == ["FooWorkflow", "Bar"]
    assert [cls.__name__ for cls in load_project(settings(folder, "two")).workflows] == ["Bar"]


def test_a_package_may_gather_the_workflows_of_its_modules(folder: Path) -> None:
    (folder / "pack").mkdir()
    (folder / "pack" / "__init__.py").write_text("from pack.flows import FooWorkflow\n")
    (folder / "pack" / "flows.py").write_text(ONE)
    assert [cls.__name__ for cls in load_project(settings(folder, "pack", "pack.flows")).workflows] == ["FooWorkflow"]


def test_a_workflow_is_found_by_its_name_and_by_its_class_and_a_slip_is_answered_with_the_nearest(folder: Path) -> None:
    (folder / "one.py").write_text(ONE)
    project = load_project(settings(folder, "one"))
    assert project.workflow("Foo") is project.workflow("FooWorkflow") is project.workflows[0]
    with pytest.raises(UnknownWorkflowException) as raised:
        project.workflow("Fooo")
    assert raised.value.__notes__ == ["did you mean 'Foo'?"]
    with pytest.raises(UnknownWorkflowException) as raised:
        project.workflow("Zebra")
    assert raised.value.__notes__ == ["this project has Foo"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import nothing_of_this_name\n", "ModuleNotFoundError: No module named 'nothing_of_this_name' (bad.py:1)"),
        ("x = 1\ny = 1 / 0\n", "ZeroDivisionError: division by zero (bad.py:2)"),
        ("x = 1\nclass :\n", "SyntaxError: invalid syntax (bad.py, line 2) (bad.py:2)"),
        ("raise SystemExit(3)\n", "SystemExit: 3 (bad.py:1)"),
    ],
)
def test_a_module_that_does_not_import_is_told_with_the_cause_and_its_line(
    folder: Path, text: str, reason: str
) -> None:
    (folder / "bad.py").write_text(text)
    with pytest.raises(ConfigurationException) as raised:
        load_project(settings(folder, "bad"))
    assert str(raised.value) == f"module 'bad' does not import: {reason}"


def test_a_module_that_is_not_there_is_told_without_a_line_of_ours(folder: Path) -> None:
    with pytest.raises(ConfigurationException) as raised:
        load_project(settings(folder, "absent"))
    assert str(raised.value) == "module 'absent' does not import: ModuleNotFoundError: No module named 'absent'"


def test_a_module_without_a_workflow_and_a_folder_that_is_not_there_are_refused(folder: Path) -> None:
    (folder / "empty.py").write_text("")
    with pytest.raises(ConfigurationException, match="module 'empty' defines no workflow"):
        load_project(settings(folder, "empty"))
    with pytest.raises(ConfigurationException, match=r"there is no folder '.*nowhere'"):
        load_project(ProjectSettings(modules=("empty",), path=(folder / "nowhere",)))


def code_of(folder: Path) -> str:
    """As a new process would find it."""
    import sys

    for name in ("one", "helper"):
        sys.modules.pop(name, None)
    return load_project(settings(folder, "one")).code


def test_the_code_changes_with_every_source_of_the_project_and_only_then(folder: Path) -> None:
    (folder / "one.py").write_text("import helper\n" + ONE)
    (folder / "helper.py").write_text("RATE = 100\n")
    (folder / "not_imported.py").write_text("")
    first = code_of(folder)
    assert len(first) == 12
    (folder / "not_imported.py").write_text("RATE = 1")
    assert code_of(folder) == first
    (folder / "helper.py").write_text("RATE = 2\n")
    assert code_of(folder) != first
