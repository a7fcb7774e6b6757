"""`registry login`, `logout` and `list`: what is kept where, and what copies make of it."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from keyring.backends import fail

from emulated import keyrings, secrecy
from emulated.local_azure import Acrbridge, LocalAzure, Process

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "registry.example.com"
PRIVATE = f"{HOST}/team/app:v1"
TARGET = "contoso.azurecr.io"
LOGIN = ("registry", "login", HOST, "--username", "example-user", "--password-stdin")
PASSWORD = "example-password\n"
KEY = (f"acrbridge:{HOST}", "example-user")


@pytest.fixture
def ring() -> Iterator[keyrings.Memory]:
    """A keyring of this test's own."""
    memory = keyrings.Memory()
    with keyrings.in_use(memory):
        yield memory


@pytest.fixture
def no_ring() -> Iterator[None]:
    """No keyring, as on a computer without a screen."""
    with keyrings.in_use(fail.Keyring()):  # type: ignore[no-untyped-call]
        yield


def files(acrbridge: Acrbridge) -> str:
    """All that is in the settings folder."""
    return "".join(file.read_text("latin-1") for file in acrbridge.profile.rglob("*") if file.is_file())


def test_a_login_is_tried_and_its_password_kept_in_the_keyring_alone(
    acrbridge: Acrbridge, azure: LocalAzure, ring: keyrings.Memory
) -> None:
    began = azure.log_size()
    ended = acrbridge(*LOGIN, "--debug", stdin=PASSWORD)
    assert ended.json() == {"kept": "keyring", "registry": HOST, "username": "example-user"}
    assert ("/v2/", 200) in [(r["path"], r["status"]) for r in azure.requests(began)]
    assert ring.kept == {KEY: "example-password"}
    assert "example-password" not in files(acrbridge)


def test_a_copy_signs_in_with_it(
    acrbridge: Acrbridge, azure: LocalAzure, ring: keyrings.Memory, image: str
) -> None:
    acrbridge(*LOGIN, stdin=PASSWORD).succeeded()
    ended = acrbridge("copy", PRIVATE, f"{TARGET}/{image}", "--debug").succeeded()
    assert f"{HOST} is shown the login that is kept for it" in ended.stderr
    assert azure.tag(image) is not None


def test_the_port_of_https_makes_no_other_registry(
    acrbridge: Acrbridge, ring: keyrings.Memory, image: str
) -> None:
    words = ("registry", "login", f"{HOST}:443", "-u", "example-user", "--password-stdin")
    assert acrbridge(*words, stdin=PASSWORD).json()["registry"] == HOST
    host, _, rest = PRIVATE.partition("/")
    acrbridge("copy", f"{host}:443/{rest}", f"{TARGET}/{image}").succeeded()


def test_it_goes_before_the_signed_in_account(
    acrbridge: Acrbridge, ring: keyrings.Memory, image: str
) -> None:
    words = ("registry", "login", "fabrikam.azurecr.io", "-u", "fabrikam", "--password-stdin")
    acrbridge(*words, stdin="fabrikam-password").succeeded()
    ended = acrbridge("copy", "fabrikam.azurecr.io/single:v1", f"{TARGET}/{image}", "--debug").succeeded()
    assert "fabrikam.azurecr.io is shown the login that is kept for it" in ended.stderr
    assert f"{TARGET} is shown the signed-in account" in ended.stderr


def test_docker_hub_has_one_login_by_all_its_names(
    acrbridge: Acrbridge, ring: keyrings.Memory, image: str
) -> None:
    words = ("registry", "login", "https://index.docker.io/v1/", "-u", "hub-user", "--password-stdin")
    assert acrbridge(*words, stdin="hub-token").json()["registry"] == "docker.io"
    acrbridge("copy", "docker.io/contoso/private-app:v1", f"{TARGET}/{image}").succeeded()


@pytest.mark.parametrize("kept_before", [False, True])
def test_a_wrong_password_is_refused_and_what_was_kept_stays(
    acrbridge: Acrbridge, ring: keyrings.Memory, kept_before: bool
) -> None:
    if kept_before:
        acrbridge(*LOGIN, stdin=PASSWORD).succeeded()
    before = dict(ring.kept)
    acrbridge(*LOGIN, stdin=secrecy.CANARY).refused(
        4, "REGISTRY_UNAUTHORIZED", HOST, "Check user and password"
    )
    assert ring.kept == before
    assert len(acrbridge("registry", "list").json()) == len(before)


def test_the_list_shows_registries_and_users(acrbridge: Acrbridge, ring: keyrings.Memory) -> None:
    assert acrbridge("registry", "list").json() == []
    acrbridge(*LOGIN, stdin=PASSWORD).succeeded()
    assert acrbridge("registry", "list").json() == [
        {"kept": "keyring", "registry": HOST, "username": "example-user"}
    ]


def test_after_logout_nothing_is_kept(acrbridge: Acrbridge, ring: keyrings.Memory, image: str) -> None:
    acrbridge(*LOGIN, stdin=PASSWORD).succeeded()
    assert acrbridge("registry", "logout", HOST).succeeded().stdout == ""
    assert ring.kept == {}
    assert acrbridge("registry", "list").json() == []
    acrbridge("copy", PRIVATE, f"{TARGET}/{image}").refused(4, "REGISTRY_UNAUTHORIZED")


