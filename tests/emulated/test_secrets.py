"""Where passwords may come from, and that none is seen again: in output, in errors, in what --debug shows, in argv.

Every run of the command line in these tests is searched for secrets as well (local_azure.py, `Command.end`).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from emulated import secrecy
from emulated.local_azure import HELLO, SMALL, Acrbridge, LocalAzure

if TYPE_CHECKING:
    from collections.abc import Iterator

PRIVATE = "registry.example.com/team/app:v1"


def sent_credentials(azure: LocalAzure, since: int) -> list[dict[str, str] | None]:
    """Return the credentials in import requests, the password hidden, since the log had that size."""
    bodies = [r["body"] for r in azure.requests(since) if r["path"].endswith("/importImage")]
    return [body["source"].get("credentials") for body in bodies]


WAYS: dict[str, tuple[tuple[str, ...], str | None, dict[str, str]]] = {
    "option": (("--password", "example-password"), None, {}),
    "stdin": (("--password-stdin",), "example-password\n", {}),
    "stdin with CRLF": (("--password-stdin",), "example-password\r\n", {}),
    "environment": ((), None, {"ACRBRIDGE_SOURCE_PASSWORD": "example-password"}),
}


@pytest.mark.parametrize(("words", "stdin", "variables"), WAYS.values(), ids=WAYS)
def test_source_password_from(
    azure: LocalAzure,
    acrbridge: Acrbridge,
    image: str,
    words: tuple[str, ...],
    stdin: str | None,
    variables: dict[str, str],
) -> None:
    since = azure.log_size()
    line = ("acr", "import", "-n", "contoso", "--source", PRIVATE, "--image", image, "-u", "example-user")
    acrbridge.where(**variables)(*line, *words, stdin=stdin).succeeded()
    assert sent_credentials(azure, since) == [{"username": "example-user", "password": "***"}]


def test_source_password_left_in_the_environment_goes_nowhere_without_a_user(
    azure: LocalAzure, acrbridge: Acrbridge, image: str
) -> None:
    since = azure.log_size()
    acrbridge.where(ACRBRIDGE_SOURCE_PASSWORD=secrecy.CANARY).imports(HELLO, image).succeeded()
    assert sent_credentials(azure, since) == [None]


@pytest.mark.parametrize("words", [(), ("-u", "example-user")], ids=["token", "user's password"])
def test_source_password_from_an_empty_stdin(
    azure: LocalAzure, acrbridge: Acrbridge, image: str, words: tuple[str, ...]
) -> None:
    since = azure.log_size()
    ended = acrbridge.imports(PRIVATE, image, *words, "--password-stdin")
    ended.refused(1, "CREDENTIALS_INCOMPLETE", "--password-stdin", "standard input holds no password")
    assert azure.requests(since) == []


def test_two_source_passwords(acrbridge: Acrbridge, image: str) -> None:
    words = ("-u", "example-user", "-p", secrecy.CANARY, "--password-stdin")
    ended = acrbridge.imports(PRIVATE, image, *words)
    ended.refused(1, "OPTIONS_CONFLICT", "--password and --password-stdin")


@pytest.mark.parametrize("source", [PRIVATE, "docker.io/contoso/private-app:v1", "wingtip.azurecr.io/app:v1"])
def test_canary_is_not_shown_by_debug(acrbridge: Acrbridge, image: str, source: str) -> None:
    ended = acrbridge.imports(source, image, "-u", "someone", "-p", secrecy.CANARY, "--debug")
    assert ended.status == 1
    assert "importImage" in ended.stderr


def test_canary_is_not_shown_by_debug_of_a_sign_in(stranger: Acrbridge) -> None:
    words = ("-u", "30000000-0000-0000-0000-000000000001", "-t", "contoso.onmicrosoft.com")
    ended = stranger("login", "--service-principal", *words, "-p", secrecy.CANARY, "--debug")
    assert ended.status == 1
    assert "/oauth2/v2.0/token" in ended.stderr


def test_canary_is_not_shown_by_debug_of_a_registry(acrbridge: Acrbridge) -> None:
    words = ("-n", "fabrikam", "-u", "fabrikam", "-p", secrecy.CANARY, "--debug")
    ended = acrbridge("acr", "repository", "list", *words)
    assert ended.status == 1
    assert "fabrikam.azurecr.io" in ended.stderr


def test_debug_shows_neither_token_nor_signature(acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge.imports(SMALL, image, "--debug").succeeded()
    assert "/operationResults/" in ended.stderr
    assert "REDACTED" in ended.stderr
    assert "Authorization" not in ended.stderr


def test_secret_in_a_reference_of_an_error_is_the_users_own(acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge.imports("someone:password@registry.example.com/app:v1", image)
    ended.refused(1, "REFERENCE_INVALID", "is not a host name")


def test_no_secret_in_any_command_line(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    azure.play("slow=0.1")
    user = acrbridge.where(ACRBRIDGE_SOURCE_PASSWORD=secrecy.CANARY)
    line = ("acr", "import", "-n", "contoso", "--source", PRIVATE, "--image", image, "-u", "example-user")
    command, seen = user.start(*line), set[str]()
    while command.process.poll() is None:
        seen.update(command_lines(command.process.pid))
        time.sleep(0.02)
    assert command.end().status == 1
    assert len(seen) == 1
    assert secrecy.shown_in(" ".join(seen)) == []


def command_lines(pid: int) -> Iterator[str]:
    """Yield the command lines of a process and of its children."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = path.read_text().rpartition(")")[2].split()[1]
            line = path.with_name("cmdline").read_text()
        except OSError:  # it has ended meanwhile
            continue
        if str(pid) in (path.parent.name, parent) and line:
            yield line
