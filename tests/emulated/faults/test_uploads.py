"""A target that fails while an image is copied: the copy goes on, or ends soon, says why, and leaves no tag."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from emulated.faulty_registry import (
    BLOB,
    DOWN,
    LAYER,
    UP,
    UPLOAD_UNKNOWN,
    FaultyRegistry,
    Handler,
    Times,
    cut_upload,
    digest_of,
    status,
    then_reset,
)

if TYPE_CHECKING:
    from emulated.local_azure import Acrbridge

CHUNK = 3 << 19
"""Bytes of the largest chunk to a registry that takes two mebibytes: half of the layer that it refused."""


class Chunk(Times):
    """A fault of the chunks that begin behind the layer's first mebibyte."""

    def __call__(self, handler: Handler) -> bool:
        begins = handler.headers.get("Content-Range", "").startswith("1048576-")
        return begins and super().__call__(handler)


def test_a_put_refused_for_its_size_is_followed_by_chunks(
    acrbridge: Acrbridge, chunked: FaultyRegistry
) -> None:
    acrbridge(*chunked.words).succeeded()
    assert chunked.arrived
    assert [size for method, size in chunked.sizes if method == "PATCH"] == [1 << 20, CHUNK, 1 << 19]
    assert chunked.uploads == {}


def test_an_upload_whose_connection_breaks_is_sent_again(
    acrbridge: Acrbridge, registry: FaultyRegistry
) -> None:
    registry.fault = Times(1, cut_upload(700_000), f"PUT {UP}")
    acrbridge(*registry.words).succeeded()
    assert registry.arrived
    assert registry.uploads == {}


@pytest.mark.parametrize("arrived", [0, 700_000, CHUNK])
def test_a_chunk_whose_connection_breaks_goes_on_from_what_arrived(
    acrbridge: Acrbridge, chunked: FaultyRegistry, arrived: int
) -> None:
    chunked.fault = Chunk(1, cut_upload(arrived), "PATCH")
    acrbridge(*chunked.words).succeeded()
    assert chunked.arrived
    assert chunked.sent == 2 * len(LAYER) + len(b"{}")  # once whole, refused; nothing else twice
    again = 0 if arrived == CHUNK else 1
    assert (chunked.count(f"POST {UP}"), chunked.count("GET", UP), chunked.count(DOWN)) == (3, 1, 2 + again)


def test_a_chunk_whose_answer_is_lost_is_not_sent_again(
    acrbridge: Acrbridge, chunked: FaultyRegistry
) -> None:
    chunked.fault = Chunk(1, then_reset, "PATCH")
    acrbridge(*chunked.words).succeeded()
    assert chunked.arrived
    assert chunked.sent == 2 * len(LAYER) + len(b"{}")


def test_a_commit_whose_answer_is_lost(acrbridge: Acrbridge, chunked: FaultyRegistry) -> None:
    lost = Times(1, then_reset, f"PUT {UP}")
    chunked.fault = lambda handler: handler.headers.get("Content-Length") == "0" and lost(handler)
    acrbridge(*chunked.words).succeeded()
    assert chunked.arrived
    assert (lost.left, chunked.count("HEAD", BLOB), chunked.count(f"POST {UP}")) == (0, 1, 3)


@pytest.mark.parametrize("code", [400, 404, 416])
def test_a_refused_chunk_goes_on_where_the_registry_keeps_the_upload(
    acrbridge: Acrbridge, chunked: FaultyRegistry, code: int
) -> None:
    chunked.fault = Chunk(1, status(code, UPLOAD_UNKNOWN), "PATCH")
    acrbridge(*chunked.words).succeeded()
    assert chunked.arrived
    assert (chunked.count(f"POST {UP}"), chunked.count("GET", UP)) == (3, 1)


