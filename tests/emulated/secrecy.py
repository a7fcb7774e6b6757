"""Whether a secret shows in a text, in any form in which it could have slipped in."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote, quote_plus

TOKEN = re.compile(r"eyJ[\w-]{20,}\.[\w-]+")
"""A JSON web token."""

MADE_UP = (
    "importer-secret",
    "pusher-secret",
    "reader-secret",
    "limited-secret",
    "expired-secret",
    "wingtip-secret",
    "fabrikam-password",
    "hub-token",
    "example-password",
    "app-token-password",
    "c4n4ry/S3cret+pw=",
)
"""The secrets of the emulator's seed, and the one that tests plant: each of them opens nothing."""
CANARY = MADE_UP[-1]


def forms(secret: str) -> set[str]:
    """Return a secret as it is, percent-encoded in both ways, and in base64 wherever it may begin there."""
    found = {secret, quote(secret, safe=""), quote_plus(secret)}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + secret.encode()).decode()
        found.add(encoded[4 if offset else 0 :][: (len(secret) - 3) // 3 * 4])
    return found


def shown_in(text: str) -> list[str]:
    """Return the secrets that a text shows."""
    found = [secret for secret in MADE_UP if any(form in text for form in forms(secret))]
    return [*found, *TOKEN.findall(text)]
