"""Links a backend, which knows names, with the workflow and activity classes behind them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from pyworkflow.backend import Backend, Heartbeat, Lease
from pyworkflow.defaults import Defaults
from pyworkflow.exceptions import ConfigurationException, InvalidValueException, UnknownWorkflowException
from pyworkflow.managed.activity import Activity, ActivityMonitor
from pyworkflow.managed.workflow.base import Workflow
from pyworkflow.naming import name_of
from pyworkflow.process import Process
from pyworkflow.signal import Signal
from pyworkflow.task import ActivityTask, DecisionTask

Named = TypeVar("Named", type[Activity], type[Workflow])


class Manager:
    """Registers the workflows, and the activities that they name, with the backend; then starts and serves processes.

    Two classes with one name are refused (ConfigurationException): histories could not tell them apart.
    """

    def __init__(self, backend: Backend, workflows: Iterable[type[Workflow]] = ()) -> None:
        self.backend = backend
        self.workflows: dict[str, type[Workflow]] = {}
        self.activities: dict[str, type[Activity]] = {}
        for workflow in workflows:
            _add(self.workflows, _checked(workflow, Workflow, "workflows"))
            for activity in _listed(workflow):
                _add(self.activities, _checked(activity, Activity, f"{workflow.__qualname__}.activities"))
        self._register()

    def _register(self) -> None:
        for name, workflow in self.workflows.items():
            with _blamed(workflow):
                self.backend.register_workflow(
                    name,
                    category=workflow.category,
                    timeout=workflow.timeout,
                    decision_timeout=workflow.decision_timeout,
                )
        for name, activity in self.activities.items():
            with _blamed(activity):
                self.backend.register_activity(
                    name,
                    category=activity.category,
                    scheduled_timeout=activity.scheduled_timeout,
                    execution_timeout=activity.execution_timeout,
                    heartbeat_timeout=activity.heartbeat_timeout,
                    restart_lost=activity.restart_lost,
                )

    # --- processes: the backend's own calls, which also take a Process where it takes an id ---

    def start_process(self, process: Process) -> str:
        """Start it and return its id: the given one or a new one. Raises as `Backend.start_process` does."""
        return self.backend.start_process(process)

    def signal_process(self, process_or_id: Process | str, signal: Signal | str, data: Any = None) -> None:
        """Send it a signal. Raises UnknownProcessException, as ProcessClosedException if it is closed."""
        self.backend.signal_process(_id_of(process_or_id), signal, data)

    def cancel_process(self, process_or_id: Process | str, details: Any = None) -> None:
        """Close it at once as canceled. Raises UnknownProcessException, as ProcessClosedException if it is closed."""
        self.backend.cancel_process(_id_of(process_or_id), details)

    def request_cancel_process(self, process_or_id: Process | str, details: Any = None) -> None:
        """Ask it to cancel itself. Raises UnknownProcessException, as ProcessClosedException if it is closed."""
        self.backend.request_cancel_process(_id_of(process_or_id), details)

    def process_by_id(self, process_id: str) -> Process:
        """The process, open or closed. Raises UnknownProcessException."""
        return self.backend.process_by_id(process_id)

    def processes(self, workflow: object = None, tag: str | None = None) -> Iterator[Process]:
        """The open processes, oldest first; of a workflow (class or name), with a tag."""
        return self.backend.processes(None if workflow is None else name_of(workflow), tag)

    # --- tasks: what workers call ---

    def next_decision(
        self,
        identity: str | None = None,
        category: str = Defaults.DECISION_CATEGORY,
        *,
        wait: float | None = None,
        lease: Lease | None = None,
        code: str | None = None,
        root: str | None = None,
    ) -> DecisionTask | None:
        """A decision that is due for a workflow of this manager, or None: `Backend.poll_decision_task`."""
        return self.backend.poll_decision_task(
            category, identity, wait=wait, lease=lease, code=code, root=root, names=self.workflows
        )

    def next_activity(
        self,
        identity: str | None = None,
        category: str = Defaults.ACTIVITY_CATEGORY,
        *,
        wait: float | None = None,
        lease: Lease | None = None,
        root: str | None = None,
    ) -> ActivityTask | None:
        """An activity of this manager that waits, or None: `Backend.poll_activity_task`."""
        return self.backend.poll_activity_task(
            category, identity, wait=wait, lease=lease, root=root, names=self.activities
        )

    def next_decisions(
        self,
        most: int,
        identity: str | None = None,
        category: str = Defaults.DECISION_CATEGORY,
        *,
        wait: float | None = None,
        lease: Lease | None = None,
        code: str | None = None,
        root: str | None = None,
    ) -> list[DecisionTask]:
        """Several such decisions at once, at most so many: `Backend.poll_decision_tasks`."""
        return self.backend.poll_decision_tasks(
            most, category, identity, wait=wait, lease=lease, code=code, root=root, names=self.workflows
        )

    def next_activities(
        self,
        most: int,
        identity: str | None = None,
        category: str = Defaults.ACTIVITY_CATEGORY,
        *,
        wait: float | None = None,
        lease: Lease | None = None,
        root: str | None = None,
        quick: Collection[str] | None = None,
    ) -> list[ActivityTask]:
        """Several such activities at once, at most so many: `Backend.poll_activity_tasks`."""
        return self.backend.poll_activity_tasks(
            most, category, identity, wait=wait, lease=lease, root=root, names=self.activities, quick=quick
        )

    def workflow_for_task(self, task: DecisionTask) -> Workflow:
        """The workflow that decides it. Raises UnknownWorkflowException for one that this manager was not given."""
        name = str(task.process.workflow)
        if name not in self.workflows:
            raise UnknownWorkflowException(name)
        return self.workflows[name]()

    def activity_for_task(self, task: ActivityTask, monitor: ActivityMonitor | None = None) -> Activity:
        """The activity that executes it. Raises ConfigurationException for one that no workflow given here names."""
        name = task.activity_execution.activity
        if name not in self.activities:
            raise ConfigurationException(
                f"no workflow that this worker has loaded names an activity {name!r} in its `activities`"
            )
        return self.activities[name](task, monitor)

    def heartbeat(self, task: ActivityTask, details: Any = None) -> Heartbeat:
        """A sign of life of an activity. Raises UnknownActivityException for a task that is over."""
        return self.backend.heartbeat_activity_task(task, details)

    def complete_task(self, task: DecisionTask | ActivityTask, result: Any = None) -> bool:
        """Close a task, with its decisions or with its result. False if the decisions were not applied (news came).

        Raises as `Backend.complete_decision_task` and `Backend.complete_activity_task` do.
        """
        if isinstance(task, DecisionTask):
            return self.backend.complete_decision_task(task, result)
        self.backend.complete_activity_task(task, result)
        return True

    def copy_with_backend(self, backend: Backend) -> Manager:
        """The same workflows on another backend."""
        return Manager(backend, self.workflows.values())

    def __repr__(self) -> str:
        return f"Manager({self.backend!r}, workflows=[{', '.join(self.workflows)}])"


def _id_of(process_or_id: Process | str) -> str:
    given = process_or_id.id if isinstance(process_or_id, Process) else process_or_id
    return str(given)


def _checked(given: Named, base: type, where: str) -> Named:
    if not (isinstance(given, type) and issubclass(given, base)):
        raise ConfigurationException(f"{where}: {given!r} is not a subclass of {base.__name__}")
    return given


def _listed(workflow: type[Workflow]) -> Iterable[type[Activity]]:
    if isinstance(workflow.activities, str) or not isinstance(workflow.activities, Iterable):
        raise ConfigurationException(f"{workflow.__qualname__}.activities must be a list of Activity classes")
    return workflow.activities


@contextmanager
def _blamed(given: type[Activity] | type[Workflow]) -> Iterator[None]:
    """What is refused within was written in this class, and the error gets a note that says so."""
    try:
        yield
    except InvalidValueException as error:
        error.add_note(f"in {given.__module__}.{given.__qualname__}")
        raise


def _add(known: dict[str, Named], given: Named) -> None:
    other = known.setdefault(given.name, given)
    if other is not given:
        raise ConfigurationException(
            f"{other.__module__}.{other.__qualname__} and {given.__module__}.{given.__qualname__} "
            f"are both named {given.name!r}: give one of them another `name`"
        )