@pytest.mark.parametrize("code", [400, 404, 416])
def test_a_chunked_upload_that_is_lost_begins_anew_once(
    acrbridge: Acrbridge, chunked: FaultyRegistry, code: int
) -> None:
    def lose(handler: Handler) -> None:
        chunked.uploads.clear()
        handler.answer(code, UPLOAD_UNKNOWN)

    chunked.fault = Chunk(1, lose, "PATCH")
    acrbridge(*chunked.words).succeeded()
    assert chunked.arrived
    assert chunked.count(f"POST {UP}") == 4


def test_a_target_that_stalls_in_the_middle_of_a_blob(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    large = LAYER * 10  # more than the buffers between client and server hold
    registry.fill(LAYER, large)
    reached, over = threading.Event(), threading.Event()

    def stall(handler: Handler) -> bool:
        if int(handler.headers.get("Content-Length", "0")) != len(large) or reached.is_set():
            return False
        reached.set()
        handler.read(100_000)
        over.wait(25)
        handler.reset()
        return True

    registry.fault = stall
    ended = acrbridge(*registry.words).succeeded()
    over.set()
    assert registry.arrived
    assert 10 <= ended.seconds < 20


def test_uploads_that_always_break_end_it(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    registry.fault = Times(-1, cut_upload(0), f"PUT {UP}")
    ended = acrbridge(*registry.words, "--only-show-errors")
    ended.refused(6, "UNREACHABLE", "target 127.0.0.1", f"(PUT {UP}", "6 tries")
    assert ended.seconds < 30
    assert registry.target == {}


def test_an_upload_that_is_lost_begins_anew(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    registry.fault = Times(1, status(404, UPLOAD_UNKNOWN), f"PUT {UP}")
    acrbridge(*registry.words).succeeded()
    assert registry.arrived


def test_a_target_that_only_claims_to_have_a_blob(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    missing = status(404, b'{"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown"}]}')
    refused = Times(1, missing, "PUT /v2/target/app/manifests")
    lie = Times(1, status(200), f"HEAD /v2/target/app{BLOB}")
    empty = Times(-1, status(200, b'{"tags": ["other"]}'), "/v2/target/app/tags/list")
    registry.fault = lambda handler: refused(handler) or lie(handler) or empty(handler)
    acrbridge(*registry.words).succeeded()
    assert registry.arrived
    assert (lie.left, registry.count("GET", BLOB)) == (0, 1)


def test_a_target_that_stored_something_else(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    other = digest_of(b"other")
    registry.fault = Times(-1, status(201, Docker_Content_Digest=other), "PUT /v2/target/app/blobs")
    ended = acrbridge(*registry.words)
    ended.refused(7, "DIGEST_MISMATCH", other)
    assert registry.target == {}


@pytest.mark.parametrize("place", ["POST /v2/target", "PUT /v2/target/app/blobs"])
def test_a_target_that_refuses_is_asked_once(
    acrbridge: Acrbridge, registry: FaultyRegistry, place: str
) -> None:
    registry.fault = Times(-1, status(403, b'{"errors": [{"code": "DENIED", "message": "quota"}]}'), place)
    ended = acrbridge(*registry.words)
    ended.refused(4, "REGISTRY_REFUSED", "target 127.0.0.1", f"(403 for {place}", "quota")
    assert ended.seconds < 3
    assert registry.count(*place.split()) == 2
    assert registry.target == {}


def test_a_tag_whose_answer_is_lost(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    registry.fault = Times(1, then_reset, "PUT /v2/target/app/manifests/v1")
    acrbridge(*registry.words).succeeded()
    assert registry.arrived
    assert set(registry.target) == {"v1", digest_of(registry.source["v1"])}


@pytest.mark.parametrize("place", [f"PATCH {UP}", "PUT /v2/target/app/manifests"])
def test_a_target_that_fails_for_good(acrbridge: Acrbridge, chunked: FaultyRegistry, place: str) -> None:
    chunked.fault = Times(-1, status(503), place)
    ended = acrbridge(*chunked.words, "--only-show-errors")
    ended.refused(1, "SERVICE_ERROR", "target 127.0.0.1", f"(503 for {place}", "tries)")
    assert ended.seconds < 60
    assert (chunked.target.get("v1"), chunked.uploads) == (None, {})
