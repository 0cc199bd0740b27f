"""The pytest plugin: golden histories are replayed and brought up to date; other projects notice nothing of it."""

# ruff: noqa: ARG001 - that there is a project is enough

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pyworkflow import archive
from pyworkflow.activity import ActivityCompleted
from pyworkflow.decision import CompleteProcess, ContinueAsNew, Decision, ScheduleActivity
from pyworkflow.memory import MemoryBackend
from pyworkflow.process import Process

pytest_plugins = ["pytester"]

FLOWS = """
from pyworkflow.decision import CompleteProcess, ScheduleActivity
from pyworkflow.managed import Activity, DefaultWorkflow


class Bar(Activity):
    def execute(self):
        return self.input


class Foo(DefaultWorkflow):
    activities = [Bar]

    def initiate(self, process):
        return ScheduleActivity(Bar, id="a", input=1)

    def respond_to_completed_activity(self, process, activity_execution, result):
        return CompleteProcess(result)
"""
EDITED = FLOWS.replace("return CompleteProcess(result)", 'return ScheduleActivity(Bar, id="b")')
LINE = '{"number": 7, "time": "2026-01-01T12:00:00.000000Z", "type": "decision"'


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    """A project with a golden history of a process that has completed."""
    pytester.makefile(".toml", workflows='[project]\nmodules = ["flows"]\n')
    edit(pytester.path, FLOWS)
    export(pytester.path / "tests" / "histories" / "one.jsonl", run_of("one"))
    return pytester.path


def edit(project: Path, flows: str) -> None:
    """The code as it is now, whatever was compiled of it before."""
    (project / "flows.py").write_text(flows)
    sys.modules.pop("flows", None)


def run_of(id: str, *decisions: Decision) -> list[Process]:
    """All runs of a Foo that scheduled its activity and then decided this."""
    with MemoryBackend() as backend:
        backend.register_workflow("Foo")
        backend.register_activity("Bar")
        backend.start_process(Process("Foo", id))
        for made in decisions or [CompleteProcess(1)]:
            for answer in ([ScheduleActivity("Bar", id="a", input=1)], [made]):
                task = backend.poll_decision_task()
                assert task is not None
                backend.complete_decision_task(task, answer)
                activity = backend.poll_activity_task()
                if activity is not None:
                    backend.complete_activity_task(activity, ActivityCompleted(1))
        newest = backend.process_by_id(id)
        return [backend.process_by_id(id, run=number) for number in range(1, newest.run + 1)]


def export(file: Path, *processes: list[Process]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = (line for runs in processes for run in runs for line in archive.lines(run))
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))


def events(file: Path) -> list[list[str]]:
    """The types of the events of each run in the file."""
    with file.open() as lines:
        return [[event.type for event in run.history] for runs in archive.read(lines) for run in runs]


def ran(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    return pytester.runpytest("-p", "no:cacheprovider", "-v", *words)


def test_each_run_in_a_golden_file_is_a_test(pytester: pytest.Pytester, project: Path) -> None:
    export(
        project / "tests" / "histories" / "more.jsonl",
        run_of("two"),
        run_of("three", ContinueAsNew(), CompleteProcess()),
    )
    result = pytester.runpytest("--collect-only", "-q")
    result.stdout.fnmatch_lines(
        [
            "tests/histories/more.jsonl::two[[]1]",
            "tests/histories/more.jsonl::three[[]1]",
            "tests/histories/more.jsonl::three[[]2]",
            "tests/histories/one.jsonl::one[[]1]",
        ]
    )


def test_code_that_has_not_changed_passes(pytester: pytest.Pytester, project: Path) -> None:
    ran(pytester).assert_outcomes(passed=1)
    ran(pytester, "tests/histories/one.jsonl::one[1]").assert_outcomes(passed=1)


def test_a_difference_fails_in_the_words_of_replay_and_says_how_to_accept_it(
    pytester: pytest.Pytester, project: Path
) -> None:
    edit(project, EDITED)
    result = ran(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            'Foo one, at event 6, "activity Bar completed": + ScheduleActivity(Bar) - CompleteProcess()',
            "recorded:",
            "    CompleteProcess(result=1)",
            "today:",
            "    ScheduleActivity(activity='Bar', id='b')",
            "If that is as it should be: pytest --update-histories",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    assert "golden.py" not in result.stdout.str()


def test_an_update_writes_todays_decision_and_cuts_what_came_of_another(
    pytester: pytest.Pytester, project: Path
) -> None:
    file = project / "tests" / "histories" / "one.jsonl"
    before = file.read_text().splitlines()
    edit(project, FLOWS.replace("input=1", "input=2"))
    result = ran(pytester, "--update-histories")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["*golden histories updated*", "tests/histories/one.jsonl: one now ends with event 3, of 7"]
    )
    after = file.read_text().splitlines()
    assert after[:3] == before[:3]  # to the byte
    assert json.loads(after[3])["decision"]["input"] == 2
    assert json.loads(after[3])["time"] == json.loads(before[2])["time"]
    assert [path.name for path in file.parent.iterdir()] == ["one.jsonl"]
    ran(pytester).assert_outcomes(passed=1)
    assert "updated" not in ran(pytester, "--update-histories").stdout.str()
    assert file.read_text().splitlines() == after


def test_an_update_leaves_other_processes_alone_and_drops_later_runs(pytester: pytest.Pytester, project: Path) -> None:
    file = project / "tests" / "histories" / "one.jsonl"
    export(
        file,
        run_of("long", ContinueAsNew(), CompleteProcess(1)),
        run_of("one"),
        run_of("two", ScheduleActivity("Bar", "b")),
    )
    edit(project, EDITED)
    result = ran(pytester, "--update-histories")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            "tests/histories/one.jsonl: long now ends with event 7, of 7",
            "tests/histories/one.jsonl: long run 2 left out",
            "tests/histories/one.jsonl: one now ends with event 7, of 7",
        ]
    )
    lengths = [len(one) for one in events(file)]
    assert lengths == [7, 7, 9]
    ran(pytester).assert_outcomes(passed=3)


