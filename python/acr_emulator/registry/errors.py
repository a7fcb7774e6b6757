"""Errors as registries tell them (OCI distribution specification, "Error Codes"; ACR's own beside them)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

CODES: dict[str, tuple[int, str]] = {
    "BLOB_UNKNOWN": (404, "blob unknown to registry"),
    "BLOB_UPLOAD_INVALID": (400, "blob upload invalid"),
    "BLOB_UPLOAD_UNKNOWN": (404, "blob upload unknown to registry"),
    "DENIED": (403, "requested access to the resource is denied"),
    "DIGEST_INVALID": (400, "provided digest did not match uploaded content"),
    "MANIFEST_BLOB_UNKNOWN": (404, "manifest references a manifest or blob unknown to registry"),
    "MANIFEST_INVALID": (400, "manifest invalid"),
    "MANIFEST_UNKNOWN": (404, "manifest unknown to registry"),
    "NAME_INVALID": (400, "invalid repository name"),
    "NAME_UNKNOWN": (404, "repository name not known to registry"),
    "PAGINATION_NUMBER_INVALID": (400, "invalid number of results requested"),
    "RANGE_INVALID": (416, "invalid content range"),
    "REGISTRY_DISALLOWED_OPERATION": (
        405,
        (
            "The operation is disallowed on this registry, repository or image. View troubleshooting steps at "
            "https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation"
        ),
    ),
    "SIZE_INVALID": (413, "provided length is over the limit"),
    "TAG_UNKNOWN": (404, "the specified tag does not exist"),
    "TOOMANYREQUESTS": (429, "too many requests"),
    "UNAUTHORIZED": (401, "authentication required"),
    "UNSUPPORTED": (405, "The operation is unsupported."),
}
"""HTTP status and message of each code."""


class RegistryError(Exception):
    """A request that a registry refuses.

    Args:
        code: one of CODES, which gives status and message where they are not given here.
        message: for a person.
        detail: what the answer's `detail` holds.
        status: HTTP status.
        headers: beside those of every answer.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        detail: Any = None,
        status: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        usual_status, usual_message = CODES[code]
        super().__init__(message or usual_message)
        self.code = code
        self.message = message or usual_message
        self.detail = detail if detail is not None else {}
        self.status = status or usual_status
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """The answer that tells this error."""
        error = {"code": self.code, "message": self.message, "detail": self.detail}
        return JSONResponse({"errors": [error]}, status_code=self.status, headers=self.headers)
