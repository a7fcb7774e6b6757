from __future__ import annotations

import pytest

from acrbridge.cli import progress
from acrbridge.jobs import BlobAtWork, Copying, Waiting
from unit.fakes import BIDI_AND_CONTROL, is_fit_to_print

MIB = 1 << 20


def blobs(count: int) -> tuple[BlobAtWork, ...]:
    return tuple(BlobAtWork(f"sha256:{n:064}", 200 * MIB, n * MIB) for n in range(1, count + 1))


def copying(count: int = 0) -> Copying:
    return Copying(300 * MIB, 3 << 30, 30.5 * MIB, 12.0, blobs(count))


def test_a_copy_has_a_line_of_totals_and_one_for_each_blob_at_work() -> None:
    assert progress.lines(Copying(300 * MIB, 3 << 30, 30.0 * MIB, 12.0, blobs(2)), 10) == [
        "300.0 MiB of 3.0 GiB (9%), 30.0 MiB/s, 1 min 32 s left",
        "  000000000000   200.0 MiB    0%",
        "  000000000000   200.0 MiB    1%",
    ]


@pytest.mark.parametrize(
    ("room", "count", "length", "last"),
    [(24, 32, 24, "  and 10 more"), (5, 4, 5, "   2%"), (5, 5, 5, "  and 2 more"), (2, 3, 2, "  and 3 more"),
     (1, 3, 1, " left")],
)  # fmt: skip
def test_no_more_lines_than_there_is_room_for(room: int, count: int, length: int, last: str) -> None:
    shown = progress.lines(copying(count), room)
    assert len(shown) == length
    assert shown[-1].endswith(last)


def test_one_line_names_some_of_the_blobs() -> None:
    assert progress.line(Copying(0, 3 << 30, 0.0, 12.0, blobs(6))) == (
        "0 B of 3.0 GiB (0%), 0 B/s; 000000000000 200.0 MiB 0%; 000000000000 200.0 MiB 1%;"
        " 000000000000 200.0 MiB 1%; 000000000000 200.0 MiB 2%; 2 more"
    )


def test_a_copy_that_still_reads_says_so() -> None:
    assert progress.line(Copying(0, 0, 0.0, 3.4)) == "Nothing to send so far, 3 s"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B of 1 B"), (999, "999 B"), (1000, "1.0 KiB"), (64 << 10, "64.0 KiB"), (5 << 40, "5120.0 GiB")],
)
def test_amounts_have_units(size: int, text: str) -> None:
    assert progress.line(Copying(size, max(size, 1), 0.0, 0.0)).startswith(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(59, "59 s"), (60, "1 min 0 s"), (3599.6, "1 h 0 min"), (7500, "2 h 5 min")]
)
def test_time_has_at_most_two_units(seconds: float, text: str) -> None:
    assert progress.line(Copying(0, round(seconds * 10), 10.0, 0.0)).endswith(f", {text} left")


def test_all_is_there_only_at_the_end() -> None:
    assert "(99%)" in progress.line(Copying((1 << 40) - 1, 1 << 40, 1.0, 1.0))


def test_a_digest_cannot_make_a_terminal_do_things() -> None:
    evil = Copying(0, 1, 0.0, 1.0, (BlobAtWork(BIDI_AND_CONTROL, 1, 0),))
    assert all(map(is_fit_to_print, progress.lines(evil, 5)))


def test_waiting_is_one_line_whatever_the_room() -> None:
    assert progress.lines(Waiting("id", "Running", 3.0), 10) == ["Running … 3 s (id)"]