def test_several_processes_of_pytest_can_update_one_file(pytester: pytest.Pytester, project: Path) -> None:
    file = project / "tests" / "histories" / "one.jsonl"
    export(file, *(run_of(f"p{number}") for number in range(6)))
    edit(project, EDITED)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-n", "2", "--update-histories")
    result.assert_outcomes(passed=6)
    for number in range(6):
        result.stdout.fnmatch_lines([f"tests/histories/one.jsonl: p{number} now ends with event 7, of 7"])
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=6)


def test_an_error_is_no_decision_that_could_be_accepted(pytester: pytest.Pytester, project: Path) -> None:
    before = (project / "tests" / "histories" / "one.jsonl").read_bytes()
    edit(project, FLOWS.replace("return CompleteProcess(result)", "return [].pop()"))
    result = ran(pytester, "--update-histories")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "Foo one, at event 6, *: decide raises IndexError: pop from empty list (flows.py:18)",
            "*return [[][]].pop()",
            "IndexError: pop from empty list",
        ]
    )
    assert (project / "tests" / "histories" / "one.jsonl").read_bytes() == before


def test_a_decide_that_answers_otherwise_each_time_is_not_accepted(pytester: pytest.Pytester, project: Path) -> None:
    edit(project, FLOWS.replace("input=1", "input=__import__('uuid').uuid4().hex"))
    ran(pytester, "--update-histories").assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("flows", "message"),
    [
        (
            FLOWS.replace("class Foo(", "class Fo("),
            "workflow 'Foo' is not registered with this backend; did you mean 'Fo'?",
        ),
        ("import nonsense\n", "module 'flows' does not import: ModuleNotFoundError*"),
    ],
)
def test_code_that_is_not_there_fails_in_one_line(
    pytester: pytest.Pytester, project: Path, flows: str, message: str
) -> None:
    edit(project, flows)
    result = ran(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([message])
    assert "golden.py" not in result.stdout.str()


def test_a_file_that_is_no_history_is_an_error_with_its_line(pytester: pytest.Pytester, project: Path) -> None:
    (project / "tests" / "histories" / "bad.jsonl").write_text("{}\n")
    result = ran(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["tests/histories/bad.jsonl:1: not of an exported process: 'type' is missing"])


@pytest.mark.parametrize("folder", ["golden", "tests/golden", "."])
def test_the_folder_can_be_another(pytester: pytest.Pytester, project: Path, folder: str) -> None:
    export(project / folder / "two.jsonl", run_of("two"))
    pytester.makeini(f"[pytest]\npyworkflow_histories = {folder}\n")
    result = ran(pytester)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*two.jsonl::two[[]1] PASSED*"])


def test_other_lines_of_json_are_left_alone(pytester: pytest.Pytester, project: Path) -> None:
    for folder in ("tests", "tests/histories/below", "data", "sub/tests/histories"):
        (project / folder).mkdir(parents=True, exist_ok=True)
        (project / folder / "data.jsonl").write_text("anything")
    (project / "tests" / "histories" / "notes.txt").write_text("anything")
    ran(pytester).assert_outcomes(passed=1)


def test_without_a_workflows_toml_nothing_is_collected_and_nothing_is_loaded(pytester: pytest.Pytester) -> None:
    folder = pytester.mkdir("tests") / "histories"
    folder.mkdir()
    (folder / "data.jsonl").write_text("anything")
    pytester.makepyfile(
        "import sys\n\ndef test_it():\n"
        "    ours = {name for name in sys.modules if name.startswith('pyworkflow')}\n"
        "    assert ours == {'pyworkflow', 'pyworkflow.testing', 'pyworkflow.testing.plugin'}\n"
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_the_plugin_imports_nothing_but_itself() -> None:
    there = "import pytest, sys; there = set(sys.modules)"
    code = f"{there}; import pyworkflow.testing.plugin; print(*set(sys.modules) - there)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"pyworkflow", "pyworkflow.testing", "pyworkflow.testing.plugin"}


def test_fixtures_bring_the_driver_and_the_clock_that_jumps(pytester: pytest.Pytester, project: Path) -> None:
    pytester.makepyfile(
        """
        from flows import Bar, Foo
        from pyworkflow.decision import CompleteProcess
        from pyworkflow.process import ProcessCompleted
        from pyworkflow.testing import completed

        def test_by_hand(workflow_driver):
            workflow_driver(Foo).given(Bar).when(completed(Bar, 5)).then(CompleteProcess(5))

        def test_that_fails(workflow_driver):
            order = workflow_driver(Foo).given(Bar).when(completed(Bar, 5))
            order.then(CompleteProcess(6))  # here

        def test_as_a_whole(fast_forward):
            assert fast_forward(Foo, fakes={Bar: 5}).run() == ProcessCompleted(5)
        """
    )
    (project / "conftest.py").write_text("import sys\nsys.path.insert(0, '.')\n")
    result = ran(pytester, "--tb=short")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*.py:11: in test_that_fails",
            "    order.then(CompleteProcess(6))  # here",
            'E   AssertionError: Foo, at "activity Bar completed", was expected to decide:',
            "E       CompleteProcess(result=6)",
            "E   and decided:",
            "E       CompleteProcess(result=5)",
            "E   in short: ~ CompleteProcess() with another result",
        ]
    )
    assert "driver.py" not in result.stdout.str()


