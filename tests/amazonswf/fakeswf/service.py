"""The operations of the service, and the trouble that a test makes with them."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from datetime import datetime
from time import monotonic
from typing import Any

from botocore import xform_name

from fakeswf import decided, validation
from fakeswf.execution import Activity, Execution
from fakeswf.faults import Fault, invalid, unknown
from fakeswf.state import State
from pyworkflow.event import utcnow

TICK = 0.02  # seconds between two looks at the clock by one who waits

Answer = dict[str, Any]
Act = Callable[[], object]


class FakeSWF:
    """One service, with a `clock` to move. Any number of threads may use it.

    Pages hold `page` items; a poll that finds nothing is held for `hold` seconds of real time. `before` and `after`
    have what is to be done around the next calls of an operation: an act may raise a Fault, in place of the answer, or
    do what another caller does at that moment. The next `lag` readings of a history tell no more than the last one
    before. `called` has the names of the operations, in order.
    """

    def __init__(self, clock: Callable[[], datetime] = utcnow, *, page: int = 5, hold: float = 0.1) -> None:
        self.clock = clock
        self.page = page
        self.hold = hold
        self.before: defaultdict[str, deque[Act]] = defaultdict(deque)
        self.after: defaultdict[str, deque[Act]] = defaultdict(deque)
        self.called: list[str] = []
        self.lag = 0
        self._domains: dict[str, State] = {}
        self._changed = threading.Condition(threading.RLock())

    def answer(self, operation: str, given: Answer) -> Answer:
        """The answer to an operation, by its name as the API has it. Raises a Fault."""
        self._upset(self.before[operation])
        validation.check(operation, given)
        with self._changed:
            self.called.append(operation)
            for state in self._domains.values():
                state.catch_up()
            answer: Answer = getattr(self, f"_{xform_name(operation)}")(**given) or {}
            for state in self._domains.values():
                state.deliver()
            self._changed.notify_all()
        self._upset(self.after[operation])
        return answer

    def _now(self) -> datetime:
        return self.clock()

    def _upset(self, acts: deque[Act]) -> None:
        if acts:
            acts.popleft()()

    # --- what is registered ---

    def _register_domain(self, name: str, **_: Any) -> None:
        if name in self._domains:
            raise Fault("DomainAlreadyExistsFault", name)
        self._domains[name] = State(self._now)

    def _register_workflow_type(self, domain: str, **given: Any) -> None:
        self._register("workflow", domain, **given)

    def _register_activity_type(self, domain: str, **given: Any) -> None:
        self._register("activity", domain, **given)

    def _register(self, kind: str, domain: str, name: str, version: str, **given: Any) -> None:
        types = self._state(domain).types
        if (kind, name, version) in types:
            raise Fault("TypeAlreadyExistsFault", f"{name} {version}")
        types[kind, name, version] = given

    def _deprecate_workflow_type(self, domain: str, workflowType: Answer) -> None:
        self._state(domain).types["workflow", workflowType["name"], workflowType["version"]]["deprecated"] = True

    def _deprecate_activity_type(self, domain: str, activityType: Answer) -> None:
        self._state(domain).types["activity", activityType["name"], activityType["version"]]["deprecated"] = True

    # --- executions ---

    def _start_workflow_execution(self, **given: Any) -> Answer:
        state, type = self._state(given["domain"]), given["workflowType"]
        known = state.types.get(("workflow", type["name"], type["version"]))
        if known is None:
            raise unknown(f"no type {type['name']} {type['version']}")
        if known.get("deprecated"):
            raise Fault("TypeDeprecatedFault", type["name"])
        for name in ("taskList", "executionStartToCloseTimeout", "taskStartToCloseTimeout", "childPolicy"):
            if name not in given:  # nor in the type: defaults are nothing that this service knows
                raise Fault("DefaultUndefinedFault", name)
        if state.open_one(given["workflowId"]) is not None:
            raise Fault("WorkflowExecutionAlreadyStartedFault", given["workflowId"])
        return {"runId": state.start(given["workflowId"], given).run_id}

    def _signal_workflow_execution(self, **given: Any) -> None:
        state, execution = self._reached(given)
        fields = {name: given.get(name) for name in ("signalName", "input")}
        state.record(execution, "WorkflowExecutionSignaled", externalInitiatedEventId=0, **fields)

    def _request_cancel_workflow_execution(self, **given: Any) -> None:
        state, execution = self._reached(given)
        execution.cancel_requested = True
        state.record(execution, "WorkflowExecutionCancelRequested", externalInitiatedEventId=0)

    def _terminate_workflow_execution(self, **given: Any) -> None:
        state, execution = self._reached(given)
        fields = {name: given.get(name) for name in ("reason", "details")}
        state.terminate(execution, given.get("childPolicy", execution.asked["childPolicy"]), **fields)

    def _get_workflow_execution_history(self, domain: str, execution: Answer, **how: Any) -> Answer:
        found = self._state(domain).run(execution["workflowId"], execution["runId"])
        if found is None:
            raise unknown(f"no execution {execution['workflowId']}")
        events = list(found.events)
        if self.lag:
            # "This operation is eventually consistent. The results are best effort and may not exactly reflect recent
            # updates and changes." (API reference, GetWorkflowExecutionHistory)
            self.lag, events = self.lag - 1, events[: found.settled]
        found.settled = max(found.settled, len(events))
        return self._page("events", events[::-1] if how.get("reverseOrder") else events, **how)

    def _list_open_workflow_executions(self, **given: Any) -> Answer:
        return self._listed(closed=False, **given)

    def _list_closed_workflow_executions(self, **given: Any) -> Answer:
        return self._listed(closed=True, **given)

    def _listed(self, *, closed: bool, domain: str, startTimeFilter: Answer, **how: Any) -> Answer:
        filters = {name: how.pop(name) for name in list(how) if name.endswith("Filter")}
        if len(filters) > 1:  # "mutually exclusive" (API reference, ListClosedWorkflowExecutions)
            raise invalid(f"more than one of {', '.join(filters)}")
        oldest, latest = startTimeFilter["oldestDate"], startTimeFilter.get("latestDate", float("inf"))
        infos = [
            one.info(closed=closed)
            for one in sorted(self._state(domain).executions, key=lambda one: (one.started_at, one.number))
            if one.is_open is not closed
        ]
        kept = [one for one in infos if oldest <= one["startTimestamp"] <= latest and _fits(one, filters)]
        # "By default the results are returned in descending order of the start time" (ListOpenWorkflowExecutions)
        return self._page("executionInfos", kept if how.get("reverseOrder") else kept[::-1], **how)

    # --- decision tasks ---

    def _count_pending_decision_tasks(self, domain: str, taskList: Answer) -> Answer:
        return {"count": len(list(_decisions(self._state(domain), taskList))), "truncated": False}

    def _poll_for_decision_task(
        self,
        domain: str,
        taskList: Answer,
        identity: str | None = None,
        nextPageToken: str | None = None,
        **how: Any,
    ) -> Answer:
        state = self._state(domain)
        if nextPageToken is not None:
            token, _, begin = nextPageToken.rpartition("#")
            return self._decision_task(token, int(begin), **how)
        execution = self._held(lambda: next(_decisions(state, taskList), None))
        if execution is None:
            return {"taskToken": "", "startedEventId": 0, "previousStartedEventId": 0}
        state.start_decision(execution, identity)
        return self._decision_task(execution.decision_token, 0, **how)

    def _decision_task(self, token: str, begin: int, **how: Any) -> Answer:
        execution = self._deciding(token)
        events = execution.events[: execution.decision_started_id]
        page = self._page("events", events, begin=begin, **how)
        if "nextPageToken" in page:
            page["nextPageToken"] = f"{token}#{page['nextPageToken']}"
        return {
            "taskToken": token,
            "startedEventId": execution.decision_started_id,
            "previousStartedEventId": execution.previous_started_id,
            "workflowExecution": execution.name,
            "workflowType": execution.asked["workflowType"],
            **page,
        }

    def _respond_decision_task_completed(
        self,
        taskToken: str,
        decisions: list[Answer] | None = None,
        executionContext: str | None = None,
    ) -> None:
        execution = self._deciding(taskToken)
        decided.check(decisions or [])
        state = self._state_of(execution)
        completed_id = execution.record(
            "DecisionTaskCompleted",
            state.at,
            executionContext=executionContext,
            scheduledEventId=execution.decision_scheduled_id,
            startedEventId=execution.decision_started_id,
        )
        news, execution.news = execution.news, False
        execution.previous_started_id = execution.decision_started_id
        decided.apply(state, execution, decisions or [], completed_id, news=news)
        if execution.is_open:
            execution.decision = "none"
            if news or execution.news:
                state.call_for_decision(execution)

    def _deciding(self, token: str) -> Execution:
        """The execution whose decision task, which is started, has this token."""
        for state in self._domains.values():
            execution, activity = state.tokens.get(token, (None, None))
            if execution is not None and activity is None:
                if execution.decision != "started" or execution.decision_token != token:
                    raise unknown("the decision task is over")
                return execution
        raise invalid("Invalid token")

    # --- activity tasks ---

    def _count_pending_activity_tasks(self, domain: str, taskList: Answer) -> Answer:
        return {"count": len(list(_activities(self._state(domain), taskList))), "truncated": False}

    def _poll_for_activity_task(
        self,
        domain: str,
        taskList: Answer,
        identity: str | None = None,
    ) -> Answer:
        state = self._state(domain)
        found = self._held(lambda: next(_activities(state, taskList), None))
        if found is None:
            return {"taskToken": ""}
        execution, activity = found
        state.start_activity(execution, activity, identity)
        task = {
            "taskToken": activity.token,
            "activityId": activity.id,
            "startedEventId": activity.started_id,
            "workflowExecution": execution.name,
            "activityType": activity.asked["activityType"],
        }
        return task | ({"input": activity.asked["input"]} if "input" in activity.asked else {})

    def _record_activity_task_heartbeat(self, taskToken: str, details: str | None = None) -> Answer:
        execution, activity = self._executing(taskToken)
        activity.details, activity.beat_at = details, self._state_of(execution).at
        return {"cancelRequested": activity.cancel_id > 0}

    def _respond_activity_task_completed(self, taskToken: str, **ending: Any) -> None:
        self._end_activity(taskToken, "ActivityTaskCompleted", **ending)

    def _respond_activity_task_failed(self, taskToken: str, **ending: Any) -> None:
        self._end_activity(taskToken, "ActivityTaskFailed", **ending)

    def _respond_activity_task_canceled(self, taskToken: str, **ending: Any) -> None:
        _, activity = self._executing(taskToken)
        if not activity.cancel_id:
            # "Only use this operation if the canceled flag of a RecordActivityTaskHeartbeat request returns true" (API
            # reference, RespondActivityTaskCanceled): what happens otherwise it does not say.
            raise invalid("no cancel was requested")
        self._end_activity(taskToken, "ActivityTaskCanceled", latestCancelRequestedEventId=activity.cancel_id, **ending)

    def _end_activity(self, token: str, kind: str, **ending: Any) -> None:
        execution, activity = self._executing(token)
        self._state_of(execution).end_activity(execution, activity, kind, **ending)

    def _executing(self, token: str) -> tuple[Execution, Activity]:
        """The activity that has this token, which is started."""
        for state in self._domains.values():
            execution, activity = state.tokens.get(token, (None, None))
            if execution is not None and activity is not None:
                if execution.activities.get(activity.id) is not activity:
                    raise unknown("the activity task is over")
                return execution, activity
        raise invalid("Invalid token")

    # --- how it is done ---

    def _state(self, domain: str) -> State:
        if domain not in self._domains:
            raise unknown(f"no domain {domain}")
        return self._domains[domain]

    def _state_of(self, execution: Execution) -> State:
        return next(state for state in self._domains.values() if state.run(*execution.name.values()) is execution)

    def _reached(self, given: Answer) -> tuple[State, Execution]:
        """The open execution that the request is for."""
        state = self._state(given["domain"])
        execution = state.open_one(given["workflowId"], given.get("runId"))
        if execution is None:
            raise unknown(f"no open execution {given['workflowId']}")
        return state, execution

    def _held(self, find: Callable[[], Any]) -> Any:
        """What is found while the poll is held, or None."""
        until = monotonic() + self.hold
        while True:
            found = find()
            if found is not None or monotonic() >= until:
                return found
            self._changed.wait(TICK)
            for state in self._domains.values():
                state.catch_up()

    def _page(self, name: str, items: list[Any], *, begin: int = 0, **how: Any) -> Answer:
        begin = int(how.get("nextPageToken", begin))
        end = begin + min(self.page, how.get("maximumPageSize") or self.page)
        more = {"nextPageToken": str(end)} if end < len(items) else {}
        return {name: items[begin:end], **more}


def _decisions(state: State, task_list: Answer) -> Iterator[Execution]:
    """Executions whose decision task waits in the list, those that have waited longest first."""
    queue = state.queues["decision", task_list["name"]]
    for execution, scheduled_id in list(queue):
        if execution.decision == "scheduled" and execution.decision_scheduled_id == scheduled_id:
            yield execution
        else:
            queue.remove((execution, scheduled_id))


def _activities(state: State, task_list: Answer) -> Iterator[tuple[Execution, Activity]]:
    """Activities that wait in the list, those that have waited longest first."""
    queue = state.queues["activity", task_list["name"]]
    for execution, scheduled_id in list(queue):
        found = [one for one in execution.activities.values() if one.scheduled_id == scheduled_id]
        if found and found[0].state == "scheduled":
            yield execution, found[0]
        else:
            queue.remove((execution, scheduled_id))


def _fits(info: Answer, filters: dict[str, Answer]) -> bool:
    match filters:
        case {"executionFilter": {"workflowId": id}}:
            return bool(info["execution"]["workflowId"] == id)
        case {"typeFilter": {"name": name, **rest}}:
            return bool(
                info["workflowType"]["name"] == name and rest.get("version") in (None, info["workflowType"]["version"])
            )
        case {"tagFilter": {"tag": tag}}:
            return tag in info.get("tagList", ())
        case {"closeStatusFilter": {"status": status}}:
            return bool(info["closeStatus"] == status)
    return True
