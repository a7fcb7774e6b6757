from __future__ import annotations

import json
import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acrbridge.errors import AcrBridgeError, NotFoundError, UsageError, VerificationError
from acrbridge.registry.contents import OCI_INDEX, OCI_MANIFEST
from acrbridge.registry.folder import Folder
from acrbridge.registry.layout import Layout
from unit.fakes import is_fit_to_print
from unit.registry.layouts import listed, write_json, write_layout
from unit.transfer.places import Place, as_json, digest_of

SECRET = b"not for layouts"
EVIL = "sha256:../../../secret"


@pytest.fixture
def place() -> Place:
    """An image with the tag v1."""
    place = Place()
    place.image(b"layer", tag="v1")
    return place


@pytest.fixture
def folder(tmp_path: Path, place: Place) -> Path:
    (tmp_path / "secret").write_bytes(SECRET)
    return write_layout(tmp_path / "layout", place)


@pytest.fixture(params=[True, False], ids=["descriptors", "paths"])
def opened(request: pytest.FixtureRequest) -> Callable[[Path], Layout]:
    """Opens a layout as this system does it, and as Windows does."""

    def read(folder: Path) -> Layout:
        opened = Folder(folder, "oci:layout", has_descriptors=request.param)
        request.addfinalizer(opened.close)
        return Layout.read(opened)

    return read


Opened = Callable[[Path], Layout]


def blob_file(folder: Path, digest: str) -> Path:
    return folder / "blobs" / "sha256" / digest.partition(":")[2]


def read_blob(layout: Layout, digest: str, offset: int = 0) -> bytes:
    buffer = bytearray(100)
    with layout.open_blob(digest, offset) as section:
        return bytes(buffer[: section.readinto(memoryview(buffer))])


def refused(read: Callable[[], Any], code: str, *words: str) -> None:
    began = time.monotonic()
    with pytest.raises(AcrBridgeError) as caught:
        read()
    assert time.monotonic() - began < 5
    assert caught.value.code == code, caught.value.message
    assert is_fit_to_print(caught.value.message)
    assert [word for word in words if word not in caught.value.message] == [], caught.value.message


def test_manifests_are_read_by_tag_and_by_digest(opened: Opened, folder: Path, place: Place) -> None:
    layout = opened(folder)
    digest = place.tagged["v1"]
    assert list(layout.tags()) == ["v1"]
    assert layout.manifest("v1").digest == layout.manifest(digest).digest == digest
    assert layout.manifest("v1").media_type == OCI_MANIFEST


def test_blobs_are_read_from_an_offset(opened: Opened, folder: Path) -> None:
    assert read_blob(opened(folder), digest_of(b"layer")) == b"layer"
    assert read_blob(opened(folder), digest_of(b"layer"), 2) == b"yer"


def test_children_of_an_index_need_not_say_what_they_are(opened: Opened, tmp_path: Path) -> None:
    place = Place()
    child = place.add({"mediaType": None, "config": place.blob(b"{}"), "layers": []}, OCI_MANIFEST)
    body = json.dumps({"schemaVersion": 2, "config": place.blob(b"{}"), "layers": []}).encode()
    place.blobs[digest_of(body)] = body
    root = place.index((child, ""), tag="v1")
    layout = opened(write_layout(tmp_path / "layout", place))
    assert layout.manifest(digest_of(body)).media_type == OCI_MANIFEST
    assert layout.manifest(root.digest).media_type == OCI_INDEX


def test_a_tag_that_is_not_there_is_said_with_those_that_are(opened: Opened, folder: Path) -> None:
    with pytest.raises(NotFoundError, match="no tag v2, but v1"):
        opened(folder).manifest("v2")
    assert opened(folder).digest_of("v2") is None


@pytest.mark.parametrize(
    ("name", "tag"),
    [("v1", "v1"), ("docker.io/library/app:v1", "v1"), ("localhost:5000/app", None), ("localhost:5000/app:v1", "v1"),
     ("../../x", None), ("a\0b", None), ("v" * 300, None), ("", None), (f"app@{digest_of(b'')}", None), (7, None)],
)  # fmt: skip
def test_a_name_counts_where_it_is_a_tag_or_ends_with_one(
    opened: Opened, tmp_path: Path, name: Any, tag: str | None
) -> None:
    place = Place()
    image = place.image(b"layer")
    layout = opened(write_layout(tmp_path / "layout", place, listed(image, name)))
    assert list(layout.tags()) == ([tag] if tag else [])
    assert layout.sole_version() == (tag or image.digest)


