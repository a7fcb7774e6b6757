"""Failures as JSON-RPC errors (JSON-RPC 2.0 §5.1): its own numbers for broken messages, one of ours for the rest."""

from __future__ import annotations

from typing import Any

from acrbridge import errors
from acrbridge.errors import AcrBridgeError
from acrbridge.http import redact

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
        data = {"code": self.code, "remedy": remedy, "category": "ProtocolError", "correlationId": None}
        return {"code": self.number, "message": redact.foreign(self.message, 1000), "data": data}


def failure(error: AcrBridgeError) -> dict[str, Any]:
    """The `error` member of an answer, for an operation that failed."""
    category = next((name for kind, name in _CATEGORIES if isinstance(error, kind)), "NotSpecified")
    data = {
        "code": error.code,
        "remedy": error.remedy,
        "category": category,
        "correlationId": error.correlation_id,
    }
    return {"code": FAILED, "message": redact.foreign(error.message, 4000), "data": data}
