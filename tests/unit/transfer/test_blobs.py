from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from acrbridge.errors import AcrBridgeError, VerificationError
from acrbridge.http.retry import DEFAULT
from acrbridge.registry.contents import Descriptor
from acrbridge.transfer.blobs import PIECE, CheckedBody, EarlyOpen
from unit.transfer.places import Bytes, digest_of

BLOB = os.urandom(3 * PIECE + 1000)


@dataclass
class Origin:
    """A blob that remembers where it was opened, and closed."""

    body: bytes = BLOB
    breaks: list[int] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)

    @contextmanager
    def open(self, offset: int) -> Iterator[Bytes]:
        self.opened.append(offset)
        try:
            yield Bytes(self.body[offset:], self.breaks.pop(0) if self.breaks else None)
        finally:
            self.closed.append(offset)


@contextmanager
def sending(origin: Origin, digest: str = digest_of(BLOB)) -> Iterator[CheckedBody]:
    blob = Descriptor("application/octet-stream", digest, len(origin.body))
    with ThreadPoolExecutor(1) as pool, EarlyOpen(origin.open, pool) as early:
        yield CheckedBody(blob, early.open, lambda _: None, lambda _: None)
    assert sorted(origin.opened) == sorted(origin.closed)


def read(body: CheckedBody, begin: int, end: int) -> bytes:
    return b"".join(bytes(piece) for piece in body.part(begin, end))


def test_parts_in_a_row_are_read_from_one_connection() -> None:
    origin = Origin()
    with sending(origin) as body:
        assert read(body, 0, 1000) + read(body, 1000, 2 * PIECE) + read(body, 2 * PIECE, len(body)) == BLOB
    assert origin.opened == [0]


@pytest.mark.parametrize("goes_on", [PIECE, PIECE + 7, 3 * PIECE])
def test_a_part_that_the_target_lost_is_read_again_from_where_it_began(goes_on: int) -> None:
    origin = Origin()
    with sending(origin) as body:
        read(body, 0, PIECE)
        assert read(body, PIECE, len(body)) == BLOB[PIECE:]
        assert read(body, goes_on, len(body)) == BLOB[goes_on:]
    assert origin.opened == [0, PIECE]


def test_what_the_target_lost_before_that_part_is_read_again_from_the_beginning() -> None:
    origin = Origin()
    with sending(origin) as body:
        read(body, 0, PIECE)
        read(body, PIECE, 2 * PIECE)
        assert read(body, 10, len(body)) == BLOB[10:]
    assert origin.opened == [0, 0]


def test_a_part_that_was_given_up_half_way_is_read_again() -> None:
    origin = Origin()
    with sending(origin) as body:
        next(iter(body.part(0, len(body))))
        assert read(body, 0, len(body)) == BLOB
    assert origin.opened == [0, 0]


def test_the_last_piece_is_held_back_until_the_digest_agrees() -> None:
    came: list[bytes] = []
    wrong = Origin(BLOB[:-1] + bytes([BLOB[-1] ^ 1]))
    with sending(wrong) as body:
        read(body, 0, PIECE)
        with pytest.raises(VerificationError) as caught:
            came.extend(map(bytes, body.part(PIECE, len(body))))
    assert caught.value.code == "DIGEST_MISMATCH"
    assert body.fault is caught.value
    assert b"".join(came) == BLOB[PIECE : 3 * PIECE]


def test_a_blob_whose_bytes_changed_between_two_readings_is_refused() -> None:
    origin = Origin()
    with sending(origin) as body:
        read(body, 0, PIECE)
        read(body, PIECE, 2 * PIECE)
        origin.body = BLOB[:PIECE] + bytes(len(BLOB) - PIECE)
        with pytest.raises(VerificationError):
            read(body, PIECE, len(body))


def test_an_empty_blob_is_checked_too() -> None:
    with sending(Origin(b""), digest_of(b"")) as body:
        assert read(body, 0, 0) == b""
    with sending(Origin(b""), digest_of(b"other")) as body, pytest.raises(VerificationError):
        read(body, 0, 0)


def test_a_download_that_breaks_off_goes_on_within_a_part() -> None:
    origin = Origin(breaks=[PIECE, 500])
    with sending(origin) as body:
        assert read(body, 0, len(body)) == BLOB
    assert origin.opened == [0, PIECE, PIECE + 500]


def test_a_download_that_brings_next_to_nothing_each_time_ends() -> None:
    origin = Origin(breaks=[100] * 1000)
    with sending(origin) as body, pytest.raises(AcrBridgeError):
        read(body, 0, len(body))
    assert len(origin.opened) == DEFAULT.tries


def test_a_download_without_progress_ends() -> None:
    origin = Origin(breaks=[PIECE, *[0] * 10])
    with sending(origin) as body, pytest.raises(AcrBridgeError) as caught:
        read(body, 0, len(body))
    assert (caught.value.code, len(origin.opened)) == ("UNREACHABLE", 6)
    assert body.fault is caught.value


def test_a_blob_that_nobody_read_is_closed() -> None:
    origin = Origin()
    with sending(origin):
        pass
    assert len(origin.opened) <= 1
