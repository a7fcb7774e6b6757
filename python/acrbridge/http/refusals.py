"""The words of a refusal, out of an answer's body."""

from __future__ import annotations

from acrbridge.errors import AcrBridgeError
from acrbridge.http import redact
from acrbridge.http.client import Response


def words(response: Response) -> str:
    """Code and message of a registry's first error (distribution-spec, "Error Codes"), else the body's beginning.

    Fit to print, in one line.
    """
    try:
        error = response.json_object()["errors"][0]
        said = f"{error['code']}: {error['message']}"
    except (AcrBridgeError, KeyError, IndexError, TypeError):
        said = response.text().strip() or "no reason given"
    return redact.foreign(said, 300)
