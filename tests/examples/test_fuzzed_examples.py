"""The examples, taken through all that can happen to them."""

from __future__ import annotations

from typing import Any

from pyworkflow.fuzz import fuzz


def test_nothing_is_wrong_with_the_order(order: Any) -> None:
    report = fuzz(order.OrderWorkflow, seed=1)
    assert report.findings == []


def test_nothing_is_wrong_with_the_census(census: Any) -> None:
    assert fuzz(census.CensusWorkflow, seed=1, examples=100).findings == []


def test_an_order_that_would_ship_twice_is_found(order: Any, monkeypatch: Any) -> None:
    def carelessly(process: Any, activity: Any, id: str, input: Any) -> Any:  # noqa: ARG001
        return order.ScheduleActivity(activity, input=input)

    monkeypatch.setattr(order, "once", carelessly)
    assert "repeated-signal" in {one.kind.name for one in fuzz(order.OrderWorkflow, seed=1).findings}
