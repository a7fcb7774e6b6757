"""What `acrbridge copy` costs: round trips, the start of its process, and memory; and a warm process beside crane.

Usage: python benchmarks/copying.py [--runs 5] [--rtt 0.2] [--big 256]

Copies between two repositories of two of Debian's docker-registry on loopback, over TLS, without credentials; latency
comes from delay.py beside this file. Needs the extra `emulator` (for trustme) and docker-registry on PATH; without
crane (on PATH, or where .ci/install-interop puts it) there is nothing to compare with. Prints, and judges nothing:
machines are noisy, and only ratios of one run count.

The least number of round trips for an image that nothing knows yet, with nothing cached: TCP and TLS 1.3 to the source
(2), its manifest (1), its blobs, all at once (1), their upload (1), the manifest's (1), and reading that back (1). What
else is needed can be under way beside these: the target's connection and the beginning of the uploads, more connections
for more blobs, what refers to the image, its tags.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

import acrbridge

LEAST_ROUND_TRIPS = 7
SMALL, MANY = (3, 64 << 10), (60, 64 << 10)
"""Layers of an image, and bytes of each."""
CONFIG, LAYER, MANIFEST = (
    f"application/vnd.oci.image.{kind}"
    for kind in ("config.v1+json", "layer.v1.tar+gzip", "manifest.v1+json")
)
LAUNCHER = """
import os, sys, time
began = time.perf_counter()
_, status, usage = os.wait4(os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:]), 0)
print(time.perf_counter() - began, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
"""
"""Runs a command from a small process: Linux counts the memory of the one that started it as the command's own."""
Copy = Callable[["Network", str], "Run"]
"""Copies an image from the one end of a network to the other."""


@dataclass(frozen=True)
class Run:
    """Seconds of wall time, and the most memory that the process had, in MB."""

    seconds: float
    memory: float


@dataclass(frozen=True)
class Network:
    """The hosts of source and target as they are seen over one latency."""

    source: str
    target: str


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the end of the `with`."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def prepare(folder: Path) -> None:
    """Make a certificate for the registries; this process and its children trust it, and know no other settings."""
    ca = trustme.CA()
    ca.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    ca.cert_pem.write_to_path(folder / "ca.pem")
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        os.environ[name] = str(folder / "ca.pem")
    for name in ("ACRBRIDGE_CONFIG_DIR", "DOCKER_CONFIG"):
        os.environ[name] = str(folder)
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


@contextmanager
def registry(folder: Path, name: str) -> Iterator[int]:
    """Run docker-registry and yield its port."""
    port, pem = free_port(), str(folder / "server.pem")
    settings = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / name)}},
        "http": {"addr": f"127.0.0.1:{port}", "tls": {"certificate": pem, "key": pem}},
    }
    file = folder / f"{name}.json"  # which is YAML, too
    file.write_text(json.dumps(settings))
    with running("docker-registry", "serve", str(file)):
        while True:
            try:
                send("GET", f"https://127.0.0.1:{port}/v2/")
            except OSError:
                time.sleep(0.05)
            else:
                break
        yield port


@contextmanager
def network(source: int, target: int, rtt: float) -> Iterator[Network]:
    """Give two ports a latency."""
    near = (free_port(), free_port())
    rules = [f"{port}:{far}:{rtt}" for port, far in zip(near, (source, target), strict=True)]
    with running(sys.executable, str(Path(__file__).with_name("delay.py")), *rules) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        process.stdout.readline()
        yield Network(*(f"127.0.0.1:{port}" for port in near))


def send(method: str, url: str, body: bytes | None = None, kind: str = "application/octet-stream") -> str:
    """Send a request; gives the answer's Location."""
    request = urllib.request.Request(url, body, {"Content-Type": kind}, method=method)  # noqa: S310 - to loopback
    with urllib.request.urlopen(request, context=ssl.create_default_context()) as answer:  # noqa: S310
        return str(answer.headers["Location"])


def push(port: int, name: str, layers: int, size: int) -> str:
    """Push an image of random layers; gives its repository and tag."""
    repository = f"https://127.0.0.1:{port}/v2/{name}"

    def blob(kind: str, content: bytes) -> dict[str, object]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        send("PUT", f"{send('POST', f'{repository}/blobs/uploads/', b'')}&digest={digest}", content)
        return {"mediaType": kind, "digest": digest, "size": len(content)}

    config = blob(CONFIG, json.dumps({"architecture": "amd64", "os": "linux", "salt": name}).encode())
    content = [blob(LAYER, os.urandom(size)) for _ in range(layers)]
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": content}
    send("PUT", f"{repository}/manifests/v1", json.dumps(manifest).encode(), MANIFEST)
    return f"{name}:v1"


# What is timed


