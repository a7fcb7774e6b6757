"""What of a request may be shown: an allow-list. All that is not on it is replaced."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit, urlunsplit

_QUERY = frozenset(
    {
        "api-version",
        "service",
        "scope",
        "n",
        "last",
        "orderby",
        "digest",
        "artifactType",
        "resource",
        "$filter",
        "from",
    }
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_TOKEN = re.compile(
    r"eyJ[\w-]{8,}(?:\.[\w-]+){0,2}"  # a JWT, whole or cut
    r"|(?i:(?:bearer|basic)\s+)[\w.~+/=-]{8,}"
    r"|(?i:(?:password|client_secret|refresh_token|access_token|sig|_state)=)[^&\s\"']+"
)
HIDDEN = "REDACTED"


def url(text: str) -> str:
    """A URL without user, password, fragment, or the values of query parameters that are not known to be harmless."""
    parts = urlsplit(text)
    query = "&".join(
        f"{name}={value if name in _QUERY else HIDDEN}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def foreign(text: str, limit: int = 500) -> str:
    """A text that came from outside, fit for a terminal and a log.

    One line, no control or bidi characters, nothing that looks like a token, at most `limit` characters.
    """
    line = _TOKEN.sub(HIDDEN, _UNPRINTABLE.sub(" ", text)).strip()
    return line if len(line) <= limit else f"{line[:limit]}…"
