"""A source that fails while an image is copied: the copy goes on, or ends soon, says why, and leaves no tag."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from emulated.faulty_registry import BLOB, DOWN, LAYER, FaultyRegistry, Handler, Times, cut, digest_of, status

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulated.local_azure import Acrbridge


def end_early(handler: Handler) -> None:
    handler.wfile.write(handler.begin_part()[:100_000])
    handler.close_connection = True


def wrong_byte(handler: Handler) -> None:
    body = bytearray(handler.begin_part())
    body[1000] ^= 1
    handler.wfile.write(body)


def test_without_a_fault_it_arrives(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    acrbridge(*registry.words).succeeded()
    assert registry.arrived
    assert registry.uploads == {}


@pytest.mark.parametrize("times", [1, 3, 7])
def test_a_blob_that_breaks_off_goes_on(acrbridge: Acrbridge, registry: FaultyRegistry, times: int) -> None:
    registry.fault = Times(times, cut(300_000), DOWN)
    acrbridge(*registry.words).succeeded()
    assert registry.arrived
    assert registry.count("GET", BLOB) == times + 1
    assert registry.count("PUT", "/blobs/uploads/") == 2


def test_a_body_that_ends_early_goes_on(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    registry.fault = Times(1, end_early, DOWN)
    acrbridge(*registry.words).succeeded()
    assert registry.arrived


def test_a_blob_that_never_comes_ends_it(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    registry.fault = Times(-1, cut(0), DOWN)
    ended = acrbridge(*registry.words, "--only-show-errors")
    ended.refused(6, "UNREACHABLE", "source", f"localhost:{registry.server_port}/v2/app{BLOB}", "6 tries")
    assert ended.seconds < 30
    assert registry.count("GET", BLOB) == 6
    assert registry.target == {}


def test_a_wrong_byte_is_never_committed(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    registry.fault = Times(-1, wrong_byte, DOWN)
    ended = acrbridge(*registry.words)
    ended.refused(7, "DIGEST_MISMATCH", digest_of(LAYER))
    assert (registry.target, digest_of(LAYER) in registry.stored, registry.uploads) == ({}, False, {})
    assert registry.count("GET", BLOB) == 1


PARTS = {
    "200": lambda handler: handler.answer(200, LAYER),
    "from 0": lambda handler: handler.answer(
        206, LAYER, Content_Range=f"bytes 0-{len(LAYER) - 1}/{len(LAYER)}"
    ),
    "416": status(416),
}


@pytest.mark.parametrize("answer", PARTS.values(), ids=PARTS)
def test_a_registry_that_serves_no_parts(
    acrbridge: Acrbridge, registry: FaultyRegistry, answer: Callable[[Handler], None]
) -> None:
    once = Times(1, cut(300_000), DOWN)

    def fault(handler: Handler) -> bool:
        if "Range" not in handler.headers:
            return once(handler)
        answer(handler)
        return True

    registry.fault = fault
    acrbridge(*registry.words).succeeded()
    assert registry.arrived
    assert registry.count("GET", BLOB) == 3


def test_a_layer_elsewhere_is_never_fetched_from_there(
    acrbridge: Acrbridge, registry: FaultyRegistry
) -> None:
    evil = f'"urls": ["https://localhost:{registry.server_port}/evil"], "mediaType"'
    body = registry.source["v1"].replace(
        b'"mediaType": "application/octet', evil.encode() + b': "application/octet'
    )
    registry.source = {"v1": body, digest_of(body): body}
    del registry.blobs[digest_of(LAYER)]
    acrbridge(*registry.words).refused(1, "SOURCE_BLOB_MISSING", digest_of(LAYER))
    assert registry.count("evil") == 0


def test_what_stalls_goes_on_and_what_trickles_is_left_alone(
    acrbridge: Acrbridge, registry: FaultyRegistry
) -> None:
    slow = os.urandom(1 << 20) * 7
    registry.fill(LAYER, slow)
    over = threading.Event()

    def stall(handler: Handler) -> None:
        handler.wfile.write(handler.begin_part()[:300_000])
        over.wait(25)

    def trickle(handler: Handler) -> None:
        body = memoryview(handler.begin_part())
        for begin in range(0, len(body), 40_000):
            handler.wfile.write(body[begin : begin + 40_000])
            time.sleep(0.1)

    stalled, trickled = Times(1, stall, DOWN), Times(1, trickle, digest_of(slow), "GET")
    silent = Times(1, lambda _: over.wait(25), digest_of(b"{}"), "GET /v2/app")
    registry.fault = lambda handler: stalled(handler) or trickled(handler) or silent(handler)
    ended = acrbridge(*registry.words).succeeded()
    over.set()
    assert registry.arrived
    assert (registry.count(DOWN), registry.count("GET", digest_of(slow))) == (2, 1)
    assert 15 <= ended.seconds < 25
