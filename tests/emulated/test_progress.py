"""What a person sees of a copy on a terminal, tried on a real one."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from typing import TYPE_CHECKING

import pytest

from emulated.faulty_registry import FaultyRegistry, Handler
from emulated.local_azure import INHERITED
from unit.cli.fake_terminal import FakeTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LAYERS = tuple(os.urandom(1 << 20) * 2 for _ in range(3))


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[FaultyRegistry]:
    """A registry that sends each layer in a second or so."""
    with FaultyRegistry(tmp_path) as running:
        running.fill(*LAYERS)
        running.fault = slow
        yield running


def slow(handler: Handler) -> bool:
    if handler.command != "GET" or "/blobs/" not in handler.path:
        return False
    body = handler.begin_part()
    for begin in range(0, len(body), 1 << 18):
        handler.wfile.write(body[begin : begin + (1 << 18)])
        time.sleep(0.15)
    return True


class Watched:
    """`acrbridge copy` on a terminal of its own, and all that it writes there."""

    def __init__(self, registry: FaultyRegistry, home: Path, columns: int, lines: int, *more: str) -> None:
        mine, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        own = {"HOME": str(home), "ACRBRIDGE_CONFIG_DIR": str(home / "profile"), "TERM": "xterm"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "acrbridge", *registry.words, "-o", "none", *more],
            env={**inherited, **own, "REQUESTS_CA_BUNDLE": str(registry.ca_file)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=its,
        )
        os.close(its)
        self.frames: list[str] = []
        self._reader = threading.Thread(target=self._read, args=(mine,))
        self._reader.start()

    def _read(self, terminal: int) -> None:
        try:
            while piece := os.read(terminal, 1 << 16):
                self.frames.append(piece.decode())
        except OSError:  # the other end is closed
            pass
        os.close(terminal)

    def end(self) -> int:
        status = self.process.wait(60)
        self._reader.join()
        return status

    def shows(self, frames: int | None = None) -> list[str]:
        screen = FakeTerminal()
        screen.write("".join(self.frames[:frames]))
        return screen.shows()


def test_each_blob_at_work_has_a_line_and_nothing_is_left_at_the_end(
    registry: FaultyRegistry, tmp_path: Path
) -> None:
    run = Watched(registry, tmp_path, 80, 24)
    assert run.end() == 0
    seen = [run.shows(number) for number in range(1, len(run.frames))]
    fullest = max(seen, key=len)
    assert " of 6.0 MiB (" in fullest[0]
    assert len(fullest) == 1 + len(LAYERS)
    assert all(line.endswith("%") for line in fullest[1:])
    assert run.shows() == []


def test_a_narrow_and_low_terminal_gets_what_fits(registry: FaultyRegistry, tmp_path: Path) -> None:
    run = Watched(registry, tmp_path, 30, 3)
    assert run.end() == 0
    seen = [run.shows(number) for number in range(1, len(run.frames))]
    assert max(map(len, seen)) == 2
    assert max(len(line) for lines in seen for line in lines) < 30


def test_ctrl_c_leaves_the_error_alone_on_the_screen(registry: FaultyRegistry, tmp_path: Path) -> None:
    run = Watched(registry, tmp_path, 80, 24)
    while not run.frames:
        time.sleep(0.01)
    run.process.send_signal(signal.SIGINT)
    assert run.end() == 130
    first, *_, last = run.shows()
    assert first.startswith("ERROR: Stopped.")
    assert last == "Code: INTERRUPTED"


def test_only_show_errors_shows_nothing(registry: FaultyRegistry, tmp_path: Path) -> None:
    run = Watched(registry, tmp_path, 80, 24, "--only-show-errors")
    assert run.end() == 0
    assert run.frames == []
