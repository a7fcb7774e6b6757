from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acrbridge.errors import AcrBridgeError
from acrbridge.registry.folder import Folder


@pytest.fixture(params=[True, False], ids=["descriptors", "paths"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Folder]:
    """A folder as this system opens it, and as Windows does."""
    (tmp_path / "layout").mkdir()
    opened = Folder(tmp_path / "layout", "oci:layout", has_descriptors=request.param)
    yield opened
    opened.close()


@pytest.fixture
def path(folder: Folder, tmp_path: Path) -> Path:
    """Where it is."""
    return tmp_path / "layout"


def write(folder: Folder, name: str, content: bytes) -> None:
    with folder.create(name, len(content)) as put:
        put(memoryview(content))


def read(folder: Folder, name: str) -> bytes:
    buffer = bytearray(100)
    with folder.open(name) as section:
        return bytes(buffer[: section.readinto(memoryview(buffer))])


def test_a_file_is_written_with_the_folders_on_its_way(folder: Folder, path: Path) -> None:
    write(folder, "blobs/sha256/a", b"content")
    assert (path / "blobs" / "sha256" / "a").read_bytes() == b"content"
    assert read(folder, "blobs/sha256/a") == b"content"
    assert folder.size("blobs/sha256/a") == 7


def test_a_file_takes_the_place_of_the_one_before(folder: Folder, path: Path) -> None:
    write(folder, "index.json", b"old")
    mark = folder.mark("index.json")
    write(folder, "index.json", b"new")
    assert folder.mark("index.json") != mark
    assert [file.name for file in path.iterdir()] == ["index.json"]
    assert read(folder, "index.json") == b"new"


def test_a_file_that_fails_leaves_the_one_before(folder: Folder, path: Path) -> None:
    def write_half() -> None:
        with folder.create("index.json", 3) as put:
            put(memoryview(b"n"))
            raise AcrBridgeError("INTERNAL", "broke off")

    write(folder, "index.json", b"old")
    with pytest.raises(AcrBridgeError, match="broke off"):
        write_half()
    assert [(file.name, file.read_bytes()) for file in path.iterdir()] == [("index.json", b"old")]


@pytest.mark.parametrize("name", ["blobs", "blobs/sha256"])
def test_nothing_is_written_through_a_folder_that_is_a_link(
    folder: Folder, path: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (path / name).parent.mkdir(exist_ok=True)
    (path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AcrBridgeError, match="is a link"):
        write(folder, "blobs/sha256/a", b"content")
    assert list((tmp_path / "elsewhere").rglob("*")) == []


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/etc/hostname")])
def test_what_is_no_plain_file_has_no_size_and_is_not_opened(
    folder: Folder, path: Path, make: Callable[[Path], None]
) -> None:
    make(path / "index.json")
    assert folder.size("index.json") is None
    with pytest.raises(AcrBridgeError, match="not a plain file"):
        read(folder, "index.json")


def test_a_link_is_replaced_and_not_followed_when_its_name_is_written(
    folder: Folder, path: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (path / "a").symlink_to(tmp_path / "secret")
    write(folder, "a", b"content")
    assert (tmp_path / "secret").read_bytes() == b"secret"
    assert not (path / "a").is_symlink()
