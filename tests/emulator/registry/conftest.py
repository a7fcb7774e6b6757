"""Fixtures of the tests of registries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from emulator.registries import Registries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def signing_key(seeded_folder: Path) -> bytes:
    """A key that is made once."""
    return (seeded_folder / "signing-key.pem").read_bytes()


@pytest.fixture
def registries(tmp_path: Path, signing_key: bytes) -> Iterator[Registries]:
    """The small world of registries, empty."""
    opened = Registries(tmp_path / "state", signing_key)
    yield opened
    opened.close()
