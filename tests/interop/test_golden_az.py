"""The golden file is true: the real az still does, case by case, what it says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from emulated import golden
from emulated.scripted_azure import ScriptedAzure
from interop.strangers import find_tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedAzure]:
    with ScriptedAzure(tmp_path_factory.mktemp("azure")) as running:
        yield running


@pytest.fixture(scope="module")
def real_az(azure: ScriptedAzure, tmp_path_factory: pytest.TempPathFactory) -> golden.Client:
    profile = tmp_path_factory.mktemp("profile")
    return golden.sign_in(azure, golden.Client(golden.process(find_tool("az")), "AZURE_CONFIG_DIR", profile))


@pytest.mark.parametrize("case", golden.cases(), ids=lambda case: case["case"])
def test_az_does_what_the_golden_file_says(
    azure: ScriptedAzure, real_az: golden.Client, case: golden.Case, tmp_path: Path
) -> None:
    outcome = asdict(golden.play(azure, real_az, case, tmp_path))
    assert outcome == {key: case[key] for key in outcome}
