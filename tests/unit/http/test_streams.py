from __future__ import annotations

import io
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from acrbridge.errors import NetworkError
from acrbridge.http.streams import PATIENCE, Stream
from unit.fakes import FakeClock

URL = "https://registry.example/v2/app/blobs/x"


class Socket(io.RawIOBase):
    """What comes from a connection: pieces, and before each something that happens."""

    def __init__(self, pieces: list[bytes], before: Callable[[], None] = lambda: None) -> None:
        self._pieces = pieces
        self._before = before

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._before()
        piece = self._pieces.pop(0) if self._pieces else b""
        if len(piece) > len(buffer):
            self._pieces.insert(0, piece[len(buffer) :])
            piece = piece[: len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)


def raw(socket: Socket, length: int | None, *, chunked: bool = False) -> Any:
    """A response of urllib3 as far as a Stream looks into it."""
    beneath = SimpleNamespace(chunked=chunked, length=length, fp=io.BufferedReader(socket, 64))
    read = SimpleNamespace(_fp=beneath, length_remaining=length, status=200, headers={}, closed_after=None)
    read.read1 = lambda size, decode_content: _counted(read, beneath.fp.read1(size))
    read.close = lambda: setattr(read, "closed_after", read.length_remaining)
    return read


def _counted(read: Any, piece: bytes) -> bytes:
    if read.length_remaining is not None:
        read.length_remaining -= len(piece)
    return piece


def stream(given: Any, clock: FakeClock | None = None) -> Stream:
    return Stream(given, URL, clock or FakeClock())


def read_all(opened: Stream, size: int = 8) -> bytes:
    buffer, found = memoryview(bytearray(size)), b""
    while got := opened.readinto(buffer):
        found += buffer[:got]
    return found


def test_a_buffer_is_filled_from_several_pieces() -> None:
    opened = stream(raw(Socket([b"ab", b"c", b"defgh", b"ij"]), 10))
    buffer = memoryview(bytearray(8))
    assert (opened.readinto(buffer), bytes(buffer)) == (8, b"abcdefgh")


@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_of_unknown_length_is_read_to_its_end(*, chunked: bool) -> None:
    assert read_all(stream(raw(Socket([b"abc", b"d" * 20]), None, chunked=chunked))) == b"abc" + b"d" * 20


def test_a_body_that_ends_early_is_a_fault_of_the_network() -> None:
    with pytest.raises(NetworkError) as caught:
        read_all(stream(raw(Socket([b"abc"]), 20)))
    assert (caught.value.code, "registry.example" in caught.value.message) == ("UNREACHABLE", True)


@pytest.mark.parametrize(
    ("fault", "code"),
    [(ConnectionResetError(104, "reset"), "UNREACHABLE"), (TimeoutError("timed out"), "TIMED_OUT")],
)
def test_what_a_socket_raises_is_told_as_ours(fault: OSError, code: str) -> None:
    def fail() -> None:
        raise fault

    with pytest.raises(NetworkError) as caught:
        read_all(stream(raw(Socket([b"abc"], fail), 20)))
    assert (caught.value.code, "registry.example" in caught.value.message) == (code, True)


def test_a_body_that_breaks_off_is_told_as_a_trouble_of_the_host() -> None:
    heard: list[str] = []
    opened = Stream(raw(Socket([b"abc"]), 20), URL, FakeClock(), lambda: heard.append("trouble"))
    assert opened.readinto(memoryview(bytearray(8))) == 3
    assert heard == ["trouble"]


def dripping(piece: bytes, every: float, clock: FakeClock) -> Stream:
    def wait() -> None:
        clock.time += every

    return stream(raw(Socket([piece] * 10_000, wait), 1 << 30), clock)


def test_a_stream_below_the_slowest_is_a_stall() -> None:
    clock = FakeClock()
    began = clock.now()
    with pytest.raises(NetworkError) as caught:
        read_all(dripping(b"a", 1.0, clock))
    assert caught.value.code == "TIMED_OUT"
    assert PATIENCE <= clock.now() - began <= PATIENCE + 1


def test_a_slow_stream_is_no_stall() -> None:
    clock = FakeClock()
    opened = dripping(b"a" * 16, 0.012, clock)
    buffer = memoryview(bytearray(8))
    while clock.now() < 1000 + PATIENCE + 0.1:
        assert opened.readinto(buffer) == 8


def test_time_that_the_target_takes_is_no_stall_of_the_source() -> None:
    clock = FakeClock()
    opened = dripping(b"a" * 8, 0.001, clock)
    buffer = memoryview(bytearray(8))
    for _ in range(10):
        assert opened.readinto(buffer) == 8
        clock.time += 2 * PATIENCE


def test_what_was_read_beneath_is_told_above() -> None:
    given = raw(Socket([b"a" * 8, b"b" * 8, b"c" * 4]), 20)
    assert stream(given).readinto(memoryview(bytearray(8))) == 8
    assert given.length_remaining == given._fp.length == 12


def test_a_body_that_was_read_whole_gives_its_connection_back_at_once() -> None:
    given = raw(Socket([b"a" * 8, b"b" * 12]), 20)
    read1 = given.read1
    given.read1 = lambda size, decode_content: setattr(given, "gave", read1(size, decode_content))
    assert stream(given).readinto(memoryview(bytearray(20))) == 20
    assert given.gave == b""


@pytest.mark.parametrize(
    ("length", "left"), [(0, 0), (30, 0), (8 << 10, 0), ((8 << 10) + 1, (8 << 10) + 1), (None, None)]
)
def test_the_little_that_comes_with_a_redirect_is_read_so_that_its_connection_can_be_used_again(
    length: int | None, left: int | None
) -> None:
    given = raw(Socket([b"a" * (30 if length is None else length)]), length)
    stream(given).close()
    assert given.closed_after == left


def test_a_stream_that_broke_off_is_closed_without_waiting_for_its_rest() -> None:
    def fail() -> None:
        raise ConnectionResetError(104, "reset")

    given = raw(Socket([b"abc"], fail), 20)
    stream(given).close()
    assert given.closed_after == 20
