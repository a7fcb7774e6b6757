"""What a command makes of options, results and errors: exit status, standard output, standard error."""

from __future__ import annotations

import errno
import getpass
import io
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from acrbridge.cli.command import Run, command
from acrbridge.cli.terminal import Terminal
from acrbridge.errors import (
    AcrBridgeError,
    NetworkError,
    NotFoundError,
    PartFailedError,
    RefusedError,
    SignInError,
    StillRunningError,
    StoppedError,
    TargetExistsError,
    Terminated,
    UsageError,
    VerificationError,
)
from acrbridge.jobs import Secret
from acrbridge.settings import Settings
from unit.cli.fake_terminal import FakeTerminal

Captured = pytest.CaptureFixture[str]


def run(function: Callable[[Run], Any], *arguments: str, **options: Any) -> int:
    """Run a function as a program's only command; gives its exit status."""
    app = typer.Typer()
    command(app, "x", **options)(function)
    status = app(list(arguments), prog_name="x", standalone_mode=False)
    return status if isinstance(status, int) else 0


def failing(error: BaseException) -> Callable[[Run], None]:
    def fail(run: Run) -> None:
        raise error

    return fail


def gone(status: int = 1) -> NotFoundError:
    return NotFoundError("REPOSITORY_NOT_FOUND", "x", drop_in_status=status)


@pytest.mark.parametrize(
    ("error", "own", "drop_in", "show"),
    [
        (AcrBridgeError("INTERNAL", "x"), 1, 1, 1),
        (UsageError("OPTIONS_CONFLICT", "x"), 2, 1, 1),
        (gone(), 3, 1, 3),
        (gone(3), 3, 3, 3),
        (NotFoundError("SUBSCRIPTION_NOT_FOUND", "x"), 3, 1, 1),
        (SignInError("NOT_SIGNED_IN", "x"), 4, 1, 1),
        (RefusedError("ARM_FORBIDDEN", "x"), 4, 1, 1),
        (TargetExistsError("TARGET_TAG_EXISTS", "x"), 5, 1, 1),
        (NetworkError("THROTTLED", "x"), 6, 1, 1),
        (VerificationError("DIGEST_MISMATCH", "x"), 7, 7, 7),
        (StillRunningError("STILL_RUNNING", "x"), 9, 1, 1),
        (StoppedError("x", KeyboardInterrupt()), 130, 130, 130),
        (StoppedError("x", Terminated()), 143, 143, 143),
        (KeyboardInterrupt(), 130, 130, 130),
        (Terminated(), 143, 143, 143),
        (ValueError("a defect"), 1, 1, 1),
        (RecursionError("a defect"), 1, 1, 1),
    ],
)
def test_an_error_has_its_exit_status(
    error: BaseException, own: int, drop_in: int, show: int, capsys: Captured
) -> None:
    assert run(failing(error), own=True) == own
    assert run(failing(error)) == drop_in
    assert run(failing(error), missing=3) == show
    assert capsys.readouterr().out == ""


def test_a_defect_is_told_without_a_traceback(capsys: Captured) -> None:
    run(failing(ValueError("a defect")))
    err = capsys.readouterr().err
    assert err.startswith("ERROR: ValueError: a defect.")
    assert err.endswith("Code: INTERNAL\n")


@pytest.mark.parametrize(("arguments", "out"), [
    ((), '{\n  "a": [\n    1\n  ]\n}\n'), (("-o", "tsv"), "1\n"), (("-o", "none"), ""), (("-o", "TSV"), "1\n"),
    (("--query", "a[0]"), "1\n"), (("--query", "b"), ""),
])  # fmt: skip
def test_a_result_goes_to_standard_output(arguments: tuple[str, ...], out: str, capsys: Captured) -> None:
    assert run(lambda run: {"a": [1]}, *arguments) == 0
    assert capsys.readouterr() == (out, "")


def test_no_result_prints_nothing(capsys: Captured) -> None:
    assert run(lambda run: None, "-o", "json") == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "output"), [((), None), (("--query", "a"), "json"), (("--query", "a", "-o", "tsv"), "tsv")]
)
def test_who_asks_for_a_format_or_a_part_asks_for_a_result(
    arguments: tuple[str, ...], output: str | None
) -> None:
    wanted: list[str | None] = []
    run(lambda run: wanted.append(run.output), *arguments)
    assert wanted == [output]


def test_a_command_has_those_of_the_shared_options_that_it_obeys(capsys: Captured) -> None:
    assert run(lambda run: {"a": 1}, "--only-show-errors", shared=("only_show_errors",)) == 0
    assert capsys.readouterr().out == '{\n  "a": 1\n}\n'
    with pytest.raises(typer.TyperException, match="-o"):
        run(lambda run: None, "-o", "json", shared=("debug",))


