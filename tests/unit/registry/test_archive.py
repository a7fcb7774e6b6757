from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from acrbridge.errors import AcrBridgeError, NetworkError, TargetExistsError, VerificationError
from acrbridge.http.deadlines import Cancelled
from acrbridge.registry.archive import Archive
from acrbridge.registry.archive_target import ArchiveTarget
from acrbridge.registry.contents import Descriptor
from acrbridge.registry.layout import Layout
from acrbridge.transfer.copy import Copy, Options
from unit.fakes import FakeClock
from unit.registry.layouts import check_sound, entries, pack, unpack, write_layout
from unit.registry.test_layout_target import MEBIBYTE, at_most
from unit.transfer.places import Place, as_json, digest_of


@pytest.fixture
def source() -> Place:
    return Place("source", referring={})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where an archive is written."""
    return tmp_path / "site" / "app.tar"


def read(path: Path) -> Layout:
    return Layout.read(Archive(path, "oci-archive:app.tar"))


def refused(path: Path, code: str, *words: str) -> AcrBridgeError:
    with pytest.raises(AcrBridgeError) as caught:
        read(path).manifest("v1")
    assert caught.value.code == code
    assert [word for word in words if word not in caught.value.message] == [], caught.value.message
    return caught.value


# Read


def test_a_folder_is_no_archive_and_the_way_to_name_it_is_said(tmp_path: Path) -> None:
    assert refused(tmp_path, "FILE_UNREADABLE", "no plain file").remedy.endswith("write oci:PATH")


def test_an_archive_that_tar_made_is_read_where_it_lies(tmp_path: Path, source: Place) -> None:
    root = source.image(b"layer", tag="v1")
    layout = read(pack(write_layout(tmp_path / "layout", source), tmp_path / "app.tar"))
    assert layout.manifest("v1").digest == root.digest
    buffer = bytearray(10)
    with layout.open_blob(digest_of(b"layer"), 2) as section:
        assert buffer[: section.readinto(memoryview(buffer))] == b"yer"


def test_files_that_docker_adds_do_not_matter(tmp_path: Path, source: Place) -> None:
    source.image(b"layer", tag="v1")
    folder = write_layout(tmp_path / "layout", source)
    (folder / "manifest.json").write_text("[]")
    (folder / "repositories").symlink_to("manifest.json")
    assert list(read(pack(folder, tmp_path / "app.tar")).tags()) == ["v1"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE])
@pytest.mark.parametrize("name", ["index.json", "oci-layout"])
def test_a_file_of_the_layout_that_is_a_link_is_refused(
    tmp_path: Path, source: Place, name: str, kind: bytes
) -> None:
    def change(info: tarfile.TarInfo) -> None:
        if info.name == f"./{name}":
            info.type, info.linkname, info.size = kind, "/etc/hostname", 0

    source.image(b"layer", tag="v1")
    refused(pack(write_layout(tmp_path / "layout", source), tmp_path / "app.tar", change), "LAYOUT_INVALID")


@pytest.mark.parametrize("name", ["../index.json", "/index.json", "a/../index.json", "blobs/../index.json"])
def test_names_that_lead_elsewhere_name_nothing(tmp_path: Path, source: Place, name: str) -> None:
    def change(info: tarfile.TarInfo) -> None:
        if info.name == "./index.json":
            info.name = name

    archive = pack(write_layout(tmp_path / "layout", source), tmp_path / "app.tar", change)
    refused(archive, "LAYOUT_INVALID", "has no index.json")


def test_a_name_that_comes_twice_is_refused(tmp_path: Path, source: Place) -> None:
    folder = write_layout(tmp_path / "layout", source)
    with tarfile.open(pack(folder, tmp_path / "app.tar"), "a") as tar:
        tar.add(folder / "index.json", "index.json")
    refused(tmp_path / "app.tar", "LAYOUT_INVALID", "index.json is in it twice")


@pytest.mark.parametrize(
    ("compress", "unpack"),
    [(gzip.compress, "gunzip"), (bz2.compress, "bunzip2"), (lzma.compress, "unxz")],
)
def test_a_compressed_archive_is_refused_with_what_to_do(
    tmp_path: Path, source: Place, compress: Callable[[bytes], bytes], unpack: str
) -> None:
    path = pack(write_layout(tmp_path / "layout", source), tmp_path / "app.tar")
    path.write_bytes(compress(path.read_bytes()))
    assert unpack in refused(path, "LAYOUT_INVALID", "compressed").remedy


def test_an_archive_of_the_folder_instead_of_what_is_in_it_is_refused_with_what_to_do(
    tmp_path: Path, source: Place
) -> None:
    write_layout(tmp_path / "above" / "site", source)
    path = pack(tmp_path / "above", tmp_path / "app.tar")
    assert "tar -C" in refused(path, "LAYOUT_INVALID", "a layout in its folder site").remedy


def test_a_pipe_is_no_archive(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "app.tar")
    refused(tmp_path / "app.tar", "FILE_UNREADABLE")


# Written


def copied(source: Place, path: Path, *tags: str) -> None:
    with ArchiveTarget(path, "oci-archive:app.tar") as target:
        copy = Copy(source, target, FakeClock(), Options(), concurrency=4)
        try:
            for tag in tags:
                copy.image(tag, [] if tag.startswith("sha256:") else [tag])
        finally:
            copy.close()


def test_an_archive_is_a_layout_that_pythons_tar_reads(source: Place, path: Path, tmp_path: Path) -> None:
    children = [
        (source.image(bytes(size), b"shared"), "linux/amd64") for size in (0, 1, 511, 512, 513, MEBIBYTE)
    ]
    root = source.index(*children, tag="v1")
    signature = source.image(b"signature", subject=as_json(root))
    source.referring = {root.digest: [signature]}
    other = source.image(b"other")
    copied(source, path, "v1", other.digest)
    folder = unpack(path, tmp_path / "unpacked")
    assert check_sound(folder) == len(source.blobs) + len(source.manifests)
    assert entries(folder) == [(root.digest, "v1"), (signature.digest, None), (other.digest, None)]
    assert path.stat().st_size % 512 == 0
    assert [file.name for file in path.parent.iterdir()] == ["app.tar"]


def test_an_archive_is_read_as_it_was_written(source: Place, path: Path) -> None:
    root = source.image(b"layer", tag="v1")
    copied(source, path, "v1")
    assert read(path).manifest("v1").body == source.manifests[root.digest].body


def test_several_tags_share_their_blobs(source: Place, path: Path, tmp_path: Path) -> None:
    for tag in ("v1", "v2"):
        source.image(b"shared", tag.encode(), tag=tag)
    copied(source, path, "v1", "v2")
    assert check_sound(unpack(path, tmp_path / "unpacked")) == len(source.blobs) + 2


def test_an_archive_that_is_there_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"mine")
    with pytest.raises(TargetExistsError) as caught:
        ArchiveTarget(path, "oci-archive:app.tar")
    assert caught.value.exit_status == 5
    assert path.read_bytes() == b"mine"


def test_drafts_of_a_process_that_died_go_and_those_of_others_stay(source: Place, path: Path) -> None:
    path.parent.mkdir()
    source.image(b"layer", tag="v1")
    names = (".app.tar.0123456789abcdef", ".app.tar.fedcba9876543210", ".app.tar.notes")
    old, new, others = (path.parent / name for name in names)
    for draft in (old, new, others):
        draft.write_bytes(b"half")
    for draft in (old, others):
        os.utime(draft, (time.time() - 7200,) * 2)
    copied(source, path, "v1")
    assert {file.name for file in path.parent.iterdir()} == {path.name, new.name, others.name}


def test_an_archive_that_came_meanwhile_is_left_alone(source: Place, path: Path) -> None:
    source.image(b"layer", tag="v1")
    target = ArchiveTarget(path, "oci-archive:app.tar")
    target.put_manifest("v1", source.manifest("v1"))
    path.write_bytes(b"mine")
    with pytest.raises(TargetExistsError), target:
        pass
    assert [(file.name, file.read_bytes()) for file in path.parent.iterdir()] == [("app.tar", b"mine")]


def test_a_blob_that_failed_has_its_place_again(source: Place, path: Path, tmp_path: Path) -> None:
    layer = bytes(range(256)) * 100
    source.image(layer, b"other", tag="v1")
    source.breaks = [300] + [0] * 100
    with pytest.raises(NetworkError):
        copied(source, path, "v1")
    source.breaks = [300]
    copied(source, path, "v1")
    assert check_sound(unpack(path, tmp_path / "unpacked")) == len(source.blobs) + 1


class Broken:
    """A body that ends with an error after its first bytes."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __len__(self) -> int:
        return 5

    def __iter__(self) -> Iterator[memoryview]:
        yield memoryview(b"la")
        raise self._error


