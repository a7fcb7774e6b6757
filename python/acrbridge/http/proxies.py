"""Which proxy a request goes through, and which hosts are so near that none may stand between."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Mapping

from urllib3.util import Url, parse_url

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1"))
_LINK_LOCAL = (ipaddress.ip_network("169.254.0.0/16"), ipaddress.ip_network("fe80::/10"))


def proxy(url: str) -> str | None:
    """The proxy that a URL's requests go through, by the environment or the operating system; None: none.

    A near host is reached without one, so that no other computer sees what goes to it in plain HTTP, such as
    App Service's X-IDENTITY-HEADER; but for a proxy on this computer, as the emulator is.

    Args:
        url: of the request.
    """
    parts = parse_url(url)
    host = (parts.host or "").strip("[]")
    known = _known()
    chosen = known.get(parts.scheme or "") or known.get("all")
    if not chosen or _is_exempt(host, parts, known.get("no", "")):
        return None
    address = chosen if "://" in chosen else f"http://{chosen}"
    return None if is_near(host) and not _is_here(parse_url(address).host or "") else address


def _known() -> Mapping[str, str]:
    """Proxies by scheme; Windows and macOS have settings of their own, beside the environment."""
    if sys.platform not in ("win32", "darwin") and not any(n.lower().endswith("_proxy") for n in os.environ):
        return {}
    from urllib.request import getproxies

    return getproxies()


def _is_exempt(host: str, parts: Url, listed: str) -> bool:
    """Whether NO_PROXY names a host: by name, domain or port, as an address or its network, or with all others."""
    from urllib.request import proxy_bypass

    names = [name for name in listed.replace(" ", "").split(",") if name]
    if any(_is_in(host, _network(name)) for name in names):
        return True
    spelled = (host, f"{host}:{parts.port}" if parts.port else host)
    domains = [name.lower().lstrip(".") for name in names]
    return any(f".{s}".endswith(f".{domain}") for s in spelled for domain in domains) or bool(
        proxy_bypass(host)
    )


def _network(text: str) -> tuple[_Network, ...]:
    """The network that a text spells, if it does."""
    try:
        return (ipaddress.ip_network(text.strip("[]"), strict=False),)
    except ValueError:
        return ()


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
