from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acrbridge.errors import AcrBridgeError
from acrbridge.registry.contents import (
    ARTIFACT_MANIFEST,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    read_contents,
)
from unit.fakes import BIDI_AND_CONTROL, DIGEST, attempt, is_fit_to_print

TYPES = [OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST, ARTIFACT_MANIFEST]
GOOD = {"mediaType": "application/octet-stream", "digest": DIGEST, "size": 3}
SIZES = [1 << 62, 1 << 53, -1, 3.0, 0.5, True, False, "3", None, [], {}]
DIGESTS = [
    "sha256:../../../etc/passwd",
    "sha256:" + "A" * 64,
    "sha256:" + "a" * 63,
    "sha256:" + "a" * 65,
    "sha256:" + "a" * 64 + "\n",
    "sha256:" + "a" * 1_000_000,
    "md5:" + "a" * 32,
    "a" * 64,
    "",
    7,
    None,
    [],
]


def refused(document: Any, media_type: str = OCI_MANIFEST) -> str:
    """The message of the refusal of a manifest."""
    with pytest.raises(AcrBridgeError) as caught:
        read_contents(json.dumps(document).encode(), media_type)
    assert caught.value.code == "MANIFEST_INVALID"
    assert is_fit_to_print(caught.value.message)
    assert len(caught.value.message) < 500
    return caught.value.message


@pytest.mark.parametrize("size", SIZES, ids=repr)
def test_a_size_that_is_none(size: object) -> None:
    refused({"config": {**GOOD, "size": size}, "layers": []})
    refused({"manifests": [{**GOOD, "size": size}]}, OCI_INDEX)


@pytest.mark.parametrize("digest", DIGESTS, ids=lambda digest: repr(digest)[:30])
def test_a_digest_that_is_none(digest: object) -> None:
    refused({"config": GOOD, "layers": [{**GOOD, "digest": digest}]})
    refused({"manifests": [{**GOOD, "digest": digest}]}, DOCKER_LIST)
    refused({"config": GOOD, "layers": [], "subject": {**GOOD, "digest": digest}})


@pytest.mark.parametrize("media_type", [None, "", 7, []], ids=repr)
def test_a_media_type_that_is_none(media_type: object) -> None:
    refused({"config": {**GOOD, "mediaType": media_type}, "layers": []})


@pytest.mark.parametrize("items", [{}, {"a": GOOD}, "text", 7, [7], [None], [[GOOD]]], ids=repr)
def test_descriptors_that_are_no_list_of_objects(items: object) -> None:
    if items:
        refused({"config": GOOD, "layers": items})
        refused({"manifests": items}, OCI_INDEX)


@pytest.mark.parametrize(
    "media_type", ["", "text/html", "application/vnd.oci.image.config.v1+json", BIDI_AND_CONTROL]
)
def test_a_manifest_of_an_unknown_media_type(media_type: str) -> None:
    refused({"config": GOOD, "layers": []}, media_type)


def test_an_image_without_config() -> None:
    assert "descriptor" in refused({"layers": [GOOD]})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"7",
        b"\xff",
        b"{",
        b"[" * 100_000,
        b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}",
        b" " * (5 << 20),
    ],
    ids=["empty", "list", "number", "no UTF-8", "cut", "deep", "rather deep", "huge"],
)
def test_a_body_that_is_no_manifest(body: bytes) -> None:
    with pytest.raises(AcrBridgeError) as caught:
        read_contents(body, OCI_MANIFEST)
    assert caught.value.code == "MANIFEST_INVALID"


def test_urls_of_a_layer_are_read_and_make_nothing_foreign() -> None:
    found = Descriptor.read({**GOOD, "urls": ["http://169.254.169.254/", 7]})
    assert found.urls == ("http://169.254.169.254/",)
    assert not found.is_foreign


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DESCRIPTORS = st.fixed_dictionaries(
    {},
    optional={
        "mediaType": st.just("application/octet-stream") | JSON,
        "digest": st.just(DIGEST) | JSON,
        "size": st.just(3) | JSON,
        "platform": JSON | st.dictionaries(st.sampled_from(["os", "architecture", "variant"]), JSON),
        "urls": JSON,
        "artifactType": JSON,
    },
)
MANIFESTS = st.fixed_dictionaries(
    {},
    optional={
        "config": DESCRIPTORS | JSON,
        "layers": st.lists(DESCRIPTORS, max_size=3) | JSON,
        "manifests": st.lists(DESCRIPTORS, max_size=3) | JSON,
        "blobs": st.lists(DESCRIPTORS, max_size=3) | JSON,
        "subject": DESCRIPTORS | JSON,
    },
)


@given(MANIFESTS | JSON, st.sampled_from(TYPES) | st.text())
def test_whatever_a_manifest_says_is_read_or_refused(document: Any, media_type: str) -> None:
    found = attempt(lambda: read_contents(json.dumps(document).encode(), media_type))
    if isinstance(found, AcrBridgeError):
        assert is_fit_to_print(found.message)
    else:
        assert all(0 <= blob.size < 1 << 53 for blob in (*found.blobs, *found.children))


@given(st.binary(max_size=200), st.sampled_from(TYPES))
def test_whatever_bytes_come_are_read_or_refused(body: bytes, media_type: str) -> None:
    attempt(lambda: read_contents(body, media_type))
