from __future__ import annotations

import ast
import re
import traceback
from pathlib import Path

import pytest

import acrbridge
from acrbridge import errors
from acrbridge.errors import (
    CATALOGUE,
    AcrBridgeError,
    NetworkError,
    StoppedError,
    Terminated,
    VerificationError,
)
from acrbridge.http import redact
from unit.fakes import is_fit_to_print

_ENVIRONMENT = ("ACR_", "ACRBRIDGE_", "AZURE_", "SSL_", "REQUESTS_", "DOCKER_", "REGISTRY_AUTH_", "XDG_")
"""How names of variables begin, which look like codes."""
SOURCES = sorted(Path(acrbridge.__file__).parent.rglob("*.py"))
MODULE_ERRORS = Path(__file__).parents[2] / "powershell/AcrBridge/Private/EngineError.ps1"
COMMAND = re.compile(r"\b(?:acrbridge|az|pip|docker|chmod) [a-z0-9].*")
CODE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|INTERNAL|THROTTLED|UNREACHABLE|UNVERIFIED|INTERRUPTED")


def _texts(path: Path) -> set[str]:
    """The string literals of a source file."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _remedies(path: Path) -> list[str]:
    """The texts given as `remedy=`; what a text is filled in with is left out."""
    keywords = [
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.keyword)
    ]
    return [ast.unparse(node.value).strip("'\"") for node in keywords if node.arg == "remedy"]


def _raised(path: Path) -> set[str]:
    """First arguments of what looks like the making of an error: a text all in capitals."""
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    first = [call.args[0].value for call in calls if call.args and isinstance(call.args[0], ast.Constant)]
    return {text for text in first if isinstance(text, str) and CODE.fullmatch(text)}


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    raised = {code for path in SOURCES for code in _raised(path)}
    environment = {text for text in raised if text.startswith(_ENVIRONMENT)}
    assert raised - environment - set(CATALOGUE) == set()
    assert len(raised) > 40


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_entry_of_the_catalogue_is_used(code: str) -> None:
    elsewhere = [path for path in SOURCES if path.name != "errors.py"]
    named_in_errors = code == "INTERRUPTED"  # StoppedError names its own
    of_the_module = f"    {code} " in MODULE_ERRORS.read_text("utf-8")
    assert named_in_errors or of_the_module or any(code in _texts(path) for path in elsewhere)


@pytest.mark.parametrize("code", CATALOGUE)
def test_an_entry_says_cause_and_remedy_in_whole_sentences(code: str) -> None:
    entry = CATALOGUE[code]
    assert entry.cause.endswith(".")
    assert entry.remedy.endswith(".") or COMMAND.search(entry.remedy)
    assert is_fit_to_print(entry.cause + entry.remedy)
    assert re.fullmatch(r"[A-Z][A-Z_]*[A-Z]", code)


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_command_stands_at_the_end_to_be_copied_without_a_full_stop(code: str) -> None:
    remedy = CATALOGUE[code].remedy
    command = COMMAND.search(remedy)
    if command:
        assert remedy[: command.start()].endswith(": ")
        assert not re.search(r"[.;,]($| )", command[0])


def test_no_remedy_in_the_code_ends_a_command_with_a_full_stop() -> None:
    remedies = [text for path in SOURCES for text in _remedies(path)]
    assert len(remedies) > 8
    assert [text for text in remedies if COMMAND.search(text) and text.endswith(".")] == []


@pytest.mark.parametrize("code", CATALOGUE)
def test_redaction_leaves_the_catalogues_words_alone(code: str) -> None:
    entry = CATALOGUE[code]
    assert redact.foreign(entry.cause) == entry.cause
    assert redact.foreign(entry.remedy) == entry.remedy


def test_an_error_outside_the_catalogue_cannot_be_made() -> None:
    with pytest.raises(KeyError):
        AcrBridgeError("NO_SUCH_CODE", "x")


def test_an_error_has_the_catalogues_remedy_unless_it_brings_its_own() -> None:
    assert AcrBridgeError("THROTTLED", "x").remedy == CATALOGUE["THROTTLED"].remedy
    assert AcrBridgeError("THROTTLED", "x", remedy="y").remedy == "y"
    assert AcrBridgeError("THROTTLED", "x", remedy="").remedy == ""


STATUSES = {
    "AcrBridgeError": 1,
    "UsageError": 2,
    "NotFoundError": 3,
    "SignInError": 4,
    "RefusedError": 4,
    "TargetExistsError": 5,
    "NetworkError": 6,
    "VerificationError": 7,
    "PartFailedError": 8,
    "StillRunningError": 9,
}


@pytest.mark.parametrize(("name", "status"), STATUSES.items())
def test_each_kind_has_its_exit_status(name: str, status: int) -> None:
    error: AcrBridgeError = getattr(errors, name)("INTERNAL", "x")
    assert error.exit_status == status
    assert error.drop_in_status == (7 if isinstance(error, VerificationError) else 1)


def test_the_tree_at_the_top_of_the_file_is_the_tree() -> None:
    assert errors.__doc__
    drawn = dict(re.findall(r"(?:├── |└── |^)(\w+)\s+(\d+)", errors.__doc__, re.MULTILINE))
    assert {name: int(status) for name, status in drawn.items()} == {**STATUSES, "StoppedError": 130}


@pytest.mark.parametrize(("stop", "status"), [(KeyboardInterrupt(), 130), (Terminated(), 143)])
def test_who_is_stopped_exits_with_the_signals_status_everywhere(
    stop: KeyboardInterrupt, status: int
) -> None:
    error = StoppedError("x", stop)
    assert error.exit_status == error.drop_in_status == status


def test_an_error_has_one_json_form() -> None:
    assert AcrBridgeError("INTERNAL", "m", remedy="r").as_json() == {
        "code": "INTERNAL",
        "message": "m",
        "remedy": "r",
    }
    assert AcrBridgeError("INTERNAL", "m", correlation_id="c").as_json()["correlationId"] == "c"


def test_a_traceback_ends_with_message_remedy_and_code() -> None:
    shown = "".join(traceback.format_exception(AcrBridgeError("THROTTLED", "They said no.")))
    remedy = CATALOGUE["THROTTLED"].remedy
    assert shown.endswith(f"AcrBridgeError: They said no.\n{remedy}\nCode: THROTTLED\n")
    assert str(AcrBridgeError("THROTTLED", "They said no.")) == "They said no."


def test_a_note_without_a_remedy_is_the_code() -> None:
    assert AcrBridgeError("INTERNAL", "x", remedy="").__notes__ == ["Code: INTERNAL"]


def test_an_error_tells_the_request_that_failed_and_how_often() -> None:
    error = NetworkError("UNREACHABLE", "h broke off.").at("source h (GET /v2/)").after(3)
    assert error.at("target t (PUT /v2/)").after(2).message == "source h (GET /v2/): h broke off (6 tries)"
    assert str(error) == error.message
    assert NetworkError("UNREACHABLE", "h broke off.").after(1).message == "h broke off"
