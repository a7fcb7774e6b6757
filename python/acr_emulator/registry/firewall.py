"""A registry's network rules: https://learn.microsoft.com/azure/container-registry/container-registry-access-selected-networks."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from acr_emulator.registry.errors import RegistryError

if TYPE_CHECKING:
    from acr_emulator.records import Registry


def admits(registry: Registry, address: str) -> bool:
    """Whether a registry lets a client with this IP address in."""
    if not registry.public_network_access:
        return False
    if registry.allowed_ips is None:
        return True
    client = ipaddress.ip_address(address)
    return any(client in ipaddress.ip_network(network, strict=False) for network in registry.allowed_ips)


def refusal(address: str) -> RegistryError:
    """The 403 to a client that is not let in."""
    return RegistryError(
        "DENIED",
        f"client with IP '{address}' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.",
    )
