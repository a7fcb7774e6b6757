from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest

from acrbridge.cli.terminal import Terminal
from acrbridge.errors import AcrBridgeError
from acrbridge.jobs import Notice, Waiting
from unit.fakes import BIDI_AND_CONTROL, is_fit_to_print

Captured = pytest.CaptureFixture[str]


def test_an_error_ends_with_its_code(capsys: Captured) -> None:
    Terminal().fail(AcrBridgeError("THROTTLED", "Too much", correlation_id="c-1"))
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "ERROR: Too much. Wait, and try again.\nCorrelation ID: c-1\nCode: THROTTLED\n"


@pytest.mark.parametrize("message", ["It failed", "It failed."])
def test_a_command_at_an_errors_end_can_be_copied(message: str, capsys: Captured) -> None:
    Terminal().fail(AcrBridgeError("STILL_RUNNING", message, remedy="Look: acrbridge acr list"))
    assert capsys.readouterr().err == "ERROR: It failed. Look: acrbridge acr list\nCode: STILL_RUNNING\n"


def test_what_has_no_operation_is_waited_for_without_its_id(capsys: Captured) -> None:
    Terminal().hear(Waiting(None, "Accepted", 10.0))
    assert capsys.readouterr().err == "Accepted … 10 s\n"


def test_what_is_told_has_no_control_characters_but_its_own_line_ends(capsys: Captured) -> None:
    terminal = Terminal()
    terminal.hear(Notice(BIDI_AND_CONTROL))
    terminal.hear(Waiting(BIDI_AND_CONTROL, BIDI_AND_CONTROL, 1000.0))
    terminal.fail(
        AcrBridgeError("INTERNAL", BIDI_AND_CONTROL, remedy=BIDI_AND_CONTROL, correlation_id=BIDI_AND_CONTROL)
    )
    terminal.crash(ValueError(BIDI_AND_CONTROL))
    lines = capsys.readouterr().err.split("\n")
    assert len(lines) == 8
    assert all(map(is_fit_to_print, lines))


def test_quiet_tells_errors_only(capsys: Captured) -> None:
    terminal = Terminal(quiet=True)
    terminal.hear(Notice("x"))
    terminal.hear(Waiting("id", "Running", 1000.0))
    assert capsys.readouterr().err == ""
    terminal.fail(AcrBridgeError("THROTTLED", "x"))
    assert "THROTTLED" in capsys.readouterr().err


def test_waiting_is_told_every_ten_seconds_where_there_is_no_terminal(capsys: Captured) -> None:
    terminal = Terminal()
    for elapsed in range(0, 31, 5):
        terminal.hear(Waiting("id", "Running", float(elapsed)))
    assert capsys.readouterr().err.splitlines() == [
        "Running … 10 s (id)", "Running … 20 s (id)", "Running … 30 s (id)"
    ]  # fmt: skip


class FakeTerminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_waiting_keeps_one_line_on_a_terminal_and_clears_it(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = FakeTerminal()
    monkeypatch.setattr(sys, "stderr", screen)
    terminal = Terminal()
    terminal.hear(Waiting("id", "Accepted", 1.0))
    terminal.hear(Waiting("id", "Running", 2.0))
    terminal.close()
    terminal.close()
    assert screen.getvalue() == f"\rAccepted … 1 s (id)\rRunning … 2 s (id) \r{' ' * 18}\r"


def test_waiting_never_fills_more_than_one_line_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = FakeTerminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "20")
    Terminal().hear(Waiting("an ID of many letters", "Running", 1.0))
    assert screen.getvalue() == "\rRunning … 1 s (an I"


def test_a_screen_that_cannot_show_a_letter_shows_another(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding="ascii"))
    Terminal().hear(Notice("ñ …"))
    assert raw.getvalue() == b"WARNING: ? ?\n"


@pytest.fixture
def own_log() -> Iterator[None]:
    """Take away what --debug adds to the package's log."""
    logger = logging.getLogger("acrbridge")
    yield
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)


def test_a_crash_shows_its_traceback_only_with_debug_and_redacted(capsys: Captured, own_log: None) -> None:
    with pytest.raises(ValueError, match="Bearer") as met:
        raise ValueError("Authorization: Bearer s3cret-s3cret-s3cret")
    Terminal().crash(met.value)
    plain = capsys.readouterr().err
    assert "Traceback" not in plain
    assert plain.endswith("Code: INTERNAL\n")
    Terminal(debug=True).crash(met.value)
    with_debug = capsys.readouterr().err
    assert "Traceback" in with_debug
    assert "s3cret" not in plain + with_debug


def test_debug_shows_the_log_redacted_in_one_line_each(capsys: Captured, own_log: None) -> None:
    Terminal(debug=True)
    logging.getLogger("acrbridge.http").debug("GET %s", f"x?sig=s3cret {BIDI_AND_CONTROL}")
    err = capsys.readouterr().err
    assert err.startswith("DEBUG: acrbridge.http: GET x?REDACTED")
    assert is_fit_to_print(err.rstrip("\n"))
