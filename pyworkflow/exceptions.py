"""Everything that can go wrong, in one tree.

::

    WorkflowException                     the root: catch this to catch all of ours
    ├── UnknownResourceException          there is no such thing, or it is over
    │   ├── UnknownProcessException
    │   │   └── ProcessClosedException    it exists, but it is closed
    │   ├── UnknownWorkflowException      its name is not registered with this backend object
    │   ├── UnknownActivityException      the task token was used, timed out, or was withdrawn
    │   └── UnknownDecisionException      the same, of a decision task
    ├── ProcessAlreadyStartedException    the id is taken (also when the process has closed)
    ├── InvalidDecisionException          decide returned what it could have known to be wrong
    ├── InvalidValueException             a value that JSON would refuse or change (a ValueError)
    ├── TimedOutException                 what was waited for did not come in time
    ├── UnsupportedException              this backend cannot do that (see its capabilities)
    ├── BackendException                  the backend's own trouble, such as a file that is not its
    │   └── BackendUnavailableException   it cannot be reached or stays locked; the call was not done
    └── ConfigurationException            workflows.toml or the code that it names

Each carries its facts as attributes and makes its own message.
"""

from __future__ import annotations


class WorkflowException(Exception):
    """The root of every error of this project."""


class UnknownResourceException(WorkflowException):
    """There is no such thing, or it is over."""


class UnknownProcessException(UnknownResourceException):
    """No process has this id."""

    def __init__(self, process_id: str) -> None:
        super().__init__(f"there is no process {process_id!r}")
        self.process_id = process_id


class ProcessClosedException(UnknownProcessException):
    """The process exists, but it is closed: nothing can be sent to it any more."""

    def __init__(self, process_id: str, status: str) -> None:
        UnknownResourceException.__init__(self, f"process {process_id!r} is closed ({status})")
        self.process_id = process_id
        self.status = status


class UnknownWorkflowException(UnknownResourceException):
    """The workflow's name is not registered with this backend object."""

    def __init__(self, workflow: str) -> None:
        super().__init__(f"workflow {workflow!r} is not registered with this backend")
        self.workflow = workflow


class UnknownActivityException(UnknownResourceException):
    """The activity task's token was used, has timed out, was withdrawn, or never was."""

    def __init__(self, what: str | None) -> None:
        super().__init__(f"activity task {what!r} is over, or never was")
        self.token = what


class UnknownDecisionException(UnknownResourceException):
    """The decision task's token was used, has timed out, its process closed, or never was."""

    def __init__(self, what: str | None) -> None:
        super().__init__(f"decision task {what!r} is over, or never was")
        self.token = what


class ProcessAlreadyStartedException(WorkflowException):
    """A process with this id was started before; so a start can be retried safely."""

    def __init__(self, process_id: str) -> None:
        super().__init__(f"a process with the id {process_id!r} was started before")
        self.process_id = process_id


class InvalidDecisionException(WorkflowException):
    """A list of decisions was refused whole; nothing was recorded and the token is still good."""

    def __init__(self, decision: object, reason: str) -> None:
        text = repr(decision)
        text = text if len(text) <= 500 else text[:500] + "…"
        super().__init__(f"{text}: {reason}")
        self.decision = decision
        self.reason = reason


class InvalidValueException(WorkflowException, ValueError):
    """A value that JSON would refuse or change; `where` says where in the value it stands."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


class TimedOutException(WorkflowException):
    """What was waited for did not come in time."""


class UnsupportedException(WorkflowException):
    """This backend cannot do that; its `capabilities` say so."""

    def __init__(self, backend: str, what: str) -> None:
        super().__init__(f"{backend} cannot {what}")
        self.backend = backend
        self.what = what


class BackendException(WorkflowException):
    """The backend's own trouble: a file that is not its, a version that it does not know."""


class BackendUnavailableException(BackendException):
    """The backend cannot be reached, or stays locked; the call was not done."""


class ConfigurationException(WorkflowException):
    """Something is wrong in workflows.toml, or in the code that it names; `option` is the backend's option, if any."""

    def __init__(self, message: str, *, option: str | None = None) -> None:
        super().__init__(message)
        self.option = option
