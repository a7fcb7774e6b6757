"""Credential helpers: the programs in which docker keeps its logins (docker/docker-credential-helpers, README).

A helper is named by a file that anybody may have written, is a stranger's program, and prints secrets. So its name is
checked, it is looked for in absolute folders of PATH only, asked for one host, cut off, and never quoted.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from acrbridge.jobs import Secret
from acrbridge.references import registry_host
from acrbridge.registry.auth import Password, RefreshToken

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_PATIENCE = 30.0
"""Seconds that a helper may take; some ask a person for a PIN."""
_LIMIT = 64 << 10
"""Bytes of an answer."""
_NOT_FOUND = b"credentials not found"
"""In what a helper prints that has no login for the host."""
_TOKEN_USER = "<token>"  # noqa: S105 - what stands in a user name's place beside an identity token


class UnusableLogin(Exception):  # noqa: N818 - a login that is not used, no failure of the work
    """What is kept for a registry cannot be used; the message is one line that says why, without a secret."""


def ask(name: object, server: str, patience: float = _PATIENCE) -> Password | RefreshToken | None:
    """Ask a helper for the login of one server.

    Args:
        name: as the file has it, `docker-credential-` left out.
        server: its host; Docker Hub goes by an address of its own.
        patience: seconds to wait for an answer.

    Returns:
        The login; None where the helper has none for that server.

    Raises:
        UnusableLogin: the helper may not be run, cannot be found, fails, takes too long, or says too much.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UnusableLogin(f"{ascii(name)[:80]} is not the name of a credential helper.")
    if not server.isprintable():
        raise UnusableLogin("A credential helper is asked for one server, in one line.")
    program = f"docker-credential-{name}"
    output, status = _run(_find(program), server, patience)
    if status == 0:
        return _login(program, output, server)
    if _NOT_FOUND in output.lower():
        return None
    raise UnusableLogin(f"{program} failed for {server} (exit status {status}).")


def password(username: str, secret: str) -> Password:
    """A user and password, fit for an Authorization header.

    Raises:
        UnusableLogin: a colon or control character in the user's name (RFC 7617 §2), or half a surrogate pair.
    """
    try:
        f"{username}{secret}".encode()
    except UnicodeEncodeError:
        raise UnusableLogin("A user's name or password holds half a character.") from None
    if not username or ":" in username or not username.isprintable():
        raise UnusableLogin(f"{ascii(username)[:80]} is not a user's name.")
    return Password(username, Secret(secret))


def _find(program: str) -> Path:
    """The program's file: never out of the working directory, where `shutil.which` looks first on Windows."""
    suffix = ".exe" if os.name == "nt" else ""
    for folder in map(Path, os.get_exec_path()):
        file = folder / f"{program}{suffix}"
        if folder.is_absolute() and file.is_file() and os.access(file, os.X_OK):
            return file
    raise UnusableLogin(f"{program} is not on PATH.")


def _run(file: Path, server: str, patience: float) -> tuple[bytes, int]:
    """Run a helper to its end, at most so long; gives what it printed, and its exit status."""
    end = time.monotonic() + patience
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell; found in an absolute folder
            [file, "get"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
            creationflags=_NO_WINDOW,
        )
    except OSError as error:
        raise UnusableLogin(f"{file} cannot be run: {error.strerror}.") from None
    try:
        output = _answer(process, server, end)
        if len(output) > _LIMIT:
            raise UnusableLogin(f"{file.name} said more than {_LIMIT >> 10} KiB.")
        return output, process.wait(_left(end))
    except (TimeoutError, subprocess.TimeoutExpired):
        raise UnusableLogin(f"{file.name} took longer than {patience:.0f} seconds.") from None
    finally:
        _kill(process)
        process.wait()


def _answer(process: subprocess.Popen[bytes], server: str, end: float) -> bytes:
    """What a helper prints until it closes its output, or a byte more than it may.

    Raises:
        TimeoutError: it does not close it.
    """
    output = bytearray()
    reader = threading.Thread(target=_talk, args=(process, server.encode(), output), daemon=True)
    reader.start()
    reader.join(_left(end))
    if reader.is_alive():
        raise TimeoutError
    return bytes(output)


def _talk(process: subprocess.Popen[bytes], said: bytes, output: bytearray) -> None:
    """Write to a helper, then read what it prints."""
    if process.stdin and process.stdout:
        with suppress(OSError), process.stdin as stdin:  # one that does not read
            stdin.write(said)
        with process.stdout as stdout:
            output.extend(stdout.read(_LIMIT + 1))


def _left(end: float) -> float:
    return max(0.0, end - time.monotonic())


def _login(program: str, output: bytes, server: str) -> Password | RefreshToken:
    try:
        document = json.loads(output)
        fields = [document.get(name, "") for name in ("Username", "Secret", "ServerURL")]
    except (ValueError, RecursionError, AttributeError):
        fields = []
    if not fields or not all(isinstance(field, str) for field in fields):
        raise UnusableLogin(f"{program} answered for {server} with something that is no login.")
    username, secret, url = fields
    if url and registry_host(url) != registry_host(server):
        raise UnusableLogin(f"{program} answered for another server than {server}.")
    return RefreshToken(Secret(secret)) if username == _TOKEN_USER else password(username, secret)


def _environment() -> dict[str, str]:
    """Our environment without our own variables, which can hold passwords."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith("ACRBRIDGE_")}


if sys.platform == "win32":
    _NO_WINDOW = subprocess.CREATE_NO_WINDOW

    def _kill(process: subprocess.Popen[bytes]) -> None:
        """End a helper and what it started."""
        tool = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "taskkill.exe"
        if process.poll() is None:
            with suppress(OSError):
                subprocess.run(  # noqa: S603
                    [tool, "/F", "/T", "/PID", str(process.pid)], check=False, capture_output=True
                )
            process.kill()

else:
    import signal

    _NO_WINDOW = 0

    def _kill(process: subprocess.Popen[bytes]) -> None:
        """End a helper and what it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
