"""What is printed, where, and how a command line that makes no sense ends."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from emulated.local_azure import ACRBRIDGE, SMALL, Acrbridge, LocalAzure, Process

if TYPE_CHECKING:
    from emulated.conftest import SignedIn

WRONG_WORDS = {
    "no command": ("acr",),
    "unknown command": ("nope",),
    "unknown command of a group": ("acr", "nope"),
    "unknown option": ("acr", "import", "--nope"),
    "unknown option of the program": ("--nope",),
    "option without value": ("acr", "import", "-n"),
    "option that is missing": ("acr", "import", "--name", "contoso"),
    "minutes that are no number": ("acr", "import", "-n", "contoso", "--source", SMALL, "--timeout", "soon"),
    "minutes below nothing": ("acr", "import", "-n", "contoso", "--source", SMALL, "--timeout", "-1"),
    "unknown format": ("acr", "import", "-n", "contoso", "--source", SMALL, "-o", "xml"),
    "unknown order": (
        "acr",
        "repository",
        "show-tags",
        "-n",
        "contoso",
        "--repository",
        "x",
        "--orderby",
        "x",
    ),
    "port that is none": ("emulator", "start", "--port", "99999"),
}


@pytest.mark.parametrize("words", WRONG_WORDS.values(), ids=WRONG_WORDS)
def test_command_line_that_cannot_be_read(stranger: Acrbridge, words: tuple[str, ...]) -> None:
    ended = stranger(*words)
    (line,) = ended.lines
    assert (ended.status, ended.stdout) == (2, "")
    assert line.startswith("ERROR: ")
    assert line.endswith("--help")


QUERIES = {
    "syntax": ("[?", "Incomplete expression"),
    "unknown function": ("nope(@)", "Unknown function: nope()"),
    "unknown function within": ("images[?nope(digest)]", "Unknown function: nope()"),
}


@pytest.mark.parametrize(("query", "words"), QUERIES.values(), ids=QUERIES)
def test_query_that_makes_no_sense_stops_before_anything_is_done(
    azure: LocalAzure, acrbridge: Acrbridge, image: str, query: str, words: str
) -> None:
    since = azure.log_size()
    acrbridge.imports(SMALL, image, "--query", query, "-o", "json").refused(2, "QUERY_INVALID", words)
    assert azure.requests(since) == []


def test_query_picks_from_the_result(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge.imports(SMALL, image, "--query", "images[0].digest", "-o", "tsv")
    assert ended.stdout == f"{azure.tag(image)}\n"


def test_query_alone_asks_for_the_result(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge.imports(SMALL, image, "--query", "images[0].digest")
    assert ended.stdout == f'"{azure.tag(image)}"\n'


def test_import_as_a_table_shows_what_is_where(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    head, _, row = acrbridge.imports(SMALL, image, "-o", "table").stdout.splitlines()
    assert head.split() == ["REFERENCE", "DIGEST", "VERIFIED"]
    assert row.split() == [f"contoso.azurecr.io/{image}", azure.tag(image), "True"]


def test_output_none_prints_nothing(acrbridge: Acrbridge) -> None:
    ended = acrbridge("acr", "list", "-o", "none").succeeded()
    assert (ended.stdout, ended.stderr) == ("", "")


def test_output_formats_tell_the_same(acrbridge: Acrbridge) -> None:
    words = ("acr", "repository", "list", "-n", "fabrikam", "-o")
    names = json.loads(acrbridge(*words, "json").stdout)
    assert yaml.safe_load(acrbridge(*words, "yaml").stdout) == names
    assert acrbridge(*words, "tsv").stdout.split() == names
    assert acrbridge(*words, "table").stdout.split()[2:] == names


def test_coloured_output_has_no_colours_in_a_pipe(acrbridge: Acrbridge) -> None:
    assert "\x1b" not in acrbridge("account", "show", "-o", "jsonc").succeeded().stdout


def test_only_errors_are_shown(acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge.imports(SMALL, image, "--only-show-errors", name="contoso.azurecr.io").succeeded()
    assert (ended.stdout, ended.stderr) == ("", "")


def test_error_is_shown_among_only_errors(signed_in: SignedIn, image: str) -> None:
    ended = signed_in("reader").imports(SMALL, image, "--no-wait", "--only-show-errors")
    ended.refused(1, "TARGET_FORBIDDEN")


def test_debug_keeps_stdout_clean(acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge.imports(SMALL, image, "--debug", "-o", "json")
    assert ended.json()["verified"] is True
    assert "POST https://management.azure.com/" in ended.stderr


@pytest.mark.parametrize("command", ["acr list", "account list", "emulator fault --help"])
def test_reader_that_goes_away_is_no_crash(acrbridge: Acrbridge, command: str) -> None:
    line = f"{' '.join(ACRBRIDGE)} {command} | head -c 0"
    shell = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{line}; exit ${{PIPESTATUS[0]}}"],
        env=acrbridge.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert shell.stderr == ""
    assert shell.returncode in (0, 1)


def test_terminal_that_knows_ascii_only(acrbridge: Acrbridge, image: str) -> None:
    ascii_only = Process(acrbridge.environment).where(PYTHONIOENCODING="ascii", LC_ALL="C")
    ascii_only.imports("nats", image).refused(1, "SOURCE_REGISTRY_MISSING", "docker.io/library/nats")


def test_deletion_without_a_terminal_to_ask_on(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    acrbridge.imports(SMALL, image).succeeded()
    ended = acrbridge("acr", "repository", "delete", "-n", "contoso", "--image", image)
    ended.refused(1, "CONFIRMATION_MISSING", "--yes")
    assert azure.tag(image)


def test_deletion_that_is_confirmed(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    acrbridge.imports(SMALL, image).succeeded()
    acrbridge("acr", "repository", "delete", "-n", "contoso", "--image", image, "--yes").succeeded()
    assert azure.tag(image) is None


def test_image_and_repository_at_once(acrbridge: Acrbridge) -> None:
    words = ("--image", "sealed:v1", "--repository", "sealed")
    acrbridge("acr", "repository", "show", "-n", "contoso", *words).refused(1, "OPTIONS_CONFLICT", "not both")


def test_explained_code(stranger: Acrbridge) -> None:
    assert set(stranger("explain", "target_tag_exists").json()) == {"cause", "code", "remedy"}


def test_code_that_there_is_not(stranger: Acrbridge) -> None:
    stranger("explain", "TARGET_TAG_EXIST").refused(3, "CODE_UNKNOWN", "Did you mean TARGET_TAG_EXISTS?")
