"""The golden cases: what the real az 2.91 did for given command lines and given answers of the service."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulated.scripted_azure import CLIENT_ID, CLIENT_SECRET, TENANT, ScriptedAzure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILE = Path(__file__).parents[1] / "data" / "az-import-golden.json"

Case = dict[str, Any]


Start = Callable[["Sequence[str]", "Mapping[str, str]"], tuple[int, str, str]]
"""Runs a command line in an environment; gives exit status, standard output and standard error."""


@dataclass(frozen=True)
class Client:
    """A signed-in command line under test.

    `start` runs it (in place of `az`), `folder_variable` names its folder of profile and tokens, and
    `profile` is such a folder, signed in.
    """

    start: Start
    folder_variable: str
    profile: Path


@dataclass(frozen=True)
class Outcome:
    """What one run of a case sent and said."""

    http: list[dict[str, Any]]
    stdout: str
    stderr: list[str]
    rc: int


def cases() -> list[Case]:
    """Return the cases of the file."""
    found: list[Case] = json.loads(FILE.read_text(encoding="utf-8"))["cases"]
    return found


def environment(azure: ScriptedAzure, client: Client, folder: Path) -> dict[str, str]:
    """Return the environment of a run: what is set here, without the variables that would lead elsewhere."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    quiet = {"NO_COLOR": "1", "AZURE_CORE_COLLECT_TELEMETRY": "false"}
    return {**inherited, **azure.environment, **quiet, client.folder_variable: str(folder)}


def process(program: str) -> Start:
    """Return how to run a program as a process of its own."""

    def start(words: Sequence[str], variables: Mapping[str, str]) -> tuple[int, str, str]:
        ended = subprocess.run(
            [program, *words],
            check=False,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
        )
        return ended.returncode, ended.stdout, ended.stderr

    return start


def sign_in(azure: ScriptedAzure, client: Client) -> Client:
    """Fill the client's profile: a service principal that the scripted Entra lets in."""
    azure.play({"registries": [], "importImage": [404, None], "polls": []})
    words = ("login", "--service-principal", "-u", CLIENT_ID, "-p", CLIENT_SECRET, "--tenant", TENANT)
    status, _, stderr = client.start(words, environment(azure, client, client.profile))
    assert status == 0, stderr
    return client


def play(azure: ScriptedAzure, client: Client, case: Case, folder: Path) -> Outcome:
    """Run one case with the client, in a copy of its profile under folder."""
    profile = folder / "profile"
    shutil.copytree(client.profile, profile)
    script = azure.play(case["service"])
    status, stdout, stderr = client.start(case["args"][1:], environment(azure, client, profile))
    lines = [line for line in stderr.splitlines() if line.strip()]
    return Outcome(script.requests, stdout, lines, status)
