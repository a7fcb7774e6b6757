"""TLS certificates for every name that the emulator plays, from an authority of the state folder's own.

The authority's key never leaves the folder, where its owner alone can read it; it is put into no system's store.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import trustme

from acr_emulator.hosts import ALIASES, LOCAL_HOSTS
from acr_emulator.records import Registry
from acr_emulator.world import ARM_HOST, ENTRA_HOSTS

if TYPE_CHECKING:
    from pathlib import Path

    from acr_emulator.state import State

WILDCARDS = ("*.azurecr.io",)
"""Names beside those of known hosts."""


class Certificates:
    """Gives out TLS settings whose certificate names all hosts of the state, made anew when those change."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.ca_file: Path = state.folder / "ca.pem"
        self._authority = self._read_authority()
        self._names: frozenset[str] = frozenset()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def context(self) -> ssl.SSLContext:
        """Settings of a server for a connection that begins now."""
        names = host_names(self._state)
        if names != self._names:
            self._context = self._new_context(names)
            self._names = names
        return self._context

    def _new_context(self, names: frozenset[str]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        self._authority.issue_cert(*sorted(names), common_name=LOCAL_HOSTS[0]).configure_cert(context)
        return context

    def _read_authority(self) -> trustme.CA:
        both = self._state.private_file("ca-key.pem", _new_authority)
        key, separator, certificate = both.partition(b"-----BEGIN CERTIFICATE-----")
        certificate = separator + certificate
        self.ca_file.write_bytes(certificate)
        return trustme.CA.from_pem(certificate, key)


def host_names(state: State) -> frozenset[str]:
    """Names and addresses that a certificate must have: hosts of Azure, of registries, and their own addresses."""
    names = {ARM_HOST, *ENTRA_HOSTS, *LOCAL_HOSTS, *ALIASES, *WILDCARDS}
    for registry in state.find(Registry):
        names |= {registry.host, registry.loopback} - {""}
    return frozenset(names)


def _new_authority() -> bytes:
    authority = trustme.CA(organization_name="acr_emulator", organization_unit_name="for tests only")
    return authority.private_key_pem.bytes() + authority.cert_pem.bytes()
