"""An order: invoiced, paid, shipped item by item; more can be added, and it can be canceled until all is shipped.

In this folder, with `pyworkflow worker` running in another terminal:

    pyworkflow start Order --id order-17 -i '{"order": 17, "items": ["book", "lamp"]}'
    pyworkflow show order-17                                # it waits for a signal, or for two weeks to pass
    pyworkflow signal order-17 extra -d '"candle"'          # one more item
    pyworkflow signal order-17 paid -d '{"amount": 30}'
    pyworkflow history order-17

Or, before it is shipped, `pyworkflow signal order-17 cancel`: what was paid is refunded. An item that cannot be
shipped, such as a unicorn, cancels the rest as well. `pyworkflow fuzz Order` tries what else can happen.
"""

# ruff: noqa: ARG002 - rules are called with the event and the process

from pyworkflow.activity import ActivityCanceled
from pyworkflow.decision import CancelActivity, CancelProcess, CancelTimer, CompleteProcess, ScheduleActivity, Timer
from pyworkflow.managed import Activity, RuleSetWorkflow
from pyworkflow.managed.workflow import rules

TWO_WEEKS = 14 * 24 * 3600
A_DAY = 24 * 3600


class SendInvoice(Activity):
    """Stands for an e-mail."""

    scheduled_timeout = A_DAY  # seconds that it may wait for a worker

    def execute(self):
        return f"Order {self.input['order']}: please pay {len(self.input['items'])} items"


class Ship(Activity):
    """Stands for a call to the warehouse, which knows every order's items and ships none twice."""

    execution_timeout = 60

    def execute(self):
        self.heartbeat()  # here it learns that it was canceled
        if self.input["item"] == "unicorn":
            raise LookupError("there are no unicorns in the warehouse")
        return f"{self.input['item']} of order {self.input['order']}"


class Refund(Activity):
    """Stands for a call to the bank. It must not happen twice, so it is not executed again when its worker dies."""

    restart_lost = False

    def execute(self):
        return self.input["amount"]


class OrderWorkflow(RuleSetWorkflow):
    """The rules say what an event sets going; when nothing is going on any more, `ending` says how the order ended."""

    activities = [SendInvoice, Ship, Refund]
    example_input = {
        "order": 17,
        "items": ["book", "lamp"],
    }  # examples are for readers, and for `pyworkflow fuzz Order`
    signals = {"paid": {"amount": 30}, "extra": "candle", "cancel": None}

    @rules.process_started()
    def invoice(self, event, process):
        return [SendInvoice, Timer(TWO_WEEKS, id="unpaid")]

    @rules.signal("paid")
    def ship_or_refund(self, event, process):
        if why_canceled(process):
            return refund(process)
        return [CancelTimer("unpaid"), *(ship(process, item) for item in items(process))]

    @rules.signal("extra")
    def ship_extra(self, event, process):
        if payment(process) and not why_canceled(process):
            return ship(process, event.signal.data)
        return None  # it goes with the others

    @rules.interrupted_activity(Ship)
    @rules.signal("cancel")
    @rules.cancel_requested()
    def cancel(self, event, process):
        shipments = [CancelActivity(one) for one in process.unfinished_activities() if one.activity == Ship.name]
        return [*shipments, refund(process) if payment(process) else CancelTimer("unpaid")]

    def decide(self, process):
        decisions = super().decide(process)
        going_on = process.unfinished_activities() or any(isinstance(one, ScheduleActivity) for one in decisions)
        return decisions if going_on else [*decisions, *ending(process)]


def ship(process, item):
    return once(process, Ship, f"ship {item}", {"order": process.input["order"], "item": item})


def refund(process):
    return once(process, Refund, "refund", payment(process))


def once(process, activity, id, input):
    """Schedule it, unless that was done before: a signal can come twice, and two rules can agree."""
    if any(event.type == "decision" and getattr(event.decision, "id", None) == id for event in process.history):
        return None
    return ScheduleActivity(activity, id=id, input=input)


def items(process):
    """What was ordered, with what was added later."""
    extra = [signal.data for signal in signals(process, "extra")]
    return list(dict.fromkeys([*process.input["items"], *extra]))


def payment(process):
    """What the first `paid` signal brought; None before."""
    return next((signal.data for signal in signals(process, "paid")), None)


def signals(process, name):
    return [event.signal for event in process.history if event.type == "signal" and event.signal.name == name]


def why_canceled(process):
    """The first reason, of those that there are, to cancel the order; None if it goes on."""
    for event in process.history:
        if event.type == "cancel_requested" or (event.type == "signal" and event.signal.name == "cancel"):
            return "as the customer asked"
        if event.type == "timer" and not payment(process):
            return "not paid in time"
        if event.type == "activity" and event.result.type in ("failed", "timedout"):
            return f"could not {event.activity_execution.id}"
    return None


def ending(process):
    """How the order ends, once nothing is going on: None of it while it waits for the payment."""
    results = {
        event.activity_execution.id: event.result
        for event in process.history
        if event.type == "activity" and event.activity_execution.activity in (Ship.name, Refund.name)
    }
    shipped = [result.result for id, result in results.items() if id != "refund" and result.type == "completed"]
    if why := why_canceled(process):
        refunded = results.get("refund", ActivityCanceled())
        return [CancelProcess({"why": why, "shipped": shipped, "refunded": getattr(refunded, "result", None)})]
    return [CompleteProcess({"shipped": shipped})] if payment(process) else []
