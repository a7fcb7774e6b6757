from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from acrbridge.cli.terminal import Terminal
from acrbridge.errors import AcrBridgeError
from acrbridge.jobs import BlobAtWork, Copying, Notice, Waiting
from unit.cli.fake_terminal import fake_terminal
from unit.fakes import BIDI_AND_CONTROL, DIGEST, is_fit_to_print

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


def test_a_copy_is_told_every_ten_seconds_where_there_is_no_terminal(capsys: Captured) -> None:
    terminal = Terminal()
    for elapsed in range(21):
        terminal.hear(Copying(elapsed, 100, 1.0, float(elapsed), (BlobAtWork(DIGEST, 100, elapsed),)))
    assert capsys.readouterr().err.splitlines() == [
        "10 B of 100 B (10%), 1 B/s, 1 min 30 s left; 0123456789ab 100 B 10%",
        "20 B of 100 B (20%), 1 B/s, 1 min 20 s left; 0123456789ab 100 B 20%",
    ]


def test_progress_is_drawn_on_a_terminal_and_leaves_it_clean_for_what_comes_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tty = fake_terminal(monkeypatch)
    terminal = Terminal()
    terminal.hear(Copying(5, 10, 1.0, 0.3, (BlobAtWork(DIGEST, 10, 5),)))
    assert tty.shows() == ["5 B of 10 B (50%), 1 B/s, 5 s left", "  0123456789ab        10 B   50%"]
    terminal.hear(Notice("look"))
    assert tty.shows() == ["WARNING: look"]
    terminal.hear(Copying(10, 10, 1.0, 0.6))
    terminal.fail(AcrBridgeError("THROTTLED", "Too much"))
    assert tty.shows() == ["WARNING: look", "ERROR: Too much. Wait, and try again.", "Code: THROTTLED"]
    terminal.hear(Waiting(None, "Running", 1.0))
    terminal.close()
    assert tty.shows()[3:] == []


def test_nothing_is_drawn_between_the_lines_of_a_log(monkeypatch: pytest.MonkeyPatch, own_log: None) -> None:
    tty = fake_terminal(monkeypatch)
    Terminal(debug=True).hear(Copying(5, 10, 1.0, 0.3))
    assert tty.getvalue() == ""


def test_quiet_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tty = fake_terminal(monkeypatch)
    Terminal(quiet=True).hear(Copying(5, 10, 1.0, 99.0))
    assert tty.getvalue() == ""


def test_threads_do_not_mix_their_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    tty = fake_terminal(monkeypatch)
    terminal = Terminal()
    with ThreadPoolExecutor(8) as pool:
        for number in range(400):
            event = Notice("x" * 70) if number % 2 else Copying(5, 10, 1.0, 0.3)
            pool.submit(terminal.hear, event)
    terminal.close()
    assert tty.shows() == [f"WARNING: {'x' * 70}"] * 200


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
