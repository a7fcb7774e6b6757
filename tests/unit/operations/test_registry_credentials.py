from __future__ import annotations

import base64
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acrbridge.errors import RefusedError, SignInError
from acrbridge.jobs import Login, Secret
from acrbridge.operations.registry_credentials import registry_credential
from acrbridge.registry.auth import Anonymous, Credential, Deferred, Password, RefreshToken, Settled
from unit.fakes import answer
from unit.operations.offline import Azure, OfflineSession

ACR = "contoso.azurecr.io"
ELSEWHERE = "registry.example.com"
GIVEN = Login("given", Secret("s3cret-given"))
STORED = Password("stored", Secret("s3cret-stored"))
NO_RIGHT = answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "no"}]})


def entry(**fields: Any) -> dict[str, Any]:
    return fields or {"auth": base64.b64encode(b"stored:s3cret-stored").decode()}


def session(folder: Path, auths: dict[str, Any] | None = None, **options: Any) -> OfflineSession:
    """A session whose docker keeps these logins."""
    found = OfflineSession(options.pop("azure", None) or Azure(), folder, **options)
    file = folder / "docker.json"
    if auths is not None:
        file.write_text(json.dumps({"auths": auths}), encoding="utf-8")
    found.settings = replace(found.settings, docker_configs=(file,))
    return found


def settled(credential: Credential) -> Settled:
    return credential.get() if isinstance(credential, Deferred) else credential


def shown(session: OfflineSession, host: str, login: Login | None = None, *, reading: bool = True) -> Settled:
    return settled(registry_credential(session, host, login, reading=reading))


@pytest.mark.parametrize("host", [ACR, ELSEWHERE])
def test_a_login_that_was_given_goes_before_all_others(tmp_path: Path, host: str) -> None:
    azure = Azure()
    made = session(tmp_path, {host: entry()}, azure=azure)
    assert shown(made, host, GIVEN) == Password("given", Secret("s3cret-given"))
    assert azure.http.requests == []


def test_the_account_signs_in_to_its_clouds_registries_before_docker_does(tmp_path: Path) -> None:
    assert shown(session(tmp_path, {ACR: entry()}), ACR) == RefreshToken(Secret("r"))


@pytest.mark.parametrize("reading", [True, False])
def test_dockers_login_is_shown_where_nobody_is_signed_in(tmp_path: Path, reading: bool) -> None:
    made = session(tmp_path, {ACR: entry()}, signed_in=False)
    assert shown(made, ACR, reading=reading) == STORED
    assert made.notices == []


@pytest.mark.parametrize("reading", [True, False])
def test_dockers_login_is_shown_where_the_account_has_no_right(tmp_path: Path, reading: bool) -> None:
    made = session(tmp_path, {ACR: entry()}, azure=Azure(exchange=NO_RIGHT))
    assert shown(made, ACR, reading=reading) == STORED


def test_without_any_a_source_is_read_as_nobody_and_that_is_said(tmp_path: Path) -> None:
    made = session(tmp_path, signed_in=False)
    assert shown(made, ACR) == Anonymous()
    assert len(made.notices) == 1
    assert f"{ACR} is read without signing in" in made.notices[0]


def test_without_any_a_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SignInError):
        shown(session(tmp_path, signed_in=False), ACR, reading=False)
    with pytest.raises(RefusedError):
        shown(session(tmp_path, azure=Azure(exchange=NO_RIGHT)), ACR, reading=False)


@pytest.mark.parametrize("host", [ELSEWHERE, "localhost:5000", "contoso.azurecr.io.evil.example"])
def test_elsewhere_dockers_login_is_shown_and_the_account_is_not(tmp_path: Path, host: str) -> None:
    azure = Azure()
    assert shown(session(tmp_path, {host: entry()}, azure=azure), host, reading=False) == STORED
    assert azure.http.requests == []


def test_elsewhere_nobodys_is_shown_without_a_word(tmp_path: Path) -> None:
    made = session(tmp_path, {"other.example.com": entry()})
    assert shown(made, ELSEWHERE) == Anonymous()
    assert made.notices == []


def test_nothing_is_looked_up_where_there_is_no_file(tmp_path: Path) -> None:
    assert registry_credential(session(tmp_path), ELSEWHERE, None, reading=True) == Anonymous()


def test_docker_hubs_login_is_found_by_its_name(tmp_path: Path) -> None:
    assert shown(session(tmp_path, {"https://index.docker.io/v1/": entry()}), "docker.io") == STORED


@pytest.mark.parametrize("host", ["other.azurecr.cn", "other.azurecr.us"])
def test_an_identity_token_is_shown_to_azures_registries(tmp_path: Path, host: str) -> None:
    made = session(tmp_path, {host: entry(identitytoken="t")})
    assert shown(made, host) == RefreshToken(Secret("t"))


def test_an_identity_token_is_shown_to_no_others(tmp_path: Path) -> None:
    made = session(tmp_path, {ELSEWHERE: entry(identitytoken="s3cret-t")})
    assert shown(made, ELSEWHERE) == Anonymous()
    assert made.notices == [
        f"The login for {ELSEWHERE} is not used: identity tokens are known of Azure's registries only."
    ]


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    made = session(tmp_path, {ELSEWHERE: "x"})
    assert shown(made, ELSEWHERE) == Anonymous()
    assert len(made.notices) == 1
    assert made.notices[0].startswith(f"The login for {ELSEWHERE} is not used: ")


def test_debug_tells_what_is_shown_to_whom_without_secrets(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "acrbridge")
    made = session(tmp_path, {ELSEWHERE: entry()})
    shown(made, ELSEWHERE, GIVEN)
    shown(made, ELSEWHERE)
    shown(made, ACR)
    shown(made, "other.example.com")
    assert caplog.messages == [
        f"{ELSEWHERE} is shown the login that was given for it",
        f"{ELSEWHERE} is shown docker's login",
        f"{ACR} is shown the signed-in account",
        "other.example.com is shown nothing",
    ]
