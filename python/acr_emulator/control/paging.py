"""ARM's lists: a page, and where the next one is."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from acr_emulator.control.calls import AzureJSON, Call
from acr_emulator.control.errors import ArmError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

PAGE_SIZE = 20
"""Items on a page; small, so that whoever has a few dozen registries meets a second page."""
SKIP_TOKEN = "$skiptoken"  # noqa: S105  # a parameter's name


def page(call: Call, items: Sequence[dict[str, Any]]) -> Response:
    """The page of a list that the call asks for, with `nextLink` where more follow."""
    start = _start(call.query(SKIP_TOKEN))
    document: dict[str, Any] = {"value": list(items[start : start + PAGE_SIZE])}
    if start + PAGE_SIZE < len(items):
        document["nextLink"] = _next_link(call, start + PAGE_SIZE)
    return AzureJSON(document)


def _start(token: str | None) -> int:
    if token is None:
        return 0
    try:
        start = int(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error):
        start = -1
    if start < 0:
        raise ArmError(400, "InvalidSkipToken", f"The skip token '{token}' is invalid.")
    return start


def _next_link(call: Call, start: int) -> str:
    query = [(k, v) for k, v in parse_qsl(call.request.url.query) if k.lower() != SKIP_TOKEN]
    token = base64.urlsafe_b64encode(str(start).encode()).decode()
    return f"{call.base}{call.request.url.path}?{urlencode([*query, (SKIP_TOKEN, token)])}"
