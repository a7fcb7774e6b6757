"""The strangers of the interop tests: where their tools are, and a running emulator for them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

START_SECONDS = 30
INHERITED = ("PATH", "LANG", "XDG_RUNTIME_DIR", "ACRBRIDGE_CI_RUN")


def tools_folder() -> Path:
    """Return where .ci/install-interop puts the tools."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("ACRBRIDGE_INTEROP_TOOLS") or cache / "acrbridge-interop")


def find_tool(name: str) -> str:
    """Return the path of a tool; skip the test without it, or fail it in CI, where all tools have to be."""
    folder = tools_folder()
    places = {"az": folder / "az" / "bin" / "az", "sdk": folder / "sdk" / "bin" / "python"}
    place = places.get(name, folder / "bin" / name)
    found = str(place) if place.exists() else shutil.which(name)
    if found is None:
        missing = f"{name} is not installed; .ci/install-interop does it"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@dataclass(frozen=True)
class Ended:
    """A command that ended: its exit status, its output, and what it said on stderr."""

    status: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """Return the output, read as JSON."""
        return json.loads(self.stdout)


@dataclass(frozen=True)
class Emulator:
    """A running emulator as strangers see it: its port and the environment that leads there."""

    state: Path
    port: int
    url: str
    environment: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.environment[name]

    def start(self, *command: str, home: Path, **variables: str) -> Ended:
        """Run a command that knows only the emulator, with its own home folder, and wait for its end."""
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        own = {
            "HOME": str(home),
            "DOCKER_CONFIG": str(home / ".docker"),
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
        }
        ended = subprocess.run(
            command,
            check=False,
            env={**inherited, **own, **self.environment, **variables},
            cwd=home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=110,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def run(self, *command: str, home: Path, **variables: str) -> Ended:
        """Run a command that has to succeed."""
        ended = self.start(*command, home=home, **variables)
        assert ended.status == 0, f"{command} ended with {ended.status}:\n{ended.stdout}\n{ended.stderr}"
        return ended

    def requests(self) -> list[dict[str, Any]]:
        """Return every request so far, oldest first, as the emulator logged it."""
        lines = (self.state / "requests.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]


@contextmanager
def running_emulator(state: Path, *options: str) -> Iterator[Emulator]:
    """Start an emulator on a free port, yield it when it is ready, and end it by its process id."""
    command = (sys.executable, "-m", "acr_emulator", "serve", "--state", str(state), "--port", "0", *options)
    with (state.parent / f"{state.name}.log").open("w+", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield _await_ready(process, state, Path(log.name))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(START_SECONDS)


def _await_ready(process: subprocess.Popen[bytes], state: Path, log: Path) -> Emulator:
    endpoint, deadline = state / "endpoint.json", time.monotonic() + START_SECONDS
    while not endpoint.exists():
        assert process.poll() is None, f"the emulator ended with {process.returncode}:\n{log.read_text()}"
        assert time.monotonic() < deadline, f"the emulator is not ready:\n{log.read_text()}"
        time.sleep(0.02)
    found = json.loads(endpoint.read_text(encoding="utf-8"))
    return Emulator(state, found["port"], found["url"], found["environment"])