def test_titles_are_not_paths(opened: Opened, tmp_path: Path) -> None:
    place = Place()
    image = place.image(b"layer", tag="v1", annotations={"org.opencontainers.image.title": "../../secret"})
    assert opened(write_layout(tmp_path / "layout", place)).manifest("v1").digest == image.digest


def test_a_tag_of_several_images_is_ambiguous(opened: Opened, tmp_path: Path) -> None:
    place = Place()
    names = [listed(place.image(name.encode()), f"docker.io/library/{name}:v1") for name in "ab"]
    layout = opened(write_layout(tmp_path / "layout", place, *names))
    with pytest.raises(UsageError) as caught:
        layout.manifest("v1")
    assert all(item["digest"] in caught.value.remedy for item in names)


def test_of_several_images_one_has_to_be_named(opened: Opened, tmp_path: Path) -> None:
    place = Place()
    for tag in ("v1", "v2"):
        place.image(tag.encode(), tag=tag)
    with pytest.raises(UsageError, match="holds v1, v2"):
        opened(write_layout(tmp_path / "layout", place)).sole_version()


def test_a_layout_without_an_image_says_so(opened: Opened, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="holds no image"):
        opened(write_layout(tmp_path / "layout", Place())).sole_version()


def test_what_refers_to_an_image_is_found_among_what_is_listed(opened: Opened, tmp_path: Path) -> None:
    place = Place()
    image = place.image(b"layer")
    signature = place.image(b"signature", subject=as_json(image), artifactType="application/example")
    sbom = place.image(b"sbom", subject=as_json(image))
    layout = opened(write_layout(tmp_path / "layout", place, *map(listed, (image, signature, sbom))))
    assert [(d.digest, d.artifact_type) for d in layout.referrers(image.digest)] == [
        (signature.digest, "application/example"),
        (sbom.digest, "application/vnd.oci.image.config.v1+json"),
    ]
    assert layout.sole_version() == image.digest


# Hostile


def test_a_blob_that_is_not_there_is_said(opened: Opened, folder: Path) -> None:
    with pytest.raises(NotFoundError, match="has no blobs/sha256"):
        read_blob(opened(folder), digest_of(b"other"))


@pytest.mark.parametrize(
    "digest", [EVIL, "sha256:", f"sha256:{'A' * 64}", "md5:abc", "sha256:" + "0" * 10**6]
)
def test_what_is_no_digest_is_refused_and_opens_nothing(opened: Opened, folder: Path, digest: str) -> None:
    seen: list[str] = []
    watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "open":
            seen.append(str(arguments[0]))

    sys.addaudithook(watch)
    document = {"mediaType": OCI_MANIFEST, "digest": digest, "size": 2}
    write_json(folder / "index.json", {"schemaVersion": 2, "manifests": [document]})
    seen.clear()
    refused(lambda: opened(folder), "LAYOUT_INVALID", "is no digest")
    watching = False
    assert not [path for path in seen if "secret" in path or "passwd" in path]


@pytest.mark.parametrize("size", [1 << 62, -1, 1.5, "5", True, None])
def test_what_is_no_size_is_refused_and_takes_no_memory(opened: Opened, folder: Path, size: Any) -> None:
    document = {"mediaType": OCI_MANIFEST, "digest": digest_of(b""), "size": size}
    write_json(folder / "index.json", {"schemaVersion": 2, "manifests": [document]})
    tracemalloc.start()
    refused(lambda: opened(folder), "LAYOUT_INVALID", "is no size")
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


def test_a_manifest_larger_than_any_is_refused_unread(opened: Opened, folder: Path, place: Place) -> None:
    with blob_file(folder, place.tagged["v1"]).open("r+b") as file:
        file.truncate(1 << 40)
    tracemalloc.start()
    refused(lambda: opened(folder).manifest("v1"), "LAYOUT_INVALID", "more than 4,194,304")
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


