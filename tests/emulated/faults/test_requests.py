"""Requests that fail for a while: each is sent again; and what changes in the middle of a copy."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from emulated.faulty_registry import BLOB, DOWN, LAYER, UP, FaultyRegistry, Handler, Times, digest_of, status

if TYPE_CHECKING:
    from emulated.local_azure import Acrbridge

PLACES = {
    "tags": "GET /v2/target/app/tags/list",
    "manifest": "GET /v2/app/manifests",
    "blob": DOWN,
    "head": "HEAD /v2/target",
    "begin": f"POST {UP}",
    "chunk": f"PATCH {UP}",
    "commit": f"PUT {UP}",
    "tag": "PUT /v2/target/app/manifests",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("code", [502, 503])
def test_a_burst_of_errors(acrbridge: Acrbridge, chunked: FaultyRegistry, place: str, code: int) -> None:
    chunked.fault = Times(2, status(code), place)
    ended = acrbridge(*chunked.words).succeeded()
    assert chunked.arrived
    assert ended.seconds < 12
    assert chunked.uploads == {}


def test_four_errors_on_each_layer(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    layers = [os.urandom(10_000) for _ in range(3)]
    registry.fill(*layers)
    del registry.blobs[digest_of(LAYER)]
    faults = [Times(4, status(503), f"GET /v2/app/blobs/{digest_of(layer)}") for layer in layers]
    registry.fault = lambda handler: any(fault(handler) for fault in faults)
    ended = acrbridge(*registry.words).succeeded()
    assert registry.arrived
    assert ended.seconds < 12


def test_a_throttled_blob_waits_as_long_as_asked(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    registry.fault = Times(1, status(429, Retry_After="2"), DOWN)
    ended = acrbridge(*registry.words).succeeded()
    assert registry.arrived
    assert (registry.count("GET", BLOB), ended.seconds >= 2) == (2, True)


@pytest.mark.parametrize("place", ["download", "chunk"])
def test_a_registry_that_is_restarted(acrbridge: Acrbridge, chunked: FaultyRegistry, place: str) -> None:
    restarting = threading.Thread(target=chunked.restart, args=(2,))

    def restart(handler: Handler) -> None:
        handler.close_connection = True
        restarting.start()
        restarting.join()

    chunked.fault = Times(1, restart, PLACES["blob" if place == "download" else place])
    acrbridge(*chunked.words).succeeded()
    assert chunked.arrived


def test_a_tag_that_moves_during_the_copy(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    first = registry.source["v1"]

    def move(handler: Handler) -> None:
        handler.serve()
        registry.fill(b"another")

    registry.fault = Times(1, move, "/v2/app/manifests/v1")
    acrbridge(*registry.words).succeeded()
    assert registry.target["v1"] == first
    assert registry.stored.keys() == {digest_of(LAYER), digest_of(b"{}")}
