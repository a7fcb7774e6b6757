from __future__ import annotations

import io

import pytest

from acrbridge.cli.rates import bytes_a_second
from acrbridge.errors import UsageError
from acrbridge.transfer.bandwidth import Bandwidth
from acrbridge.transfer.blobs import PIECE
from acrbridge.transfer.copy import Copy
from unit.fakes import FakeClock
from unit.transfer.places import Place


@pytest.mark.parametrize("rate", [500, 100_000, 1 << 20, 10 << 20, 1 << 30])
def test_a_blob_takes_as_long_as_the_rate_says(rate: int) -> None:
    clock, size = FakeClock(), 0
    bandwidth = Bandwidth(rate, clock)
    began = clock.now()
    while clock.now() < began + 10:
        size += bandwidth.take(PIECE)
    assert size / (clock.now() - began) == pytest.approx(rate, rel=0.02)


def test_it_is_smooth() -> None:
    clock = FakeClock()
    bandwidth = Bandwidth(100_000, clock)
    assert {bandwidth.take(PIECE) for _ in range(100)} == {4096}
    assert max(clock.slept) < 0.05


def test_a_pause_is_made_up_for_only_in_part() -> None:
    clock = FakeClock()
    bandwidth = Bandwidth(100_000, clock)
    clock.time += 60
    free = 0
    while not clock.slept:
        free += bandwidth.take(PIECE)
    assert free <= 0.1 * 100_000 + 4096


@pytest.mark.parametrize(("rate", "blobs"), [(1, 1), (100 << 10, 6), (10 << 20, 640)])
def test_few_blobs_are_under_way_at_once_where_the_rate_is_low(rate: int, blobs: int) -> None:
    assert Bandwidth(rate, FakeClock()).blobs == blobs


def test_what_is_read_is_what_was_there() -> None:
    clock, body, view = FakeClock(), bytes(range(256)) * 100, bytearray(PIECE)
    reader = Bandwidth(10_000, clock).slowed(lambda offset: io.BytesIO(body[offset:]))(100)
    read = b""
    while got := reader.readinto(memoryview(view)):
        read += view[:got]
    assert read == body[100:]


def test_a_copy_keeps_to_its_bandwidth() -> None:
    source, target, clock = Place("source"), Place("target"), FakeClock()
    source.image(bytes(50_000), b"x" * 30_000, tag="v1")
    copy = Copy(source, target, clock, bandwidth=10_000)
    copy.image("v1", ["v1"])
    copy.close()
    assert target.blobs == source.blobs
    assert sum(clock.slept) == pytest.approx(8, rel=0.1)


@pytest.mark.parametrize(
    ("text", "rate"), [("1", 1), ("500K", 512_000), ("1.5M", 1_572_864), ("10m", 10 << 20), ("2G", 2 << 30)]
)
def test_rates_are_read(text: str, rate: int) -> None:
    assert bytes_a_second(text) == rate


@pytest.mark.parametrize("text", ["", "0", "-1", "K", "1.K", "10MB", "1e6", "\u0661", "0.1", "nan", "1" * 10])
def test_what_is_no_rate_is_said(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        bytes_a_second(text)
    assert caught.value.code == "RATE_INVALID"
