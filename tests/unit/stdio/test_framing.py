"""Lines, however they are cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acrbridge.stdio.framing import Lines, LineTooLong, line, parse


def fed(*pieces: bytes, limit: int = 100) -> list[bytes | str]:
    lines = Lines(limit)
    found = [item for piece in pieces for item in lines.feed(piece)]
    return ["too long" if isinstance(item, LineTooLong) else item for item in found]


@given(st.lists(st.binary(min_size=1).filter(lambda b: not set(b) & set(b"\r\n \t\xef"))), st.data())
def test_lines_come_out_the_same_however_they_are_cut(lines: list[bytes], data: st.DataObject) -> None:
    text = b"".join(part + b"\n" for part in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert fed(*pieces, limit=10_000) == lines


def test_a_byte_order_mark_is_taken_off_the_first_line_only() -> None:
    assert fed(b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n") == [b"a", b"\xef\xbb\xbfb"]


def test_carriage_returns_and_empty_lines_are_left_out() -> None:
    assert fed(b"a\r\n\r\n \n\nb\n") == [b"a", b"b"]


def test_a_line_without_its_end_is_none() -> None:
    assert fed(b"abc") == []


def test_a_line_over_the_limit_is_told_of_once_and_the_next_is_read() -> None:
    assert fed(b"x" * 60, b"x" * 60, b"x" * 500, b"x\nnext\n") == ["too long", b"next"]


def test_a_line_of_just_the_limit_is_read() -> None:
    assert fed(b"x" * 100 + b"\n") == [b"x" * 100]


def test_what_is_too_long_is_not_kept() -> None:
    lines = Lines(100)
    for _ in range(1000):
        assert list(lines.feed(b"x" * 1000)) == []
    assert len(lines._kept) <= 100


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"\xff{}",
        b'{"a":NaN}',
        b'{"a":1,"a":2}',
        b"[" * 100_000,
        b'{"a":' + b"9" * 5000 + b"}",
        b'"\\ud800"',
    ],
    ids=["cut", "no UTF-8", "NaN", "key twice", "deep", "huge number", "half a surrogate pair"],
)
def test_what_is_no_clean_json_is_refused(text: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        parse(text)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")), st.lists)
)
def test_a_message_comes_back_as_it_was(value: object) -> None:
    sent = line({"id": 1, "result": value})
    assert sent.count(b"\n") == 1
    assert parse(sent.rstrip()) == {"id": 1, "result": value, "jsonrpc": "2.0"}


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert parse(line({"id": 1, "result": "a\ud800b"}).rstrip())["result"] == "a?b"


def test_the_version_is_a_messages_last_member() -> None:
    assert list(json.loads(line({"id": 1}))) == ["id", "jsonrpc"]
