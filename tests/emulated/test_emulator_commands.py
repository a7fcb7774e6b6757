"""`acrbridge emulator …`: starts, stops, runs, and leaves no process behind, whoever interrupts it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from acrbridge.operations import local_azure
from emulated.local_azure import INHERITED, Acrbridge, Command, Ended, Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def shell(tmp_path: Path) -> Acrbridge:
    """The command line of somebody who has not started anything."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    own = {"HOME": str(tmp_path), "ACRBRIDGE_CONFIG_DIR": str(tmp_path / "profile"), "TMPDIR": str(temporary)}
    return Process({**inherited, **own})


@pytest.fixture
def folder(shell: Acrbridge, tmp_path: Path) -> Iterator[Path]:
    """A state folder; whatever serves it is stopped in the end."""
    folder = tmp_path / "state"
    yield folder
    shell("emulator", "stop", "--state", str(folder))
    assert processes_of(folder) == []


def processes_of(folder: Path) -> list[int]:
    """Return the emulators that serve a folder or one below it, the ended ones left out."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_text("utf-8", "replace").split("\0")
        except OSError:  # it has ended meanwhile
            continue
        if "acr_emulator" in words and any(word.startswith(str(folder)) for word in words):
            found.append(int(path.parent.name))
    return found


def eventually(holds: Callable[[], Any]) -> Any:
    """Wait until something holds; gives it."""
    deadline = time.monotonic() + 20
    while not (found := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def start(shell: Acrbridge, folder: Path, *words: str) -> Any:
    """Start an emulator; gives what is printed."""
    return shell("emulator", "start", "--state", str(folder), *words).json()


@pytest.mark.parametrize("command", ["stop", "status", "env", "fault"])
def test_no_emulator_runs(shell: Acrbridge, tmp_path: Path, command: str) -> None:
    folder = tmp_path / "nothing"
    ended = shell("emulator", command, "--state", str(folder))
    ended.refused(3, "EMULATOR_NOT_RUNNING", str(folder), "acrbridge emulator start")
    assert not folder.exists()


def test_start_status_stop(shell: Acrbridge, folder: Path) -> None:
    started = start(shell, folder)
    assert started == shell("emulator", "status", "--state", str(folder)).json()
    assert processes_of(folder) == [started["pid"]]
    ended = shell("emulator", "stop", "--state", str(folder)).succeeded()
    assert (ended.stdout, ended.stderr) == ("", "")
    assert ended.seconds < 1.5
    assert processes_of(folder) == []
    assert not (folder / "endpoint.json").exists()


def test_a_module_in_the_current_folder_is_not_run(
    shell: Acrbridge, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "uvicorn.py").write_text("raise SystemExit('led astray')\n")
    monkeypatch.chdir(tmp_path)
    assert [start(shell, folder)["pid"]] == processes_of(folder)


def test_start_twice_is_one_emulator(shell: Acrbridge, folder: Path) -> None:
    started = start(shell, folder)
    assert shell("emulator", "start", "--state", str(folder)).warnings == []
    words = ("--fault", "arm-garbage", "--fault", "slow", "--port", "1")
    again = shell("emulator", "start", "--state", str(folder), *words)
    assert again.json() == started
    stop = f"acrbridge emulator stop --state {folder}"
    (warning,) = again.warnings
    assert warning.endswith(f"An emulator runs already: --port, --fault is ignored. To have it: {stop} first")


def test_two_emulators_at_once(shell: Acrbridge, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    first, second = start(shell, folder), start(shell, other)
    assert (first["pid"], first["port"]) != (second["pid"], second["port"])
    shell("emulator", "stop", "--state", str(other)).succeeded()
    assert shell("emulator", "status", "--state", str(folder)).json() == first


def test_port_that_is_taken(shell: Acrbridge, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        ended = shell("emulator", "start", "--state", str(folder), "--port", port)
    ended.refused(1, "EMULATOR_FAILED", "did not start", "in use", f"127.0.0.1:{port}")
    assert processes_of(folder) == []


WRONG_OPTIONS = {
    "seed": (("--seed", "nope"), "nope is no seed", "default, article"),
    "fault": (("--fault", "arm-garbag"), "arm-garbag", "did you mean arm-garbage?"),
    "fault's number": (("--fault", "arm-throttled=x"), "arm-throttled", "a number of requests"),
}


@pytest.mark.parametrize(("words", "first", "second"), WRONG_OPTIONS.values(), ids=WRONG_OPTIONS)
def test_start_with_an_option_that_makes_no_sense(
    shell: Acrbridge, folder: Path, words: tuple[str, str], first: str, second: str
) -> None:
    ended = shell("emulator", "start", "--state", str(folder), *words)
    ended.refused(1, "EMULATOR_FAILED", first, second)


def test_state_folder_that_cannot_be(shell: Acrbridge, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = shell("emulator", "start", "--state", str(tmp_path / "file"))
    ended.refused(1, "FILE_UNREADABLE", str(tmp_path / "file"))


def test_what_an_emulator_leaves_is_for_its_owner_alone(shell: Acrbridge, folder: Path) -> None:
    start(shell, folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("endpoint.json", "requests.jsonl", "ca-key.pem", "signing-key.pem", "identity-header"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_seed_and_fault_of_a_running_emulator(shell: Acrbridge, folder: Path) -> None:
    start(shell, folder)
    shell("emulator", "seed", "nope", "--state", str(folder)).refused(1, "EMULATOR_FAILED", "nope is no seed")
    shell("emulator", "seed", "article", "--state", str(folder)).succeeded()
    client = client_of(shell, folder)
    words = ("-u", "30000000-0000-0000-0000-0000000000a1", "-t", "target.onmicrosoft.com", "--password-stdin")
    client("login", "--service-principal", *words, "-o", "none", stdin="importer-secret").succeeded()
    assert "myregistry" in client("acr", "list", "--query", "[].name").json()
    assert client.environment["AZURE_CLIENT_ID"] == "30000000-0000-0000-0000-0000000000a1"
    shell("emulator", "fault", "nope", "--state", str(folder)).refused(1, "EMULATOR_FAILED", "'nope'")
    shell("emulator", "fault", "arm-garbage", "--state", str(folder)).succeeded()
    client("acr", "list").refused(1, "ANSWER_UNINTELLIGIBLE")
    shell("emulator", "fault", "--state", str(folder)).succeeded()
    client("acr", "list").succeeded()


def test_restart_loses_nothing(shell: Acrbridge, folder: Path) -> None:
    start(shell, folder, "--lro-polls", "1")
    client = client_of(shell, folder)
    client.imports("docker.io/library/nats:2.10", "kept:v1").succeeded()
    shell("emulator", "stop", "--state", str(folder)).succeeded()
    start(shell, folder)
    shown = client_of(shell, folder)(
        "acr", "repository", "show-tags", "-n", "contoso", "--repository", "kept"
    )
    assert shown.json() == ["v1"]


def test_killed_emulator_is_not_taken_for_a_running_one(shell: Acrbridge, folder: Path) -> None:
    started = start(shell, folder)
    os.kill(started["pid"], signal.SIGKILL)
    eventually(lambda: processes_of(folder) == [])
    shell("emulator", "status", "--state", str(folder)).refused(3, "EMULATOR_NOT_RUNNING")
    assert start(shell, folder)["pid"] != started["pid"]


def test_another_emulator_at_the_port_of_a_killed_one_is_not_taken_for_it(
    shell: Acrbridge, folder: Path, tmp_path: Path
) -> None:
    killed = start(shell, folder)
    os.kill(killed["pid"], signal.SIGKILL)
    eventually(lambda: processes_of(folder) == [])
    other = start(shell, tmp_path / "other", "--port", str(killed["port"]))
    for command in ("status", "stop", "env"):
        shell("emulator", command, "--state", str(folder)).refused(3, "EMULATOR_NOT_RUNNING")
    assert start(shell, folder)["port"] != killed["port"]
    assert shell("emulator", "status", "--state", str(tmp_path / "other")).json() == other
    shell("emulator", "stop", "--state", str(tmp_path / "other")).succeeded()


def test_emulator_that_ends_before_it_is_told_to_is_stopped(shell: Acrbridge, folder: Path) -> None:
    started = start(shell, folder)
    emulator = local_azure.find(folder)
    os.kill(started["pid"], signal.SIGKILL)
    eventually(lambda: processes_of(folder) == [])
    local_azure.stop(emulator)


def test_slow_emulator_runs(shell: Acrbridge, folder: Path) -> None:
    started = start(shell, folder, "--fault", "slow=60")
    assert shell("emulator", "status", "--state", str(folder)).json() == started


def test_shell_that_points_at_an_emulator_that_does_not_run(shell: Acrbridge, folder: Path) -> None:
    start(shell, folder)
    client = client_of(shell, folder)
    shell("emulator", "stop", "--state", str(folder)).succeeded()
    ended = client.where(ACR_EMULATOR_STATE=str(folder))("acr", "list")
    ended.refused(1, "UNREACHABLE", "The emulator that this shell points at does not run", "emulator env")


def test_environment_as_shell_lines(shell: Acrbridge, folder: Path) -> None:
    start(shell, folder)
    plain = shell("emulator", "env", "--state", str(folder), secret=True).succeeded().stdout.splitlines()
    variables = shell("emulator", "env", "--state", str(folder), "-o", "json", secret=True).json()
    assert {line.split("=")[0].removeprefix("export ") for line in plain} == set(variables)
    words = ("emulator", "env", "--state", str(folder), "--shell")
    windows = shell(*words, "pwsh", secret=True).stdout.splitlines()
    assert shell(*words, "powershell", secret=True).stdout.splitlines() == windows
    assert f"$env:HTTPS_PROXY = '{variables['HTTPS_PROXY']}'" in windows
    assert {"HTTPS_PROXY", "REQUESTS_CA_BUNDLE", "AZURE_CLIENT_SECRET", "ACR_EMULATOR_URL"} <= set(variables)


# run

STATUSES = [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -15 $$", 143)]


@pytest.mark.parametrize(("line", "status"), STATUSES)
def test_run_ends_as_its_command_ends(shell: Acrbridge, tmp_path: Path, line: str, status: int) -> None:
    for mark in ((), ("--",)):
        ended = shell("emulator", "run", *mark, "sh", "-c", line)
        assert (ended.status, ended.stdout, ended.stderr) == (status, "", "")
    assert_clean(tmp_path)


def test_run_hands_the_environment_to_its_command(shell: Acrbridge, tmp_path: Path) -> None:
    line = f"{sys.executable} -m acrbridge emulator status -o json"
    ended = shell("emulator", "run", "--", "sh", "-c", line)
    assert ended.json()["url"].startswith("https://localhost:")
    assert_clean(tmp_path)


def test_run_of_a_command_that_is_not_there(shell: Acrbridge, tmp_path: Path) -> None:
    shell("emulator", "run", "--", "no-such-command").refused(3, "COMMAND_NOT_FOUND", "'no-such-command'")
    assert_clean(tmp_path)


def test_run_without_a_command(shell: Acrbridge) -> None:
    ended = shell("emulator", "run")
    assert (ended.status, len(ended.lines)) == (2, 1)


def test_run_uses_the_emulator_that_runs_and_leaves_it_running(shell: Acrbridge, folder: Path) -> None:
    started = start(shell, folder)
    assert shell("emulator", "run", "--state", str(folder), "--", "true").succeeded().warnings == []
    ended = shell("emulator", "run", "--state", str(folder), "--seed", "article", "--", "true").succeeded()
    assert "--seed is ignored" in ended.stderr
    assert shell("emulator", "status", "--state", str(folder)).json() == started


def test_run_that_is_interrupted_at_the_terminal(shell: Acrbridge, tmp_path: Path) -> None:
    command = shell.start("emulator", "run", "--", "sleep", "60", session=True)
    eventually(lambda: children(command, "sleep"))
    os.killpg(command.process.pid, signal.SIGINT)
    assert ended_soon(command).status == 130
    assert_clean(tmp_path)


def test_run_that_is_terminated_terminates_its_command(shell: Acrbridge, tmp_path: Path) -> None:
    command = shell.start("emulator", "run", "--", "sleep", "60")
    (sleeping,) = eventually(lambda: children(command, "sleep"))
    command.process.terminate()
    assert ended_soon(command).status == 143
    assert not Path(f"/proc/{sleeping}").exists()
    assert_clean(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_run_that_is_stopped_while_the_emulator_starts(shell: Acrbridge, tmp_path: Path, number: int) -> None:
    command = shell.start("emulator", "run", "--", "true")
    eventually(lambda: processes_of(tmp_path))
    command.process.send_signal(number)
    assert ended_soon(command).status in (0, 128 + number)
    assert_clean(tmp_path)


def ended_soon(command: Command) -> Ended:
    """Wait for the end, which has to come within four seconds."""
    began = time.monotonic()
    ended = command.end()
    assert time.monotonic() - began < 4
    assert "Traceback" not in ended.stderr
    return ended


def children(command: Command, name: str) -> list[int]:
    """Return the children of a command with that name."""
    listed = Path(f"/proc/{command.process.pid}/task/{command.process.pid}/children").read_text().split()
    return [int(pid) for pid in listed if Path(f"/proc/{pid}/comm").read_text().strip() == name]


def assert_clean(tmp_path: Path) -> None:
    """Neither a process nor a folder of an emulator that ran for one command is left."""
    assert processes_of(tmp_path) == []
    assert list((tmp_path / "temporary").iterdir()) == []


def client_of(shell: Acrbridge, folder: Path) -> Acrbridge:
    """Return the command line in an emulator's environment, signed in."""
    endpoint = json.loads((folder / "endpoint.json").read_text())["environment"]
    client = shell.where(**endpoint)
    shutil.rmtree(client.profile, ignore_errors=True)
    words = ("-u", endpoint["AZURE_CLIENT_ID"], "-t", endpoint["AZURE_TENANT_ID"], "--password-stdin")
    secret = endpoint["AZURE_CLIENT_SECRET"]
    client("login", "--service-principal", *words, "-o", "none", stdin=secret).succeeded()
    return client