class Whole(list[memoryview]):
    """A body of one piece; its length is that of its bytes."""

    def __len__(self) -> int:
        return 5


LAYER = Descriptor("application/octet-stream", digest_of(b"layer"), 5)


def test_a_blob_that_comes_at_the_second_try_is_whole(path: Path, tmp_path: Path, source: Place) -> None:
    source.image(b"layer", tag="v1")
    with ArchiveTarget(path, "oci-archive:app.tar") as target:
        with pytest.raises(NetworkError):
            target.put_blob(LAYER, Broken(NetworkError("UNREACHABLE", "broke off")))
        assert not target.has_blob(LAYER.digest)
        target.put_blob(LAYER, Whole([memoryview(b"layer")]))
        target.put_manifest("v1", source.manifest("v1"))
    assert check_sound(unpack(path, tmp_path / "unpacked")) == 2


@pytest.mark.parametrize("error", [NetworkError("UNREACHABLE", "broke off"), Cancelled()])
def test_an_archive_with_a_blob_that_never_came_is_given_up(path: Path, error: Exception) -> None:
    target = ArchiveTarget(path, "oci-archive:app.tar")
    with pytest.raises(type(error)):
        target.put_blob(LAYER, Broken(error))
    with pytest.raises(type(error)), target:
        pass
    assert list(path.parent.iterdir()) == []