def test_a_manifest_of_another_size_or_digest_is_refused(opened: Opened, folder: Path, place: Place) -> None:
    file = blob_file(folder, place.tagged["v1"])
    file.write_bytes(file.read_bytes()[:-1] + b" ")
    with pytest.raises(VerificationError):
        opened(folder).manifest("v1")
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(VerificationError):
        opened(folder).manifest("v1")


def test_a_manifest_that_is_image_and_index_is_refused(opened: Opened, tmp_path: Path) -> None:
    place = Place()
    place.image(b"layer", tag="v1", manifests=[])
    layout = opened(write_layout(tmp_path / "layout", place))
    refused(lambda: layout.manifest("v1"), "MANIFEST_AMBIGUOUS")


@pytest.mark.parametrize("more", [{"layers": []}, {"config": {}}, {"mediaType": OCI_MANIFEST}])
def test_a_list_of_images_that_is_an_image_too_is_refused(
    opened: Opened, folder: Path, more: dict[str, Any]
) -> None:
    write_json(folder / "index.json", {"schemaVersion": 2, "manifests": [], **more})
    refused(lambda: opened(folder), "LAYOUT_INVALID")


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"{}", b'{"manifests": 1}', b"[" * 100_000])
def test_a_list_of_images_that_is_none_is_refused(opened: Opened, folder: Path, content: bytes) -> None:
    (folder / "index.json").write_bytes(content)
    refused(lambda: opened(folder), "LAYOUT_INVALID", "index.json")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"imageLayoutVersion": "2.0.0"}', b" " * 10_000])
def test_a_layout_of_no_known_version_is_refused(opened: Opened, folder: Path, content: bytes) -> None:
    (folder / "oci-layout").write_bytes(content)
    refused(lambda: opened(folder), "LAYOUT_INVALID", "oci-layout")


@pytest.mark.parametrize("name", ["oci-layout", "index.json"])
def test_a_folder_without_the_files_of_a_layout_is_none(opened: Opened, folder: Path, name: str) -> None:
    (folder / name).unlink()
    refused(lambda: opened(folder), "LAYOUT_INVALID", f"has no {name}")


def a_link(path: Path) -> None:
    path.symlink_to(path.parents[2] / "secret")


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.mkdir()


WORDS: dict[Callable[[Path], None], str] = {a_link: "a link", a_pipe: "a pipe", a_folder: "a folder"}


@pytest.mark.parametrize("make", WORDS)
@pytest.mark.parametrize("name", ["oci-layout", "index.json"])
def test_a_list_of_images_that_is_no_plain_file_is_refused(
    opened: Opened, folder: Path, name: str, make: Callable[[Path], None]
) -> None:
    (folder / name).unlink()
    make(folder / name)
    refused(lambda: opened(folder), "FILE_UNREADABLE", name, WORDS[make])


@pytest.mark.parametrize("make", WORDS)
def test_a_blob_that_is_no_plain_file_is_refused(
    opened: Opened, folder: Path, make: Callable[[Path], None]
) -> None:
    file = blob_file(folder, digest_of(b"layer"))
    file.unlink()
    make(file)
    layout = opened(folder)
    refused(lambda: read_blob(layout, digest_of(b"layer")), "FILE_UNREADABLE", WORDS[make])


@pytest.mark.parametrize("name", ["blobs", "blobs/sha256"])
def test_a_folder_that_is_a_link_is_not_followed(opened: Opened, folder: Path, name: str) -> None:
    (folder / name).rename(folder / "moved")
    (folder / name).symlink_to(folder / "moved")
    layout = opened(folder)
    refused(lambda: layout.manifest("v1"), "FILE_UNREADABLE", "is a link")


def test_the_layout_itself_may_be_a_link(opened: Opened, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert list(opened(tmp_path / "link").tags()) == ["v1"]


def test_a_folder_that_is_changed_into_a_link_meanwhile_leads_nowhere(folder: Path, tmp_path: Path) -> None:
    opened = Folder(folder, "oci:layout")
    layout = Layout.read(opened)
    layout.manifest("v1")
    (folder / "blobs").rename(tmp_path / "blobs")
    (folder / "blobs").symlink_to(tmp_path)
    assert read_blob(layout, digest_of(b"layer")) == b"layer"
    opened.close()
