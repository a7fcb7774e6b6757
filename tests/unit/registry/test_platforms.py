from __future__ import annotations

import pytest

from acrbridge.errors import UsageError
from acrbridge.registry.platforms import Platform
from unit.fakes import BIDI_AND_CONTROL, is_fit_to_print

SERVER_2019 = Platform("windows", "amd64", "", "10.0.17763.6414")


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        ("linux/arm/v7", Platform("linux", "arm", "v7")),
        ("Linux/AMD64", Platform("linux", "amd64")),
        ("linux/x86_64", Platform("linux", "amd64")),
        ("linux/aarch64", Platform("linux", "arm64")),
        ("windows(10.0.17763.6414)/amd64", SERVER_2019),
    ],
)
def test_a_platform_as_people_write_it(text: str, platform: Platform) -> None:
    assert Platform.parse(text) == Platform.parse(str(platform)) == platform


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("linux/amd64,linux/arm64", "once for each"),
        ("amd64", "Write linux/amd64"),
        ("x86_64", "Write linux/amd64"),
        ("", "linux/arm64"),
        ("linux/", "linux/arm64"),
        ("linux", "linux/arm64"),
        ("linux/arm/v7/x", "linux/arm64"),
        (BIDI_AND_CONTROL, "linux/arm64"),
    ],
)
def test_what_is_no_platform_is_refused_with_how_to_write_it(text: str, remedy: str) -> None:
    with pytest.raises(UsageError) as caught:
        Platform.parse(text)
    assert caught.value.code == "PLATFORM_INVALID"
    assert remedy in caught.value.remedy
    assert is_fit_to_print(caught.value.message)


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ("windows/amd64", True),
        ("windows(10.0.17763)/amd64", True),
        ("windows(10.0.17763.6414)/amd64", True),
        ("windows(10.0.1776)/amd64", False),
        ("windows(10.0.20348)/amd64", False),
        ("windows/arm64", False),
        ("windows/amd64/v2", False),
    ],
)
def test_what_was_not_asked_for_does_not_matter(wanted: str, matches: bool) -> None:
    assert SERVER_2019.matches(Platform.parse(wanted)) == matches
