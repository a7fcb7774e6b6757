"""Tokens that end in the middle of a copy, or are no good."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from emulated.faulty_registry import DOWN, LAYER, UP, FaultyRegistry, Handler, Times, status

if TYPE_CHECKING:
    from emulated.local_azure import Acrbridge


class Tokens:
    """Has the registry ask for tokens, and accept each for so many requests."""

    def __init__(self, uses: int) -> None:
        self._uses = uses
        self._used: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.scopes: list[str] = []
        """Of each token that was given."""
        self.ended: set[str] = set()
        """Tokens that were refused, because they were used up."""

    def __call__(self, handler: Handler) -> bool:
        with self._lock:
            if handler.path.startswith("/token"):
                self.scopes.append(parse_qs(urlsplit(handler.path).query)["scope"][0])
                handler.answer(200, json.dumps({"token": f"t{len(self.scopes)}", "expires_in": 300}).encode())
                return True
            token = handler.headers.get("Authorization", "")
            self._used[token] += 1
            if token and self._used[token] <= self._uses:
                return False
            if token:
                self.ended.add(token)
        self.refuse(handler)
        return True

    @staticmethod
    def refuse(handler: Handler) -> None:
        challenge = f'Bearer realm="https://{handler.headers["Host"]}/token",service="x"'
        handler.answer(401, WWW_Authenticate=challenge)


def test_tokens_that_end_often(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    registry.fill(LAYER, *(os.urandom(1000) for _ in range(20)))
    tokens = registry.fault = Tokens(3)
    acrbridge(*registry.words).succeeded()
    assert registry.arrived
    assert len(tokens.scopes) <= len(set(tokens.scopes)) + len(tokens.ended)


@pytest.mark.parametrize("place", [DOWN, f"POST {UP}", f"PATCH {UP}", "PUT /v2/target/app/manifests"])
def test_a_good_token_that_is_refused_once(acrbridge: Acrbridge, chunked: FaultyRegistry, place: str) -> None:
    tokens, once = Tokens(1000), Times(1, Tokens.refuse, place)
    chunked.fault = lambda handler: once(handler) or tokens(handler)
    acrbridge(*chunked.words).succeeded()
    assert chunked.arrived
    assert len(tokens.scopes) == len(set(tokens.scopes)) + 1


@pytest.mark.parametrize("side", ["app", "target/app"])
def test_tokens_that_are_never_accepted(acrbridge: Acrbridge, registry: FaultyRegistry, side: str) -> None:
    tokens = Tokens(0)
    registry.fault = lambda handler: (
        (handler.path.startswith(f"/v2/{side}/") or "/token" in handler.path) and tokens(handler)
    )
    ended = acrbridge(*registry.words)
    name = "source localhost" if side == "app" else "target 127.0.0.1"
    ended.refused(4, "REGISTRY_UNAUTHORIZED", name, "(401 for ", f"/v2/{side}/")
    assert ended.seconds < 2
    assert max(Counter(tokens.scopes).values()) <= 2
    assert registry.target == {}


def test_a_token_server_that_fails_for_a_while(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    tokens, busy = Tokens(1000), Times(2, status(503), "GET /token")
    registry.fault = lambda handler: busy(handler) or tokens(handler)
    acrbridge(*registry.words).succeeded()
    assert registry.arrived
