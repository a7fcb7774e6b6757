"""Fixtures of the emulator's own tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from acr_emulator.seed.load import load
from acr_emulator.state import State
from acr_emulator.tokens import Signer
from emulator.in_process import Azure


@pytest.fixture(scope="session")
def seeded_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with the seed `default` and a signing key, for copies."""
    folder = tmp_path_factory.mktemp("template") / "state"
    state = State(folder)
    load(state, "default")
    Signer(state)
    state.close()
    return folder


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """A state that holds nothing."""
    opened = State(tmp_path / "state")
    yield opened
    opened.close()


@pytest.fixture
def start_azure(seeded_folder: Path, tmp_path: Path) -> Iterator[Callable[..., Azure]]:
    """Start a control side of its own with the seed `default`; takes fields of Options."""

    started: list[Azure] = []

    def start(**options: Any) -> Azure:
        started.append(Azure(seeded_folder, tmp_path / "state", **options))
        return started[-1]

    yield start
    for azure in started:
        azure.state.close()


@pytest.fixture
def azure(start_azure: Callable[..., Azure]) -> Azure:
    """A control side with the seed `default` whose imports end at the first poll."""
    return start_azure(polls=1)
