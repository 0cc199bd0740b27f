"""The figures that hold where nobody says otherwise; times in seconds."""


class Defaults:
    """The defaults of 2013, kept: they are those of the Amazon SWF types it registered."""

    WORKFLOW_TIMEOUT = 31_536_000  # 365 days, the longest that Amazon SWF allows
    DECISION_TIMEOUT = 60
    DECISION_CATEGORY = "default"

    ACTIVITY_SCHEDULED_TIMEOUT = 60
    ACTIVITY_EXECUTION_TIMEOUT = 31_536_000
    ACTIVITY_HEARTBEAT_TIMEOUT = 31_536_000
    ACTIVITY_CATEGORY = "default"