def test_a_wrong_byte_leaves_no_file(source: Place, path: Path) -> None:
    source.image(b"layer", tag="v1")
    source.blobs[digest_of(b"layer")] = b"lAyer"
    with pytest.raises(VerificationError):
        copied(source, path, "v1")
    assert list(path.parent.iterdir()) == []


def test_an_interrupt_leaves_no_file(source: Place, path: Path) -> None:
    source.image(b"layer", tag="v1")
    target = ArchiveTarget(path, "oci-archive:app.tar")
    target.put_manifest("v1", source.manifest("v1"))
    with pytest.raises(KeyboardInterrupt), target:
        raise KeyboardInterrupt
    assert list(path.parent.iterdir()) == []


def test_a_disk_that_fills_up_leaves_no_file(source: Place, path: Path) -> None:
    source.image(bytes(MEBIBYTE), tag="v1")
    with at_most(MEBIBYTE // 2), pytest.raises(AcrBridgeError) as caught:
        copied(source, path, "v1")
    assert caught.value.code == "DISK_FULL"
    needed = re.findall(r"([0-9,]+) bytes are needed, [0-9,]+ are free", caught.value.message)
    assert MEBIBYTE < int(needed[0].replace(",", "")) < MEBIBYTE + 10_000
    assert list(path.parent.iterdir()) == []


def test_nothing_put_makes_no_archive(path: Path) -> None:
    with ArchiveTarget(path, "oci-archive:app.tar") as target:
        assert target.is_empty()
        assert target.digest_of("v1") is None
    assert not path.parent.exists()


def test_blobs_are_written_side_by_side(source: Place, path: Path, tmp_path: Path) -> None:
    bodies = [bytes([number]) * (1000 + number) for number in range(16)]
    meeting = threading.Barrier(len(bodies))

    class Meeting(Whole):
        def __iter__(self) -> Iterator[memoryview]:
            meeting.wait(10)
            yield from super().__iter__()

    def put(body: bytes) -> None:
        target.put_blob(Descriptor("", digest_of(body), len(body)), Meeting([memoryview(body)]))

    with ArchiveTarget(path, "oci-archive:app.tar") as target:
        in_threads(put, bodies)
    assert check_sound(unpack(path, tmp_path / "unpacked")) == len(bodies)


def in_threads(call: object, arguments: Iterable[bytes]) -> None:
    assert callable(call)
    threads = [threading.Thread(target=call, args=(argument,)) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
