"""What of a request may be shown: an allow-list. All that is not on it is replaced."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

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
_TOKEN = re.compile(
    r"eyJ[\w-]{8,}(?:\.[\w-]+){0,2}"  # a JWT, whole or cut
    r"|(?i:bearer\s+)[\w.~+/=-]{8,}"
    # Base64 has digits, = or a capital after a small letter: a word such as "basic registries" has not.
    r"|(?i:basic\s+)(?:(?=[A-Za-z_.~+/-]*+[\d=])|(?=[A-Z\d_.~+/=-]*+[a-z][a-z\d_.~+/=-]*+[A-Z]))[\w.~+/=-]{8,}"
    r"|(?i:(?:password|client_secret|client_assertion|(?:refresh|access|id)_token)[\"']?\s?[=:]\s?)"
    r"(?:\"(?:[^\"\\]|\\.)*|[^&\s]+)"
    r"|(?i:\b(?:sig|_state)=)[^&\s\"']+"
)
HIDDEN = "REDACTED"


def url(text: str) -> str:
    """A URL without user, password, fragment, or the values of query parameters that are not known to be harmless.

    What is no URL is hidden as a whole.
    """
    try:
        parts = urlsplit(text)
        pairs = [pair.partition("=") for pair in parts.query.split("&") if pair]
    except ValueError:
        return HIDDEN
    query = "&".join(f"{name}={value if name in _QUERY else HIDDEN}" for name, _, value in pairs)
    return printable(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, "")))


def printable(text: str) -> str:
    """A text with a space in place of what has no shape: control, bidi and other invisible characters."""
    return "".join(character if character.isprintable() else " " for character in text)


def foreign(text: str, limit: int = 500) -> str:
    """A text that came from outside, fit for a terminal and a log.

    One line, no control or bidi characters, nothing that looks like a token, at most `limit` characters.
    """
    line = _TOKEN.sub(HIDDEN, printable(text)).strip()
    return line if len(line) <= limit else f"{line[:limit]}…"
