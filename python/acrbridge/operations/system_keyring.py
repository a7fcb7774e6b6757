"""Passwords in the operating system's keyring; the only user of keyring."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from typing import TYPE_CHECKING, TypeVar

from acrbridge.jobs import Secret

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")
_PATIENCE = 60.0
"""Seconds that a keyring may take: it may ask a person to unlock it, and without a screen asks in vain."""
_RECOMMENDED = 1
"""Priority from which on keyring calls a backend safe; those below keep passwords in plain files."""


class KeyringUnusable(Exception):  # noqa: N818 - a login can be kept elsewhere
    """The keyring cannot be used; the message says why, to stand after "The keyring"."""


def keep(host: str, username: str, password: Secret) -> None:
    """Keep a password, and see that it is there.

    Raises:
        KeyringUnusable: it is not.
    """

    def put(keyring: KeyringBackend) -> bool:
        keyring.set_password(_service(host), username, password.reveal())
        return keyring.get_password(_service(host), username) == password.reveal()

    if not _ask(put):
        raise KeyringUnusable("keeps nothing")


def find(host: str, username: str) -> Secret | None:
    """A password that was kept; None where it is gone.

    Raises:
        KeyringUnusable: nobody knows.
    """
    found = _ask(lambda keyring: keyring.get_password(_service(host), username))
    return Secret(found) if found else None


def forget(host: str, username: str) -> None:
    """Delete a password, where it is there.

    Raises:
        KeyringUnusable: nobody knows.
    """

    def delete(keyring: KeyringBackend) -> None:
        if keyring.get_password(_service(host), username) is not None:
            keyring.delete_password(_service(host), username)

    _ask(delete)


def _service(host: str) -> str:
    return f"acrbridge:{host}"


def _ask(question: Callable[[KeyringBackend], T], patience: float = _PATIENCE) -> T:
    """Ask the keyring, in a thread that nobody waits for longer than that."""
    answer: Future[T] = Future()

    def ask() -> None:
        try:
            answer.set_result(question(_keyring()))
        except BaseException as error:  # noqa: BLE001 - each system's keyring has errors of its own
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        return answer.result(patience)
    except KeyringUnusable:
        raise
    except TookTooLong:
        raise KeyringUnusable(f"did not answer within {patience:.0f} seconds") from None
    except Exception as error:  # noqa: BLE001 - as above; its words may hold what it was asked to keep
        raise KeyringUnusable(f"failed ({type(error).__name__})") from None


def _keyring() -> KeyringBackend:
    import keyring

    found = keyring.get_keyring()
    if found.priority < _RECOMMENDED:
        raise KeyringUnusable("of this system cannot be used here")
    return found
