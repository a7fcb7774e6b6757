"""Registries that mean harm to who copies from them: they lie, go on without end, move what is being copied."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from emulated.faulty_registry import FaultyRegistry, Handler, digest_of
from emulated.local_azure import INHERITED, Acrbridge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
MEBIBYTE = 1 << 20


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(tmp_path) as running:
        running.fill(b"layer")
        yield running


@pytest.fixture
def acrbridge(registry: FaultyRegistry, tmp_path: Path) -> Acrbridge:
    """The command line, not signed in, which trusts the registry."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    own = {"HOME": str(tmp_path), "ACRBRIDGE_CONFIG_DIR": str(tmp_path / "profile")}
    return Acrbridge({**inherited, **own, "REQUESTS_CA_BUNDLE": str(registry.ca_file)})


def child(body: bytes, media_type: str = INDEX) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(body), "size": len(body)}


def index(*children: dict[str, Any]) -> bytes:
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": children}).encode()


def serves(body: bytes, *words: str) -> Any:
    """A fault: the source's manifests whose paths hold these words are this index."""

    def fault(handler: Handler) -> bool:
        asked = handler.command == "GET" and handler.path.startswith("/v2/app/manifests/")
        if not asked or not all(word in handler.path for word in words):
            return False
        handler.answer(200, body, Content_Type=INDEX)
        return True

    return fault


def test_an_index_that_is_served_for_any_digest_is_caught_by_its_digest(
    acrbridge: Acrbridge, registry: FaultyRegistry
) -> None:
    body = index({**child(b"itself"), "size": 1000})
    registry.fault = serves(body)
    acrbridge(*registry.words).refused(7, "DIGEST_MISMATCH", digest_of(b"itself"))
    assert registry.target == {}


def test_an_index_with_very_many_children_is_refused_before_one_is_asked_for(
    acrbridge: Acrbridge, registry: FaultyRegistry
) -> None:
    registry.fault = serves(index(*(child(b"%d" % number) for number in range(20_000))), "/v1")
    ended = acrbridge(*registry.words)
    ended.refused(1, "MANIFEST_INVALID", "10000")
    assert ended.seconds < 10
    assert registry.count("GET", "/v2/app/manifests/") == 1


def test_a_manifest_without_end_is_left_at_the_limit(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    def endless(handler: Handler) -> bool:
        if not handler.path.startswith("/v2/app/manifests/"):
            return False
        handler.send_response(200)
        handler.send_header("Content-Type", IMAGE)
        handler.end_headers()
        while True:
            handler.wfile.write(b" " * MEBIBYTE)

    registry.fault = endless
    ended = acrbridge(*registry.words)
    ended.refused(1, "ANSWER_TOO_LARGE")
    assert ended.seconds < 10


def test_a_tag_that_moves_after_it_was_read_brings_what_was_read(
    acrbridge: Acrbridge, registry: FaultyRegistry
) -> None:
    first = registry.source["v1"]

    def swap(handler: Handler) -> bool:
        if handler.path == "/v2/app/manifests/v1":
            handler.serve()
            registry.fill(b"another layer")
            return True
        return False

    registry.fault = swap
    result = acrbridge(*registry.words).succeeded().json()
    assert result["digests"] == {"v1": digest_of(first)}
    assert registry.target["v1"] == first
    assert digest_of(b"another layer") not in registry.stored


def test_referrers_that_refer_to_each_other_come_once(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    image = registry.source["v1"]

    def circular(handler: Handler) -> bool:
        if handler.path.startswith("/v2/app/referrers/"):
            handler.answer(200, index(child(image, IMAGE)), Content_Type=INDEX)
            return True
        return False

    registry.fault = circular
    acrbridge(*registry.words[:-1]).succeeded()
    assert registry.target["v1"] == image
    assert registry.count("GET", "/v2/app/referrers/") == 1


def test_referrers_on_pages_that_lead_back_to_themselves_end(
    acrbridge: Acrbridge, registry: FaultyRegistry
) -> None:
    def looping(handler: Handler) -> bool:
        if handler.path.startswith("/v2/app/referrers/"):
            handler.answer(200, index(), Content_Type=INDEX, Link=f'<{handler.path}>; rel="next"')
            return True
        return False

    registry.fault = looping
    acrbridge(*registry.words[:-1]).refused(1, "ANSWER_UNINTELLIGIBLE")
    assert registry.count("GET", "/v2/app/referrers/") == 1
