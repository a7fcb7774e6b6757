"""Failures as JSON-RPC errors (JSON-RPC 2.0 §5.1): its own numbers for broken messages, one of ours for the rest."""

from __future__ import annotations

from typing import Any

from acrbridge import errors
from acrbridge.errors import AcrBridgeError
from acrbridge.http import redact
from acrbridge.stdio.answers import Failure, FailureData

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
FAILED = -32000
"""An operation's own failure: `data.code` says which."""

_CATEGORIES: tuple[tuple[type[AcrBridgeError], str], ...] = (
    (errors.UsageError, "InvalidArgument"),
    (errors.NotFoundError, "ObjectNotFound"),
    (errors.SignInError, "AuthenticationError"),
    (errors.RefusedError, "PermissionDenied"),
    (errors.TargetExistsError, "ResourceExists"),
    (errors.NetworkError, "ConnectionError"),
    (errors.VerificationError, "InvalidResult"),
    (errors.StillRunningError, "OperationTimeout"),
    (errors.StoppedError, "OperationStopped"),
)
"""PowerShell's ErrorCategory of each kind of error."""
_RETRIABLE = frozenset(
    {"SERVICE_ERROR", "SOURCE_THROTTLED", "THROTTLED", "TIMED_OUT", "UNREACHABLE", "UPLOAD_LOST"}
)
"""Codes of what can pass by itself: the same request, sent later, can succeed."""


class ProtocolError(Exception):
    """A message that the protocol does not allow.

    Args:
        number: JSON-RPC's.
        code: a key of the catalogue.
        message: one line.
        request: id of the request, where it is known.
    """

    def __init__(self, number: int, code: str, message: str, request: int | str | None = None) -> None:
        super().__init__(message)
        self.number = number
        self.code = code
        self.message = message
        self.request = request

    def as_json(self) -> dict[str, Any]:
        """The `error` member of the answer."""
        remedy = errors.CATALOGUE[self.code].remedy
        return _failure(self.number, self.message, self.code, remedy, "ProtocolError")


def failure(error: AcrBridgeError) -> dict[str, Any]:
    """The `error` member of an answer, for an operation that failed."""
    category = next((name for kind, name in _CATEGORIES if isinstance(error, kind)), "NotSpecified")
    return _failure(FAILED, error.message, error.code, error.remedy, category, error.correlation_id)


def _failure(
    number: int, message: str, code: str, remedy: str, category: str, correlation_id: str | None = None
) -> dict[str, Any]:
    data = FailureData(
        code=code,
        remedy=remedy,
        category=category,
        correlation_id=correlation_id and redact.foreign(correlation_id, 80),
        retriable=code in _RETRIABLE,
    )
    return Failure(code=number, message=redact.foreign(message, 4000), data=data).as_json()
