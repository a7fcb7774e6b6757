"""The command line as a whole, as far as it asks nobody."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from acrbridge.cli.acr_repository import confirm
from acrbridge.cli.app import main
from acrbridge.errors import CATALOGUE, UsageError

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ACRBRIDGE_CONFIG_DIR", str(tmp_path / "config"))


@pytest.mark.parametrize(
    "words",
    [
        ("bogus",), ("acr", "bogus"), ("acr", "import"), ("acr", "import", "--bogus"),
        ("acr", "import", "-n", "contoso"),
        ("acr", "repository", "show-manifests", "-n", "contoso"),
        ("acr", "import", "-n", "a", "--source", "b", "-o", "xml"),
        ("acr", "repository", "show-tags", "-n", "c", "--repository", "a", "--orderby", "foo"), ("--bogus",),
        ("quickstart", "-o", "none"),
        ("acr", "repository", "list", "-n", "contoso", "--top", "x"), ("account", "show", "--query", "["),
    ],
)  # fmt: skip
def test_a_command_line_that_cannot_be_read_has_status_2(words: Sequence[str], capsys: Captured) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("ERROR: ")


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("account", "show"), 1, "NOT_SIGNED_IN"),
        (("account", "set", "-s", "x"), 1, "NOT_SIGNED_IN"),
        (("acr", "import", "-n", "contoso", "--source", "h.io/a"), 1, "NOT_SIGNED_IN"),
        (("acr", "import", "-n", "contoso", "--source", "h.io/a", "-u", "x"), 1, "CREDENTIALS_INCOMPLETE"),
        (("acr", "list"), 1, "NOT_SIGNED_IN"),
        (("acr", "repository", "list", "-n", "my-reg"), 1, "REGISTRY_NAME_INVALID"),
        (("acr", "repository", "list", "-n", "contoso.azurecr.us"), 1, "REGISTRY_SUFFIX_UNKNOWN"),
        (("acr", "repository", "list", "-n", "contoso", "-p", "x"), 1, "CREDENTIALS_INCOMPLETE"),
        (("acr", "repository", "show", "-n", "contoso", "--repository", "a"), 1, "NOT_SIGNED_IN"),
        (("acr", "repository", "show", "-n", "contoso"), 1, "OPTIONS_CONFLICT"),
        (
            ("acr", "repository", "show", "-n", "contoso", "--repository", "a", "-t", "a:b"),
            1,
            "OPTIONS_CONFLICT",
        ),
        (("acr", "repository", "delete", "-n", "contoso"), 1, "OPTIONS_CONFLICT"),
        (("acr", "manifest", "show", "contoso.azurecr.cn/a:b"), 1, "REGISTRY_SUFFIX_UNKNOWN"),
        (("acr", "manifest", "show"), 1, "OPTIONS_CONFLICT"),
        (("acr", "manifest", "list-metadata", "-r", "contoso", "-n", "a:b"), 1, "REFERENCE_INVALID"),
        (("acr", "login", "-n", "contoso"), 1, "OPTIONS_CONFLICT"),
        (("login",), 1, "OPTIONS_CONFLICT"),
        (("login", "--identity", "--service-principal"), 1, "OPTIONS_CONFLICT"),
        (("login", "--service-principal", "-u", "x"), 1, "OPTIONS_CONFLICT"),
        (("login", "--service-principal", "-u", "x", "-t", "y"), 1, "CREDENTIALS_INCOMPLETE"),
        (("logout",), 1, "NOT_SIGNED_IN"),
        (("account", "get-access-token", "-s", "x", "-t", "y"), 1, "OPTIONS_CONFLICT"),
        (("account", "get-access-token", "--scope", "a", "--scope", "b"), 1, "OPTIONS_CONFLICT"),
        (("explain", "NOPE"), 3, "CODE_UNKNOWN"),
    ],
)
def test_a_request_that_cannot_be_met_ends_with_status_and_code(
    words: Sequence[str], status: int, code: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert main(words) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1] == f"Code: {code}"


def test_nobody_signed_in_is_no_error_for_the_list(capsys: Captured) -> None:
    assert main(["account", "list"]) == 0
    out, err = capsys.readouterr()
    assert out == "[]\n"
    assert "acrbridge login" in err


WRONG_WORDS = {
    ("import", "-n", "c"): "No such command 'import'. Did you mean acrbridge acr import? See: acrbridge --help",
    ("acr", "imprt"): "No such command 'imprt'. Did you mean 'import'? See: acrbridge acr --help",
    ("acr", "set"): "No such command 'set'. Did you mean acrbridge account set? See: acrbridge acr --help",
    ("acr", "import", "--name", "contoso", "--source"):
        "Option '--source' requires an argument. See: acrbridge acr import --help",
    ("acr", "import", "-n", "c", "--source", "a", "--timeout", "abc"):
        "Invalid value for '--timeout': 'abc' is not a number. See: acrbridge acr import --help",
    ("acr", "repository", "list", "-n", "c", "--top", "x"):
        "Invalid value for '--top': 'x' is not a whole number. See: acrbridge acr repository list --help",
    ("login", "--use-device-code"): "No such option: --use-device-code. See: acrbridge login --help",
}  # fmt: skip


@pytest.mark.parametrize(("words", "line"), WRONG_WORDS.items(), ids=map(" ".join, WRONG_WORDS))
def test_a_command_line_that_cannot_be_read_is_mended_in_a_line(
    words: Sequence[str], line: str, capsys: Captured
) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err == f"ERROR: {line}\n"


@pytest.mark.parametrize(
    "words", [(), ("acr",), ("acr", "repository"), ("acr", "manifest"), ("account",), ("emulator",)]
)
def test_a_help_of_commands_cuts_no_sentence(
    words: Sequence[str], capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*words, "--help"]) == 0
    assert re.findall(r"\w.*\.\.\.$", capsys.readouterr().out.partition("Commands:")[2], re.MULTILINE) == []


@pytest.mark.parametrize(
    "words",
    [(), ("--help",), ("-h",), ("acr", "--help"), ("acr", "-h"), ("acr", "import", "--help"), ("acr", "import", "-h"),
     ("emulator", "run", "-h")],
)  # fmt: skip
def test_help_is_given(words: Sequence[str], capsys: Captured) -> None:
    assert main(words) == 0
    assert "Usage: acrbridge" in "".join(capsys.readouterr())


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_is_explained(code: str, capsys: Captured) -> None:
    assert main(["explain", code.lower()]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "cause": CATALOGUE[code].cause, "code": code, "remedy": CATALOGUE[code].remedy
    }  # fmt: skip


def test_the_last_line_of_an_error_can_be_explained_as_it_is(capsys: Captured) -> None:
    assert main(["explain", "Code: PART_FAILED"]) == 0
    assert json.loads(capsys.readouterr().out)["code"] == "PART_FAILED"


def test_a_code_that_is_nearly_right_is_suggested(capsys: Captured) -> None:
    main(["explain", "SOURCE_UNAUTHORISED"])
    assert "Did you mean SOURCE_UNAUTHORIZED?" in capsys.readouterr().err


def test_a_damaged_profile_is_told(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "profile.json").write_text("{")
    assert main(["account", "show"]) == 1
    assert capsys.readouterr().err.endswith("Code: FILE_UNREADABLE\n")


# Before something is deleted


class Typist(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_where_there_is_no_terminal_nothing_is_deleted_without_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(UsageError) as error:
        confirm(False, "Delete?")
    assert error.value.code == "CONFIRMATION_MISSING"
    confirm(True, "Delete?")


def test_what_a_person_is_asked_is_fit_to_print(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(sys, "stdin", Typist("y\n"))
    confirm(False, "This deletes 'a\x1b]0;pwned\x07\u202e'.")
    assert not {"\x1b", "\x07", "\u202e"} & set("".join(capsys.readouterr()))
