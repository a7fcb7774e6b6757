"""How fast a command answers, and how fast an import ends beside the real az.

Usage: python benchmarks/startup.py [--runs 5] [--az PATH]

Needs the extra `emulator`; without az (on PATH, or where .ci/install-interop puts it) only acrbridge is timed. Both
import the same image into the same emulator, whose operations tell their end at the first poll, so that neither
waits. Exit status 1 when a limit is missed. Only ratios of one run count: machines differ, and are noisy.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VERSION_LIMIT = 0.15
HELP_LIMIT = 0.25
AZ_SHARE = 0.5
IMPORT = ("acr", "import", "-n", "contoso", "--source", "docker.io/library/hello-world:latest")


@dataclass(frozen=True)
class Row:
    """One line of the table: a command, its median in seconds, and the limit in seconds where it has one."""

    command: str
    seconds: float
    limit: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether the limit is kept; always, where there is none."""
        return self.limit is None or self.seconds <= self.limit


def installed(name: str, *folder: str) -> str | None:
    """Return a command beside this Python, in the folder of the interop tools, or on PATH."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    tools = Path(os.environ.get("ACRBRIDGE_INTEROP_TOOLS") or cache / "acrbridge-interop")
    places = [Path(sys.executable).parent / name, tools.joinpath(*folder, name)]
    return next((str(place) for place in places if place.exists()), shutil.which(name))


def run(*command: str, **variables: str) -> None:
    """Run a command that has to succeed, in silence."""
    environment = {**os.environ, **variables}
    subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def medians(runs: int, *actions: Callable[[int], None]) -> list[float]:
    """Return each action's median of so many runs in seconds, after one that warms the caches.

    The actions take turns, so that a busy moment of the machine falls on all of them.
    """
    times: list[list[float]] = [[] for _ in actions]
    for number in range(runs + 1):
        for action, taken in zip(actions, times, strict=True):
            started = time.perf_counter()
            action(number)
            taken.append(time.perf_counter() - started)
    return [statistics.median(taken[1:]) for taken in times]


@contextmanager
def emulator(folder: Path) -> Iterator[dict[str, str]]:
    """Run an emulator and yield the environment that leads to it."""
    state = folder / "state"
    command = (sys.executable, "-m", "acr_emulator", "serve", "--state", str(state), "--lro-polls", "1")
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        while not (state / "endpoint.json").exists():
            if process.poll() is not None:
                raise SystemExit(f"the emulator ended with {process.returncode}")
            time.sleep(0.02)
        environment: dict[str, str] = json.loads((state / "endpoint.json").read_text())["environment"]
        yield environment
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def importer(command: str, azure: dict[str, str], profile: dict[str, str]) -> Callable[[int], None]:
    """Sign a command line in and return its import, each time to a tag of its own."""
    name = Path(command).name
    words = ("--service-principal", "-u", azure["AZURE_CLIENT_ID"], "-p", azure["AZURE_CLIENT_SECRET"])
    run(command, "login", *words, "--tenant", azure["AZURE_TENANT_ID"], **azure, **profile)
    return lambda number: run(command, *IMPORT, "-t", f"benchmark/{name}:{number}", **azure, **profile)


def time_imports(runs: int, acrbridge: str, az: str | None) -> list[Row]:
    """Time the import with acrbridge and, where it is there, with az."""
    with tempfile.TemporaryDirectory() as temporary, emulator(Path(temporary)) as azure:
        ours = importer(acrbridge, azure, {"ACRBRIDGE_CONFIG_DIR": f"{temporary}/acrbridge"})
        if az is None:
            return [Row("acrbridge acr import", *medians(runs, ours))]
        quiet = {"AZURE_CONFIG_DIR": f"{temporary}/az", "AZURE_CORE_COLLECT_TELEMETRY": "no"}
        our_seconds, az_seconds = medians(runs, ours, importer(az, azure, quiet))
    limit = AZ_SHARE * az_seconds
    return [Row("az acr import", az_seconds), Row("acrbridge acr import", our_seconds, limit)]


def main() -> int:
    """Time everything and print the table."""
    parser = argparse.ArgumentParser(description="Time the start of commands, and an import beside az.")
    parser.add_argument("--runs", type=int, default=5, help="runs of each command; the median counts")
    parser.add_argument("--az", default=installed("az", "az", "bin"), help="the az to compare with")
    options = parser.parse_args()
    acrbridge = installed("acrbridge", "bin")
    if acrbridge is None:
        parser.error("acrbridge is not installed")
    # Or each start would compile what an installation has compiled.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    version, overview = medians(
        options.runs, lambda _: run(acrbridge, "--version"), lambda _: run(acrbridge, "--help")
    )
    rows = [
        Row("acrbridge --version", version, VERSION_LIMIT),
        Row("acrbridge --help", overview, HELP_LIMIT),
        *time_imports(options.runs, acrbridge, options.az),
    ]
    for row in rows:
        limit = "" if row.limit is None else f"{row.limit:8.2f} s  {'met' if row.is_met else 'MISSED'}"
        print(f"{row.command:<22}{row.seconds:8.2f} s  {limit}".rstrip())
    return 0 if all(row.is_met for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