def command(*words: str) -> Copy:
    """A command that copies from one reference to another."""

    def copy(network: Network, image: str) -> Run:
        line = [*words, f"{network.source}/{image}", f"{network.target}/{image}"]
        ended = subprocess.run(
            [sys.executable, "-Sc", LAUNCHER, *line], check=True, capture_output=True, text=True
        )
        seconds, kilobytes, status = ended.stdout.split()[-3:]
        if status != "0":
            raise SystemExit(f"{' '.join(line)} ended with {status}:\n{ended.stderr}")
        return Run(float(seconds), int(kilobytes) / 1024)

    return copy


@contextmanager
def warm() -> Iterator[Copy]:
    """Copy within this process, which keeps its connections."""
    with acrbridge.Client() as client:

        def copy(network: Network, image: str) -> Run:
            started = time.perf_counter()
            client.copy(f"{network.source}/{image}", f"{network.target}/{image}")
            return Run(time.perf_counter() - started, 0)

        yield copy


class Bench:
    """Two registries, and images that nobody copied yet: what was seen before might be remembered."""

    def __init__(self, source: int, runs: int) -> None:
        self._source, self._runs = source, runs
        self._made = 0

    def seconds(self, shape: tuple[int, int], *ways: tuple[Copy, Network]) -> list[list[float]]:
        """Return each way's runs, but for the first, which warms it; the ways take turns."""
        runs = [[self.once(shape, *way).seconds for way in ways] for _ in range(self._runs + 1)]
        return [list(taken) for taken in zip(*runs[1:], strict=True)]

    def once(self, shape: tuple[int, int], copy: Copy, network: Network) -> Run:
        """Copy a new image of a shape."""
        self._made += 1
        return copy(network, push(self._source, f"image{self._made}", *shape))


def installed(name: str) -> str | None:
    """Return a command beside this Python, in the folder of the interop tools, or on PATH."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    tools = Path(os.environ.get("ACRBRIDGE_INTEROP_TOOLS") or cache / "acrbridge-interop")
    places = [Path(sys.executable).parent / name, tools / "bin" / name]
    return next((str(place) for place in places if place.exists()), shutil.which(name))


def show_latency(bench: Bench, ours: Copy, warm: Copy, near: Network, far: Network, rtt: float) -> None:
    """Print the round trips of one image, and what the start of a process adds."""
    runs = bench.seconds(SMALL, (ours, near), (ours, far), (warm, near))
    cold, slow, started = map(min, runs)  # whatever disturbs a run only adds to it
    trips = (slow - cold) / rtt
    print(
        f"round trips           {trips:8.1f}    least {LEAST_ROUND_TRIPS}   ratio {trips / LEAST_ROUND_TRIPS:.2f}"
    )
    print(f"process start         {cold - started:8.3f} s  of {cold:.3f} s")


def show_warm(bench: Bench, warm: Copy, near: Network) -> None:
    """Print a warm process beside crane."""
    crane = installed("crane")
    if crane is None:
        print("crane is not installed: nothing to compare with")
        return
    peers = [(command(crane, "copy", "-j", jobs), near) for jobs in ("4", "16")]
    ours, *theirs = map(statistics.median, bench.seconds(MANY, (warm, near), *peers))
    print(f"warm, 60 layers       {ours:8.3f} s  crane {min(theirs):.3f} s   ratio {ours / min(theirs):.2f}")


def show_memory(bench: Bench, ours: Copy, near: Network, big: int) -> None:
    """Print the most memory that a process had, by image."""
    for name, shape in (
        ("3 small layers", SMALL),
        ("60 small layers", MANY),
        (f"3 of {big} MiB", (3, big << 20)),
    ):
        print(f"peak, {name:<15} {bench.once(shape, ours, near).memory:8.0f} MB")


def main() -> None:
    """Measure everything and print the figures."""
    parser = argparse.ArgumentParser(description="Measure what acrbridge copy costs.")
    parser.add_argument(
        "--runs", type=int, default=5, help="runs of each copy; medians count, and minima for latency"
    )
    parser.add_argument(
        "--rtt", type=float, default=0.2, help="seconds of one round trip; the longer, the less noise counts"
    )
    parser.add_argument("--big", type=int, default=256, help="MiB of a big layer")
    options = parser.parse_args()
    acrbridge = installed("acrbridge")
    if acrbridge is None or shutil.which("docker-registry") is None:
        parser.error("acrbridge and docker-registry have to be installed")
    # Or each start would compile what an installation has compiled.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    ours = command(acrbridge, "copy", "-o", "none")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        prepare(folder)
        source, target = (stack.enter_context(registry(folder, name)) for name in ("source", "target"))
        near, far = (stack.enter_context(network(source, target, rtt)) for rtt in (0.0, options.rtt))
        bench = Bench(source, options.runs)
        in_process = stack.enter_context(warm())
        show_latency(bench, ours, in_process, near, far, options.rtt)
        direct = Network(f"127.0.0.1:{source}", f"127.0.0.1:{target}")
        show_warm(bench, in_process, direct)
        show_memory(bench, ours, direct, options.big)


if __name__ == "__main__":
    main()
