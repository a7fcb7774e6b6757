"""Files of the settings folder, which their owner alone may touch: checked before use, locked, replaced whole."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from acrbridge.errors import AcrBridgeError

_PATIENCE = 10.0
"""Seconds that another process may hold a lock."""
_PAUSE = 0.005
"""Seconds between looks at a lock that another process holds."""
_WINDOWS_TRIES = 50
T = TypeVar("T")


def prepare_folder(folder: Path) -> None:
    """Make a folder with mode 0700, and check one that is there: where others may write, any file can be swapped.

    Raises:
        AcrBridgeError: FILE_UNREADABLE.
    """
    with file_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    if os.name != "nt" and (status.st_uid != os.getuid() or status.st_mode & 0o022):
        raise AcrBridgeError(
            "FILE_UNREADABLE",
            f"The folder {folder} is not yours alone to write to (mode {stat.S_IMODE(status.st_mode):04o}).",
            remedy=f"Choose another folder with ACRBRIDGE_CONFIG_DIR, or close it to others: chmod 700 {folder}",
        )


def check_private(path: Path) -> None:
    """Trust no secret to a file that is a link, another user's, or open to others.

    Raises:
        AcrBridgeError: FILE_UNREADABLE.
    """
    if os.name == "nt" or not os.path.lexists(path):
        return
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise AcrBridgeError(
            "FILE_UNREADABLE",
            f"{path} is not a private file of yours (mode {stat.S_IMODE(status.st_mode):04o}).",
            remedy="Delete it; if it held a sign-in, sign in again.",
        )


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Tell of what the operating system refuses in our own words.

    Raises:
        AcrBridgeError: FILE_UNREADABLE.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise AcrBridgeError("FILE_UNREADABLE", f"{path} cannot be read or written: {reason}.") from error


@contextmanager
def locked(path: Path, patience: float = _PATIENCE) -> Iterator[None]:
    """Hold the lock of a file, which is a file beside it; the system lets go of it when a process ends.

    Args:
        path: the file.
        patience: seconds to wait for another process.

    Raises:
        AcrBridgeError: FILE_UNREADABLE, another process holds it for too long.
    """
    with file_errors(path):
        if not os.access(path.parent, os.W_OK):  # a folder that nobody can change
            yield
            return
        descriptor = os.open(lock_file(path), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            take_lock(descriptor, lock_file(path), patience)
            yield
        finally:
            os.close(descriptor)  # which lets go of the lock


def lock_file(path: Path) -> Path:
    """The file beside a file that is its lock."""
    return path.with_name(f"{path.name}.lock")


def draft(path: Path) -> Path:
    """The file beside a file that holds its next content until it is complete."""
    return path.with_name(f"{path.name}.draft")


def read(path: Path) -> bytes | None:
    """A file's content; None where there is no file."""
    try:
        return despite_windows(path.read_bytes)
    except FileNotFoundError:
        return None


def write(path: Path, content: bytes) -> None:
    """Put new content in a file's place, at once and whole: a crash or a full disk leaves the old content.

    The file's lock has to be held: there is one draft, so that none with secrets in it is left for good.
    """
    draft(path).unlink(missing_ok=True)
    descriptor = os.open(draft(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        put_in_place(path)
    except BaseException:
        draft(path).unlink(missing_ok=True)
        raise


def put_in_place(path: Path) -> None:
    """Let a file's draft become the file."""
    despite_windows(lambda: draft(path).replace(path))


def delete(path: Path) -> None:
    """Delete a file, and the draft that a crash may have left."""
    for file in (draft(path), path):
        file.unlink(missing_ok=True)


def despite_windows(action: Callable[[], T]) -> T:
    """Do something to a file again and again while Windows has it in use, which a virus scanner does to new ones."""
    for _ in range(_WINDOWS_TRIES if os.name == "nt" else 0):
        try:
            return action()
        except PermissionError:
            time.sleep(0.02)
    return action()


def take_lock(descriptor: int, path: Path, patience: float = _PATIENCE) -> None:
    """Lock an open file, until its descriptor is closed.

    Args:
        descriptor: of the file; on Windows the byte where it stands is locked.
        path: of the file, for the message.
        patience: seconds to wait for another process.

    Raises:
        AcrBridgeError: FILE_UNREADABLE, another process holds it for too long.
    """
    end = time.monotonic() + patience
    while not _try_to_take(descriptor):
        if time.monotonic() > end:
            raise AcrBridgeError(
                "FILE_UNREADABLE",
                f"Another process has been holding {path} for too long.",
                remedy="Wait for the other acrbridge, or end it.",
            )
        time.sleep(_PAUSE)


if sys.platform == "win32":
    import msvcrt

    def _try_to_take(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # the first byte, there or not
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_to_take(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
