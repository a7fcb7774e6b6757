"""The environment that lets an unmodified client reach the emulator, and the file that tells others where it is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acr_emulator.world import World

ENDPOINT_FILE = "endpoint.json"
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
        **json.loads(world.state.setting(SEEDED) or "{}"),
    }


def write_endpoint(world: World, ca_file: Path) -> Path:
    """Write, at once and for the owner's eyes only, how to reach a running emulator; gives the file."""
    path = world.state.folder / ENDPOINT_FILE
    document = {
        "pid": os.getpid(),
        "port": world.options.port,
        "url": f"https://localhost:{world.options.port}",
        "ca_file": str(ca_file),
        "environment": environment(world, ca_file),
    }
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(document, file, indent=2)
    draft.replace(path)
    return path


def read_port(folder: Path) -> int | None:
    """Port of the emulator that last wrote down how to reach it in a state folder; None where none has."""
    try:
        return int(json.loads((folder / ENDPOINT_FILE).read_bytes())["port"])
    except (OSError, ValueError, KeyError):
        return None
