"""The order example: every way that an order can go."""

from __future__ import annotations

from typing import Any

import pytest

from pyworkflow import Process
from pyworkflow.activity import ActivityCanceled
from pyworkflow.managed import Manager
from pyworkflow.managed.worker import ActivityWorker, DecisionWorker
from pyworkflow.memory import MemoryBackend
from pyworkflow.process import ProcessCanceled, ProcessCompleted
from pyworkflow.testing import Clock

PAID = {"amount": 30}


class Shop:
    """One order, and what happens to it."""

    def __init__(self, module: Any, *items: str) -> None:
        self.clock = Clock()
        self.manager = Manager(MemoryBackend(clock=self.clock), [module.OrderWorkflow])
        self.order = self.manager.start_process(Process("Order", input={"order": 17, "items": list(items)}))
        self.decider, self.worker = DecisionWorker(self.manager), ActivityWorker(self.manager)
        self.work()

    def signal(self, name: str, data: Any = None) -> None:
        self.manager.signal_process(self.order, name, data)

    def work(self) -> None:
        """Decide and execute all that is due."""
        while self.decider.step() or self.worker.step():
            pass

    def decide(self) -> None:
        """Only decide: activities wait."""
        while self.decider.step():
            pass

    @property
    def result(self) -> Any:
        self.work()
        return self.manager.process_by_id(self.order).result


@pytest.fixture
def shop(order: Any) -> Shop:
    return Shop(order, "book", "lamp")


def test_an_order_that_is_paid_is_shipped(shop: Shop) -> None:
    assert shop.result is None
    shop.signal("paid", PAID)
    assert shop.result == ProcessCompleted({"shipped": ["book of order 17", "lamp of order 17"]})


def test_items_can_be_added_before_and_after_the_payment(shop: Shop) -> None:
    shop.signal("extra", "candle")
    shop.work()
    shop.signal("paid", PAID)
    shop.decide()
    shop.signal("extra", "vase")
    assert [text.split()[0] for text in shop.result.result["shipped"]] == ["book", "lamp", "candle", "vase"]


def test_an_item_added_together_with_the_payment_is_shipped_once(shop: Shop) -> None:
    shop.signal("extra", "candle")
    shop.signal("paid", PAID)
    shop.signal("extra", "candle")
    assert len(shop.result.result["shipped"]) == 3


def test_a_signal_that_comes_twice_ships_nothing_twice(shop: Shop) -> None:
    shop.signal("paid", PAID)
    shop.decide()
    shop.signal("paid", PAID)
    shop.signal("extra", "lamp")
    assert shop.result == ProcessCompleted({"shipped": ["book of order 17", "lamp of order 17"]})


def test_an_order_that_is_canceled_before_it_is_paid_costs_nothing(shop: Shop) -> None:
    shop.signal("cancel")
    assert shop.result == ProcessCanceled({"why": "as the customer asked", "shipped": [], "refunded": None})


def test_a_payment_that_crosses_the_cancel_is_refunded(shop: Shop) -> None:
    shop.signal("cancel")
    shop.signal("paid", PAID)
    assert shop.result == ProcessCanceled({"why": "as the customer asked", "shipped": [], "refunded": 30})


def test_a_paid_order_that_is_canceled_ships_no_more_and_is_refunded(shop: Shop) -> None:
    shop.signal("paid", PAID)
    shop.decide()
    shop.worker.step()
    shop.manager.request_cancel_process(shop.order)
    shop.signal("cancel")
    assert shop.result == ProcessCanceled(
        {"why": "as the customer asked", "shipped": ["book of order 17"], "refunded": 30}
    )


def test_a_shipment_that_runs_hears_of_the_cancel(shop: Shop, order: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bool] = []
    execute = order.Ship.execute

    def canceled_meanwhile(self: Any) -> Any:
        shop.signal("cancel")
        shop.decide()
        try:
            return execute(self)
        except ActivityCanceled:
            heard.append(True)
            raise

    monkeypatch.setattr(order.Ship, "execute", canceled_meanwhile)
    shop.signal("paid", PAID)
    assert shop.result == ProcessCanceled({"why": "as the customer asked", "shipped": [], "refunded": 30})
    assert heard == [True]


def test_an_order_that_is_not_paid_in_two_weeks_is_canceled(shop: Shop) -> None:
    shop.clock.advance(14 * 24 * 3600 - 1)
    assert shop.result is None
    shop.clock.advance(1)
    assert shop.result == ProcessCanceled({"why": "not paid in time", "shipped": [], "refunded": None})


def test_the_two_weeks_end_with_the_payment(order: Any) -> None:
    shop = Shop(order, "book")
    shop.signal("paid", PAID)
    shop.decide()
    assert shop.manager.backend.pending(shop.order).timers == ()


def test_an_item_that_cannot_be_shipped_cancels_the_others(order: Any) -> None:
    shop = Shop(order, "unicorn", "lamp")
    shop.signal("paid", PAID)
    assert shop.result == ProcessCanceled({"why": "could not ship unicorn", "shipped": [], "refunded": 30})
