"""An order from its start to its end, by the commands that a person would type, on each backend that has a URL."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pyworkflow.cli
from pyworkflow.process import ProcessCanceled, ProcessCompleted

URLS = {
    "sqlite": "sqlite:///orders.db",
    "folder": "datastore+file:store",
    "redis": "datastore+redis://{redis}/0?prefix={test}:",
    "swf": "swf://us-east-1/shop?endpoint_url={swf}",
    "memory": "memory:",
}
SHARED = [name for name in URLS if name != "memory"]
ALONE = [name for name in URLS if name != "swf"]  # where `run` can work on one process alone

TEMPLATE = Path(pyworkflow.cli.__file__).parent / "template" / "orders.py.template"


@pytest.fixture
def on(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Any, str], Any]:
    """Gives a project this backend."""

    def write(project: Any, backend: str) -> Any:
        redis = request.getfixturevalue("redis_address") if backend == "redis" else ""
        swf = request.getfixturevalue("swf_url") if backend == "swf" else ""
        url = URLS[backend].format(redis=redis, swf=swf, test=tmp_path.name)
        with (project.folder / "workflows.toml").open("a") as file:
            file.write(f'\n[backend]\nurl = "{url}"\n')
        return project

    return write


@pytest.fixture(params=SHARED)
def shop(project: Any, on: Callable[[Any, str], Any], request: pytest.FixtureRequest) -> Any:
    shop = on(project("order"), request.param)
    given = json.dumps({"order": 17, "items": ["book", "lamp"]})
    assert shop.call("start", "Order", "--id", "order-17", "-i", given) == "order-17\n"
    return shop


def types(process: Any) -> list[str]:
    return [event.type for event in process.history]


def test_an_order_waits_for_its_payment_is_shipped_and_shows_its_history(shop: Any) -> None:
    worker = shop.worker()
    shop.until("order-17", lambda process: "activity" in types(process))
    assert "timer" in shop.call("show", "order-17")
    shop.call("signal", "order-17", "extra", "-d", '"candle"')
    shop.call("signal", "order-17", "paid", "-d", '{"amount": 30}')
    shipped = [f"{item} of order 17" for item in ("book", "lamp", "candle")]
    result = shop.closed("order-17").result
    assert isinstance(result, ProcessCompleted)
    assert sorted(result.result["shipped"]) == sorted(shipped)
    worker.wait_for(r"activity Ship ship candle of process order-17: completed in")
    history = [json.loads(line) for line in shop.call("history", "order-17", "-o", "jsonl").splitlines()]
    assert len(history) == len(shop.process("order-17").history)


def test_an_order_can_be_canceled_by_a_signal(shop: Any) -> None:
    shop.worker()
    shop.call("signal", "order-17", "cancel")
    assert shop.closed("order-17").result == ProcessCanceled(
        {"why": "as the customer asked", "shipped": [], "refunded": None}
    )


def test_an_order_can_be_closed_from_outside_without_a_worker(shop: Any) -> None:
    shop.call("cancel", "order-17")
    assert isinstance(shop.process("order-17").result, ProcessCanceled)
    shop.call("signal", "order-17", "paid", code=4)  # it is closed
    shop.call("signal", "nobody", "paid", code=3)


def test_a_signal_is_not_lost_while_no_worker_runs(shop: Any) -> None:
    shop.call("signal", "order-17", "paid", "-d", '{"amount": 30}')
    worker = shop.worker("--burst")
    assert worker.ended() == 0
    assert isinstance(shop.process("order-17").result, ProcessCompleted)


@pytest.mark.parametrize("backend", ALONE)
def test_what_init_writes_runs_from_start_to_end_in_one_command(
    project: Any, on: Callable[[Any, str], Any], backend: str
) -> None:
    shop = on(project(orders=TEMPLATE.read_text()), backend)
    result = shop.call("run", "Order", "--id", "order-17", "-i", '{"order": 17, "amount": 30}')
    assert json.loads(result) == "Order 17: 30 paid, thank you."
    if backend in SHARED:
        (listed,) = json.loads(shop.call("list", "-o", "json"))
        assert (listed["id"], listed["status"]) == ("order-17", "completed")
        shop.call("run", "Order", "--id", "order-17", code=4)  # the id is taken
    else:
        shop.call("list", code=2)  # nothing outlives the command
