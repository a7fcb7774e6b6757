"""The environment that lets an unmodified client reach the emulator, and the file that tells others where it is."""

from __future__ import annotations

import http.client
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acr_emulator.world import RUN_PATH

if TYPE_CHECKING:
    from acr_emulator.state import State
    from acr_emulator.world import World

ENDPOINT_FILE = "endpoint.json"
PATIENCE = 5.0
"""Seconds that an emulator may take to say that it is there."""
SEEDED = "environment"
"""Setting in which a seed leaves, as a JSON object, the variables that name what it holds."""


def environment(world: World, ca_file: Path) -> dict[str, str]:
    """Environment variables of a client.

    Args:
        world: the running emulator.
        ca_file: the certificate that signs those of all hosts.
    """
    port = world.options.port
    proxies = {
        "HTTPS_PROXY": f"http://127.0.0.1:{port}",
        "HTTP_PROXY": f"http://127.0.0.1:{port}",
        "NO_PROXY": "localhost,127.0.0.1,127.0.0.0/8",
    }
    return {
        **proxies,
        **{name.lower(): value for name, value in proxies.items()},  # clients differ in which they prefer
        "REQUESTS_CA_BUNDLE": str(ca_file),
        "SSL_CERT_FILE": str(ca_file),
        "ACR_EMULATOR_URL": f"https://localhost:{port}",
        "ACR_EMULATOR_CA": str(ca_file),
        "ACR_EMULATOR_IDENTITY_ENDPOINT": f"http://127.0.0.1:{port}/msi/token",
        "ACR_EMULATOR_IDENTITY_HEADER": world.identity_header,
        **_seeded(world.state),
    }


def write_endpoint(world: World, ca_file: Path) -> Path:
    """Write, at once and for the owner's eyes only, how to reach a running emulator; gives the file."""
    document = {
        "pid": os.getpid(),
        "run": world.run,
        "port": world.options.port,
        "url": f"https://localhost:{world.options.port}",
        "ca_file": str(ca_file),
        "environment": environment(world, ca_file),
    }
    return _write(world.state.folder, document)


def refresh_endpoint(state: State) -> None:
    """Have a running emulator's file name whom the state's last seed makes a client."""
    document = _read(state.folder)
    if document:
        document["environment"] |= _seeded(state)
        _write(state.folder, document)


def serving_port(folder: Path) -> int | None:
    """Port at which an emulator serves a state folder now; None where none does.

    A file that a killed one left says nothing: another program, or another emulator, may have its port.
    """
    document = _read(folder)
    if not document:
        return None
    connection = http.client.HTTPConnection("127.0.0.1", document["port"], timeout=PATIENCE)
    try:
        connection.request("GET", RUN_PATH)
        answer = connection.getresponse().read(1024)
        return int(document["port"]) if json.loads(answer) == {"run": document["run"]} else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _seeded(state: State) -> dict[str, str]:
    return dict(json.loads(state.setting(SEEDED) or "{}"))


def _read(folder: Path) -> dict[str, Any]:
    """What the file tells; nothing where it is not there, or damaged."""
    try:
        document = json.loads((folder / ENDPOINT_FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    keys = {"run": str, "port": int, "environment": dict}
    whole = isinstance(document, dict) and all(isinstance(document.get(k), t) for k, t in keys.items())
    return document if whole else {}


def _write(folder: Path, document: dict[str, Any]) -> Path:
    path = folder / ENDPOINT_FILE
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(document, file, indent=2)
    draft.replace(path)
    return path
