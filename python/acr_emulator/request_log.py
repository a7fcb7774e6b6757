"""A line of JSON for each request, for tests that compare what went over the wire: without secrets."""

from __future__ import annotations

import json
import time
import urllib.parse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = frozenset(
    {
        "access_token",
        "assertion",
        "client_assertion",
        "client_secret",
        "id_token",
        "password",
        "refresh_token",
        "secret",
        "_state",
    }
)
"""Fields whose values are shown as HIDDEN, wherever they stand."""
HIDDEN = "***"
BODY_LIMIT = 1 << 20
"""Bytes of a body that are kept for the log."""


class RequestLog:
    """Appends to a file that its owner alone can read.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def write(
        self, *, host: str, method: str, path: str, query: str = "", status: int, body: Any = None
    ) -> None:
        """Append one request.

        Args:
            host: and port, as the client sent them.
            method: of HTTP.
            path: as it was sent, still encoded.
            query: as it was sent, without the question mark.
            status: of the answer.
            body: a form's or a JSON document's fields; None for every other body.
        """
        entry = {
            "time": round(time.time(), 3),
            "host": host,
            "method": method,
            "path": path,
            "query": _hide_in_query(query),
            "status": status,
        }
        if body is not None:
            entry["body"] = hide_secrets(body)
        self._file.write(json.dumps(entry) + "\n")


def hide_secrets(value: Any) -> Any:
    """A copy of a JSON value with the values of SECRETS replaced, and anything that looks like a token."""
    if isinstance(value, dict):
        return {k: HIDDEN if k.lower() in SECRETS else hide_secrets(v) for k, v in value.items()}
    if isinstance(value, list):
        return [hide_secrets(item) for item in value]
    if isinstance(value, str) and value.startswith("eyJ"):
        return HIDDEN
    return value


def read_body(content_type: str, body: bytes) -> Any:
    """A form or a JSON document as its fields; None for a body of any other type or form."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        fields = urllib.parse.parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
    if kind == "application/json" and body:
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            return None
    return None


def is_readable(content_type: str) -> bool:
    """Whether the log shows a body of this type."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind in ("application/x-www-form-urlencoded", "application/json")


def _hide_in_query(query: str) -> str:
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    if not any(name.lower() in SECRETS for name, _ in pairs):
        return query
    hidden = [(name, HIDDEN if name.lower() in SECRETS else value) for name, value in pairs]
    return urllib.parse.urlencode(hidden, safe="*")
