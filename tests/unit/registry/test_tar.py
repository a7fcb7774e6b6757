from __future__ import annotations

import io
import tarfile
import tracemalloc
from io import FileIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acrbridge.errors import AcrBridgeError
from acrbridge.registry.tar import BLOCK, END, Member, header_of, members, padded
from unit.fakes import attempt, is_fit_to_print

FORMATS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
names = st.text("abc0129_-é", min_size=1, max_size=60).map(lambda name: f"{name}/x")
files = st.dictionaries(names, st.binary(max_size=1500), max_size=5)


def written(contents: dict[str, bytes], kind: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as tar:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def read(folder: Path, content: bytes) -> list[Member]:
    path = folder / "archive.tar"
    path.write_bytes(content)
    with FileIO(path) as file:
        return list(members(file, len(content), "archive.tar"))


@given(files, st.sampled_from(FORMATS))
def test_every_file_of_an_archive_is_found_where_it_lies(
    tmp_path_factory: pytest.TempPathFactory, contents: dict[str, bytes], kind: int
) -> None:
    content = written(contents, kind)
    found = read(tmp_path_factory.mktemp("tar"), content) if contents else []
    assert {m.name: content[m.offset : m.offset + m.size] for m in found} == contents
    assert {m.kind for m in found} <= {"file"}


@given(
    st.binary(max_size=2048)
    | st.builds(lambda a, b: written({"a": a}, 2)[: len(b) * 8] + b, st.binary(), st.binary())
)
def test_any_bytes_are_an_archive_or_an_error_fit_to_print(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    found = attempt(lambda: read(tmp_path_factory.mktemp("tar"), content))
    if isinstance(found, AcrBridgeError):
        assert found.code == "LAYOUT_INVALID"
        assert is_fit_to_print(found.message)
    else:
        assert all(0 <= m.offset <= m.offset + m.size <= len(content) for m in found)


@given(st.integers(0, 2000), st.integers(0, 255))
def test_an_archive_with_one_wrong_byte_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: int
) -> None:
    content = bytearray(written({"é" * 30: b"content", "b": b""}, tarfile.PAX_FORMAT))
    content[place] = value
    found = attempt(lambda: read(tmp_path_factory.mktemp("tar"), bytes(content)))
    assert isinstance(found, list) or is_fit_to_print(found.message)


@pytest.mark.parametrize("size", [0, 1, 8**11 - 1, 8**11, 1 << 40])
@pytest.mark.parametrize("name", ["index.json", f"blobs/sha256/{'a' * 64}", f"blobs/sha512/{'b' * 128}"])
def test_a_header_is_read_by_pythons_tar_as_it_was_meant(name: str, size: int) -> None:
    archive = io.BytesIO(header_of(name, size) + END)
    with tarfile.open(fileobj=archive) as tar:
        info = tar.next()
    assert info is not None
    assert (info.name, info.size, info.isreg(), info.mode) == (name, size, True, 0o644)


@pytest.mark.parametrize(("size", "padding"), [(0, 0), (1, 512), (512, 512), (513, 1024)])
def test_a_file_takes_whole_blocks(size: int, padding: int) -> None:
    assert padded(size) == padding


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (tarfile.SYMTYPE, "link"),
        (tarfile.LNKTYPE, "link"),
        (tarfile.DIRTYPE, "other"),
        (tarfile.FIFOTYPE, "other"),
    ],
)
def test_what_is_no_file_has_no_bytes_whatever_its_size_says(tmp_path: Path, kind: bytes, found: str) -> None:
    odd = tarfile.TarInfo("odd")
    odd.type, odd.size = kind, 4096
    content = odd.tobuf(tarfile.USTAR_FORMAT) + written({"next": b"content"}, tarfile.USTAR_FORMAT)
    assert [(m.name, m.kind, m.size) for m in read(tmp_path, content)] == [
        ("odd", found, 0),
        ("next", "file", 7),
    ]


def test_a_sparse_file_is_no_plain_file(tmp_path: Path) -> None:
    info = tarfile.TarInfo("index.json")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 50)}
    content = info.tobuf(tarfile.PAX_FORMAT) + END
    assert [m.kind for m in read(tmp_path, content)] == ["other"]


def extension(kind: bytes, body: bytes, size: int | None = None) -> bytes:
    info = tarfile.TarInfo("extension")
    info.type, info.size = kind, len(body) if size is None else size
    return info.tobuf(tarfile.GNU_FORMAT) + body.ljust(padded(len(body)), b"\0")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes(BLOCK),
        b"no archive" * 100,
        header_of("a", 5),
        header_of("a", 1 << 62) + END,
        extension(tarfile.XHDTYPE, b"30 size=99999999999999999999\n") + header_of("a", 0) + END,
        extension(tarfile.XHDTYPE, b"12 size=-10\n") + header_of("a", 0) + END,
        extension(tarfile.XHDTYPE, b"99 path=a\n") + header_of("a", 0) + END,
        extension(tarfile.XHDTYPE, b"0 path=a\n") + header_of("a", 0) + END,
        extension(tarfile.XHDTYPE, b"nonsense") + header_of("a", 0) + END,
        extension(tarfile.XHDTYPE, b"", 1 << 40) + header_of("a", 0) + END,
        extension(tarfile.GNUTYPE_LONGNAME, b"", 1 << 40) + header_of("a", 0) + END,
    ],
)
def test_what_is_no_sound_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(AcrBridgeError) as caught:
        read(tmp_path, content)
    assert caught.value.code == "LAYOUT_INVALID"
    assert is_fit_to_print(caught.value.message)


def test_a_header_that_claims_to_be_huge_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "archive.tar"
    path.write_bytes(extension(tarfile.XHDTYPE, b"", 1 << 30))
    with path.open("r+b") as file:
        file.truncate(2 << 30)
    tracemalloc.start()
    with FileIO(path) as file, pytest.raises(AcrBridgeError, match="a header has"):
        list(members(file, 2 << 30, "archive.tar"))
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()
