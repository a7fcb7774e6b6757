"""Which proxy a request goes through, and which hosts are so near that none may stand between."""

from __future__ import annotations

import ipaddress

from requests.utils import get_environ_proxies, select_proxy
from urllib3.util import parse_url

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1"))
_LINK_LOCAL = (ipaddress.ip_network("169.254.0.0/16"), ipaddress.ip_network("fe80::/10"))


def proxies(url: str) -> dict[str, str]:
    """The environment's proxies for a URL, as requests takes them.

    A near host is reached without one, so that no other computer sees what goes to it in plain HTTP, such as
    App Service's X-IDENTITY-HEADER; but for a proxy on this computer, as the emulator is.

    Args:
        url: of the request.
    """
    found: dict[str, str] = get_environ_proxies(url)
    chosen = select_proxy(url, found)
    if chosen and is_near(parse_url(url).host or "") and not _is_here(parse_url(chosen).host or ""):
        return {}
    return found


def proxy(url: str) -> str | None:
    """The proxy that a URL's requests go through, or None."""
    chosen: str | None = select_proxy(url, proxies(url))
    return chosen


def is_near(host: str) -> bool:
    """Whether a host is this computer, or has a link-local address, which no router passes on (RFC 3927; RFC 4291).

    Azure's managed identities are there: 169.254.169.254 of a virtual machine, 169.254.129.2 of App Service.
    """
    return _is_here(host) or _is_in(host, _LINK_LOCAL)


def _is_here(host: str) -> bool:
    return host == "localhost" or _is_in(host, _LOOPBACK)


def _is_in(host: str, networks: tuple[_Network, ...]) -> bool:
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return any(address in network for network in networks)
