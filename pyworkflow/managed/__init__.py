"""What users subclass and run: activities, workflows, and the manager that links them to a backend."""

from pyworkflow.managed.activity import Activity, ActivityMonitor
from pyworkflow.managed.manager import Manager
from pyworkflow.managed.workflow import DefaultWorkflow, RuleSetWorkflow, Workflow

__all__ = ["Activity", "ActivityMonitor", "DefaultWorkflow", "Manager", "RuleSetWorkflow", "Workflow"]