@pytest.mark.parametrize("own", [True, False])
def test_a_query_that_makes_no_sense_ends_it_before_it_began(own: bool, capsys: Captured) -> None:
    began: list[int] = []
    assert run(lambda run: began.append(1), "--query", "[", own=own) == 2
    assert began == []


def test_a_warning_is_said_each_time_but_when_only_errors_are_wanted(capsys: Captured) -> None:
    run(lambda run: None, warning="going away")
    assert capsys.readouterr().err == "WARNING: going away\n"
    run(lambda run: None, "--only-show-errors", warning="going away")
    assert capsys.readouterr().err == ""


def test_a_reader_that_went_away_is_no_crash(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed())
    assert run(lambda run: {"a": 1}) == 1
    assert capsys.readouterr().err == ""
    sys.stdout.close()


def test_output_that_takes_no_more_is_an_error_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    assert run(lambda run: {"a": 1}) == 1
    assert "cannot be written to standard output: No space left on device" in capsys.readouterr().err
    sys.stdout.close()


def test_where_standard_output_is_closed_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert run(lambda run: {"a": 1}) == 0
    assert capsys.readouterr().err == ""


def test_a_command_takes_sigterm_over_only_while_it_runs(capsys: Captured) -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert run(lambda run: os.kill(os.getpid(), signal.SIGTERM)) == 143
    assert signal.getsignal(signal.SIGTERM) == before
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
@pytest.mark.parametrize(("handler", "status"), [(signal.SIG_DFL, 143), (signal.SIG_IGN, 0)])
def test_a_closed_terminal_ends_it_unless_it_may_not(handler: signal.Handlers, status: int) -> None:
    before = signal.signal(signal.SIGHUP, handler)
    try:
        assert run(lambda run: os.kill(os.getpid(), signal.SIGHUP)) == status
        assert signal.getsignal(signal.SIGHUP) == handler
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_some_came_to_is_printed_where_others_failed(capsys: Captured) -> None:
    class Result:
        """What an operation gives."""

        def as_json(self) -> dict[str, str]:
            return {"failed": "a"}

    error = PartFailedError("PART_FAILED", "1 of 2 tags could not be copied.", result=Result())
    assert run(failing(error), "-o", "json", own=True) == 8
    told = capsys.readouterr()
    assert json.loads(told.out) == {"failed": "a"}
    assert told.err.endswith("Code: PART_FAILED\n")


# Passwords


@pytest.fixture
def bare(tmp_path: Path) -> Run:
    return Run(Settings(tmp_path), Terminal(), None)


def test_a_typed_password_wins_over_the_environment(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PASSWORD", "environment")
    assert bare.password("typed", stdin=False, variable="SOME_PASSWORD", prompt=False) == Secret("typed")
    assert bare.password(None, stdin=False, variable="SOME_PASSWORD", prompt=False) == Secret("environment")


@pytest.mark.parametrize(
    ("text", "password"), [("a b\n", "a b"), ("a\r\n", "a"), ("a", "a"), ("a\nb\n", "a")]
)
def test_a_password_from_standard_input_is_its_first_line(
    bare: Run, monkeypatch: pytest.MonkeyPatch, text: str, password: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    assert bare.password(None, stdin=True, variable="X_PASSWORD", prompt=False) == Secret(password)


def test_no_password_is_asked_for_where_there_is_no_terminal(
    bare: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert bare.password(None, stdin=False, variable="X_PASSWORD", prompt=True) is None
    assert bare.password(None, stdin=False, variable=None, prompt=True) is None


@pytest.mark.parametrize("text", ["", "\n", "\r\n"])
def test_an_empty_standard_input_is_no_password(
    bare: Run, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("X_PASSWORD", "environment")
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    with pytest.raises(UsageError) as error:
        bare.password(None, stdin=True, variable="X_PASSWORD", prompt=True)
    assert error.value.code == "CREDENTIALS_INCOMPLETE"


def test_ctrl_c_at_the_prompt_is_told(bare: Run, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def interrupted(question: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", FakeTerminal())
    monkeypatch.setattr(getpass, "getpass", interrupted)
    with pytest.raises(StoppedError, match="nothing was done") as stopped:
        bare.password(None, stdin=False, variable=None, prompt=True)
    assert stopped.value.exit_status == 130


def test_two_passwords_are_too_many(bare: Run) -> None:
    with pytest.raises(UsageError) as error:
        bare.password("typed", stdin=True, variable="X_PASSWORD", prompt=False)
    assert error.value.code == "OPTIONS_CONFLICT"


def test_a_result_is_the_only_thing_on_standard_output(capsys: Captured) -> None:
    def talk(run: Run) -> dict[str, int]:
        from acrbridge.jobs import Notice

        run.terminal.hear(Notice("talk"))
        return {"a": 1}

    run(talk)
    out, err = capsys.readouterr()
    assert json.loads(out) == {"a": 1}
    assert err == "WARNING: talk\n"
