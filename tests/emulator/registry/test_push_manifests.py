"""OCI distribution specification, "Push": manifests, and what makes one invalid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from emulator.registries import (
    CONFIG,
    CONTENT,
    LAYER,
    OCI_INDEX,
    OCI_MANIFEST,
    descriptor,
    encode,
    image,
    index,
    sha256,
)

if TYPE_CHECKING:
    from emulator.registries import Registries

DIGEST = sha256(encode(image()))
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
ABSENT = descriptor(b"never pushed", LAYER)
FOREIGN = descriptor(b"never pushed", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
NONDISTRIBUTABLE = descriptor(b"never pushed", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")

TAKEN: dict[str, dict[str, Any]] = {
    "image": image(),
    "docker image": image(mediaType=DOCKER_MANIFEST),
    "image without layers": image(layers=[]),
    "image with fields of its own": image(**{"org.example": {"x": 1}}),
    "foreign layer": image(layers=[FOREIGN]),
    "nondistributable layer": image(layers=[NONDISTRIBUTABLE]),
    "artifact": image(artifactType="application/vnd.example"),
    "index": index(image()),
    "index of nothing": index(),
    "absent subject": image(subject={**ABSENT, "mediaType": OCI_MANIFEST}),
}

REFUSED: dict[str, tuple[Any, int, str]] = {
    "absent layer": (image(layers=[ABSENT]), 404, "MANIFEST_BLOB_UNKNOWN"),
    "absent configuration": (image(config={**ABSENT, "mediaType": CONFIG}), 404, "MANIFEST_BLOB_UNKNOWN"),
    "absent child": (index(image(layers=[])), 404, "MANIFEST_BLOB_UNKNOWN"),
    "no object": ([], 400, "MANIFEST_INVALID"),
    "schema 1": (image(schemaVersion=1), 400, "MANIFEST_INVALID"),
    "layers and manifests": (image(manifests=[]), 400, "MANIFEST_INVALID"),
    "no configuration": ({k: v for k, v in image().items() if k != "config"}, 400, "MANIFEST_INVALID"),
    "no layers": ({k: v for k, v in image().items() if k != "layers"}, 400, "MANIFEST_INVALID"),
    "layers that are no list": (image(layers={"0": ABSENT}), 400, "MANIFEST_INVALID"),
    "layer without digest": (image(layers=[{"mediaType": LAYER, "size": 1}]), 400, "MANIFEST_INVALID"),
    "digest with a path": (image(layers=[{**ABSENT, "digest": "sha256:../x"}]), 400, "MANIFEST_INVALID"),
    "negative size": (image(layers=[{**ABSENT, "size": -1}]), 400, "MANIFEST_INVALID"),
    "size that is no integer": (image(layers=[{**ABSENT, "size": 1.0}]), 400, "MANIFEST_INVALID"),
    "size that is a truth": (image(layers=[{**ABSENT, "size": True}]), 400, "MANIFEST_INVALID"),
    "subject that is no descriptor": (image(subject="sha256:x"), 400, "MANIFEST_INVALID"),
}


@pytest.fixture
def filled(registries: Registries) -> Registries:
    """With one image."""
    registries.push_image("app", "v1")
    return registries


@pytest.mark.parametrize("manifest", TAKEN.values(), ids=TAKEN)
def test_these_manifests_are_taken(filled: Registries, manifest: dict[str, Any]) -> None:
    answer = filled.push_manifest("app", "new", manifest)
    digest = sha256(encode(manifest))
    assert (answer.status, answer.header("Docker-Content-Digest")) == (201, digest)
    assert filled.ask("GET", answer.header("Location")).body == encode(manifest)
    assert filled.ask("HEAD", "/v2/app/manifests/new").header("Docker-Content-Digest") == digest


@pytest.mark.parametrize(("manifest", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_these_manifests_are_refused(filled: Registries, manifest: Any, status: int, code: str) -> None:
    headers = {"Content-Type": manifest["mediaType"] if isinstance(manifest, dict) else OCI_MANIFEST}
    answer = filled.ask("PUT", "/v2/app/manifests/new", body=encode(manifest), headers=headers)
    assert (answer.status, answer.code) == (status, code)
    assert filled.ask("HEAD", "/v2/app/manifests/new").status == 404


BODIES = {
    "no JSON": b"{",
    "empty": b"",
    "too deep": b"[" * 100_000,
    "no UTF-8": b'{"schemaVersion": 2, "x": "\xff"}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_is_no_document_is_refused(filled: Registries, body: bytes) -> None:
    answer = filled.ask("PUT", "/v2/app/manifests/new", body=body, headers={"Content-Type": OCI_MANIFEST})
    assert (answer.status, answer.code) == (400, "MANIFEST_INVALID")


TYPES = {
    "that of the body": (OCI_MANIFEST, 201),
    "with a parameter": (f"{OCI_MANIFEST}; charset=utf-8", 201),
    "absent": ("", 201),
    "another than the body's": (OCI_INDEX, 400),
    "unknown": ("application/json", 400),
}


@pytest.mark.parametrize(("content_type", "status"), TYPES.values(), ids=TYPES)
def test_the_content_type_has_to_agree_with_the_body(
    filled: Registries, content_type: str, status: int
) -> None:
    headers = {"Content-Type": content_type}
    assert filled.ask("PUT", "/v2/app/manifests/new", body=encode(image()), headers=headers).status == status


def test_a_manifest_by_its_digest_has_to_have_it(filled: Registries) -> None:
    assert filled.push_manifest("app", DIGEST, image()).status == 201
    answer = filled.push_manifest("app", DIGEST, image(annotations={"a": "b"}))
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")


def test_a_push_by_digest_sets_the_tags_in_its_query(filled: Registries) -> None:
    answer = filled.push_manifest("app", f"{DIGEST}?tag=one&tag=two", image())
    assert (answer.status, answer.header("OCI-Tag")) == (201, "one, two")
    assert filled.ask("GET", "/v2/app/tags/list").json()["tags"] == ["one", "two", "v1"]


def test_a_push_by_digest_sets_ten_tags_and_no_more(filled: Registries) -> None:
    query = "&".join(f"tag=t{number}" for number in range(11))
    assert filled.push_manifest("app", f"{DIGEST}?{query}", image()).status == 414
    assert filled.push_manifest("app", f"{DIGEST}?tag=-", image()).code == "MANIFEST_INVALID"


def test_a_manifest_of_four_mebibytes_is_taken_and_no_larger_one(filled: Registries) -> None:
    room = (4 << 20) - len(encode(image(annotations={"a": ""})))
    assert filled.push_manifest("app", "large", image(annotations={"a": "x" * room})).status == 201
    answer = filled.push_manifest("app", "larger", image(annotations={"a": "x" * (room + 1)}))
    assert (answer.status, answer.code) == (413, "SIZE_INVALID")


def test_a_tag_moves_to_the_manifest_pushed_last(filled: Registries) -> None:
    changed = image(annotations={"a": "b"})
    filled.push_manifest("app", "v1", changed)
    assert filled.ask("GET", "/v2/app/manifests/v1").body == encode(changed)
    assert filled.ask("GET", f"/v2/app/manifests/{DIGEST}").status == 200


def test_a_blob_of_another_repository_does_not_do(filled: Registries) -> None:
    filled.push_blob("other", CONTENT)
    assert filled.push_manifest("other", "v1", image()).code == "MANIFEST_BLOB_UNKNOWN"
