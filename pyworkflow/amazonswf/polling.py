"""Polls: what Amazon SWF hands out, as tasks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from pyworkflow.activity import ActivityExecution
from pyworkflow.amazonswf import payload
from pyworkflow.amazonswf.deciding import Deciding
from pyworkflow.amazonswf.errors import UnknownResource
from pyworkflow.amazonswf.executing import Executing
from pyworkflow.amazonswf.executions import Executions
from pyworkflow.amazonswf.history import Story, tell
from pyworkflow.amazonswf.holding import Held, Holding
from pyworkflow.amazonswf.observing import Observing, last
from pyworkflow.amazonswf.receiver import Receiver
from pyworkflow.amazonswf.registration import Registration
from pyworkflow.amazonswf.service import READ_TIMEOUT, Service
from pyworkflow.amazonswf.tokens import Token
from pyworkflow.event import ActivityStartedEvent
from pyworkflow.task import ActivityTask, DecisionTask


class Polling:
    """A receiver for each kind, category and identity that is polled for."""

    def __init__(
        self,
        service: Service,
        registration: Registration,
        executions: Executions,
        holding: Holding,
        observing: Observing,
        deciding: Deciding,
        executing: Executing,
    ) -> None:
        self._service = service
        self._registration = registration
        self._executions = executions
        self._holding = holding
        self._observing = observing
        self._deciding = deciding
        self._executing = executing
        self._lock = threading.Lock()
        self._receivers: dict[tuple[str, str, str | None], Receiver[Held]] = {}

    def decision(self, category: str, identity: str | None, wait: float | None, lease: str | None) -> Held | None:
        """A decision, of an `identity` that tells the code as well."""
        return self._taken("decision", self._ask_decision, category, identity, wait, lease)

    def activity(self, category: str, identity: str | None, wait: float | None, lease: str | None) -> Held | None:
        """An activity."""
        held = self._taken("activity", self._ask_activity, category, identity, wait, lease)
        if held is not None:
            assert isinstance(held.task, ActivityTask)
            event = ActivityStartedEvent(held.task.activity_execution)
            self._observing.after(held.token.process_id, held.token.run_id, last(event))
        return held

    def interrupt(self) -> None:
        """Those who wait now get None."""
        for receiver in list(self._receivers.values()):
            receiver.interrupt()

    def close(self) -> None:
        """Wait for the polls under way: up to a minute. What they bring is given back."""
        receivers = list(self._receivers.values())
        closing = [threading.Thread(target=receiver.close, args=(READ_TIMEOUT,)) for receiver in receivers]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()

    def _taken(
        self,
        kind: str,
        ask: Callable[[str, str | None], Held | None],
        category: str,
        identity: str | None,
        wait: float | None,
        lease: str | None,
    ) -> Held | None:
        key = (kind, category, identity)
        with self._lock:
            if key not in self._receivers:
                self._receivers[key] = Receiver(
                    ask=lambda: ask(category, identity),
                    count=lambda: self._count(kind, category),
                    is_over=lambda held: self._executions.is_over(held.token),
                    give_back=self._give_back,
                )
        receiver = self._receivers[key]
        held = receiver.wait(wait) if wait else receiver.look()
        if held is not None:
            held.lease = lease
            self._holding.add(held)
        return held

    def _count(self, kind: str, category: str) -> int:
        operation = "count_pending_decision_tasks" if kind == "decision" else "count_pending_activity_tasks"
        try:
            answer = self._service.call(operation, domain=self._service.domain, taskList={"name": category})
        except UnknownResource:
            return 0  # there is no such domain yet
        count: int = answer["count"]
        return count

    def _ask_decision(self, category: str, identity: str | None) -> Held | None:
        first = self._poll("poll_for_decision_task", category, identity)
        if first is None:
            return None
        execution = first["workflowExecution"]
        token = Token(
            "decision", execution["workflowId"], execution["runId"], first["startedEventId"], first["taskToken"]
        )
        story = Story(token.process_id, token.run_id)
        try:
            tell(story, self._all_events(first, category, identity))
        except UnknownResource:
            return None  # it has timed out, or its run has closed, before it was read to the end
        self._executions.know(token.process_id, token.run_id)
        self._observing.polled(story)
        held = Held(DecisionTask(story.process(), token.text), token, story)
        if story.round.silent:
            self._deciding.pass_over(held)
            return None
        return held

    def _all_events(self, first: dict[str, Any], category: str, identity: str | None) -> Iterator[dict[str, Any]]:
        """The events of all pages of a decision task, which SWF keeps for the time of the task only."""
        page = first
        yield from page["events"]
        while page.get("nextPageToken"):
            page = self._service.call(
                "poll_for_decision_task",
                domain=self._service.domain,
                taskList={"name": category},
                identity=identity,
                nextPageToken=page["nextPageToken"],
            )
            yield from page["events"]

    def _ask_activity(self, category: str, identity: str | None) -> Held | None:
        answer = self._poll("poll_for_activity_task", category, identity)
        if answer is None:
            return None
        execution = answer["workflowExecution"]
        token = Token(
            "activity", execution["workflowId"], execution["runId"], answer["startedEventId"], answer["taskToken"]
        )
        activity = ActivityExecution(
            answer["activityType"]["name"], answer["activityId"], payload.value(answer.get("input"))
        )
        return Held(ActivityTask(activity, token.process_id, token.text), token)

    def _poll(self, operation: str, category: str, identity: str | None) -> dict[str, Any] | None:
        asked = {"domain": self._service.domain, "taskList": {"name": category}, "identity": identity}
        try:
            answer = self._service.poll(operation, **asked)
        except UnknownResource:
            self._registration.make_domain()
            answer = self._service.poll(operation, **asked)
        return answer if answer.get("taskToken") else None

    def _give_back(self, held: Held) -> None:
        self._holding.add(held)
        if isinstance(held.task, DecisionTask):
            self._deciding.release(held.task)
        else:
            self._executing.release(held.task)
