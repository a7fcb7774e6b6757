from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import HTTPHeaderDict

from acrbridge.http.retry import DEFAULT, LONGEST_WAIT, NEVER, Retry, is_used_up, retry_after

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def asked(**headers: str) -> float | None:
    return retry_after(HTTPHeaderDict({name.replace("_", "-"): text for name, text in headers.items()}))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry_After": "0"}, 0.0),
        ({"Retry_After": "10"}, 10.0),
        ({"Retry_After": " 10 "}, 10.0),
        ({"Retry_After": "1000000000"}, 1e9),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": ""}, None),
        ({"Retry_After": "nan"}, None),
        ({"Retry_After": "inf"}, None),
        ({"Retry_After": "1e3"}, None),
        ({"Retry_After": "٣"}, None),
        ({"Retry_After": "9" * 400}, None),
        ({"x_ms_retry_after_ms": "1500"}, 1.5),
        ({"retry_after_ms": "250"}, 0.25),
        ({"retry_after_ms": "250", "Retry_After": "10"}, 0.25),
        ({"retry_after_ms": "garbage", "Retry_After": "10"}, 10.0),
    ],
)
def test_what_a_server_asks_its_client_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert asked(**headers) == seconds


@pytest.mark.parametrize("skew", [-3600, 0, 3600])
def test_a_date_counts_from_the_answers_own_date_so_that_a_wrong_clock_does_no_harm(skew: int) -> None:
    server_now = NOON + timedelta(seconds=skew)
    later = format_datetime(server_now + timedelta(seconds=30), usegmt=True)
    assert asked(Retry_After=later, Date=format_datetime(server_now, usegmt=True)) == 30.0


def test_a_date_in_the_past_asks_for_no_wait() -> None:
    past = format_datetime(NOON - timedelta(days=1), usegmt=True)
    assert asked(Retry_After=past, Date=format_datetime(NOON, usegmt=True)) == 0.0


@pytest.mark.parametrize(
    ("asked_for", "date"),
    [
        ("Thu, 01 Jan 2099 00:00:00 GMT", None),
        ("Thu, 01 Jan 2099 00:00:00 GMT", "garbage"),
        ("Thu, 01 Jan 2099 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 -0000"),
        ("Thu, 01 Jan 99999999999999999999 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 GMT"),
        ("Thu, 01 Jan 2026 00:00:00 +99999999999999999999", "Thu, 01 Jan 2026 00:00:00 GMT"),
        ("Thu, 99 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 GMT"),
    ],
)
def test_a_date_that_cannot_be_compared_asks_nothing(asked_for: str, date: str | None) -> None:
    assert asked(Retry_After=asked_for, **({"Date": date} if date else {})) is None


@given(st.text(), st.text())
def test_no_header_breaks_the_reading(value: str, date: str) -> None:
    seconds = asked(Retry_After=value, Date=date, retry_after_ms=date)
    assert seconds is None or 0 <= seconds < 1e12


@given(st.integers(1, 1000), st.none() | st.floats(-1e12, 1e12), st.floats(0, 1))
def test_a_wait_is_never_negative_and_never_longer_than_the_longest(
    failures: int, asked_for: float | None, spread: float
) -> None:
    assert 0 < DEFAULT.wait(failures, asked_for, spread) <= LONGEST_WAIT


@pytest.mark.parametrize(("failures", "seconds"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (20, 60.0)])
def test_without_a_request_the_wait_doubles(failures: int, seconds: float) -> None:
    assert DEFAULT.wait(failures, spread=1.0) == seconds


def test_jitter_takes_away_up_to_half() -> None:
    assert Retry(base=1.0).wait(1, spread=0.0) == 0.5


@pytest.mark.parametrize(
    ("asked_for", "seconds"), [(10.0, 10.0), (0.0, 0.5), (1e9, LONGEST_WAIT), (-7.0, 0.5)]
)
def test_what_the_server_asks_is_obeyed_between_the_backoff_and_the_longest_wait(
    asked_for: float, seconds: float
) -> None:
    assert DEFAULT.wait(1, asked_for, spread=1.0) == seconds


def test_never_tries_once() -> None:
    assert NEVER.tries == 1


@pytest.mark.parametrize(
    ("value", "used_up"),
    [
        ("0;w=21600", True),
        (" 0 ; w=3600 ", True),
        ("0;w=60", False),
        ("0", False),
        ("1;w=21600", False),
        ("0;w=x", False),
        ("", False),
    ],
)
def test_a_limit_that_is_used_up_for_hours_is_not_waited_for(value: str, used_up: bool) -> None:
    assert is_used_up({"ratelimit-remaining": value}) is used_up
