"""Start, find and stop the emulator: a process of its own, of which only its folder is known here."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from acrbridge.errors import AcrBridgeError, NotFoundError

_EMULATOR = (sys.executable, "-P", "-m", "acr_emulator")
"""-P leaves out the current folder, where a module of another's could lie."""
_START = 20.0
_STOP = 10.0
"""Seconds that starting and stopping may take."""
_PATIENCE = 5.0
"""Seconds that an emulator may take to say that it is there."""


@dataclass(frozen=True)
class Emulator:
    """A running emulator."""

    state: Path
    pid: int
    port: int
    url: str
    run: str
    """Made up at each start."""
    environment: Mapping[str, str] = field(repr=False)
    """What a client needs in its environment; its secrets are made up."""

    def as_json(self) -> dict[str, Any]:
        """The emulator as a JSON object."""
        return {"pid": self.pid, "port": self.port, "state": str(self.state), "url": self.url}


@dataclass(frozen=True)
class EmulatorOptions:
    """How an emulator is started; None and empty leave its own defaults."""

    port: int | None = None
    seed: str | None = None
    polls: int | None = None
    retry_after: int | None = None
    faults: tuple[str, ...] = ()
    anonymous_push: tuple[str, ...] = ()

    def arguments(self) -> list[str]:
        """As arguments of `python -m acr_emulator serve`."""
        single = {
            "--port": self.port,
            "--seed": self.seed,
            "--lro-polls": self.polls,
            "--retry-after": self.retry_after,
        }
        several = {"--fault": self.faults, "--anonymous-push": self.anonymous_push}
        given = [(name, str(value)) for name, value in single.items() if value is not None]
        given += [(name, value) for name, values in several.items() for value in values]
        return [text for pair in given for text in pair]


def running(state: Path) -> Emulator | None:
    """The emulator that serves a state folder, or None."""
    try:
        document = json.loads((state / "endpoint.json").read_text("utf-8"))
        found = Emulator(state, *(document[key] for key in ("pid", "port", "url", "run", "environment")))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if _serves(found) else None


def find(state: Path) -> Emulator:
    """The emulator that serves a state folder.

    Raises:
        NotFoundError: EMULATOR_NOT_RUNNING.
    """
    found = running(state)
    if found is None:
        raise NotFoundError("EMULATOR_NOT_RUNNING", f"No emulator runs with state folder {state}.")
    return found


