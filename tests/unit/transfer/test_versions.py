from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acrbridge.errors import UsageError
from acrbridge.transfer.versions import Range, Version

NUMBERS = st.integers(0, 12)
PRE = st.sampled_from(["", "-rc.1", "-rc.2", "-alpine", "-1"])
VERSIONS = st.builds("{}.{}.{}{}".format, NUMBERS, NUMBERS, NUMBERS, PRE)
RELEASES = st.tuples(NUMBERS, NUMBERS, NUMBERS)


def version(text: str) -> Version:
    found = Version.parse(text)
    assert found is not None
    return found


def dotted(*numbers: int) -> str:
    return ".".join(map(str, numbers))


def test_versions_are_in_the_order_of_semver_section_11() -> None:
    texts = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
    ]
    texts += ["1.0.0-rc.1", "1.0.0", "1.0.1", "1.1", "1.10", "2", "10.0.17763.1", "10.0.20348.2113"]
    assert sorted(sorted(texts), key=version) == texts


@pytest.mark.parametrize("same", ["1.2", "1.2.0", "v1.2.0", "1.2.0.0", "1.2_build.5"])
def test_one_version_can_be_written_in_many_ways(same: str) -> None:
    assert version(same) == version("1.2")


@pytest.mark.parametrize(
    "tag", ["latest", "ltsc2022", "v", "1.", "1.2.3.4.5.6", "1.2.3.RELEASE", "٣.1", "-1"]
)
def test_other_tags_are_no_versions(tag: str) -> None:
    assert Version.parse(tag) is None


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">=1.2 <2", "1.2 1.2.0 1.9.9 v1.3", "1.1.9 2.0.0 2 1.3.0-rc.1 1.3-alpine"),
        (">1.2", "1.3.0 2", "1.2.0 1.2.9"),
        (">1.2.3", "1.2.4", "1.2.3"),
        ("<=1.2", "1.2.9 0", "1.3"),
        ("<=1.2.3", "1.2.3", "1.2.4"),
        ("<1.2", "1.1.9", "1.2 1.2.0-rc.1"),
        ("^1.2", "1.2 1.99.99", "1.1 2"),
        ("^1.2.3", "1.2.3 1.3", "1.2.2 2"),
        ("^0.2.3", "0.2.3 0.2.9", "0.3 0.2.2"),
        ("^0.0.3", "0.0.3", "0.0.4 0.0.2"),
        ("^0.0", "0.0.9", "0.1"),
        ("^0", "0.9", "1"),
        ("~1.2", "1.2 1.2.9", "1.3 1.1"),
        ("~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3"),
        ("~1", "1.9", "2"),
        ("1.x", "1 1.9.9", "2 0.9"),
        ("1.2.*", "1.2.9", "1.3"),
        ("1.2", "1.2.9", "1.3"),
        ("v1.2.3", "1.2.3", "1.2.4"),
        ("=1.2.3", "1.2.3", "1.2.4"),
        ("*", "0 1.2.3 99", "1.2.3-rc.1"),
        ("1.2 - 1.4", "1.2 1.4.9", "1.5 1.1"),
        ("1.2.3 - 2.3.4", "1.2.3 2.3.4", "2.3.5"),
        ("1.x || >=2.5 <3", "1.5 2.5", "2.4 3"),
        (">=1.2.3-rc.1", "1.2.3-rc.2 1.2.3 2", "1.2.3-beta 1.2.4-rc.1"),
        ("10.0.20348.x", "10.0.20348.1 10.0.20348.2113", "10.0.20349 10.0.17763.1"),
    ],
)
def test_ranges_mean_what_npm_means(text: str, inside: str, outside: str) -> None:
    found = Range(text)
    assert [tag for tag in inside.split() if version(tag) not in found] == []
    assert [tag for tag in outside.split() if version(tag) in found] == []


@pytest.mark.parametrize(
    "text", ["", "  ", "latest", ">=", ">= <2", "1.2 ||", ">>1", "1..2", "a.b", "1" * 201]
)
def test_what_is_no_range_is_said(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Range(text)
    assert caught.value.code == "PATTERN_INVALID"


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading(text: str) -> None:
    Version.parse(text)
    with suppress(UsageError):
        Range(text)


@given(VERSIONS, VERSIONS)
def test_each_version_is_before_after_or_equal(one: str, other: str) -> None:
    a, b = version(one), version(other)
    assert (a < b) + (b < a) + (a == b) == 1


@given(VERSIONS, RELEASES)
def test_a_version_is_on_one_side_of_a_bound(text: str, bound: tuple[int, int, int]) -> None:
    if not version(text).pre:
        sides = (version(text) in Range(f"<{dotted(*bound)}"), version(text) in Range(f">={dotted(*bound)}"))
        assert sides in [(True, False), (False, True)]


@given(RELEASES, RELEASES)
def test_a_tilde_is_within_its_caret(tag: tuple[int, int, int], bound: tuple[int, int, int]) -> None:
    if version(dotted(*tag)) in Range(f"~{dotted(*bound)}") and bound[0]:
        assert version(dotted(*tag)) in Range(f"^{dotted(*bound)}")


@given(VERSIONS)
def test_a_version_is_in_the_range_that_names_it(text: str) -> None:
    assert all(version(text) in Range(f"{sign}{text}") for sign in ("", "=", ">=", "<=", "^", "~"))
