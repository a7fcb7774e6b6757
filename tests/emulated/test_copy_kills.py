"""Copies that are killed at any moment, and run again: what arrived is not sent again, and all is right at the end."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

import pytest

from emulated.faulty_registry import FaultyRegistry, Handler, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulated.local_azure import Acrbridge

KILLS = 20
LAYERS = [os.urandom((1 + number) << 17) for number in range(7)]
"""Of 128 to 896 KiB, so that they end one after the other."""
TOTAL = sum(map(len, LAYERS))
PIECE = 16 << 10


class Metered:
    """Serves the blobs of one run slowly, counts their bytes, and tells when enough have gone."""

    def __init__(self, limit: int) -> None:
        self.reached = threading.Event()
        self.sent = 0
        self._limit = limit
        self._lock = threading.Lock()

    def __call__(self, handler: Handler) -> bool:
        if handler.command != "GET" or "/v2/app/blobs/" not in handler.path:
            return False
        body = handler.begin_part()
        for begin in range(0, len(body), PIECE):
            handler.wfile.write(body[begin : begin + PIECE])
            self._count(len(body[begin : begin + PIECE]))
            time.sleep(0.002)
        return True

    def _count(self, sent: int) -> None:
        with self._lock:
            self.sent += sent
        if self.sent >= self._limit:
            self.reached.set()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(tmp_path) as running:
        running.fill(*LAYERS)
        yield running


@pytest.fixture
def acrbridge(registry: FaultyRegistry, tmp_path: Path) -> Acrbridge:
    return registry.client(tmp_path)


def whole(registry: FaultyRegistry) -> set[str]:
    """The layers that are at the target."""
    return {digest_of(layer) for layer in LAYERS if registry.stored.get(digest_of(layer)) == layer}


def killed_at(acrbridge: Acrbridge, registry: FaultyRegistry, count: int) -> set[str]:
    """Copy into an empty target until so many bytes have gone; gives the layers that had arrived by then."""
    for place in (registry.stored, registry.target, registry.uploads):
        place.clear()
    registry.fault = metered = Metered(count)
    command = acrbridge.start(*registry.words)
    assert metered.reached.wait(20)
    arrived = whole(registry)
    command.process.kill()
    command.process.communicate()
    return arrived


def test_a_copy_killed_anywhere_goes_on_where_it_was(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    chance, arrived_early = random.Random(6), 0
    for kill in range(KILLS):
        arrived = killed_at(acrbridge, registry, int(TOTAL * (kill + chance.random()) / KILLS))
        arrived_early += len(arrived)
        registry.seen.clear()
        registry.fault = again = Metered(TOTAL)
        acrbridge(*registry.words).succeeded()
        assert whole(registry) == {digest_of(layer) for layer in LAYERS}
        assert registry.target["v1"] == registry.source["v1"]
        assert [digest for digest in arrived if registry.count("GET", digest)] == []
        assert again.sent <= TOTAL - sum(len(registry.stored[digest]) for digest in arrived) + len(b"{}")
    assert arrived_early > KILLS  # or nothing was tried


def test_a_journal_that_was_forged_after_a_kill_does_no_harm(
    acrbridge: Acrbridge, registry: FaultyRegistry
) -> None:
    killed_at(acrbridge, registry, TOTAL // 2)
    host = registry.words[2].partition("/")[0]
    with sqlite3.connect(acrbridge.profile / "copies.db") as database:
        assert database.execute("DELETE FROM begun").rowcount == 1
        rows = [(host, digest_of(layer), "elsewhere") for layer in LAYERS]
        database.executemany("INSERT INTO held VALUES (?, ?, ?)", rows)
    database.close()
    registry.fault = Metered(TOTAL)
    acrbridge(*registry.words).succeeded()
    assert whole(registry) == {digest_of(layer) for layer in LAYERS}
