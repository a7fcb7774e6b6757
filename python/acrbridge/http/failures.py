"""Foreign errors of a request that got no answer, and ours: translated once, by a table."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import urllib3
from urllib3.util import parse_url

from acrbridge.errors import NetworkError
from acrbridge.http import redact
from acrbridge.http.proxies import proxy

_CODES: tuple[tuple[type[Exception], str, str], ...] = (
    (urllib3.exceptions.SSLError, "TLS_UNTRUSTED", "has a certificate that is not trusted here"),
    (urllib3.exceptions.ProxyError, "PROXY_REFUSED", "is not let through by the proxy"),
    (TimeoutError, "TIMED_OUT", "took too long to answer"),
    (urllib3.exceptions.TimeoutError, "TIMED_OUT", "took too long to answer"),
    (urllib3.exceptions.ProtocolError, "UNREACHABLE", "broke off its answer"),
)
"""The special before the general."""

_ABSENT_TRIES = 3
"""Tries at a host that refuses connections or has no address: who mistyped a name waits in vain."""
_SILENT_TRIES = 2
"""Tries at a host that lets connections time out."""

_EMULATOR_GONE = (
    "The emulator that this shell points at does not run. Unset HTTPS_PROXY; or evaluate what acrbridge emulator env"
    " prints, after this: acrbridge emulator start"
)


@contextmanager
def our_errors(url: str) -> Iterator[None]:
    """Raise what goes wrong in a request as an error of ours, which names the host or the proxy.

    Args:
        url: of the request.

    Raises:
        NetworkError: no answer came.
    """
    try:
        yield
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _ours(error, url) from error


def tries(error: NetworkError, wanted: int) -> int:
    """How often a request that failed so is to be sent in all: what refuses will refuse again.

    Args:
        error: as `our_errors` raises it.
        wanted: tries that the request may take.
    """
    cause = _root(error.__cause__)
    if error.code == "TLS_UNTRUSTED" or re.search(r"Tunnel connection failed: 4\d\d", str(cause)):
        return 1
    # NewConnectionError is a ConnectTimeoutError, too.
    if isinstance(cause, urllib3.exceptions.NewConnectionError) or _is_cut_tls(cause):
        return min(wanted, _ABSENT_TRIES)
    return min(wanted, _SILENT_TRIES) if _never_connected(cause) else wanted


def _ours(error: Exception, url: str) -> NetworkError:
    host = parse_url(url).netloc or url
    root = _root(error)
    if isinstance(error, urllib3.exceptions.ProxyError) and _never_connected(root):
        return _proxy_absent(redact.url(proxy(url) or ""), root)
    if isinstance(root, urllib3.exceptions.NameResolutionError):
        return NetworkError("HOST_NOT_FOUND", f"The name of {host} does not resolve.")
    if _never_connected(root):
        return NetworkError("UNREACHABLE", f"{host} cannot be reached ({_reason(root)}).")
    # urllib3 blames the proxy where a connection ends within its tunnel.
    if isinstance(root, ConnectionError) or _is_cut_tls(root):
        return NetworkError("UNREACHABLE", f"{host} broke off the connection ({_reason(root)}).")
    for kind, code, text in _CODES:
        if isinstance(error, kind) or (kind is TimeoutError and isinstance(root, kind)):
            return NetworkError(code, f"{host} {text} ({_reason(root)}).")
    return NetworkError("UNREACHABLE", f"{host} cannot be reached ({_reason(root)}).")


def _proxy_absent(address: str, root: object) -> NetworkError:
    if isinstance(root, urllib3.exceptions.NameResolutionError):
        return NetworkError("HOST_NOT_FOUND", f"The name of the proxy {address} does not resolve.")
    remedy = _EMULATOR_GONE if os.environ.get("ACR_EMULATOR_STATE") else None  # both are set by emulator env
    return NetworkError(
        "UNREACHABLE", f"The proxy {address} cannot be reached ({_reason(root)}).", remedy=remedy
    )


def _never_connected(root: object) -> bool:
    return isinstance(root, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)


def _is_cut_tls(root: object) -> bool:
    """Whether the connection ended in its handshake: that says nothing of the certificate."""
    inner = root.args[0] if isinstance(root, urllib3.exceptions.SSLError) and root.args else None
    return isinstance(inner, ssl.SSLEOFError | ssl.SSLZeroReturnError)


def _root(error: BaseException | None) -> object:
    """What was met, inside what urllib3 says."""
    match error:
        case urllib3.exceptions.ProxyError():
            return error.original_error
        case urllib3.exceptions.ProtocolError(args=(_, BaseException() as inner)):
            return inner
        case _:
            return error


def _reason(root: object) -> str:
    """The reason in one line, without the object that urllib3 names first."""
    text = redact.foreign(str(root), 200)
    text = re.sub(r"^\w+\(host=.*?\): |^<.*?>: ", "", text)
    return text.removeprefix("Failed to establish a new connection: ") or type(root).__name__