def start(state: Path, options: EmulatorOptions) -> Emulator:
    """Start an emulator, or find the one that runs already.

    Raises:
        AcrBridgeError: EMULATOR_NOT_INSTALLED, EMULATOR_FAILED.
    """
    if found := running(state):
        return found
    _check_installed()
    process = None
    try:
        with _log(state) as log, _interrupts_deferred():
            process = subprocess.Popen(  # noqa: S603 - our own module, in our own interpreter
                [*_EMULATOR, "serve", "--state", str(state), *options.arguments()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **_alone(),
            )
        return _await_ready(state, process)
    except KeyboardInterrupt:  # in a session of its own, the emulator does not hear the terminal
        if process is not None:
            _kill(process)
        raise


def stop(emulator: Emulator) -> None:
    """Stop an emulator; its state stays.

    Raises:
        AcrBridgeError: EMULATOR_FAILED, it did not end.
    """
    with suppress(OSError):  # it may have ended meanwhile
        os.kill(emulator.pid, signal.SIGTERM)
    end = time.monotonic() + _STOP
    while _exists(emulator.pid) or _serves(emulator):
        if time.monotonic() > end:
            raise AcrBridgeError(
                "EMULATOR_FAILED", f"The emulator (process {emulator.pid}) does not end.", remedy=""
            )
        time.sleep(0.02)


def seed(state: Path, name: str) -> None:
    """Load a seed into a state folder, also while an emulator serves it.

    Args:
        state: the folder.
        name: default, article, or a file.

    Raises:
        AcrBridgeError: EMULATOR_NOT_INSTALLED, EMULATOR_FAILED with the seed's fault.
    """
    _module(state, "seed", name)


def set_faults(state: Path, faults: Sequence[str]) -> None:
    """Put exactly these faults in force; none clears them.

    Raises:
        NotFoundError: EMULATOR_NOT_RUNNING: one that starts has the faults of its own options.
        AcrBridgeError: EMULATOR_FAILED, there is no such fault.
    """
    find(state)
    _module(state, "fault", *faults)


@contextmanager
def serving(state: Path | None, options: EmulatorOptions) -> Iterator[Emulator]:
    """An emulator for as long as a block runs.

    One that runs already is used and left running; without a state folder, a fresh one is made and deleted.
    """
    if state and (found := running(state)):
        yield found
        return
    with TemporaryDirectory(prefix="acrbridge-emulator-", ignore_cleanup_errors=True) as folder:
        emulator = None
        try:
            emulator = start(state or Path(folder), options)
            yield emulator
        finally:
            if emulator is not None:
                stop(emulator)


def client_environment(emulator: Emulator, environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which clients reach the emulator, and keep their sign-ins beside its state.

    Folders for settings that the environment names already are kept.
    """
    clients = emulator.state / "clients"
    folders = {
        "ACRBRIDGE_CONFIG_DIR": clients / "acrbridge",
        "AZURE_CONFIG_DIR": clients / "azure",
        "DOCKER_CONFIG": clients / "docker",
    }
    own = {**emulator.environment, "ACR_EMULATOR_STATE": str(emulator.state)}
    return {**{name: str(path) for name, path in folders.items()}, **environment, **own}


def run_in(emulator: Emulator, command: Sequence[str]) -> int:
    """Run a command in the emulator's environment; gives its exit status, as a shell would.

    Raises:
        NotFoundError: COMMAND_NOT_FOUND.
    """
    started: list[subprocess.Popen[bytes]] = []
    program = shutil.which(command[0]) or command[0]  # Windows itself looks for no az.cmd

    def pass_on(number: int) -> None:
        if number == signal.SIGTERM:  # Ctrl-C the terminal sends to the command as well
            for process in started:
                process.terminate()

    with _signals_calling(pass_on):
        try:
            started.append(
                subprocess.Popen([program, *command[1:]], env=client_environment(emulator, os.environ))  # noqa: S603 - the user's
            )
        except OSError as error:
            raise NotFoundError(
                "COMMAND_NOT_FOUND", f"{command[0]!r} cannot be run: {error.strerror}."
            ) from None
        status = started[0].wait()
    return status if status >= 0 else 128 - status


def _log(state: Path) -> BinaryIO:
    """Make the state folder, and open the file for what the emulator says."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        return (state / "emulator.log").open("wb")
    except OSError as error:
        raise AcrBridgeError(
            "FILE_UNREADABLE", f"{state} cannot hold the emulator's state: {error.strerror}."
        ) from None


def _alone() -> dict[str, Any]:
    """Options of a process that outlives this one and does not hear its terminal."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS}
    return {"start_new_session": True}


def _await_ready(state: Path, process: subprocess.Popen[bytes]) -> Emulator:
    end = time.monotonic() + _START
    while time.monotonic() < end and process.poll() is None:
        if (found := running(state)) and found.pid == process.pid:
            return found
        time.sleep(0.02)
    _kill(process)
    raise AcrBridgeError("EMULATOR_FAILED", f"The emulator did not start: {_last_words(state)}", remedy="")


@contextmanager
def _interrupts_deferred() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until the block has ended, so that a process that it starts is not lost."""
    came: list[int] = []
    with _signals_calling(came.append):
        yield
    for number in came:
        signal.raise_signal(number)


@contextmanager
def _signals_calling(act: Callable[[int], None]) -> Iterator[None]:
    """Have Ctrl-C and SIGTERM call a function while a block runs, in place of what they usually do."""
    if (
        threading.current_thread() is not threading.main_thread()
    ):  # it gets no signals, and may not set handlers
        yield
        return
    usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in usual:
        signal.signal(number, lambda number, frame: act(number))  # noqa: ARG005 - signal's signature
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _module(state: Path, *arguments: str) -> None:
    _check_installed()
    done = subprocess.run(  # noqa: S603 - our own module, in our own interpreter
        [*_EMULATOR, arguments[0], "--state", str(state), *arguments[1:]],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise AcrBridgeError("EMULATOR_FAILED", last.removeprefix("acr_emulator: "), remedy="")


def _check_installed() -> None:
    missing = [name for name in ("starlette", "uvicorn", "trustme", "jwt") if find_spec(name) is None]
    if missing:
        raise AcrBridgeError("EMULATOR_NOT_INSTALLED", f"The emulator needs {', '.join(missing)}.")


def _last_words(state: Path) -> str:
    lines = (state / "emulator.log").read_text("utf-8", "replace").strip().splitlines()
    return lines[-1].removeprefix("acr_emulator: ") if lines else "it said nothing"


def _serves(emulator: Emulator) -> bool:
    """Whether this very emulator answers: after it was killed, another may have its port, or its process ID."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/emulator")
        return bool(json.loads(connection.getresponse().read(1024)) == {"run": emulator.run})
    except (OSError, http.client.HTTPException, ValueError, TypeError):
        return False
    finally:
        connection.close()


def _exists(pid: int) -> bool:
    """Whether a process has not ended yet; on Windows, where asking would signal it, its port decides alone."""
    if sys.platform == "win32":
        return False
    with suppress(OSError):
        os.waitpid(pid, os.WNOHANG)  # our own child would stay a zombie otherwise
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether a process has ended and waits for its parent: in a container nobody may ever ask for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False
