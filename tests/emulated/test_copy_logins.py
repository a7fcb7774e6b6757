"""Who signs in where when images are copied: given logins, docker's, the account's, nobody's; and what leaks where."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from emulated import secrecy
from emulated.local_azure import Acrbridge, LocalAzure

if TYPE_CHECKING:
    from pathlib import Path

    from emulated.conftest import SignedIn

PRIVATE = "registry.example.com/team/app:v1"
HUB = "docker.io/contoso/private-app:v1"
TARGET = "contoso.azurecr.io"
FABRIKAM = "fabrikam.azurecr.io"


def basic(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def with_docker(acrbridge: Acrbridge, folder: Path, **document: Any) -> Acrbridge:
    """The command line where docker keeps these logins."""
    (folder / "config.json").write_text(json.dumps(document), encoding="utf-8")
    return acrbridge.where(DOCKER_CONFIG=str(folder))


def with_helper(acrbridge: Acrbridge, folder: Path, script: str) -> Acrbridge:
    """The command line where a helper `made` is on PATH."""
    file = folder / "docker-credential-made"
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)
    return acrbridge.where(PATH=f"{folder}{os.pathsep}{acrbridge.environment['PATH']}")


def login(server: str, user: str, secret: str) -> str:
    """The script of a helper that gives one login to whoever asks."""
    answer = json.dumps({"ServerURL": server, "Username": user, "Secret": secret})
    return f"cat > \"$0.asked\"; cat <<'END'\n{answer}\nEND"


# What docker keeps


@pytest.mark.parametrize(
    ("source", "key", "user", "password"),
    [
        (PRIVATE, "registry.example.com", "example-user", "example-password"),
        (PRIVATE, "https://registry.example.com/v2/", "example-user", "example-password"),
        (HUB, "https://index.docker.io/v1/", "hub-user", "hub-token"),
    ],
)
def test_a_private_source_with_the_login_in_dockers_file(
    acrbridge: Acrbridge, azure: LocalAzure, tmp_path: Path, image: str,
    source: str, key: str, user: str, password: str,
) -> None:  # fmt: skip
    run = with_docker(acrbridge, tmp_path, auths={key: basic(user, password)})
    ended = run("copy", source, f"{TARGET}/{image}", "--debug").succeeded()
    assert azure.tag(image) is not None
    assert f"{source.partition('/')[0]} is shown docker's login" in ended.stderr


@pytest.mark.parametrize("part", ["credHelpers", "credsStore"])
def test_a_private_source_with_the_login_of_a_helper(
    acrbridge: Acrbridge, azure: LocalAzure, tmp_path: Path, image: str, part: str
) -> None:
    value: Any = "made" if part == "credsStore" else {"registry.example.com": "made"}
    script = login("registry.example.com", "example-user", "example-password")
    run = with_helper(with_docker(acrbridge, tmp_path, **{part: value}), tmp_path, script)
    run("copy", PRIVATE, f"{TARGET}/{image}", "--debug").succeeded()
    assert azure.tag(image) is not None
    assert (tmp_path / "docker-credential-made.asked").read_text("utf-8") == "registry.example.com"


def test_what_docker_keeps_for_another_host_is_shown_to_nobody(
    acrbridge: Acrbridge, tmp_path: Path, image: str
) -> None:
    auths = {"registry.example.com:443": basic("example-user", "example-password")}
    run = with_docker(acrbridge, tmp_path, auths=auths)
    run("copy", PRIVATE, f"{TARGET}/{image}").refused(4, "REGISTRY_UNAUTHORIZED")


def test_az_acr_logins_token_serves_who_is_not_signed_in(
    stranger: Acrbridge, signed_in: SignedIn, azure: LocalAzure, tmp_path: Path, image: str
) -> None:
    token = refresh_token(signed_in("pusher"))
    entry = {**basic("00000000-0000-0000-0000-000000000000", ""), "identitytoken": token}
    run = with_docker(stranger, tmp_path, auths={TARGET: entry})
    run("copy", "docker.io/library/hello-world:latest", f"{TARGET}/{image}", "--debug").succeeded()
    assert azure.tag(image) is not None


def refresh_token(acrbridge: Acrbridge) -> str:
    """ACR's refresh token, got as `az acr login` gets it."""
    from acrbridge.operations.session import Session
    from acrbridge.settings import Settings
    from emulated import in_process

    with in_process.environment(acrbridge.environment), Session(Settings.read()) as session:
        return session.refresh_token(TARGET).token.reveal()


