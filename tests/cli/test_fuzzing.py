"""fuzz: what is found is told as a history, saved as one, and ends with exit code 1."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from terminal import Command, in_terminal, without_colour

from pyworkflow import archive

FLOWS = """
from pyworkflow.decision import CompleteProcess, FailProcess, ScheduleActivity, Timer
from pyworkflow.managed import Activity, DefaultWorkflow


class Charge(Activity):
    pass


class Foo(DefaultWorkflow):
    activities = [Charge]

    def initiate(self, process):
        print("asked")
        return ScheduleActivity(Charge, input=process.input)

    def respond_to_completed_activity(self, process, activity_execution, result):
        return CompleteProcess(result["charged"])

    def respond_to_interrupted_activity(self, process, activity_execution, details):
        return None if details.type == "failed" else FailProcess(details.type)


class Fine(Foo):
    def respond_to_interrupted_activity(self, process, activity_execution, details):
        return FailProcess(details.type)

    def respond_to_signal(self, process, signal):
        if signal.name == "nudge":
            return None
"""
CHARGED = ("--result", 'Charge={"charged": 30}')
SEED = ("--seed", "1", "--examples", "60")


@pytest.fixture(autouse=True)
def flows(project: Path) -> Path:
    file = project / "flows.py"
    file.write_text(FLOWS)
    return file


def test_what_is_found_is_told_as_a_history_and_what_it_means(pyworkflow: Command, project: Path) -> None:
    ended = pyworkflow("fuzz", "Foo", "-i", "30", *CHARGED, *SEED)
    assert ended.code == 1
    assert ended.lines == [
        "1  process started    30",
        "2  decision started",
        "3  Charge scheduled   30",
        "4  Charge #3 started",
        "5  Charge #3 failed   made up by fuzz",
        "6  decision started",
        "stuck: nothing is pending",
        "    the process is open, nothing is pending, and nothing will happen any more",
        "    answer what happened last, if only with FailProcess; or say waits_for_signals = True, with examples in "
        "signals",
    ]
    assert ended.err.startswith("Foo: 1 finding, ")
    assert ended.err.endswith("histories tried (seed 1)\nsignals that were sent: none\n")
    assert not (project / ".pyworkflow").exists()
    assert not (project / ".hypothesis").exists()


def test_nothing_is_found_in_a_workflow_that_answers_everything(pyworkflow: Command) -> None:
    ended = pyworkflow("fuzz", "Fine", *CHARGED, *SEED)
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("Fine: nothing found, ")
    assert ended.err.endswith("signals that were sent: nudge\n")


def test_an_error_is_told_with_its_place_and_with_what_was_put_in(pyworkflow: Command) -> None:
    ended = pyworkflow("fuzz", "Fine", *SEED)
    assert ended.code == 1
    assert ended.lines[-4].startswith("raises: TypeError: 'NoneType' object is not subscriptable (flows.py:18)")
    assert ended.lines[-1] == ("    Nobody gave an example of the input, the result of Charge: null was put in.")


def test_what_is_found_is_saved_and_can_be_replayed(pyworkflow: Command, project: Path) -> None:
    ended = pyworkflow("fuzz", "Foo", *SEED, "--save", "histories/found.jsonl")
    assert ended.code == 1
    assert ended.err.startswith("2 histories written to histories/found.jsonl\n")
    with (project / "histories/found.jsonl").open("rb") as lines:
        runs = [runs for (runs,) in archive.read(lines)]
    assert [run.id for run in runs] == ["fuzz-1", "fuzz-2"]
    replayed = pyworkflow("replay", "histories/found.jsonl")
    assert replayed.code == 6
    assert replayed.lines == [
        "1 process of Foo: at \"activity Charge completed\" decide raises TypeError: 'NoneType' object is not "
        "subscriptable (flows.py:18)",
        f"    {next(run.id for run in runs if 'completed' in repr(run.history[-1]).lower())} #5",
    ]
    assert pyworkflow("fuzz", "Fine", *CHARGED, *SEED, "--save", "none.jsonl").code == 0
    assert not (project / "none.jsonl").exists()


def test_examples_are_taken_from_what_was_recorded(pyworkflow: Command, flows: Path) -> None:
    flows.write_text(
        FLOWS.replace(
            "    pass\n\n\nclass Foo", '    def execute(self):\n        return {"charged": 30}\n\n\nclass Foo'
        )
    )
    assert pyworkflow("start", "Fine", "--id", "one", "-i", "30").code == 0
    assert pyworkflow("worker", "--burst").code == 0
    assert pyworkflow("fuzz", "Fine", *SEED, "--like", "one").code == 0
    assert pyworkflow("export", "one", "--to", "one.jsonl").code == 0
    assert pyworkflow("fuzz", "Fine", *SEED, "--like", "one.jsonl").code == 0


def test_for_a_program_each_finding_is_a_record(pyworkflow: Command) -> None:
    ended = pyworkflow("fuzz", "Foo", "-i", "30", *CHARGED, *SEED, "-o", "json")
    (record,) = ended.json
    assert record["finding"] == "stuck"
    assert (record["workflow"], record["seed"], record["input"], record["where"]) == ("Foo", 1, 30, None)
    assert [event["number"] for event in record["events"]] == [1, 2, 3, 4, 5, 6]
    assert pyworkflow("fuzz", "Fine", *CHARGED, *SEED, "-o", "json").json == []


def test_what_is_meant_to_be_so_can_be_allowed(pyworkflow: Command) -> None:
    assert pyworkflow("fuzz", "Foo", *CHARGED, *SEED, "--allow", "stuck").code == 0
    ended = pyworkflow("fuzz", "Foo", "--allow", "stuk")
    assert (ended.code, ended.out) == (2, "")
    assert "there is no finding 'stuk' to allow: there are raises, slow, illegal, stuck," in ended.err


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--result", "Charge"), "'Charge': write NAME=JSON; activities: Charge"),
        (("--result", "Pay=1"), "'Pay=1': write NAME=JSON; activities: Charge"),
        (("--result", "Charge={"), "not JSON"),
        (("--signal", "=1"), "'=1': write NAME, or NAME=JSON"),
        (("--signal", "go={"), "not JSON"),
    ],
)
def test_examples_that_are_none_are_refused(pyworkflow: Command, words: tuple[str, ...], error: str) -> None:
    ended = pyworkflow("fuzz", "Foo", *words)
    assert (ended.code, ended.out) == (2, "")
    assert error in ended.err


def test_signals_are_sent_with_their_data(pyworkflow: Command, flows: Path) -> None:
    with flows.open("a") as file:
        file.write(
            "\n\nclass Told(Fine):\n    def respond_to_signal(self, process, signal):\n        return {}[signal.name]\n"
        )
    assert pyworkflow("fuzz", "Told", *CHARGED, *SEED).code == 0  # nobody knows of any
    ended = pyworkflow("fuzz", "Told", *CHARGED, *SEED, "--signal", 'told={"a": 1}')
    assert ended.code == 1
    assert "signal told" in ended.out
    assert '{"a": 1}' in ended.out or '{"a":1}' in ended.out
    assert "raises: KeyError: 'told'" in ended.out


def test_without_hypothesis_one_line_says_how_to_install_it(project: Path) -> None:
    code = (
        "import sys; sys.modules['hypothesis'] = None; from pyworkflow.cli import main; sys.exit(main(['fuzz', 'Foo']))"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr == (
        "pyworkflow: pyworkflow.fuzz needs the package 'hypothesis': pip install 'pyworkflow[fuzz]'\n"
    )


def test_in_a_terminal_it_counts_what_is_tried(project: Path) -> None:  # noqa: ARG001
    shown = without_colour(in_terminal("fuzz", "Fine", *CHARGED, *SEED, columns=100))
    assert "histories tried " in shown
    assert "asked" not in shown
    assert "Fine: nothing found" in shown


def test_nothing_is_wrong_with_the_workflow_that_init_writes(pyworkflow: Command, project: Path) -> None:
    (project / "workflows.toml").unlink()
    assert pyworkflow("init").code == 0
    ended = pyworkflow("fuzz", "Order", "-i", '{"order": 17, "amount": 30}', *SEED)
    assert (ended.code, ended.out) == (0, "")
