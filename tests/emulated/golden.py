"""The golden cases: what the real az 2.91 did for given command lines and given answers of the service."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulated.scripted_azure import CLIENT_ID, CLIENT_SECRET, TENANT, ScriptedAzure

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = Path(__file__).parents[1] / "data" / "az-import-golden.json"

Case = dict[str, Any]


@dataclass(frozen=True)
class Client:
    """A signed-in command line under test.

    `words` start it (in place of `az`), `folder_variable` names its folder of profile and tokens, and
    `profile` is such a folder, signed in.
    """

    words: tuple[str, ...]
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


def run(
    azure: ScriptedAzure, client: Client, words: Sequence[str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run the client with these words in the given profile folder."""
    return subprocess.run(
        [*client.words, *words],
        check=False,
        env=environment(azure, client, folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
    )


def sign_in(azure: ScriptedAzure, client: Client) -> Client:
    """Fill the client's profile: a service principal that the scripted Entra lets in."""
    azure.play({"registries": [], "importImage": [404, None], "polls": []})
    words = ("login", "--service-principal", "-u", CLIENT_ID, "-p", CLIENT_SECRET, "--tenant", TENANT)
    signed_in = run(azure, client, words, client.profile)
    assert signed_in.returncode == 0, signed_in.stderr
    return client


def play(azure: ScriptedAzure, client: Client, case: Case, folder: Path) -> Outcome:
    """Run one case with the client, in a copy of its profile under folder."""
    profile = folder / "profile"
    shutil.copytree(client.profile, profile)
    script = azure.play(case["service"])
    ended = run(azure, client, case["args"][1:], profile)
    lines = [line for line in ended.stderr.splitlines() if line.strip()]
    return Outcome(script.requests, ended.stdout, lines, ended.returncode)
