"""init and check: a project that runs at once, and what is wrong with one that does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import Command, in_terminal, without_colour


def test_the_project_that_init_writes_runs_and_handles_an_interrupted_activity(
    pyworkflow: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = pyworkflow("init", "shop")
    assert (ended.code, ended.out) == (0, "")
    assert sorted(file.name for file in (folder / "shop").iterdir()) == [
        "orders.py",
        "test_orders.py",
        "workflows.toml",
    ]
    assert "  cd shop\n" in ended.err
    monkeypatch.chdir(folder / "shop")
    assert pyworkflow("check").code == 0
    ended = pyworkflow("run", "Order", "-i", '{"order": 17, "amount": 30}')
    assert (ended.code, ended.out) == (0, '"Order 17: 30 paid, thank you."\n')
    assert "ConnectionError: the payment service does not answer" in ended.err


def test_the_commands_that_init_prints_are_right(pyworkflow: Command, folder: Path) -> None:
    printed = [line.strip() for line in pyworkflow("init").err.splitlines()]
    assert "cd" not in [line.split(" ")[0] for line in printed]
    script = next(line for line in printed if line.startswith("pyworkflow start"))
    ended = subprocess.run(
        script.replace("pyworkflow", f"'{sys.executable}' -m pyworkflow", 1),
        shell=True,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert pyworkflow("show", ended.stdout.strip(), "-o", "json").json["input"] == {"order": 18, "amount": 45}


def test_the_test_that_init_writes_passes_with_plain_pytest(pyworkflow: Command, folder: Path) -> None:
    pyworkflow("init")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
    )
    assert ended.returncode == 0, ended.stdout
    assert "3 passed" in ended.stdout


def test_init_overwrites_nothing(pyworkflow: Command, folder: Path) -> None:
    (folder / "orders.py").write_text("mine")
    ended = pyworkflow("init")
    assert (ended.code, ended.err) == (2, "pyworkflow: orders.py is already there: give `init` another folder\n")
    assert [(file.name, file.read_text()) for file in folder.iterdir()] == [("orders.py", "mine")]


def test_init_says_in_one_line_where_it_cannot_write(pyworkflow: Command, folder: Path) -> None:
    (folder / "file").write_text("")
    ended = pyworkflow("init", "file/below")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "cannot be written" in ended.err


def test_check_lists_workflows_and_activities_with_their_time_outs(pyworkflow: Command, project: Path) -> None:
    ended = pyworkflow("check")
    assert ended.code == 0
    rows = [" ".join(line.split()) for line in ended.lines]
    assert "Echo default 365d 00h 1m 00s Echo flows.EchoWorkflow" in rows
    assert "Sleep default 1h 00m 365d 00h 10m 00s flows.Sleep" in rows
    assert ended.err.startswith("all is well: backend sqlite:///.pyworkflow/pyworkflow.db, code ")
    found = pyworkflow("check", "-o", "json").json
    assert found["file"] == str(project / "workflows.toml")
    echo = next(one for one in found["workflows"] if one["workflow"] == "Echo")
    assert (echo["timeout"], echo["decision_timeout"], echo["activities"]) == (31_536_000, 60, ["Echo"])
    assert [one["activity"] for one in found["activities"]] == ["Echo", "Sleep"]


def test_in_a_narrow_terminal_the_widest_columns_of_check_give_way_first(project: Path) -> None:
    (project / "flows.py").write_text(
        "from pyworkflow.managed import *\nclass PackAndSendToTheCustomer(Activity):\n    def execute(self): pass\n"
        "class Order(Workflow):\n    activities = [PackAndSendToTheCustomer]\n    def decide(self, process): pass\n"
    )
    head, order, *_ = without_colour(in_terminal("check", columns=80)).splitlines()
    assert head.split() == ["WORKFLOW", "CATEGORY", "TIMEOUT", "DECISION", "TIMEOUT", "ACTIVITIES", "DEFINED"]
    assert order.startswith("Order     default   365d 00h  1m 00s            PackAndSendToTheCu…  flows.Order")
    for line in without_colour(in_terminal("check", columns=40)).splitlines()[:5]:
        assert len(line) <= 40
    assert without_colour(in_terminal("check", columns=20)).startswith("WORKFLOW  CATE…  TI")


WORKFLOW = "class W(Workflow):\n    def decide(self, process): pass\n"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (f"class A(Activity): pass\n{WORKFLOW}    activities = [A]", "flows.A does not override execute()"),
        (f"{WORKFLOW}    activities = Activity", "W.activities must be a list of Activity classes"),
        ("class W(DefaultWorkflow):\n    def initate(self, process): pass", "flows.W does not override initiate()"),
        ("class W(RuleSetWorkflow): pass", "flows.W has no rules"),
        ("class W(Workflow): pass", "module 'flows' defines no workflow: W does not override decide()"),
    ],
    ids=["execute", "activities", "initiate", "rules", "decide"],
)
def test_what_cannot_work_is_told_by_check_and_by_all_that_load_it(
    pyworkflow: Command, project: Path, code: str, message: str
) -> None:
    (project / "flows.py").write_text(f"from pyworkflow.managed import *\n{code}\n")
    for command in (["check"], ["start", "W"], ["run", "W"], ["worker", "--burst"], ["worker", "--burst", "-p", "2"]):
        ended = pyworkflow(*command)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
        assert message in ended.err
    assert list(project.rglob("*.db")) == []


def test_a_base_for_others_need_not_work(pyworkflow: Command, project: Path) -> None:
    with (project / "flows.py").open("a") as file:
        file.write("class Base(DefaultWorkflow): pass\nclass W(Base):\n    def initiate(self, process): pass\n")
    assert pyworkflow("check").code == 0


def test_slips_of_the_keyboard_are_hinted_at_by_check_and_by_workers(pyworkflow: Command, project: Path) -> None:
    flows = project / "flows.py"
    text = flows.read_text().replace("heartbeat_timeout = 600", "hartbeat_timeout = 600\n    limit = 3")
    flows.write_text(text.replace("def respond_to_signal(", "def respond_to_signals("))
    slips = [
        "perhaps: flows.Waiter.respond_to_signals is meant to be respond_to_signal?",
        "perhaps: flows.Sleep.hartbeat_timeout is meant to be heartbeat_timeout?",
    ]
    for command in (["check"], ["worker", "--burst"], ["worker", "--burst", "-p", "2"]):
        ended = pyworkflow(*command)
        assert ended.code == 0
        assert [line for line in ended.err.splitlines() if line.startswith("perhaps")] == slips


def test_a_category_that_no_class_has_is_hinted_at(pyworkflow: Command, project: Path) -> None:
    flows = project / "flows.py"
    flows.write_text(flows.read_text().replace("    heartbeat_timeout = 600", '    category = "cpu"'))
    hint = "perhaps: category 'gpu' is meant to be cpu or default?\n"
    assert hint in pyworkflow("worker", "--burst", "-Q", "gpu", "-Q", "cpu").err
    with (project / "workflows.toml").open("a") as file:
        file.write('[worker]\ncategories = ["gpu", "default"]\n')
    assert hint in pyworkflow("check").err
    assert hint in pyworkflow("worker", "--burst").err
    assert hint not in pyworkflow("worker", "--burst", "-Q", "cpu").err


def test_check_says_when_the_database_cannot_be_read(pyworkflow: Command, project: Path) -> None:
    ended = pyworkflow("check", "--backend", f"sqlite:///{project}/flows.py")
    assert (ended.code, ended.out) == (5, "")
    assert ended.err.endswith("flows.py is not an SQLite database\n")


def test_check_makes_no_database(pyworkflow: Command, project: Path) -> None:
    assert pyworkflow("check").code == 0
    assert list(project.rglob("*.db")) == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("class Echo(Workflow):\n    def decide(self, process): return None\n", "are both named 'Echo'"),
        ("class Bad(Waiter):\n    activities = [Waiter]\n", "Bad.activities: <class 'flows.Waiter'> is not a subclass"),
        (
            "class Late(Waiter):\n    timeout = 0\n",
            "timeout: 0 is not a time in seconds (more than 0, at most 100 years); in flows.Late",
        ),
        ("class Odd(\n", "module 'flows' does not import: SyntaxError: '(' was never closed"),
    ],
)
def test_check_says_what_is_wrong(pyworkflow: Command, project: Path, more: str, message: str) -> None:
    with (project / "flows.py").open("a") as file:
        file.write(more)
    ended = pyworkflow("check")
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert message in ended.err
