"""`acrbridge emulator run -- COMMAND` is all that a stranger needs: an emulator, and the environment to reach it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from interop.strangers import find_tool

SIGN_IN = (
    '"$0" login --service-principal -u "$AZURE_CLIENT_ID" -p "$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID"'
    " -o none"
)
IMPORT = '"$0" acr import -n contoso --source docker.io/library/hello-world:latest -t hello:1'
SHOW = '"$0" acr repository show-tags -n contoso --repository hello -o tsv'


def run_in_emulator(home: Path, *command: str) -> str:
    """Run a command through `acrbridge emulator run` with a fresh state and home; return its output."""
    variables = {
        "HOME": str(home),
        "AZURE_CONFIG_DIR": str(home / ".azure"),
        "AZURE_CORE_COLLECT_TELEMETRY": "no",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "acrbridge", "emulator", "run", "--lro-polls", "1", "--", *command],
        check=False,
        env={"PATH": os.environ["PATH"], "ACRBRIDGE_CONFIG_DIR": str(home / "acrbridge"), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert ended.returncode == 0, f"{command} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def test_az_imports(tmp_path: Path) -> None:
    assert run_in_emulator(tmp_path, "sh", "-ec", f"{SIGN_IN}; {IMPORT}; {SHOW}", find_tool("az")) == "1\n"


def test_an_sdk_pushes_and_reads(tmp_path: Path) -> None:
    script = Path(__file__).with_name("sdk") / "data_plane.py"
    assert '"layer is unchanged": true' in run_in_emulator(tmp_path, find_tool("sdk"), str(script))


def test_crane_pulls_what_the_seed_holds(tmp_path: Path) -> None:
    image = "docker.io/library/hello-world:latest"
    assert run_in_emulator(tmp_path, find_tool("crane"), "digest", image).startswith("sha256:")
