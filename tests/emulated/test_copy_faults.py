"""A world that fails while an image is copied: the copy goes on, or ends soon, says why, and leaves no tag."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from emulated.faulty_registry import FaultyRegistry, Handler, digest_of
from emulated.local_azure import INHERITED, Acrbridge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LAYER = os.urandom(1 << 20) * 3
BLOB = f"/blobs/{digest_of(LAYER)}"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(tmp_path) as running:
        running.fill(LAYER)
        yield running


@pytest.fixture
def acrbridge(registry: FaultyRegistry, tmp_path: Path) -> Acrbridge:
    """The command line, not signed in, which trusts the registry."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    own = {"HOME": str(tmp_path), "ACRBRIDGE_CONFIG_DIR": str(tmp_path / "profile")}
    return Acrbridge({**inherited, **own, "REQUESTS_CA_BUNDLE": str(registry.ca_file)})


def arrived(registry: FaultyRegistry) -> bool:
    """Whether the image is at the target, whole and tagged."""
    there = registry.stored.get(digest_of(LAYER)) == LAYER
    return there and registry.target.get("v1") == registry.source["v1"]


class Times:
    """A fault of the first requests that hold these words."""

    def __init__(self, times: int, fault: Callable[[Handler], object], *words: str) -> None:
        self.left, self._fault, self._words = times, fault, words
        self._lock = threading.Lock()

    def __call__(self, handler: Handler) -> bool:
        line = f"{handler.command} {handler.path}"
        with self._lock:
            if self.left == 0 or not all(word in line for word in self._words):
                return False
            self.left -= 1
        self._fault(handler)
        return True


def cut(after: int) -> Callable[[Handler], None]:
    """End the connection with RST when so many bytes of the blob were sent."""

    def fault(handler: Handler) -> None:
        handler.wfile.write(handler.begin_part()[:after])
        time.sleep(0.05)  # RST throws away what was not read yet
        handler.reset()

    return fault


def end_early(handler: Handler) -> None:
    handler.wfile.write(handler.begin_part()[:100_000])
    handler.close_connection = True


def wrong_byte(handler: Handler) -> None:
    body = bytearray(handler.begin_part())
    body[1000] ^= 1
    handler.wfile.write(body)


def status(number: int, body: bytes = b"", **headers: str) -> Callable[[Handler], None]:
    return lambda handler: handler.answer(number, body, **headers)


def test_without_a_fault_it_arrives(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    acrbridge(*registry.words).succeeded()
    assert arrived(registry)
    assert registry.uploads == set()


@pytest.mark.parametrize("times", [1, 3, 7])
def test_a_blob_that_breaks_off_goes_on(acrbridge: Acrbridge, registry: FaultyRegistry, times: int) -> None:
    registry.fault = Times(times, cut(300_000), f"GET /v2/app{BLOB}")
    acrbridge(*registry.words).succeeded()
    assert arrived(registry)
    assert registry.count("GET", BLOB) == times + 1
    assert registry.count("PUT", "/blobs/uploads/") == 2


def test_a_body_that_ends_early_goes_on(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    registry.fault = Times(1, end_early, f"GET /v2/app{BLOB}")
    acrbridge(*registry.words).succeeded()
    assert arrived(registry)


def test_a_blob_that_never_comes_ends_it(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    registry.fault = Times(-1, cut(0), f"GET /v2/app{BLOB}")
    ended = acrbridge(*registry.words)
    ended.refused(6, "UNREACHABLE", "localhost")
    assert ended.seconds < 30
    assert registry.count("GET", BLOB) == 6
    assert registry.target == {}


def test_a_wrong_byte_is_never_committed(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    registry.fault = Times(-1, wrong_byte, f"GET /v2/app{BLOB}")
    ended = acrbridge(*registry.words)
    ended.refused(7, "DIGEST_MISMATCH", digest_of(LAYER))
    assert (registry.target, digest_of(LAYER) in registry.stored, registry.uploads) == ({}, False, set())
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
    once = Times(1, cut(300_000), f"GET /v2/app{BLOB}")

    def fault(handler: Handler) -> bool:
        if "Range" not in handler.headers:
            return once(handler)
        answer(handler)
        return True

    registry.fault = fault
    acrbridge(*registry.words).succeeded()
    assert arrived(registry)
    assert registry.count("GET", BLOB) == 3


PLACES = {
    "manifest": "GET /v2/app/manifests",
    "blob": f"GET /v2/app{BLOB}",
    "head": "HEAD /v2/target",
    "upload": "POST /v2/target",
    "commit": "PUT /v2/target/app/blobs/uploads/",
    "tag": "PUT /v2/target/app/manifests",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_burst_of_503(acrbridge: Acrbridge, registry: FaultyRegistry, place: str) -> None:
    registry.fault = Times(2, status(503), place)
    ended = acrbridge(*registry.words).succeeded()
    assert arrived(registry)
    assert ended.seconds < 12


def test_a_throttled_blob_waits_as_long_as_asked(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    registry.fault = Times(1, status(429, Retry_After="2"), f"GET /v2/app{BLOB}")
    ended = acrbridge(*registry.words).succeeded()
    assert arrived(registry)
    assert (registry.count("GET", BLOB), ended.seconds >= 2) == (2, True)


def test_an_upload_that_is_lost_begins_anew(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    lost = status(404, b'{"errors": [{"code": "BLOB_UPLOAD_UNKNOWN", "message": "unknown"}]}')
    registry.fault = Times(1, lost, "PUT /v2/target/app/blobs/uploads/")
    acrbridge(*registry.words).succeeded()
    assert arrived(registry)


def test_a_tag_whose_answer_is_lost(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    def store_and_reset(handler: Handler) -> None:
        registry.target["v1"] = registry.target[digest_of(handler.body)] = handler.body
        handler.reset()

    registry.fault = Times(1, store_and_reset, "PUT /v2/target/app/manifests/v1")
    acrbridge(*registry.words).succeeded()
    assert arrived(registry)


def test_a_target_that_only_claims_to_have_a_blob(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    missing = status(404, b'{"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown"}]}')
    refused = Times(1, missing, "PUT /v2/target/app/manifests")
    lie = Times(1, status(200), f"HEAD /v2/target/app{BLOB}")
    empty = Times(-1, status(200, b'{"tags": ["other"]}'), "/v2/target/app/tags/list")
    registry.fault = lambda handler: refused(handler) or lie(handler) or empty(handler)
    acrbridge(*registry.words).succeeded()
    assert arrived(registry)
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
    ended.refused(4, "REGISTRY_REFUSED", "127.0.0.1", "quota")
    assert ended.seconds < 3
    assert registry.count(*place.split()) == 2
    assert registry.target == {}


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


@pytest.mark.parametrize("stalls", ["source", "target"])
def test_interrupted_it_ends_at_once(acrbridge: Acrbridge, registry: FaultyRegistry, stalls: str) -> None:
    reached, over = threading.Event(), threading.Event()

    def stall(handler: Handler) -> None:
        if stalls == "source":
            handler.wfile.write(handler.begin_part()[:300_000])
        reached.set()
        over.wait(20)

    registry.fault = Times(
        1, stall, f"GET /v2/app{BLOB}" if stalls == "source" else "PUT /v2/target/app/blobs"
    )
    command = acrbridge.start(*registry.words)
    assert reached.wait(10)
    began = time.monotonic()
    command.process.send_signal(signal.SIGINT)
    ended = command.end()
    over.set()
    ended.refused(130, "INTERRUPTED")
    assert time.monotonic() - began < 2
    assert registry.target == {}
