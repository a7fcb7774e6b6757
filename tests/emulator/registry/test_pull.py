"""OCI distribution specification, "Pull": manifests and blobs, whole and in ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from emulator.registries import (
    CONTENT,
    MCR,
    OCI_MANIFEST,
    OPEN,
    Answer,
    Registries,
    encode,
    image,
    sha256,
    sha512,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MANIFEST = encode(image())
DIGEST = sha256(MANIFEST)
BLOB = sha256(CONTENT)
SIZE = len(CONTENT)
UNKNOWN = "sha256:" + "0" * 64

ANSWERS = {
    "manifest by tag": ("/v2/app/manifests/v1", 200, ""),
    "manifest by digest": (f"/v2/app/manifests/{DIGEST}", 200, ""),
    "manifest by an encoded digest": (f"/v2/app/manifests/{DIGEST.replace(':', '%3A')}", 200, ""),
    "unknown tag": ("/v2/app/manifests/v2", 404, "MANIFEST_UNKNOWN"),
    "unknown digest": (f"/v2/app/manifests/{UNKNOWN}", 404, "MANIFEST_UNKNOWN"),
    "unknown repository": ("/v2/other/manifests/v1", 404, "MANIFEST_UNKNOWN"),
    "digest in upper case": (f"/v2/app/manifests/{DIGEST.upper()}", 400, "DIGEST_INVALID"),
    "no tag": ("/v2/app/manifests/-v1", 400, "MANIFEST_INVALID"),
    "no repository": ("/v2/App/manifests/v1", 400, "NAME_INVALID"),
    "parent folder": ("/v2/../app/manifests/v1", 400, "NAME_INVALID"),
    "line break in a name": ("/v2/a%0d%0ab/manifests/v1", 400, "NAME_INVALID"),
    "blob": (f"/v2/app/blobs/{BLOB}", 200, ""),
    "unknown blob": (f"/v2/app/blobs/{UNKNOWN}", 404, "BLOB_UNKNOWN"),
    "blob of another repository": (f"/v2/other/blobs/{BLOB}", 404, "BLOB_UNKNOWN"),
    "blob by a path": ("/v2/app/blobs/sha256:..%2f..%2fx", 404, "UNSUPPORTED"),
    "path of nothing": ("/v3/app", 404, "UNSUPPORTED"),
}


@pytest.fixture
def pull(registries: Registries) -> Callable[..., Answer]:
    registries.push_image("app", "v1")
    return registries.ask


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("target", "status", "code"), ANSWERS.values(), ids=ANSWERS)
def test_what_a_pull_answers(
    pull: Callable[..., Answer], method: str, target: str, status: int, code: str
) -> None:
    answer = pull(method, target)
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize("reference", ["v1", DIGEST])
def test_a_manifest_comes_as_it_was_pushed(pull: Callable[..., Answer], reference: str) -> None:
    answer = pull("GET", f"/v2/app/manifests/{reference}")
    assert (answer.body, answer.header("Content-Type")) == (MANIFEST, OCI_MANIFEST)
    assert answer.header("Docker-Content-Digest") == DIGEST
    assert answer.header("Content-Length") == str(len(MANIFEST))


def test_head_of_a_blob_gives_size_and_digest(pull: Callable[..., Answer]) -> None:
    answer = pull("HEAD", f"/v2/app/blobs/{BLOB}")
    assert (answer.header("Content-Length"), answer.body) == (str(SIZE), b"")
    assert answer.header("Docker-Content-Digest") == BLOB


RANGES = {
    "first bytes": ("bytes=0-9", 206, CONTENT[:10], f"bytes 0-9/{SIZE}"),
    "middle": ("bytes=10-19", 206, CONTENT[10:20], f"bytes 10-19/{SIZE}"),
    "to the end": ("bytes=170-", 206, CONTENT[170:], f"bytes 170-{SIZE - 1}/{SIZE}"),
    "last bytes": ("bytes=-5", 206, CONTENT[-5:], f"bytes {SIZE - 5}-{SIZE - 1}/{SIZE}"),
    "more last bytes than there are": ("bytes=-9999", 206, CONTENT, f"bytes 0-{SIZE - 1}/{SIZE}"),
    "over the end": ("bytes=0-4194303", 206, CONTENT, f"bytes 0-{SIZE - 1}/{SIZE}"),
    "several ranges": ("bytes=0-1,3-4", 200, CONTENT, ""),
    "another unit": ("lines=0-1", 200, CONTENT, ""),
    "no range": ("bytes=-", 200, CONTENT, ""),
}


@pytest.mark.parametrize(("wanted", "status", "body", "content_range"), RANGES.values(), ids=RANGES)
def test_what_a_range_gives(
    pull: Callable[..., Answer], wanted: str, status: int, body: bytes, content_range: str
) -> None:
    answer = pull("GET", f"/v2/app/blobs/{BLOB}", headers={"Range": wanted})
    assert (answer.status, answer.body) == (status, body)
    assert answer.header("Content-Range") == content_range


@pytest.mark.parametrize("wanted", [f"bytes={SIZE}-", "bytes=99-9", "bytes=-0"])
def test_a_range_without_bytes_is_refused_with_the_size(pull: Callable[..., Answer], wanted: str) -> None:
    answer = pull("GET", f"/v2/app/blobs/{BLOB}", headers={"Range": wanted})
    assert (answer.status, answer.header("Content-Range")) == (416, f"bytes */{SIZE}")


def test_a_registry_can_be_without_ranges(registries: Registries) -> None:
    digest = registries.push_blob("app", CONTENT)
    registries.state.link_blobs(MCR, "app", [digest])
    answer = registries.ask("GET", f"/v2/app/blobs/{digest}", MCR, headers={"Range": "bytes=0-9"})
    assert (answer.status, answer.body, answer.header("Accept-Ranges")) == (200, CONTENT, "")


def test_a_blob_of_many_reads_comes_whole(registries: Registries) -> None:
    content = bytes(range(256)) * 10_000
    digest = registries.push_blob("app", content)
    assert registries.ask("GET", f"/v2/app/blobs/{digest}").body == content


def test_sha512_names_manifests_and_blobs_too(registries: Registries) -> None:
    digest = sha512(CONTENT)
    target = f"/v2/app/blobs/uploads/?digest={digest}"
    assert registries.ask("POST", target, body=CONTENT).status == 201
    assert registries.ask("GET", f"/v2/app/blobs/{digest}").body == CONTENT
    registries.push_image("app", "v1")
    assert registries.push_manifest("app", sha512(MANIFEST), image()).status == 201
    assert registries.ask("GET", f"/v2/app/manifests/{sha512(MANIFEST)}").body == MANIFEST


def test_a_method_that_a_path_has_not_is_refused_with_those_it_has(registries: Registries) -> None:
    answer = registries.ask("PATCH", "/v2/app/manifests/v1")
    assert (answer.status, answer.header("Allow")) == (405, "DELETE, GET, PUT")


def test_every_answer_says_that_this_is_a_registry(registries: Registries) -> None:
    for target in ("/v2/", "/v2/app/manifests/v1"):
        answer = registries.ask("GET", target, OPEN)
        assert answer.header("Docker-Distribution-Api-Version") == "registry/2.0"
        assert len(answer.header("X-Ms-Correlation-Request-Id")) == 36