@pytest.mark.parametrize(
    "document",
    [
        {"auths": {"registry.example.com": {"auth": secrecy.CANARY}}},
        {"credHelpers": {"registry.example.com": "../../tmp/made"}},
        {"credsStore": "absent"},
        {"auths": [secrecy.CANARY]},
    ],
    ids=["no base64", "a path for a name", "no such helper", "no object"],
)
def test_what_docker_keeps_and_cannot_be_used_is_one_warning(
    acrbridge: Acrbridge, tmp_path: Path, image: str, document: dict[str, Any]
) -> None:
    run = with_docker(acrbridge, tmp_path, **document)
    ended = run("copy", PRIVATE, f"{TARGET}/{image}")
    ended.refused(4, "REGISTRY_UNAUTHORIZED", warnings=1)
    assert "The login for registry.example.com is not used: " in ended.warnings[0]


def test_a_helper_that_fails_is_one_warning_without_its_words(
    acrbridge: Acrbridge, tmp_path: Path, image: str
) -> None:
    run = with_docker(acrbridge, tmp_path, credsStore="made")
    run = with_helper(run, tmp_path, f"echo '{secrecy.CANARY}'; echo '{secrecy.CANARY}' >&2; exit 1")
    ended = run("copy", PRIVATE, f"{TARGET}/{image}", "--debug")
    assert ended.status == 4
    (warning,) = ended.warnings
    assert warning.endswith("docker-credential-made failed for registry.example.com (exit status 1).")


# What was given


def test_a_sources_password_from_standard_input(acrbridge: Acrbridge, azure: LocalAzure, image: str) -> None:
    words = ("--source-username", "example-user", "--source-password-stdin", "--debug")
    acrbridge("copy", PRIVATE, f"{TARGET}/{image}", *words, stdin="example-password\n").succeeded()
    assert azure.tag(image) == azure.tag("team/app:v1", "registry.example.com")


ADMIN = ("--target-username", "fabrikam")
SOURCE_ADMIN = ("--source-username", "fabrikam")


def test_a_targets_password_from_standard_input_and_the_sources_from_the_environment(
    stranger: Acrbridge, azure: LocalAzure, image: str
) -> None:
    run = stranger.where(ACRBRIDGE_SOURCE_PASSWORD="example-password")
    words = ("--source-username", "example-user", *ADMIN, "--target-password-stdin", "--debug")
    run("copy", PRIVATE, f"{FABRIKAM}/{image}", *words, stdin="fabrikam-password\n").succeeded()
    assert azure.tag(image, FABRIKAM) is not None


def test_a_password_without_its_user_is_not_used_and_that_is_said(acrbridge: Acrbridge, image: str) -> None:
    run = acrbridge.where(ACRBRIDGE_SOURCE_PASSWORD="example-password")
    ended = run("copy", PRIVATE, f"{TARGET}/{image}")
    ended.refused(
        4, "REGISTRY_UNAUTHORIZED", "give --source-username with ACRBRIDGE_SOURCE_PASSWORD", warnings=1
    )
    assert "ACRBRIDGE_SOURCE_PASSWORD is set, but not used without --source-username." in ended.warnings[0]


