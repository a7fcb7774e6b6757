"""Which addresses a URL that a stranger wrote may lead to: public ones only, and the one that is connected to counts.

A name can resolve to an address inside the network (SSRF, CWE-918), so that looking at the URL is not enough: the
name is resolved here, what is not public is left out, and the connection is made to what is left.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from urllib3.exceptions import NameResolutionError

from acrbridge.errors import AcrBridgeError
from acrbridge.http.punctual import Secure

_NEVER = (
    ipaddress.ip_network(
        "168.63.129.16"
    ),  # the host of a virtual machine in Azure, public by its number only
    ipaddress.ip_network("192.0.0.0/24"),  # IETF's protocols; Python 3.11 knows a part of it
    ipaddress.ip_network("fec0::/10"),  # the site-local of old (RFC 3879)
)

MayReach = Callable[[str], bool]
"""Whether an IP address may be connected to."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet (IANA's special-purpose registries, RFC 6890), and is one host's.

    An IPv6 address that holds an IPv4 one (mapped, 6to4, Teredo, NAT64) could lead anywhere, and is none.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and (ip.ipv4_mapped or ip.sixtofour or ip.teredo):
        return False
    special = ip.is_multicast or ip.is_reserved or any(ip in network for network in _NEVER)
    return ip.is_global and not special


def check_literal(host: str, may_reach: MayReach) -> None:
    """Refuse a host that is an address that may not be reached, however it is spelled, or a name without a dot.

    That is all that can be known of a host which a proxy resolves.

    Raises:
        AcrBridgeError: LOCATION_UNTRUSTED.
    """
    name = host.strip("[]")
    address = name if ":" in name else None
    with suppress(OSError):
        address = socket.inet_ntoa(socket.inet_aton(name))  # takes 2852039166, 0x7f.1 and the like, too
    if not (may_reach(address) if address else "." in name.strip(".")):
        raise _refused(host)


def public(may_reach: MayReach) -> type[Secure]:
    """The kind of connection over TLS that is made only to what may be reached."""

    class Public(Secure):
        def _new_conn(self) -> socket.socket:
            name: str = self._dns_host
            self._dns_host = first_allowed(name, _resolved(self), may_reach)
            try:
                return super()._new_conn()
            finally:
                self._dns_host = name  # what the certificate has to be for

    return Public


def _resolved(connection: Any) -> list[str]:
    try:
        found = socket.getaddrinfo(connection.host, connection.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        reason = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
        raise NameResolutionError(connection.host, connection, reason) from error
    return [str(address[0]) for *_, address in found]


def first_allowed(host: str, addresses: list[str], may_reach: MayReach) -> str:
    """The first of a host's addresses that may be connected to.

    Raises:
        AcrBridgeError: LOCATION_UNTRUSTED, there is none.
    """
    allowed = next(filter(may_reach, addresses), None)
    if allowed is None:
        raise _refused(f"{host} ({', '.join(dict.fromkeys(addresses))})")
    return allowed


def _refused(host: str) -> AcrBridgeError:
    return AcrBridgeError("LOCATION_UNTRUSTED", f"{host} is no public address: nothing was sent there.")
