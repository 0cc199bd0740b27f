"""Asks workflows to decide."""

from __future__ import annotations

import logging
import threading
from functools import partial

from pyworkflow import codec
from pyworkflow.backend import Lease
from pyworkflow.decision import Decision
from pyworkflow.defaults import Defaults
from pyworkflow.managed.manager import Manager
from pyworkflow.managed.worker.base import Ending, Outcome, Worker, in_one_process, printable
from pyworkflow.managed.worker.deadline import Deadline
from pyworkflow.managed.worker.failure import reason_of, traceback_of, where
from pyworkflow.managed.worker.outage import Outage
from pyworkflow.managed.workflow.asking import ask
from pyworkflow.managed.workflow.base import Workflow
from pyworkflow.task import DecisionTask


class DecisionWorker(Worker[DecisionTask]):
    """Decides for the workflows of one category. `code` is a text that changes with the code that decides."""

    def __init__(
        self,
        manager: Manager,
        name: str | None = None,
        category: str = Defaults.DECISION_CATEGORY,
        *,
        lease: Lease | None = None,
        root: str | None = None,
        outage: Outage | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(manager, name, category, lease=lease, root=root, outage=outage)
        self.code = code

    def poll(self, wait: float | None = None) -> DecisionTask | None:
        """Take a decision that is due, waiting up to `wait` seconds for one."""
        return self.manager.next_decision(
            self.name, self.category, wait=wait, lease=self.lease(), code=self.code, root=self.root
        )

    def take(self, most: int, wait: float | None = None) -> list[DecisionTask]:
        """Decisions that are due."""
        return self.manager.next_decisions(
            most, self.name, self.category, wait=wait, lease=self.lease(), code=self.code, root=self.root
        )

    def describe(self, task: DecisionTask) -> str:
        """Its workflow and its process."""
        return printable(f"decision of {task.process.workflow} for process {task.process.id}")

    def deadline(self, task: DecisionTask) -> Deadline:
        """The decision time-out of its workflow."""
        return Deadline(self._class(task).decision_timeout)

    def work(self, task: DecisionTask, deadline: Deadline) -> Ending:
        """Decide, or report why not."""
        try:
            with in_one_process():
                # Others are made before it is told.
                decisions = [codec.as_recorded(codec.DECISION, one) for one in self.decide(task)]
            deadline.met()
        except KeyboardInterrupt as error:
            if threading.current_thread() is threading.main_thread():
                raise
            return self._report(task, error)  # elsewhere only the workflow itself can have raised it
        except BaseException as error:  # SystemExit too: a workflow cannot end its worker
            return self._report(task, error)
        return Ending(
            lambda: self.manager.complete_task(task, decisions),
            partial(_outcome, len(decisions)),
            refused=partial(self._report, task),
        )

    def decide(self, task: DecisionTask) -> list[Decision]:
        """What its workflow decides. Raises what `decide` raises, and InvalidDecisionException for other answers."""
        return ask(self.manager.workflow_for_task(task), task.process)

    def _report(self, task: DecisionTask, error: BaseException) -> Ending:
        cls = self._class(task)
        reason, trace = reason_of(error), traceback_of(error, cls)
        outcome = Outcome(f"failed ({reason}, at {where(error, cls)})", logging.WARNING)
        return Ending(lambda: self.manager.backend.fail_decision_task(task, reason, trace), lambda _: outcome)

    def _class(self, task: DecisionTask) -> type[Workflow]:
        return self.manager.workflows.get(str(task.process.workflow), Workflow)


def _outcome(decisions: int, applied: bool) -> Outcome:
    if not applied:
        return Outcome("put off, since news came in between")
    return Outcome(f"{decisions} decision{'' if decisions == 1 else 's'}")