def test_logout_where_nothing_is_kept(acrbridge: Acrbridge, ring: keyrings.Memory) -> None:
    acrbridge("registry", "logout", HOST).refused(3, "LOGIN_NOT_KEPT", HOST)


def test_without_a_keyring_the_password_is_in_a_private_file(
    acrbridge: Acrbridge, no_ring: None, image: str
) -> None:
    ended = acrbridge(*LOGIN, stdin=PASSWORD).succeeded()
    assert ended.json()["kept"] == "file"
    (warning,) = ended.warnings
    assert "The keyring of this system cannot be used here: the password is kept in" in warning
    file = acrbridge.profile / "registries.bin"
    if sys.platform == "linux":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE((acrbridge.profile / "registries.json").stat().st_mode) == 0o600
    assert acrbridge("copy", PRIVATE, f"{TARGET}/{image}").succeeded().warnings == []
    acrbridge("registry", "logout", HOST).succeeded()
    assert "example-password" not in files(acrbridge)


@pytest.mark.parametrize("backend", [keyrings.Failing, keyrings.Forgetful])
def test_a_keyring_that_does_not_keep_it_is_no_keyring(
    acrbridge: Acrbridge, backend: type[keyrings.Memory]
) -> None:
    with keyrings.in_use(backend()):
        ended = acrbridge(*LOGIN, "--debug", stdin=PASSWORD).succeeded()
    assert len(ended.warnings) == 1
    assert '"kept": "file"' in ended.stdout


def test_a_login_moves_from_the_file_to_the_keyring(acrbridge: Acrbridge, no_ring: None) -> None:
    acrbridge(*LOGIN, stdin=PASSWORD).succeeded()
    memory = keyrings.Memory()
    with keyrings.in_use(memory):
        acrbridge(*LOGIN, stdin=PASSWORD).succeeded()
    assert memory.kept == {KEY: "example-password"}
    assert "example-password" not in files(acrbridge)


def test_a_password_that_is_gone_from_the_keyring_is_one_warning(
    acrbridge: Acrbridge, ring: keyrings.Memory, image: str
) -> None:
    acrbridge(*LOGIN, stdin=PASSWORD).succeeded()
    ring.kept.clear()
    ended = acrbridge("copy", PRIVATE, f"{TARGET}/{image}")
    ended.refused(4, "REGISTRY_UNAUTHORIZED", warnings=1)
    assert ended.warnings[0].endswith(f"is gone. Keep it again: acrbridge registry login {HOST}")


@pytest.mark.parametrize("name", ["registries.json", "registries.bin"])
@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000, '{"registry.example.com": 7}'])
def test_a_damaged_file_is_one_line_that_says_which(
    acrbridge: Acrbridge, no_ring: None, image: str, name: str, content: str
) -> None:
    acrbridge(*LOGIN, stdin=PASSWORD).succeeded()
    (acrbridge.profile / name).write_text(content, encoding="utf-8")
    acrbridge("copy", PRIVATE, f"{TARGET}/{image}").refused(1, "FILE_UNREADABLE", name)


def test_a_file_that_others_can_read_is_not_trusted(acrbridge: Acrbridge, no_ring: None, image: str) -> None:
    acrbridge(*LOGIN, stdin=PASSWORD).succeeded()
    (acrbridge.profile / "registries.bin").chmod(0o644)
    acrbridge("copy", PRIVATE, f"{TARGET}/{image}").refused(1, "FILE_UNREADABLE", "registries.bin")


@pytest.mark.parametrize(
    ("words", "stdin", "code"),
    [
        (("login", HOST), None, "CREDENTIALS_INCOMPLETE"),
        (("login", HOST, "-u", "u"), None, "CREDENTIALS_INCOMPLETE"),
        (("login", HOST, "-u", "u", "--password-stdin"), "", "CREDENTIALS_INCOMPLETE"),
        (("login", HOST, "-u", "u", "-p", "p", "--password-stdin"), "p", "OPTIONS_CONFLICT"),
        (("login", "contoso", "-u", "u", "-p", "p"), None, "REFERENCE_INVALID"),
        (("login", f"{HOST}/team", "-u", "u", "-p", "p"), None, "REFERENCE_INVALID"),
        (("logout", "a b"), None, "REFERENCE_INVALID"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anybody_is_asked(
    acrbridge: Acrbridge, azure: LocalAzure, ring: keyrings.Memory,
    words: tuple[str, ...], stdin: str | None, code: str,
) -> None:  # fmt: skip
    began = azure.log_size()
    acrbridge("registry", *words, stdin=stdin).refused(2, code)
    assert azure.requests(began) == []


def test_the_keyring_that_the_environment_names_is_used_by_processes_of_their_own(
    azure: LocalAzure, tmp_path: Path, image: str
) -> None:
    run = Process(azure.client(tmp_path / "profile")).where(
        PYTHON_KEYRING_BACKEND="emulated.keyrings.InFile",
        PYTHONPATH=str(Path(__file__).parents[1]),
        MADE_UP_KEYRING=str(tmp_path / "ring.json"),
    )
    assert run(*LOGIN, stdin=PASSWORD).json()["kept"] == "keyring"
    words = ("fabrikam.azurecr.io/x:1", "--target-username", "fabrikam", "--debug")
    run = Process(run.where(ACRBRIDGE_TARGET_PASSWORD="fabrikam-password").environment)
    run("copy", PRIVATE, *words).succeeded()
