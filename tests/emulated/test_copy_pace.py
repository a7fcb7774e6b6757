"""Copies at a rate that somebody set, and at one that a registry stands."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from emulated.faulty_registry import FaultyRegistry, Handler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(tmp_path) as running:
        yield running


class Narrow:
    """Source and target each throttle what comes while they are at work on so many requests."""

    def __init__(self, wide: int) -> None:
        self.refused = 0
        self._rooms = (threading.Semaphore(wide), threading.Semaphore(wide))

    def __call__(self, handler: Handler) -> bool:
        room = self._rooms["/target/" in handler.path]
        if not room.acquire(blocking=False):
            self.refused += 1
            handler.answer(429)
            return True
        try:
            time.sleep(0.02)
            handler.serve()
        finally:
            room.release()
        return True


def test_a_registry_that_throttles_is_asked_for_less(registry: FaultyRegistry, tmp_path: Path) -> None:
    registry.fill(*(os.urandom(1000) for _ in range(100)))
    registry.fault = narrow = Narrow(6)
    registry.client(tmp_path)(*registry.words).succeeded()
    assert registry.count("PUT", "/target/app/manifests/v1") == 1
    assert narrow.refused < 60  # 20 of 350 requests; at a fixed pace 160 of 700, in four times the time


def test_a_copy_is_as_fast_as_its_bandwidth(registry: FaultyRegistry, tmp_path: Path) -> None:
    registry.fill(*(os.urandom(256 << 10) for _ in range(12)))
    moments: list[float] = []

    def watch(handler: Handler) -> bool:
        moments.append(time.monotonic())
        return False

    registry.fault = watch
    registry.client(tmp_path)(*registry.words, "--bandwidth", "1M").succeeded()
    assert moments[-1] - moments[0] == pytest.approx(3, rel=0.1)
