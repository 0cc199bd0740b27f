"""Those who do the tasks: one worker, a thread that runs it, a pool of threads."""

from pyworkflow.managed.worker.activity import ActivityWorker
from pyworkflow.managed.worker.base import Worker
from pyworkflow.managed.worker.decision import DecisionWorker
from pyworkflow.managed.worker.pool import WorkerPool
from pyworkflow.managed.worker.thread import WorkerThread

__all__ = ["ActivityWorker", "DecisionWorker", "Worker", "WorkerPool", "WorkerThread"]
