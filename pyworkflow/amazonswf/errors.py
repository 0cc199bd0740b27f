"""What botocore raises, as ours: the only place that knows both. The cause is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as aws

from pyworkflow.exceptions import BackendException, BackendUnavailableException


class UnknownResource(Exception):
    """SWF knows no such execution, task, type or domain, or it is over: the caller knows which."""


class AlreadyThere(Exception):
    """Such an execution is open, or such a type or domain is registered."""


class Unhandled(Exception):
    """SWF refuses to close an execution that has news."""


_UNKNOWN = {"UnknownResourceFault"}
_ALREADY = {"WorkflowExecutionAlreadyStartedFault", "TypeAlreadyExistsFault", "DomainAlreadyExistsFault"}
_UNHANDLED = {"UnhandledDecisionFault", "UnhandledDecision"}
_BUSY = {
    "ThrottlingException",
    "Throttling",
    "RequestLimitExceeded",
    "LimitExceededFault",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "InternalFailure",
    "InternalServerError",
    "RequestTimeout",
    "RequestTimeoutException",
}
_CURES = {
    "TypeDeprecatedFault": "undeprecate the type, or give the backend another `version`",
    "DomainDeprecatedFault": "undeprecate the domain, or use another",
    "OperationNotPermittedFault": "the credentials may not do this",
    "AccessDeniedException": "the credentials may not do this",
    "UnrecognizedClientException": "the access key is unknown",
    "InvalidSignatureException": "the secret access key is wrong",
    "ExpiredTokenException": "the credentials have expired",
}


@contextmanager
def translated() -> Iterator[None]:
    """Within, errors of botocore become BackendException or BackendUnavailableException, or one of the above.

    Where the connection breaks before an answer, the call may have been done: repeating it does no harm (Z3), but for
    a signal; see `translated_once`.
    """
    try:
        yield
    except aws.ClientError as error:
        raise _of_answer(error) from error
    except (aws.ConnectionError, aws.HTTPClientError) as error:
        raise BackendUnavailableException(f"Amazon SWF cannot be reached: {error}") from error
    except (aws.BotoCoreError, ValueError) as error:
        raise BackendException(f"the call to Amazon SWF cannot be made: {error}") from error


@contextmanager
def translated_once() -> Iterator[None]:
    """The same for what must not be done twice: only what surely was not done is BackendUnavailableException."""
    try:
        with translated():
            yield
    except BackendUnavailableException as error:
        if _was_not_done(error.__cause__):
            raise
        raise BackendException(f"{error}; whether it was done is not known") from error.__cause__


def _was_not_done(error: BaseException | None) -> bool:
    if isinstance(error, aws.ClientError):
        return _status(error) < 500
    return isinstance(error, aws.EndpointConnectionError | aws.ConnectTimeoutError | aws.ProxyConnectionError)


def _of_answer(error: aws.ClientError) -> Exception:
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    if code in _UNKNOWN or (code == "ValidationException" and "token" in message.lower()):
        return UnknownResource(message)  # a token that never was one: all else was checked before the call
    if code in _ALREADY:
        return AlreadyThere(message)
    if code in _UNHANDLED:
        return Unhandled(message)
    if code in _BUSY or _status(error) >= 500:
        return BackendUnavailableException(f"Amazon SWF is too busy: {code}: {message}")
    cure = _CURES.get(code)
    return BackendException(f"Amazon SWF refuses: {code}: {message}{f' ({cure})' if cure else ''}")


def _status(error: aws.ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
