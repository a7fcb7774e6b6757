from __future__ import annotations

from typing import Any

import pytest

from acrbridge.errors import NotFoundError, UsageError
from acrbridge.transfer.tags import Selection

TAGS = ["latest", "1.24.0", "1.25.0", "1.25.0-alpine", "1.26.1", "1.26.1-alpine", "edge", "2.0.0-rc.1"]


@pytest.mark.parametrize(
    ("conditions", "selected"),
    [
        ({}, TAGS),
        ({"only": ("1.2?.0", "edge")}, ["1.24.0", "1.25.0", "edge"]),
        ({"regex": r"1\.2[45].*"}, ["1.24.0", "1.25.0", "1.25.0-alpine"]),
        ({"regex": r"\d+(\.\d+)*"}, ["1.24.0", "1.25.0", "1.26.1"]),
        ({"regex": "1"}, None),
        ({"semver": ">=1.25"}, ["1.25.0", "1.26.1"]),
        ({"newest": 2}, ["1.26.1", "2.0.0-rc.1"]),
        ({"newest": 1, "semver": "*"}, ["1.26.1"]),
        ({"newest": 1, "only": ("*-alpine",)}, ["1.26.1-alpine"]),
        ({"newest": 99, "exclude": ("*-*",)}, ["1.24.0", "1.25.0", "1.26.1"]),
        ({"exclude": ("*-alpine", "edge", "latest")}, ["1.24.0", "1.25.0", "1.26.1", "2.0.0-rc.1"]),
        ({"only": ("1.*",), "regex": ".*0", "semver": "1.x"}, ["1.24.0", "1.25.0"]),
    ],
)
def test_a_tag_has_to_meet_all_conditions(conditions: dict[str, Any], selected: list[str] | None) -> None:
    if selected is None:
        with pytest.raises(NotFoundError):
            Selection(**conditions).of(TAGS, "x")
    else:
        assert Selection(**conditions).of(TAGS, "x") == sorted(selected)


def test_where_none_is_selected_the_number_and_near_ones_are_said() -> None:
    with pytest.raises(NotFoundError) as caught:
        Selection(only=("1.26.2*",)).of(TAGS, "docker.io/library/nginx")
    assert caught.value.code == "TAGS_NOT_FOUND"
    assert "None of the 8 tags of docker.io/library/nginx" in caught.value.message
    assert "1.26.1" in caught.value.message


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"only": ("1.25.O",)}, "Nearest: 1.25.0"),
        ({"only": ("LATEST",)}, "Nearest: latest."),
        ({"only": ("zzz",)}, "The last of them: 2.0.0-rc.1, edge, latest."),
        (
            {"only": ("latest", "edge"), "newest": 1},
            "--newest counts versions only, and edge, latest is none.",
        ),
    ],
)
def test_where_none_is_selected_the_reason_is_said(conditions: dict[str, Any], said: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        Selection(**conditions).of(TAGS, "x")
    assert said in caught.value.message


def test_where_there_is_no_tag_at_all_none_is_named() -> None:
    for selection in (Selection(only=("*",)), Selection()):
        with pytest.raises(NotFoundError) as caught:
            selection.of([], "x")
        assert (caught.value.code, caught.value.message) == ("TAGS_NOT_FOUND", "x has no tags.")


@pytest.mark.parametrize(
    "conditions", [{"regex": "("}, {"regex": "a" * 201}, {"semver": "new"}, {"newest": 0}]
)
def test_a_pattern_that_cannot_be_used_is_said_at_once(conditions: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        Selection(**conditions)
    assert caught.value.code == "PATTERN_INVALID"


def test_what_is_too_long_for_a_tag_is_not_matched() -> None:
    with pytest.raises(NotFoundError):
        Selection(regex="(a|a)*b").of(["a" * 129], "x")


def test_a_selection_without_conditions_is_none() -> None:
    assert not Selection()
    assert Selection(newest=1)
