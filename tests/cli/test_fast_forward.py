"""run --fast-forward: what would happen, told with its own times, and nothing of it kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from terminal import Command

FLOWS = """
from pyworkflow.decision import CompleteProcess, FailProcess, ScheduleActivity, StartChildProcess, Timer
from pyworkflow.managed import Activity, DefaultWorkflow
from pyworkflow.process import Process


class ChargeCard(Activity):
    def execute(self):
        return "for real"


class Order(DefaultWorkflow):
    activities = [ChargeCard]

    def initiate(self, process):
        print("deciding")
        if process.input == "wait":
            return None
        return ChargeCard

    def respond_to_completed_activity(self, process, activity_execution, result):
        return CompleteProcess(result)

    def respond_to_interrupted_activity(self, process, activity_execution, details):
        attempts = sum(event.type == "activity" for event in process.history)
        return Timer(15 * 24 * 3600) if attempts < 3 else FailProcess("not paid")

    def respond_to_timer(self, process, timer):
        return ChargeCard


class Parent(DefaultWorkflow):
    def initiate(self, process):
        return StartChildProcess(Process("Order", input=process.input))

    def respond_to_child_process(self, process, child_process_id, workflow, result, tags):
        return CompleteProcess(result.result)
"""
DECLINED = "def ChargeCard(input):\n    raise ConnectionError('declined')\n"


@pytest.fixture(autouse=True)
def flows(project: Path) -> Path:
    file = project / "flows.py"
    file.write_text(FLOWS)
    return file


def fakes(project: Path, code: str) -> str:
    (project / "fakes.py").write_text(code)
    return "fakes.py"


def test_thirty_days_are_told_with_their_own_times_and_nothing_is_kept(pyworkflow: Command, project: Path) -> None:
    ended = pyworkflow("run", "Order", "--id", "x", "--fast-forward", "--fakes", fakes(project, DECLINED))
    assert (ended.code, ended.out) == (1, "")
    told = [line.split("  ") for line in ended.err.splitlines()]
    assert told[0] == ["process x, in memory"]
    days = [line[0][:10] for line in told if len(line[0]) == 19]
    assert len(set(days)) == 3
    assert [line[1] for line in told if len(line) > 1 and "timer" in line[1]] == [
        "timer 15d 00h set",
        "timer 15d 00h fired",
    ] * 2
    assert ended.err.splitlines()[-1].split()[2:] == ["process", "failed", "30d", "00h", "not", "paid"]
    assert list(project.rglob("*.db")) == []


def test_what_it_completes_with_is_printed_and_what_code_prints_is_put_aside(
    pyworkflow: Command, project: Path
) -> None:
    code = "from pyworkflow.testing import After\nprint('loaded')\nChargeCard = After(3600, {'paid': 30})\n"
    ended = pyworkflow("run", "Order", "--fast-forward", "--fakes", fakes(project, code))
    assert (ended.code, ended.out) == (0, '{"paid": 30}\n')
    assert ended.err.startswith("loaded\nprocess Order-1, in memory\ndeciding\n")


def test_fakes_are_given_the_input_and_can_import_what_lies_beside_them(pyworkflow: Command, project: Path) -> None:
    (project / "more").mkdir()
    (project / "more" / "beside.py").write_text("def double(given):\n    return 2 * given\n")
    (project / "more" / "fakes.py").write_text("from beside import double as ChargeCard\n")
    assert pyworkflow("run", "Order", "-i", "4", "--fast-forward", "--fakes", "more/fakes.py").out == "8\n"


def test_tags_and_the_id_are_those_that_are_given(pyworkflow: Command, flows: Path) -> None:
    flows.write_text(FLOWS.replace("return ChargeCard\n", "return CompleteProcess([process.id, *process.tags])\n", 1))
    ended = pyworkflow("run", "Order", "--id", "x", "--tag", "red", "--tag", "blue", "--fast-forward")
    assert ended.json == ["x", "red", "blue"]


def test_code_that_cannot_work_is_refused_before_it_begins(pyworkflow: Command, flows: Path) -> None:
    flows.write_text(FLOWS.replace("def execute", "def exectue"))
    ended = pyworkflow("run", "Order", "--fast-forward", "--real")
    assert (ended.code, ended.err) == (2, "pyworkflow: flows.ChargeCard does not override execute()\n")


def test_children_run_too(pyworkflow: Command, project: Path) -> None:
    ended = pyworkflow("run", "Parent", "--fast-forward", "--fakes", fakes(project, "ChargeCard = 5\n"))
    assert (ended.code, ended.out) == (0, "5\n")


def test_an_activity_without_a_fake_is_refused_unless_it_is_to_be_executed(pyworkflow: Command, project: Path) -> None:
    ended = pyworkflow("run", "Order", "--fast-forward")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.endswith(
        "pyworkflow: activity ChargeCard has no fake, and is not to be executed for real; "
        "give it one in --fakes FILE, or execute such ones with --real\n"
    )
    ended = pyworkflow("run", "Order", "--fast-forward", "--fakes", fakes(project, "ChargeCart = 5\n"))
    assert (ended.code, ended.out) == (2, "")
    assert "has no fake (is ChargeCart meant to be it?)" in ended.err
    assert pyworkflow("run", "Order", "--fast-forward", "--real").out == '"for real"\n'


def test_a_process_that_waits_for_a_signal_says_so(pyworkflow: Command) -> None:
    ended = pyworkflow("run", "Order", "-i", '"wait"', "--fast-forward")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.endswith("nothing more happens by itself: it waits for a signal\n")


def test_a_decide_that_raises_is_told_with_its_place(pyworkflow: Command, flows: Path) -> None:
    flows.write_text(
        FLOWS.replace("return ChargeCard\n\n    def respond_to_completed", "[].pop()\n\n    def respond_to_completed")
    )
    for workflow in ("Order", "Parent"):
        ended = pyworkflow("run", workflow, "--fast-forward")
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.splitlines()[-1] == (
            "decide raises IndexError: pop from empty list (flows.py:19); here it ends, a worker would ask again"
        )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--fakes", "fakes.py"], "--fakes: it is for --fast-forward"),
        (["--real"], "--real: it is for --fast-forward"),
        (["--fast-forward", "--fakes", "none.py"], "--fakes: none.py is no Python file"),
        (["--fast-forward", "--fakes", "workflows.toml"], "--fakes: workflows.toml is no Python file"),
        (["--fast-forward", "--fakes", "bad.py"], "bad.py does not import: NameError: name 'nonsense' is not defined"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(pyworkflow: Command, project: Path, words: list[str], message: str) -> None:
    (project / "bad.py").write_text("nonsense\n")
    ended = pyworkflow("run", "Order", *words)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert message in ended.err
