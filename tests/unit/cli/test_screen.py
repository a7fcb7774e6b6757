from __future__ import annotations

import pytest

from acrbridge.cli.screen import Screen
from unit.cli.fake_terminal import fake_terminal


def test_lines_are_drawn_over_those_before(monkeypatch: pytest.MonkeyPatch) -> None:
    tty = fake_terminal(monkeypatch)
    screen = Screen()
    screen.draw(["a long line", "two", "three"])
    screen.draw(["short", "2"])
    assert tty.shows() == ["short", "2"]
    screen.draw(["1", "2", "3", "4"])
    assert tty.shows() == ["1", "2", "3", "4"]


def test_lines_are_taken_away_and_what_stood_above_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    tty = fake_terminal(monkeypatch)
    tty.write("$ command\n")
    screen = Screen()
    screen.draw(["1", "2"])
    screen.clear()
    screen.clear()
    assert tty.shows() == ["$ command"]


def test_no_more_is_drawn_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    tty = fake_terminal(monkeypatch, columns=10, lines=4)
    Screen().draw(["0123456789abcdef"] * 9)
    assert tty.shows() == ["012345678"] * 3


def test_a_terminal_that_became_narrower_is_cleared_of_the_lines_that_it_broke(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tty = fake_terminal(monkeypatch)
    screen = Screen()
    screen.draw(["x" * 50, "y" * 5])
    monkeypatch.setenv("COLUMNS", "20")
    screen.clear()
    assert tty.getvalue().endswith("\r\x1b[3A\x1b[J")


def test_where_the_cursor_cannot_be_moved_there_is_one_line_cleared_with_spaces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tty = fake_terminal(monkeypatch)
    monkeypatch.setenv("TERM", "dumb")
    screen = Screen()
    assert screen.room() == 1
    screen.draw(["a long line", "two"])
    screen.draw(["short"])
    assert tty.getvalue() == "\ra long line\rshort      "
    screen.clear()
    assert tty.getvalue() == "\ra long line\rshort      \r     \r"


def test_a_terminal_that_does_not_tell_its_size_is_taken_for_one_of_24_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_terminal(monkeypatch)
    monkeypatch.delenv("COLUMNS")
    monkeypatch.delenv("LINES")
    monkeypatch.setattr("os.get_terminal_size", lambda _: (_ for _ in ()).throw(OSError))
    assert Screen().room() == 23
