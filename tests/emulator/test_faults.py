"""Faults by name: how they are written, counted and cleared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from acr_emulator import faults
from emulator.in_process import Azure

if TYPE_CHECKING:
    pass


@pytest.mark.parametrize(
    ("texts", "read"),
    [
        ([], {}),
        (["operation-never-ends"], {"operation-never-ends": ""}),
        (["operation-fails"], {"operation-fails": "InvalidParameters"}),
        (["operation-fails=Conflict"], {"operation-fails": "Conflict"}),
        (["arm-throttled"], {"arm-throttled": ""}),
        (["arm-throttled=3", "slow=0.5"], {"arm-throttled": "3", "slow": "0.5"}),
        (["token-lifetime"], {"token-lifetime": "5"}),
        (["operation-location-elsewhere=a=b"], {"operation-location-elsewhere": "a=b"}),
    ],
)
def test_a_fault_is_a_name_and_perhaps_an_argument(texts: list[str], read: dict[str, str]) -> None:
    assert faults.parse(texts) == read


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("operation-never-end", "did you mean operation-never-ends?"),
        ("xyzzy", "there are: operation-never-ends, "),
        ("", "there are: "),
        ("operation-never-ends=1", "takes no argument"),
        ("arm-throttled=0", "takes a number of requests"),
        ("arm-throttled=", "takes a number of requests"),
        ("arm-throttled=often", "takes a number of requests"),
        ("hub-pulls-left=-1", "takes a number, not"),
        ("slow=later", "takes seconds"),
        ("slow=-1", "takes seconds"),
        ("operation-fails=", "takes a word"),
    ],
)
def test_what_is_no_fault_is_refused_with_what_is(text: str, told: str) -> None:
    with pytest.raises(faults.UnknownFault) as refused:
        faults.parse([text])
    assert told in str(refused.value)


def test_a_counted_fault_plays_that_often(azure: Azure) -> None:
    faults.set_faults(azure.state, faults.parse(["registry-throttled=2"]))
    assert [faults.take(azure.world, "registry-throttled") for _ in range(4)] == [True, True, False, False]
    assert azure.world.faults() == {}


def test_a_fault_with_a_number_stays_at_nought(azure: Azure) -> None:
    faults.set_faults(azure.state, faults.parse(["hub-pulls-left=2"]))
    assert [faults.count_down(azure.world, "hub-pulls-left") for _ in range(4)] == [2, 1, 0, 0]
    faults.set_faults(azure.state, {})
    assert faults.count_down(azure.world, "hub-pulls-left") is None


def test_a_fault_without_a_count_plays_until_it_is_cleared(azure: Azure) -> None:
    faults.set_faults(azure.state, faults.parse(["registry-throttled"]))
    assert all(faults.take(azure.world, "registry-throttled") for _ in range(5))
    faults.set_faults(azure.state, {})
    assert not faults.take(azure.world, "registry-throttled")


def test_a_fault_with_another_argument_is_not_counted_down(azure: Azure) -> None:
    faults.set_faults(azure.state, faults.parse(["token-lifetime=9"]))
    assert faults.take(azure.world, "token-lifetime")
    assert faults.argument(azure.world, "token-lifetime") == "9"


def test_setting_faults_puts_these_in_place_of_all_others(azure: Azure) -> None:
    faults.set_faults(azure.state, {"slow": "1"})
    faults.set_faults(azure.state, {"import-lies": ""})
    assert azure.world.faults() == {"import-lies": ""}


def test_every_fault_says_what_it_does() -> None:
    for name, fault in faults.FAULTS.items():
        assert fault.meaning.endswith("."), name
