"""Where a URL leads: credentials follow to their own origin and nowhere else (RFC 6454)."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit


def origin(url: str) -> str:
    """`scheme://host:port` as the URL spells them, in lower case; empty where the text is no URL.

    User and password stay in it, so that a URL that has them is of no known origin.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc.isascii() else ""


def resolve(base: str, reference: str) -> str:
    """The URL that a reference means, seen from another (RFC 3986 §5); empty where it means none."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return ""
