"""Texts that the operating system protects, over stand-ins for the persistences of MSAL's extensions."""

from __future__ import annotations

from pathlib import Path

import pytest
from msal_extensions.persistence import PersistenceDecryptionError, PersistenceNotFound

from acrbridge.azure.protection import DataProtection, Keyring, PlainFile, ProtectedText


class Reversed:
    """Encrypts by turning round, in a file, as Windows' own does by better means."""

    def __init__(self, location: str) -> None:
        self._file = Path(location)

    def save(self, text: str) -> None:
        self._file.write_text(f"encrypted {text[::-1]}")

    def load(self) -> str:
        if not self._file.exists():
            raise PersistenceNotFound
        kind, _, text = self._file.read_text().partition(" ")
        if kind != "encrypted":
            raise PersistenceDecryptionError(message="Decryption failed")
        return text[::-1]


class Entry:
    """An entry of a keyring, with the file that tells of it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.text: str | None = None

    def save(self, text: str) -> None:
        self.text = text
        self._file.touch()

    def load(self) -> str:
        if self.text is None:
            raise PersistenceNotFound
        return self.text


def texts(file: Path) -> list[ProtectedText]:
    return [PlainFile(file), DataProtection(file, Reversed), Keyring(file, Entry(file))]


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["file", "DPAPI", "keyring"])
def test_a_text_comes_back_until_it_is_deleted(tmp_path: Path, kind: int) -> None:
    text = texts(tmp_path / "file")[kind]
    assert text.load() is None
    text.save("one")
    text.save("two")
    assert text.load() == "two"
    text.delete()
    assert text.load() in (None, "{}")
    assert list(tmp_path.iterdir()) == []


def test_what_windows_cannot_decrypt_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("of another user")
    with pytest.raises(ValueError, match="damaged"):
        DataProtection(tmp_path / "file", Reversed).load()


def test_windows_file_is_not_emptied_before_it_is_written(tmp_path: Path) -> None:
    class FullDisk(Reversed):
        def save(self, text: str) -> None:
            self._file.write_text("")
            raise OSError(28, "No space left on device")

    DataProtection(tmp_path / "file", Reversed).save("one")
    with pytest.raises(OSError, match="No space"):
        DataProtection(tmp_path / "file", FullDisk).save("two")
    assert DataProtection(tmp_path / "file", Reversed).load() == "one"


def test_a_keyrings_entry_holds_nothing_any_more_once_it_is_deleted(tmp_path: Path) -> None:
    entry = Entry(tmp_path / "file")
    text = Keyring(tmp_path / "file", entry)
    text.save("s3cret")
    text.delete()
    assert entry.text == "{}"
