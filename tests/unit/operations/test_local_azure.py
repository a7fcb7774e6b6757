from __future__ import annotations

from pathlib import Path

import pytest

from acrbridge.errors import NotFoundError
from acrbridge.operations.local_azure import Emulator, EmulatorOptions, find, running


def test_options_become_arguments() -> None:
    options = EmulatorOptions(
        port=1, seed="none", polls=0, retry_after=0, faults=("a", "b=1"), anonymous_push=("h",)
    )
    assert options.arguments() == [
        "--port", "1", "--seed", "none", "--lro-polls", "0", "--retry-after", "0",
        "--fault", "a", "--fault", "b=1", "--anonymous-push", "h",
    ]  # fmt: skip


def test_options_that_are_not_given_are_left_to_the_emulator() -> None:
    assert EmulatorOptions().arguments() == []


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "5", "[" * 100_000, "{}", '{"pid": 1, "port": 1}', '{"pid": 1, "url": "x"}'],
)
def test_a_damaged_file_tells_of_no_emulator(tmp_path: Path, text: str) -> None:
    (tmp_path / "endpoint.json").write_text(text)
    assert running(tmp_path) is None
    with pytest.raises(NotFoundError) as error:
        find(tmp_path)
    assert error.value.code == "EMULATOR_NOT_RUNNING"


def test_an_emulator_does_not_show_its_secrets(tmp_path: Path) -> None:
    assert "s3cret" not in repr(Emulator(tmp_path, 5, 1, "u", "r", {"A": "s3cret"}))


def test_an_emulator_has_one_json_form_without_its_secrets(tmp_path: Path) -> None:
    shown = Emulator(tmp_path, 5, 1, "u", "r", {"A": "s3cret"}).as_json()
    assert shown == {"pid": 5, "port": 1, "state": str(tmp_path), "url": "u"}
