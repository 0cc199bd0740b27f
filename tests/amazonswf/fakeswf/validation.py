"""Is a request one? By botocore's model of the service, and by what its documentation says of names."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import botocore.session

from fakeswf.faults import invalid

# "must not contain a : (colon), / (slash), | (vertical bar), or any control characters (\u0000-\u001f |
# \u007f-\u009f). Also, it must not be the literal string arn." (API reference, StartWorkflowExecution, of workflowId,
# and likewise of the others)
NAMES = {"DomainName", "WorkflowId", "ActivityId", "TimerId", "Name", "Version"}
REFUSED = re.compile("[:/|\x00-\x1f\x7f-\x9f]")

# "The duration is specified in seconds, an integer greater than or equal to 0. You can use NONE to specify unlimited
# duration." (API reference, ActivityTypeConfiguration, and likewise of others)
DURATION = re.compile(r"\d+")
DURATIONS = {"DurationInSeconds", "DurationInSecondsOptional", "DurationInDays"}
YEAR = 31_536_000


@cache
def model() -> Any:
    """botocore's model of Amazon SWF."""
    return botocore.session.get_session().get_service_model("swf")


def check(operation: str, given: dict[str, Any]) -> None:
    """Raises a Fault for a request that the service would not take."""
    shape = model().operation_model(operation).input_shape
    _check(shape, given, operation)
    longest = given.get("executionStartToCloseTimeout")
    if operation == "StartWorkflowExecution" and longest is not None and (longest == "NONE" or int(longest) > YEAR):
        # "you cannot specify a value of "NONE" for this timeout; there is a one-year max limit"
        raise invalid(f"executionStartToCloseTimeout {longest}")


def check_decision(decision: dict[str, Any]) -> None:
    """The same for a decision by itself, as unit tests have it."""
    _check(model().shape_for("Decision"), decision, "Decision")


def check_event(event: dict[str, Any]) -> None:
    """Raises a Fault for an event of a history that the service would not record."""
    _check(model().shape_for("HistoryEvent"), event, event["eventType"])


def _check(shape: Any, value: Any, where: str) -> None:
    match shape.type_name:
        case "structure":
            _structure(shape, value, where)
        case "list":
            _typed(value, list, where)
            _size(shape, len(value), where)
            for position, item in enumerate(value):
                _check(shape.member, item, f"{where}[{position}]")
        case "string":
            _typed(value, str, where)
            _text(shape, value, where)
        case "boolean":
            _typed(value, bool, where)
        case "integer" | "long":
            _typed(value, int, where)
            _size(shape, value, where)
        case "timestamp":
            _typed(value, (int, float), where)
        case kind:
            raise AssertionError(f"{where}: {kind}")


def _structure(shape: Any, value: Any, where: str) -> None:
    _typed(value, dict, where)
    for name in shape.required_members:
        if name not in value:
            raise invalid(f"{where}.{name} is missing")
    for name, part in value.items():
        if name not in shape.members:
            raise invalid(f"{where}.{name} is unknown")
        _check(shape.members[name], part, f"{where}.{name}")


def _text(shape: Any, value: str, where: str) -> None:
    _size(shape, len(value), where)
    if shape.enum and value not in shape.enum:
        raise invalid(f"{where}: {value!r} is none of {shape.enum}")
    if shape.name in NAMES and (REFUSED.search(value) or value == "arn"):
        raise invalid(f"{where}: {value!r} cannot be a name")
    if shape.name == "DomainName" and value != value.strip():
        raise invalid(f"{where}: {value!r} begins or ends with a space")
    endless = shape.name == "DurationInSecondsOptional" and value == "NONE"
    if shape.name in DURATIONS and not endless and not DURATION.fullmatch(value):
        raise invalid(f"{where}: {value!r} is no duration")


def _typed(value: Any, kind: Any, where: str) -> None:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        raise invalid(f"{where}: {value!r} has the wrong type")


def _size(shape: Any, size: int, where: str) -> None:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
    if size < least or (most is not None and size > most):
        raise invalid(f"{where}: {size} is not from {least} to {most}")
