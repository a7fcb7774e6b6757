from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from acrbridge.errors import AcrBridgeError, VerificationError
from acrbridge.registry.contents import Descriptor
from acrbridge.registry.layout_target import LayoutTarget
from acrbridge.transfer.copy import Copy, Options
from unit.fakes import FakeClock
from unit.registry.layouts import all_bytes, check_sound, entries, listed, write_json, write_layout
from unit.transfer.places import Place, as_json, digest_of

MEBIBYTE = 1 << 20


@contextmanager
def copying(source: Place, folder: Path) -> Iterator[Copy]:
    with LayoutTarget(folder, "oci:layout") as target:
        copy = Copy(source, target, FakeClock(), Options(), concurrency=4)
        try:
            yield copy
        finally:
            copy.close()


def copied(source: Place, folder: Path, version: str, *tags: str) -> Copy:
    with copying(source, folder) as copy:
        copy.image(version, tags)
    return copy


def sent(copy: Copy) -> tuple[int, int]:
    """Blobs and manifests."""
    counts = copy.tally.as_json()
    return counts["blobsSent"], counts["manifestsSent"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "site" / "layout"


@pytest.fixture
def source() -> Place:
    return Place("source", referring={})


def an_index(source: Place, tag: str | None = "v1") -> Descriptor:
    children = [
        (source.image(system.encode(), b"shared"), f"{system}/amd64") for system in ("linux", "windows")
    ]
    return source.index(*children, tag=tag)


def test_an_index_is_listed_and_its_children_are_not(source: Place, folder: Path) -> None:
    root = an_index(source)
    copied(source, folder, "v1", "v1")
    assert entries(folder) == [(root.digest, "v1")]
    assert check_sound(folder) == len(source.blobs) + 3


def test_an_image_without_a_tag_is_listed_without_one(source: Place, folder: Path) -> None:
    root = an_index(source)
    copied(source, folder, root.digest)
    assert entries(folder) == [(root.digest, None)]


def test_what_refers_to_an_image_is_listed_without_a_tag(source: Place, folder: Path) -> None:
    root = an_index(source)
    signature = source.image(b"signature", subject=as_json(root))
    source.referring = {root.digest: [signature]}
    copied(source, folder, "v1", "v1")
    assert sorted(entries(folder), key=str) == sorted(
        [(root.digest, "v1"), (signature.digest, None)], key=str
    )
    with LayoutTarget(folder, "oci:layout") as target:
        assert [found.digest for found in target.referrers(root.digest)] == [signature.digest]


def test_a_tag_that_is_stored_again_moves(source: Place, folder: Path) -> None:
    old, new = source.image(b"old", tag="v1"), source.image(b"new", tag="v2")
    copied(source, folder, "v1", "latest")
    copied(source, folder, "v2", "latest")
    assert entries(folder) == [(old.digest, None), (new.digest, "latest")]


def test_what_is_there_is_not_written_again(source: Place, folder: Path) -> None:
    an_index(source)
    copied(source, folder, "v1", "v1")
    before = {path: path.stat().st_ino for path in folder.rglob("*")}
    again = copied(source, folder, "v1", "v1")
    assert sent(again) == (0, 0)
    assert {path: path.stat().st_ino for path in folder.rglob("*")} == before


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_what_a_layout_lost_comes_back(source: Place, folder: Path, damage: Callable[[Path], object]) -> None:
    an_index(source)
    copied(source, folder, "v1", "v1")
    damage(folder / "blobs" / "sha256" / digest_of(b"shared").partition(":")[2])
    copied(source, folder, "v1", "v1")
    check_sound(folder)
    assert all_bytes(folder.rglob("*")).keys() >= {digest_of(b"shared").partition(":")[2]}


def test_a_blob_of_another_digest_is_not_taken_for_its_own(source: Place, folder: Path) -> None:
    source.image(b"layer", b"more", tag="v1")
    blobs = folder / "blobs" / "sha256"
    write_layout(folder, Place())
    (blobs / digest_of(b"layer").partition(":")[2]).write_bytes(b"lAyer")
    copied(source, folder, "v1", "v1")
    check_sound(folder)


def test_a_wrong_byte_leaves_the_layout_as_it_was(source: Place, folder: Path) -> None:
    source.image(b"good", tag="v1")
    copied(source, folder, "v1", "v1")
    before = all_bytes(folder.rglob("*"))
    source.image(b"layer", tag="v2")
    source.blobs[digest_of(b"layer")] = b"lAyer"
    with pytest.raises(VerificationError):
        copied(source, folder, "v2", "v2")
    after = all_bytes(folder.rglob("*"))
    assert after["index.json"] == before["index.json"]
    check_sound(folder)


def test_copies_into_one_layout_at_the_same_time_lose_nothing(source: Place, folder: Path) -> None:
    names = [f"v{number}" for number in range(12)]
    for name in names:
        source.image(name.encode(), b"shared", tag=name)
    threads = [threading.Thread(target=copied, args=(source, folder, name, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(tag or "" for _, tag in entries(folder)) == sorted(names)
    check_sound(folder)


def test_what_another_tool_lists_stays(source: Place, folder: Path) -> None:
    other = Place()
    image = other.image(b"other")
    write_layout(folder, other, listed(image, "docker.io/library/app:v0"))
    source.image(b"layer", tag="v1")
    copied(source, folder, "v1", "v1")
    assert entries(folder)[0] == (image.digest, "docker.io/library/app:v0")
    assert len(entries(folder)) == 2


def test_an_index_of_which_another_tool_took_one_platform_is_made_whole(source: Place, folder: Path) -> None:
    root = an_index(source)
    partial = Place(manifests={root.digest: source.manifests[root.digest]}, tagged={"v1": root.digest})
    write_layout(folder, partial)
    copied(source, folder, "v1", "v1")
    assert check_sound(folder) == len(source.blobs) + 3


def test_what_a_copy_left_that_was_killed_is_listed_by_the_next(source: Place, folder: Path) -> None:
    root = source.image(b"layer", tag="v1")
    signature = source.image(b"signature", subject=as_json(root))
    source.referring = {root.digest: [signature]}
    copied(source, folder, "v1", "v1")
    write_json(folder / "index.json", {"schemaVersion": 2, "manifests": [listed(root, "v1")]})
    again = copied(source, folder, "v1", "v1")
    assert sent(again) == (0, 1)
    assert (signature.digest, None) in entries(folder)


def test_drafts_of_a_process_that_died_go_and_those_of_others_stay(source: Place, folder: Path) -> None:
    source.image(b"layer", tag="v1")
    write_layout(folder, Place())
    old, new = (folder / "blobs" / "sha256" / f".acrbridge-{name}" for name in ("old", "new"))
    for draft in (old, new):
        draft.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    copied(source, folder, "v1", "v1")
    assert (old.exists(), new.exists()) == (False, True)


def test_a_folder_of_other_files_is_left_alone(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(AcrBridgeError) as caught:
        LayoutTarget(folder, "oci:layout")
    assert caught.value.code == "LAYOUT_INVALID"
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/etc/hostname")])
@pytest.mark.parametrize("name", ["oci-layout", "index.json"])
def test_a_target_whose_files_are_not_plain_is_refused(
    folder: Path, name: str, make: Callable[[Path], None]
) -> None:
    write_layout(folder, Place())
    (folder / name).unlink()
    make(folder / name)
    with pytest.raises(AcrBridgeError) as caught:
        LayoutTarget(folder, "oci:layout")
    assert caught.value.code == "FILE_UNREADABLE"


def test_nothing_is_written_through_a_folder_that_is_a_link(
    source: Place, folder: Path, tmp_path: Path
) -> None:
    write_layout(folder, Place())
    (folder / "blobs" / "sha256").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (folder / "blobs" / "sha256").symlink_to(tmp_path / "elsewhere")
    source.image(b"layer", tag="v1")
    with pytest.raises(AcrBridgeError) as caught:
        copied(source, folder, "v1", "v1")
    assert caught.value.code == "FILE_UNREADABLE"
    assert list((tmp_path / "elsewhere").iterdir()) == []


# A disk that is full (Faults 18)


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """Let no file grow beyond a size, as a file system may do it."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two MiB."""
    if os.geteuid() != 0:
        pytest.skip("making a disk takes root; the limit of a file stands in for it")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", disk], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize(
    ("name", "advice"), [("file", "write oci-archive:PATH"), ("a" * 256, "a shorter name")]
)
def test_what_cannot_be_a_folder_is_refused_with_what_to_do(tmp_path: Path, name: str, advice: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AcrBridgeError) as caught:
        LayoutTarget(tmp_path / name, "oci:layout")
    assert caught.value.code == "FILE_UNREADABLE"
    assert advice in caught.value.remedy


def fails_for_want_of_room(source: Place, folder: Path) -> None:
    before = (folder / "index.json").read_bytes()
    with pytest.raises(AcrBridgeError) as caught:
        copied(source, folder, "big", "big")
    assert caught.value.code == "DISK_FULL"
    assert f"{MEBIBYTE:,} bytes are needed" in caught.value.message
    assert "are free" in caught.value.message
    assert (folder / "index.json").read_bytes() == before
    check_sound(folder)


def test_a_disk_that_fills_up_leaves_the_layout_as_it_was(source: Place, small_disk: Path) -> None:
    source.image(b"small", tag="v1")
    copied(source, small_disk / "layout", "v1", "v1")
    source.image(*(bytes([number]) * MEBIBYTE for number in range(3)), tag="big")
    fails_for_want_of_room(source, small_disk / "layout")


def test_a_file_too_large_for_its_file_system_leaves_the_layout_as_it_was(
    source: Place, folder: Path
) -> None:
    source.image(b"small", tag="v1")
    copied(source, folder, "v1", "v1")
    source.image(bytes(MEBIBYTE), tag="big")
    with at_most(MEBIBYTE // 2):
        fails_for_want_of_room(source, folder)
