"""Which hosts the emulator answers for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acr_emulator.hosts import (
    is_connectable,
    is_control_host,
    is_metadata_host,
    registry_for_host,
    split_authority,
)
from acr_emulator.records import Registry
from acr_emulator.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """With one registry of Azure and Docker Hub."""
    opened = State(tmp_path / "state")
    opened.put(
        Registry("contoso.azurecr.io", "azure", "contoso", loopback="127.0.0.11"),
        Registry("docker.io", "foreign"),
    )
    yield opened
    opened.close()


AUTHORITIES = {
    "name": ("contoso.azurecr.io", ("contoso.azurecr.io", None)),
    "name and port": ("contoso.azurecr.io:443", ("contoso.azurecr.io", 443)),
    "capitals": ("Contoso.AzureCR.io", ("contoso.azurecr.io", None)),
    "address": ("127.0.0.1:8443", ("127.0.0.1", 8443)),
}
NO_AUTHORITIES = {
    "empty": "",
    "no host": ":443",
    "no port": "host:",
    "port in words": "host:https",
    "port too large": "host:65536",
    "port in other digits": "host:\u0664\u0664\u0663",
    "user": "user@host",
    "IPv6": "[::1]:443",
    "negative port": "host:-1",
}


@pytest.mark.parametrize(("text", "parts"), AUTHORITIES.values(), ids=AUTHORITIES)
def test_an_authority_is_split(text: str, parts: tuple[str, int | None]) -> None:
    assert split_authority(text) == parts


@pytest.mark.parametrize("text", NO_AUTHORITIES.values(), ids=NO_AUTHORITIES)
def test_no_other_text_is_one(text: str) -> None:
    with pytest.raises(ValueError, match="no "):
        split_authority(text)


@given(st.text(max_size=30))
def test_what_is_split_has_one_host_and_one_port(text: str) -> None:
    try:
        host, port = split_authority(text)
    except ValueError:
        return
    assert ":" not in host
    assert "@" not in host
    assert port is None or 0 <= port <= 65535


REGISTRIES = {
    "login server": ("contoso.azurecr.io", None, "contoso.azurecr.io"),
    "login server at the port of HTTPS": ("contoso.azurecr.io", 443, "contoso.azurecr.io"),
    "login server at another port": ("contoso.azurecr.io", 8443, None),
    "own address": ("127.0.0.11", 8443, "contoso.azurecr.io"),
    "own address without the port": ("127.0.0.11", None, None),
    "nobody's address": ("127.0.0.12", 8443, None),
    "everybody's address": ("", 8443, None),
    "Docker Hub": ("docker.io", None, "docker.io"),
    "Docker Hub's registry": ("registry-1.docker.io", 443, "docker.io"),
    "Docker Hub's tokens": ("auth.docker.io", None, "docker.io"),
    "look-alike": ("contoso.azurecr.io.evil.example", None, None),
    "other registry": ("fabrikam.azurecr.io", None, None),
}


@pytest.mark.parametrize(("host", "port", "found"), REGISTRIES.values(), ids=REGISTRIES)
def test_which_registry_a_host_names(state: State, host: str, port: int | None, found: str | None) -> None:
    registry = registry_for_host(state, host, port)
    assert (registry.host if registry else None) == found


TUNNELS = {
    "registry": ("contoso.azurecr.io", 443, True),
    "Docker Hub": ("index.docker.io", 443, True),
    "ARM": ("management.azure.com", 443, True),
    "Entra": ("login.microsoftonline.com", 443, True),
    "registry at another port": ("contoso.azurecr.io", 22, False),
    "no port": ("contoso.azurecr.io", None, False),
    "unknown registry": ("fabrikam.azurecr.io", 443, False),
    "metadata service": ("169.254.169.254", 443, False),
    "this machine": ("127.0.0.1", 443, False),
    "anything": ("example.com", 443, False),
}


@pytest.mark.parametrize(("host", "port", "opened"), TUNNELS.values(), ids=TUNNELS)
def test_where_a_tunnel_is_opened(state: State, host: str, port: int | None, *, opened: bool) -> None:
    assert is_connectable(state, host, port) is opened


CONTROL = {
    "ARM": ("management.azure.com", None, True),
    "Entra": ("login.windows.net", 443, True),
    "ARM at another port": ("management.azure.com", 8443, False),
    "localhost at the emulator's port": ("localhost", 8443, True),
    "loopback address at the emulator's port": ("127.0.0.1", 8443, True),
    "localhost at another port": ("localhost", 80, False),
    "localhost without a port": ("localhost", None, False),
    "anything": ("evil.example", 8443, False),
}


@pytest.mark.parametrize(("host", "port", "control"), CONTROL.values(), ids=CONTROL)
def test_which_hosts_are_azures(host: str, port: int | None, *, control: bool) -> None:
    assert is_control_host(host, port, listening=8443) is control


@pytest.mark.parametrize(("port", "service"), [(None, True), (80, True), (443, False)])
def test_the_metadata_service_is_at_port_80(port: int | None, *, service: bool) -> None:
    assert is_metadata_host("169.254.169.254", port) is service
