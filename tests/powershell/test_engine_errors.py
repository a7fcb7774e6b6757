"""What the module says when there is no engine to say it stands in the engine's catalogue, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acrbridge.errors import CATALOGUE

if TYPE_CHECKING:
    from powershell.conftest import Script


def test_the_modules_own_failures_are_in_the_catalogue_with_the_same_remedy(script: Script) -> None:
    (failures,) = script("& $module { $script:EngineFailures }")
    assert {code: CATALOGUE[code].remedy for code in failures} == {
        code: failure["Remedy"] for code, failure in failures.items()
    }


def test_each_has_a_category_of_powershell(script: Script) -> None:
    categories = script("""
        foreach ($failure in & $module { $script:EngineFailures.Values }) {
            "$([System.Management.Automation.ErrorCategory]$failure.Category)"
        }
    """)
    assert "NotSpecified" not in categories
