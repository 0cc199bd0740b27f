"""The figures that hold where nobody says otherwise; times in seconds."""


class Defaults:
    """The defaults of 2013 but for one: an activity waited 60 seconds for a worker, and was lost to a longer outage."""

    WORKFLOW_TIMEOUT = 31_536_000  # 365 days, the longest that Amazon SWF allows
    DECISION_TIMEOUT = 60
    DECISION_CATEGORY = "default"

    ACTIVITY_SCHEDULED_TIMEOUT = 31_536_000
    ACTIVITY_EXECUTION_TIMEOUT = 31_536_000
    ACTIVITY_HEARTBEAT_TIMEOUT = 31_536_000
    ACTIVITY_CATEGORY = "default"