@pytest.mark.parametrize("wrong", ["SOURCE", "TARGET", None])
def test_each_side_of_one_host_has_its_own_login(
    stranger: Acrbridge, azure: LocalAzure, image: str, wrong: str | None
) -> None:
    passwords = {"SOURCE": "fabrikam-password", "TARGET": "fabrikam-password2"}
    passwords |= {wrong: secrecy.CANARY} if wrong else {}
    run = stranger.where(**{f"ACRBRIDGE_{side}_PASSWORD": value for side, value in passwords.items()})
    ended = run("copy", f"{FABRIKAM}/single:v1", f"{FABRIKAM}/{image}", *SOURCE_ADMIN, *ADMIN)
    if wrong:
        said = (f"{wrong.lower()} {FABRIKAM} refused", f"Check --{wrong.lower()}-username")
        ended.refused(4, "REGISTRY_UNAUTHORIZED", *said)
    assert (azure.tag(image, FABRIKAM) is None) == (wrong is not None)


@pytest.mark.parametrize("side", ["SOURCE", "TARGET"])
def test_what_was_given_for_one_side_is_not_shown_by_the_other(
    stranger: Acrbridge, azure: LocalAzure, image: str, side: str
) -> None:
    run = stranger.where(**{f"ACRBRIDGE_{side}_PASSWORD": "fabrikam-password"})
    words = SOURCE_ADMIN if side == "SOURCE" else ADMIN
    ended = run("copy", f"{FABRIKAM}/single:v1", f"{FABRIKAM}/{image}", *words)
    assert ended.status == 4
    assert azure.tag(image, FABRIKAM) is None


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--source-password-stdin", "--target-password-stdin"), "OPTIONS_CONFLICT"),
        (("--source-password-stdin",), "CREDENTIALS_INCOMPLETE"),
        (("--target-password-stdin",), "CREDENTIALS_INCOMPLETE"),
        (("--target-username", "u", "--target-password-stdin"), "CREDENTIALS_INCOMPLETE"),
        (("--target-username", "u"), "CREDENTIALS_INCOMPLETE"),
        (("--target-username", ""), "CREDENTIALS_INCOMPLETE"),
    ],
)
def test_logins_that_make_no_sense_are_refused_before_anybody_is_asked(
    acrbridge: Acrbridge, azure: LocalAzure, image: str, words: tuple[str, ...], code: str
) -> None:
    began = azure.log_size()
    acrbridge("copy", PRIVATE, f"{TARGET}/{image}", *words).refused(2, code)
    assert azure.requests(began) == []


# Docker Hub's limit

HELLO = "docker.io/library/hello-world:latest"


def test_docker_hubs_pulls_that_are_left_are_in_the_result(acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge("copy", HELLO, f"{TARGET}/{image}").succeeded()
    assert ended.json()["dockerHubPullsLeft"] == 100
    assert ended.warnings == []


def test_few_pulls_that_are_left_are_one_warning(acrbridge: Acrbridge, azure: LocalAzure, image: str) -> None:
    azure.play("hub-pulls-left=19")
    ended = acrbridge("copy", HELLO, f"{TARGET}/{image}").succeeded()
    assert ended.json()["dockerHubPullsLeft"] == 19 - ended.json()["pulls"]
    (warning,) = ended.warnings
    assert warning.startswith("WARNING: Docker Hub grants 1")
    assert warning.endswith(" more pulls of 100; signing in there may raise that.")


def test_other_registries_say_nothing_of_pulls(acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge("copy", "fabrikam.azurecr.io/single:v1", f"{TARGET}/{image}")
    assert ended.json()["dockerHubPullsLeft"] is None


def test_without_pulls_that_are_left_the_error_says_what_raises_the_limit(
    acrbridge: Acrbridge, azure: LocalAzure, image: str
) -> None:
    azure.play("hub-pulls-left")
    began = azure.log_size()
    ended = acrbridge("copy", HELLO, f"{TARGET}/{image}")
    words = ("limit of pulls is reached", "acrbridge registry login docker.io")
    ended.refused(6, "SOURCE_THROTTLED", *words)
    assert [r["status"] for r in azure.requests(began)].count(429) == 1
    assert azure.tag(image) is None
