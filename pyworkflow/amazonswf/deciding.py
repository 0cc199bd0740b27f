"""Answers to decision tasks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pyworkflow.amazonswf import decisions, wire
from pyworkflow.amazonswf.errors import Unhandled, UnknownResource
from pyworkflow.amazonswf.executions import CLOSED, Executions, Info, readings
from pyworkflow.amazonswf.history import Story, attributes_of
from pyworkflow.amazonswf.holding import Held, Holding
from pyworkflow.amazonswf.observing import Observing, decided
from pyworkflow.amazonswf.policies import Policies
from pyworkflow.amazonswf.registration import Registration
from pyworkflow.amazonswf.registry import Registry
from pyworkflow.amazonswf.service import Service
from pyworkflow.amazonswf.tokens import Token
from pyworkflow.decision import Decision
from pyworkflow.exceptions import UnknownDecisionException
from pyworkflow.task import DecisionTask

NO_NEWS = {"ActivityTaskStarted", "LambdaFunctionStarted"}


class Deciding:
    """Any number of threads may use it."""

    def __init__(
        self,
        service: Service,
        registry: Registry,
        registration: Registration,
        executions: Executions,
        holding: Holding,
        observing: Observing,
        policies: Policies,
    ) -> None:
        self._service = service
        self._registry = registry
        self._registration = registration
        self._executions = executions
        self._holding = holding
        self._observing = observing
        self._policies = policies

    def complete(self, task: DecisionTask, made: Sequence[Decision]) -> bool:
        """See Backend.complete_decision_task."""
        token, story = self._asked(task)
        answer = decisions.written(story, made, self._registry, self._registration.version)
        for name in answer.workflows:
            self._registration.need_workflow(name)
        for name in answer.activities:
            self._registration.need_activity(name)
        applied = self._answered(token, answer, alone=len(made) == 1)
        self._observing.after(token.process_id, token.run_id, decided(token.started_id))
        if applied and answer.closing is not None and answer.closing.type != "continue_as_new":
            self._close_children(token, story, answer)
        return applied

    def fail(self, task: DecisionTask, reason: str, traceback: str | None) -> None:
        """See Backend.fail_decision_task."""
        token, story = self._asked(task)
        self._respond(token, wire.failed(story, reason, traceback))
        self._observing.after(token.process_id, token.run_id, decided(token.started_id))

    def release(self, task: DecisionTask) -> None:
        """Give it back. Does nothing if it is over."""
        with suppress(UnknownDecisionException):
            token, story = self._asked(task)
            self._respond(token, wire.released(story))

    def pass_over(self, held: Held) -> None:
        """There is nothing to decide: answer with no decisions. If it is over, so much the better."""
        with suppress(UnknownDecisionException):
            self._respond(held.token, {"decisions": []})

    def _asked(self, task: DecisionTask) -> tuple[Token, Story]:
        """Which decision it is, and what was known when it was asked for. Raises UnknownDecisionException."""
        token = Token.of(task.context, "decision")
        if token is None:
            raise UnknownDecisionException(task.context)
        held = self._holding.get(token)
        if held is not None and held.story is not None:
            return token, held.story
        story = self._executions.story_until(token.process_id, token.run_id, token.started_id)
        if story is None or story.round.state != "running":
            raise UnknownDecisionException(task.context)
        return token, story

    def _answered(self, token: Token, answer: decisions.Answer, *, alone: bool) -> bool:
        """Was it applied?

        SWF refuses a closing decision for which there is news, but nothing else of its list; so one that is not alone
        is sent only if no news is to be seen. What comes in the moment between undoes the closing alone.
        """
        if answer.closing is None:
            self._respond(token, {"decisions": answer.decisions})
            return True
        if not alone and any(event["eventType"] not in NO_NEWS for event in self._executions.since(token)):
            self._respond(token, wire.overtaken())
            return False
        try:
            self._respond(token, {"decisions": answer.decisions})
        except Unhandled:  # AWS says that then an answer without decisions is right
            self._respond(token, wire.overtaken())
            return False
        return self._was_closed(token)

    def _respond(self, token: Token, answer: dict[str, Any]) -> None:
        try:
            self._service.call("respond_decision_task_completed", taskToken=token.swf, **answer)
        except UnknownResource as error:
            raise UnknownDecisionException(token.text) from error
        self._holding.end(token)

    def _was_closed(self, token: Token) -> bool:
        """Whether the run closed by this answer: what its history says, once the answer is to be seen there."""
        for _ in readings():
            events = self._executions.since(token)
            completed = next((at for at, event in enumerate(events) if _is_answer(event, token)), None)
            if completed is not None:
                return any(event["eventType"] in CLOSED for event in events[completed:])
        return True

    def _close_children(self, token: Token, story: Story, answer: decisions.Answer) -> None:
        """Apply their policies, of those as well that the same list started."""
        if answer.workflows or any(child.policy != "ABANDON" for child in story.children.values()):
            closed = self._executions.story(token.process_id, token.run_id)
            if closed is not None:
                self._policies.apply(closed)


def _is_answer(event: Info, token: Token) -> bool:
    completed = event["eventType"] == "DecisionTaskCompleted"
    return completed and bool(attributes_of(event)["startedEventId"] == token.started_id)
