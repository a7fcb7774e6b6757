"""Which host names the emulator answers for, and whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acr_emulator.records import Registry
from acr_emulator.world import ARM_HOST, ENTRA_HOSTS, IMDS_HOST

if TYPE_CHECKING:
    from acr_emulator.state import State

HTTPS_PORT = 443
LOCAL_HOSTS = ("localhost", "127.0.0.1")
DOCKER_HUB = "docker.io"
DOCKER_HUB_TOKEN_HOST = "auth.docker.io"  # noqa: S105  # a host's name
ALIASES = {
    "registry-1.docker.io": DOCKER_HUB,
    "index.docker.io": DOCKER_HUB,
    DOCKER_HUB_TOKEN_HOST: DOCKER_HUB,
}
"""Other names of a registry's host: `docker.io` itself is only what references say."""


def split_authority(authority: str) -> tuple[str, int | None]:
    """Split `host[:port]` (RFC 3986, 3.2) into the host in lower case and the port, None where absent.

    Raises:
        ValueError: the port is no number from 0 to 65535, or there is a user or no host.
    """
    host, colon, port = authority.rpartition(":")
    if not colon:
        host, port = authority, ""
    if not host or "@" in host or ":" in host or (colon and not (port.isascii() and port.isdigit())):
        raise ValueError(f"no host and port: {authority!r}")
    if colon and int(port) > 65535:
        raise ValueError(f"no port: {port}")
    return host.lower(), int(port) if colon else None


def registry_for_host(state: State, host: str, port: int | None = None) -> Registry | None:
    """The registry that a host names: a login server or an alias at port 443, or its loopback address.

    Args:
        state: where registries are kept.
        host: name or IPv4 address in lower case, without a port.
        port: None where none was written. A loopback address is taken with any port but none and 443:
            the emulator has only one.
    """
    if port in (None, HTTPS_PORT):
        return state.get(Registry, host=ALIASES.get(host, host))
    if host.startswith("127."):
        return state.get(Registry, loopback=host)
    return None


def is_connectable(state: State, host: str, port: int | None) -> bool:
    """Whether the proxy opens a tunnel there: names that the emulator plays, at the port of HTTPS only."""
    if port != HTTPS_PORT:
        return False
    return host == ARM_HOST or host in ENTRA_HOSTS or registry_for_host(state, host) is not None


def is_control_host(host: str, port: int | None, listening: int) -> bool:
    """Whether Entra, ARM or managed identities answer for a host (on the own port: all three)."""
    if host in LOCAL_HOSTS:
        return port == listening
    return (host == ARM_HOST or host in ENTRA_HOSTS) and port in (None, HTTPS_PORT)


def is_metadata_host(host: str, port: int | None) -> bool:
    """Whether a host is that of the instance metadata service, which speaks HTTP without TLS."""
    return host == IMDS_HOST and port in (None, 80)
