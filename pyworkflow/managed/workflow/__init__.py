"""Three ways to write a workflow: one function, a hook for each kind of event, or a set of rules."""

from pyworkflow.managed.workflow.base import Workflow
from pyworkflow.managed.workflow.default import DefaultWorkflow
from pyworkflow.managed.workflow.ruleset import RuleSetWorkflow

__all__ = ["DefaultWorkflow", "RuleSetWorkflow", "Workflow"]