def test_the_timer_of_others_goes_on(pytester: pytest.Pytester, project: Path) -> None:
    (project / "conftest.py").write_text(
        "import signal\nimport pytest\n\n"
        "@pytest.hookimpl(wrapper=True)\n"
        "def pytest_runtest_call(item):\n"
        "    signal.setitimer(signal.ITIMER_REAL, 1000)\n"
        "    yield\n"
        "    assert 0 < signal.setitimer(signal.ITIMER_REAL, 0)[0] < 1000\n"
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:timeout").assert_outcomes(passed=1)


def test_an_update_is_of_the_run_that_was_selected_only(pytester: pytest.Pytester, project: Path) -> None:
    file = project / "tests" / "histories" / "one.jsonl"
    export(file, run_of("one"), run_of("two"))
    before = file.read_text().splitlines()
    edit(project, EDITED)
    ran(pytester, "tests/histories/one.jsonl::two[1]", "--update-histories").assert_outcomes(passed=1)
    after = file.read_text().splitlines()
    assert after[: len(before) // 2] == before[: len(before) // 2]
    assert after != before


def test_an_update_keeps_lines_apart_and_links_as_they_are(pytester: pytest.Pytester, project: Path) -> None:
    file, real = project / "tests" / "histories" / "one.jsonl", project / "real.jsonl"
    real.write_text(file.read_text().rstrip("\n"))
    file.unlink()
    file.symlink_to(real)
    edit(project, EDITED)
    ran(pytester, "--update-histories").assert_outcomes(passed=1)
    assert file.is_symlink()
    ran(pytester).assert_outcomes(passed=1)


def test_a_file_that_holds_nothing_is_an_error(pytester: pytest.Pytester, project: Path) -> None:
    (project / "tests" / "histories" / "none.jsonl").write_text("")
    result = ran(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["tests/histories/none.jsonl holds no history"])


def test_a_history_is_never_asked_of_the_code_of_another_project(pytester: pytest.Pytester, project: Path) -> None:
    other = project / "other"
    other.mkdir()
    (other / "workflows.toml").write_text('[project]\nmodules = ["flows"]\n')
    (other / "flows.py").write_text(EDITED)
    export(other / "tests" / "histories" / "one.jsonl", run_of("one"))
    before = (other / "tests" / "histories" / "one.jsonl").read_text()
    result = ran(pytester, "tests", "other", "--update-histories")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["module 'flows': flows.py was imported before, and is not other/flows.py; *"])
    assert (other / "tests" / "histories" / "one.jsonl").read_text() == before


def test_what_a_fork_copied_is_not_asked(pytester: pytest.Pytester, project: Path) -> None:
    with MemoryBackend() as backend:
        backend.register_workflow("Foo")
        backend.register_activity("Bar")
        (run,) = run_of("one")
        otherwise = Process(run.workflow, run.id, run.input, run.tags, run.history)
        backend.fork_process(otherwise, 5, results={3: ActivityCompleted(2)}, id="fork")
        task = backend.poll_decision_task()
        assert task is not None
        backend.complete_decision_task(task, [CompleteProcess(2)])
        export(project / "tests" / "histories" / "one.jsonl", [backend.process_by_id("fork")])
    edit(project, FLOWS.replace("input=1", "input=7"))
    ran(pytester).assert_outcomes(passed=1)
    edit(project, EDITED)
    ran(pytester).assert_outcomes(failed=1)
