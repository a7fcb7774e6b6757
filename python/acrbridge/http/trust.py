"""Whose certificates are trusted: those that the operating system trusts, and those that a person named."""

from __future__ import annotations

import ssl
import sys
from functools import lru_cache
from pathlib import Path

from acrbridge.errors import UsageError


def trust(ca_files: tuple[Path, ...]) -> ssl.SSLContext:
    """A TLS context.

    Args:
        ca_files: certificate authorities beside the operating system's, PEM.

    Raises:
        UsageError: FILE_UNREADABLE.
    """
    return _trusting(tuple((file, _changed(file)) for file in ca_files))


def _changed(file: Path) -> int:
    """When a file was changed last: what was read of it before that counts no more."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=4)
def _trusting(ca_files: tuple[tuple[Path, int], ...]) -> ssl.SSLContext:
    """The context, made once for all clients of a process: reading the certificates takes 10 ms and more."""
    context = _system_trust()
    for file, _ in ca_files:
        try:
            if file.is_dir():
                context.load_verify_locations(capath=file)
            else:
                context.load_verify_locations(cafile=file)
        except (OSError, ssl.SSLError) as error:
            raise UsageError("FILE_UNREADABLE", f"{file} holds no certificates: {error}.") from None
    return context


def _system_trust() -> ssl.SSLContext:
    """A TLS context that trusts what the operating system trusts.

    truststore reads the certificates anew for each connection: 10 ms, which hurts where many are opened. Where
    OpenSSL itself finds the system's, as on most Linux, it reads them once.
    """
    paths = ssl.get_default_verify_paths()
    if sys.platform == "linux" and (paths.cafile or paths.capath):
        return ssl.create_default_context()
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
