"""A copy that somebody stops: it ends at once, and leaves neither a tag nor an upload that was begun."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from emulated.faulty_registry import DOWN, UP, FaultyRegistry, Handler, Times

if TYPE_CHECKING:
    from emulated.local_azure import Acrbridge

PLACES = {"download": DOWN, "begin": f"POST {UP}", "chunk": f"PATCH {UP}", "commit": f"PUT {UP}"}


@pytest.mark.parametrize("interrupt", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_interrupted_it_ends_at_once(
    acrbridge: Acrbridge, registry: FaultyRegistry, place: str, interrupt: signal.Signals
) -> None:
    reached, over = threading.Event(), threading.Event()

    def stall(handler: Handler) -> None:
        if place == DOWN:
            handler.wfile.write(handler.begin_part()[:300_000])
        reached.set()
        over.wait(20)

    if place == PLACES["chunk"]:
        registry.most = 2 << 20
    registry.fault = Times(1, stall, place)
    command = acrbridge.start(*registry.words)
    assert reached.wait(10)
    began = time.monotonic()
    command.process.send_signal(interrupt)
    ended = command.end()
    over.set()
    ended.refused(130 if interrupt == signal.SIGINT else 143, "INTERRUPTED")
    assert time.monotonic() - began < 2
    assert (registry.target, registry.uploads) == ({}, {})


def test_interrupted_twice_it_waits_for_nothing(acrbridge: Acrbridge, registry: FaultyRegistry) -> None:
    reached, over = threading.Event(), threading.Event()

    def stall(handler: Handler) -> None:
        handler.wfile.write(handler.begin_part()[:300_000])
        reached.set()
        over.wait(20)

    registry.fault = Times(1, stall, DOWN)
    command = acrbridge.start(*registry.words)
    assert reached.wait(10)
    command.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    began = time.monotonic()
    command.process.send_signal(signal.SIGINT)
    ended = command.end()
    over.set()
    assert ended.status == 130
    assert time.monotonic() - began < 2
    assert registry.target == {}
