"""The emulator as these tests use it: the command line run against it, its state, its faults, its log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acr_emulator import faults
from acr_emulator.records import Tag
from acr_emulator.state import State
from emulated import in_process, secrecy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ACRBRIDGE = (sys.executable, "-m", "acrbridge")
TENANT = "10000000-0000-0000-0000-000000000001"
OTHER_TENANT = "10000000-0000-0000-0000-000000000002"
SUBSCRIPTION = "20000000-0000-0000-0000-000000000001"
TARGET = "contoso"
REGISTRIES = "Microsoft.ContainerRegistry/registries"
HELLO = "docker.io/library/hello-world:latest"
SMALL = "fabrikam.azurecr.io/single:v1"
"""A source of one manifest, which copies fastest."""
INHERITED = ("PATH", "LANG", "COVERAGE_PROCESS_START")
PATIENCE = 30


def client_id(number: int) -> str:
    """Return the client ID of an identity of the seed `default`."""
    return f"30000000-0000-0000-0000-{number:012d}"


def object_id(number: int) -> str:
    """Return the object ID of an identity of the seed `default`."""
    return f"40000000-0000-0000-0000-{number:012d}"


def registry_id(name: str, group: str = "rg1", subscription: str = SUBSCRIPTION) -> str:
    """Return a registry's resource ID."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{REGISTRIES}/{name}"


@dataclass(frozen=True)
class Ended:
    """A command that ended."""

    status: int
    stdout: str
    stderr: str
    seconds: float

    def json(self) -> Any:
        """Return what it printed, which has to be JSON and nothing else."""
        assert self.status == 0, self.stderr
        return json.loads(self.stdout)

    def succeeded(self) -> Ended:
        """Insist on success."""
        assert self.status == 0, self.stderr
        return self

    @property
    def lines(self) -> list[str]:
        """What it said on stderr, line by line."""
        return self.stderr.splitlines()

    @property
    def warnings(self) -> list[str]:
        """The lines that warn."""
        return [line for line in self.lines if line.startswith("WARNING: ")]

    def refused(self, status: int, code: str, *words: str, warnings: int = 0) -> str:
        """Insist on a failure that is told as a person should be told; gives the line.

        Nothing on stdout; on stderr so many warnings, one line of error that holds the words, Azure's correlation
        ID where there is one, and the code as the last line.
        """
        assert (self.status, self.stdout) == (status, ""), self
        talk = [line for line in self.lines if not line.startswith("WARNING: ")]
        assert len(self.lines) - len(talk) == warnings, self.stderr
        assert talk[-1] == f"Code: {code}", self.stderr
        assert len(talk) == 2 or (len(talk) == 3 and talk[1].startswith("Correlation ID: ")), self.stderr
        assert talk[0].startswith("ERROR: "), self.stderr
        assert [word for word in words if word not in talk[0]] == [], talk[0]
        assert "Traceback" not in self.stderr
        return talk[0]


class Command:
    """A process under way, which tests can interrupt."""

    def __init__(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        *,
        stdin: str | None = None,
        session: bool = False,
    ) -> None:
        self._began = time.monotonic()
        self.process = subprocess.Popen(
            words,
            env=dict(environment),
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=session,
        )
        self._stdin = stdin

    def end(self, *, secret: bool = False) -> Ended:
        """Wait for its end. No secret may show in what it wrote, unless that is what it is for."""
        try:
            stdout, stderr = self.process.communicate(self._stdin, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        assert secret or secrecy.shown_in(stdout + stderr) == []
        return Ended(self.process.returncode, stdout, stderr, time.monotonic() - self._began)


class Acrbridge:
    """Our command line in one environment, which holds its profile too."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)

    def __call__(self, *words: str, stdin: str | None = None, secret: bool = False) -> Ended:
        """Run it to its end, within this process; `secret` allows that it prints one."""
        began = time.monotonic()
        status, stdout, stderr = in_process.run(words, self.environment, stdin or "")
        assert secret or secrecy.shown_in(stdout + stderr) == []
        return Ended(status, stdout, stderr, time.monotonic() - began)

    def start(self, *words: str, session: bool = False) -> Command:
        """Start it as a process; `session` makes it the leader of a session, as a terminal does."""
        return Command((*ACRBRIDGE, *words), self.environment, session=session)

    def imports(self, source: str, image: str, *words: str, name: str = TARGET) -> Ended:
        """Run `acr import` to its end."""
        return self("acr", "import", "--name", name, "--source", source, "--image", image, *words)

    def where(self, **variables: str) -> Acrbridge:
        """Return it with other variables in its environment."""
        return type(self)({**self.environment, **variables})

    @property
    def profile(self) -> Path:
        """The folder of its profile and tokens."""
        return Path(self.environment["ACRBRIDGE_CONFIG_DIR"])


class Process(Acrbridge):
    """The command line as a process of its own, each time."""

    def __call__(self, *words: str, stdin: str | None = None, secret: bool = False) -> Ended:
        """Run it to its end; `secret` allows that it prints one."""
        return Command((*ACRBRIDGE, *words), self.environment, stdin=stdin).end(secret=secret)


@dataclass(frozen=True)
class LocalAzure:
    """A running emulator."""

    folder: Path
    state: State
    environment: Mapping[str, str]

    def client(self, profile: Path) -> dict[str, str]:
        """Return the environment of a client that keeps its sign-in in a folder."""
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return {
            **inherited,
            **self.environment,
            "HOME": str(profile.parent),
            "ACRBRIDGE_CONFIG_DIR": str(profile),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",  # not that of who runs the tests
        }

    def play(self, *names: str) -> None:
        """Put exactly these faults in force."""
        faults.set_faults(self.state, faults.parse(names))

    def tag(self, image: str, host: str = f"{TARGET}.azurecr.io") -> str | None:
        """Return the digest that a tag `repository:tag` points to, or None where there is none."""
        repository, _, name = image.partition(":")
        found = self.state.get(Tag, host=host, repository=repository, name=name)
        return found.digest if found else None

    def log_size(self) -> int:
        """Return how long the log of requests is now, to read on from there."""
        return (self.folder / "requests.jsonl").stat().st_size

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the requests that came since the log had that size."""
        with (self.folder / "requests.jsonl").open("rb") as log:
            log.seek(since)
            return [json.loads(line) for line in log]


@contextmanager
def running(folder: Path, *options: str) -> Iterator[LocalAzure]:
    """Start an emulator, yield it when it is ready, and end it by its process ID."""
    words = (sys.executable, "-m", "acr_emulator", "serve", "--state", str(folder), *options)
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        assert process.stdout.readline().startswith("acr_emulator: https://localhost:")
        endpoint = json.loads((folder / "endpoint.json").read_text("utf-8"))
        state = State(folder)
        yield LocalAzure(folder, state, endpoint["environment"])
        state.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        process.stdout.close()
