"""Fixtures: a registry that can be made to fail, and a command line that trusts it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from emulated.faulty_registry import LAYER, FaultyRegistry
from emulated.local_azure import INHERITED, Acrbridge

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(tmp_path) as running:
        running.fill(LAYER)
        yield running


@pytest.fixture
def chunked(registry: FaultyRegistry) -> FaultyRegistry:
    """The registry, which refuses the layer for its size, and so gets it in chunks."""
    registry.most = 2 << 20
    return registry


@pytest.fixture
def acrbridge(registry: FaultyRegistry, tmp_path: Path) -> Acrbridge:
    """The command line, not signed in, which trusts the registry."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    own = {"HOME": str(tmp_path), "ACRBRIDGE_CONFIG_DIR": str(tmp_path / "profile")}
    return Acrbridge({**inherited, **own, "REQUESTS_CA_BUNDLE": str(registry.ca_file)})
