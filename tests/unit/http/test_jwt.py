from __future__ import annotations

import base64
import json

import pytest

from acrbridge.http import jwt


def encoded(payload: bytes) -> str:
    return f"e.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.s"


@pytest.mark.parametrize("tenant", ["", "t", "tt", "ttt", "ñ"])
def test_claims_are_read_whatever_their_padding(tenant: str) -> None:
    assert jwt.claims(encoded(json.dumps({"tid": tenant}).encode())) == {"tid": tenant}


@pytest.mark.parametrize(
    "token",
    [
        "",
        "opaque",
        "a.b",
        "a.!.c",
        "a.ñ.c",
        encoded(b"[]"),
        encoded(b"null"),
        encoded(b"\xff"),
        encoded(b"[" * 100_000),
    ],
)  # fmt: skip
def test_what_is_no_jwt_has_no_claims(token: str) -> None:
    assert jwt.claims(token) == {}
