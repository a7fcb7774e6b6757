"""Copies into layouts that break off: what is there is sound at every moment, and the same command mends it."""

from __future__ import annotations

import hashlib
import json
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from emulated.faulty_registry import DOWN, LAYER, FaultyRegistry, Handler, Times, cut, digest_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from emulated.local_azure import Acrbridge, Command


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder for layouts and archives."""
    return tmp_path / "site"


def words(registry: FaultyRegistry, target: str) -> tuple[str, ...]:
    return *registry.words[:2], target, "--no-referrers"


def check_sound(layout: Path) -> None:
    """Insist that each blob of a layout that has its name is what it says, and that index.json lists what is there."""
    blobs = {path.name: path.read_bytes() for path in layout.glob("blobs/sha256/[0-9a-f]*")}
    assert all(hashlib.sha256(body).hexdigest() == name for name, body in blobs.items())
    if (layout / "index.json").exists():
        listed = json.loads((layout / "index.json").read_bytes())["manifests"]
        assert {item["digest"].partition(":")[2] for item in listed} <= blobs.keys()


def blob_file(layout: Path, body: bytes) -> Path:
    return layout / "blobs" / "sha256" / digest_of(body).partition(":")[2]


def wait_until(there: Callable[[], bool]) -> bool:
    """Wait, at most ten seconds."""
    end = time.monotonic() + 10
    while not there() and time.monotonic() < end:
        time.sleep(0.01)
    return there()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


class Halfway:
    """Serves half of the layer and waits."""

    def __init__(self, registry: FaultyRegistry) -> None:
        self.reached, self.over = threading.Event(), threading.Event()
        registry.fault = Times(1, self._stall, DOWN)

    def _stall(self, handler: Handler) -> None:
        handler.wfile.write(handler.begin_part()[: len(LAYER) // 2])
        self.reached.set()
        self.over.wait(20)

    def end(self, command: Command, number: signal.Signals) -> None:
        """Send a signal when half of the layer is there, and wait for the end."""
        assert self.reached.wait(10)
        command.process.send_signal(number)
        command.process.communicate(timeout=20)
        self.over.set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_copy_leaves_no_archive_and_no_draft(
    acrbridge: Acrbridge, registry: FaultyRegistry, site: Path, number: signal.Signals
) -> None:
    halfway = Halfway(registry)
    halfway.end(acrbridge.start(*words(registry, f"oci-archive:{site / 'app.tar'}")), number)
    assert files(site) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_copy_leaves_a_sound_layout_without_drafts(
    acrbridge: Acrbridge, registry: FaultyRegistry, site: Path, number: signal.Signals
) -> None:
    halfway = Halfway(registry)
    halfway.end(acrbridge.start(*words(registry, f"oci:{site}")), number)
    check_sound(site)
    assert not [name for name in files(site) if name.startswith(".")]
    assert json.loads((site / "index.json").read_bytes())["manifests"] == []


def test_a_copy_that_was_killed_leaves_a_sound_layout_and_goes_on(
    acrbridge: Acrbridge, registry: FaultyRegistry, site: Path
) -> None:
    digest = registry.fill(LAYER, b"small")
    halfway, small = Halfway(registry), blob_file(site, b"small")
    command = acrbridge.start(*words(registry, f"oci:{site}"))
    assert wait_until(small.exists)
    halfway.end(command, signal.SIGKILL)
    check_sound(site)
    result = acrbridge(*words(registry, f"oci:{site}")).succeeded().json()
    check_sound(site)
    assert result["digests"] == {"v1": digest}
    assert blob_file(site, LAYER).read_bytes() == LAYER
    assert registry.count("GET", f"/blobs/{digest_of(b'small')}") == 1


@pytest.mark.parametrize("scheme", ["oci", "oci-archive"])
def test_a_download_that_breaks_off_goes_on(
    acrbridge: Acrbridge, registry: FaultyRegistry, site: Path, scheme: str
) -> None:
    registry.fault = Times(2, cut(1 << 20), DOWN)
    result = acrbridge(*words(registry, f"{scheme}:{site / 'app'}")).succeeded().json()
    back = acrbridge("copy", f"{scheme}:{site / 'app'}", registry.words[2]).succeeded().json()
    assert result["digests"] == back["digests"]
    assert registry.arrived
