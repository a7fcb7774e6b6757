"""Identity above the real MSAL, which is answered from a script."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acrbridge.azure.clouds import PUBLIC
from acrbridge.azure.identity import Identity, tenant_of
from acrbridge.azure.profile import Account
from acrbridge.azure.token_store import AccessToken, TokenStore
from acrbridge.errors import AcrBridgeError, NetworkError, SignInError
from acrbridge.http.client import Request
from acrbridge.jobs import Secret
from unit.fakes import BIDI_AND_CONTROL, TENANT, Answer, ScriptedHttp, answer, is_fit_to_print

APPLICATION = Account("servicePrincipal", "00000000-0000-0000-0000-0000000000bb", TENANT)
SYSTEM = Account("managedIdentity", "systemAssignedIdentity", "")
SECRET = Secret("s3cret-PW")
AUTHORITY = f"https://login.microsoftonline.com/{TENANT}"
DISCOVERY = f"{AUTHORITY}/v2.0/.well-known/openid-configuration"
TOKEN = f"{AUTHORITY}/oauth2/v2.0/token"
IMDS = "http://169.254.169.254/metadata/identity/oauth2/token"
ARM = PUBLIC.arm_resource


def _discovery() -> Answer:
    return answer(
        200,
        {
            "issuer": f"{AUTHORITY}/v2.0",
            "authorization_endpoint": f"{AUTHORITY}/oauth2/v2.0/authorize",
            "token_endpoint": TOKEN,
        },
    )


class Entra:
    """A script: discovery as it is, and one answer after the other for tokens."""

    def __init__(self, *tokens: Answer, discovery: Answer | None = None) -> None:
        self._tokens = iter(tokens)
        self._discovery = discovery or _discovery()
        self.http = ScriptedHttp(self._answer)

    def _answer(self, request: Request) -> Answer:
        return self._discovery if request.url.startswith(DISCOVERY) else next(self._tokens)

    @property
    def asked(self) -> list[Request]:
        """Requests for tokens."""
        return [request for request in self.http.requests if not request.url.startswith(DISCOVERY)]


def token(name: str, seconds: Any = 3600) -> Answer:
    return answer(200, {"token_type": "Bearer", "expires_in": seconds, "access_token": name})


def refused(number: int, description: str = "words") -> Answer:
    return answer(
        401,
        {
            "error": "invalid_client",
            "error_description": f"AADSTS{number}: {description}",
            "error_codes": [number],
            "correlation_id": "c-1",
        },
    )


@pytest.fixture
def identity(tmp_path: Path) -> Callable[[Entra], Identity]:
    return lambda entra: Identity(entra.http, PUBLIC, TokenStore(tmp_path / "config"))


Make = Callable[[Entra], Identity]


def signed_in(identity: Identity) -> None:
    """Sign the application in, and keep its secret as a sign-in that succeeds does."""
    identity.sign_in(APPLICATION, SECRET)
    identity.keep(APPLICATION, SECRET)


# Service principals


def test_a_secret_is_shown_to_entra_and_to_nobody_else(identity: Make) -> None:
    entra = Entra(token("1"))
    assert identity(entra).sign_in(APPLICATION, SECRET).token.reveal() == "1"
    assert [request.url for request in entra.asked] == [TOKEN]
    (form,) = [form for form in entra.http.forms() if form]
    assert form["client_secret"] == ["s3cret-PW"]
    assert form["scope"] == ["https://management.core.windows.net//.default"]
    assert all("s3cret" not in url for url in entra.http.urls)


def test_signing_in_asks_entra_whatever_the_cache_holds(identity: Make) -> None:
    entra = Entra(token("1"), token("2"))
    signed_in(identity(entra))
    assert identity(entra).sign_in(APPLICATION, SECRET).token.reveal() == "2"


def test_a_wrong_secret_is_refused_although_a_good_token_is_cached(identity: Make) -> None:
    entra = Entra(token("1"), refused(7000215))
    signed_in(identity(entra))
    with pytest.raises(SignInError) as error:
        identity(entra).sign_in(APPLICATION, Secret("wrong"))
    assert error.value.code == "SECRET_WRONG"


def test_a_cached_token_asks_nobody(identity: Make) -> None:
    entra = Entra(token("1"))
    signed_in(identity(entra))
    asked = len(entra.http.requests)
    assert identity(entra).token(APPLICATION, ARM).token.reveal() == "1"
    assert len(entra.http.requests) == asked


@pytest.mark.parametrize("seconds", [0, 10, 299])
def test_a_token_near_its_end_is_renewed_with_the_stored_secret(identity: Make, seconds: int) -> None:
    entra = Entra(token("1", seconds), token("2"))
    signed_in(identity(entra))
    assert identity(entra).token(APPLICATION, ARM).token.reveal() == "2"


def test_a_token_that_was_refused_is_renewed(identity: Make) -> None:
    entra = Entra(token("1"), token("2"))
    signed_in(identity(entra))
    assert identity(entra).token(APPLICATION, ARM, renew=True).token.reveal() == "2"
    assert identity(entra).token(APPLICATION, ARM).token.reveal() == "2"


def test_each_resource_has_its_own_token(identity: Make) -> None:
    entra = Entra(token("arm"), token("acr"))
    signed_in(identity(entra))
    assert identity(entra).token(APPLICATION, PUBLIC.acr_resource).token.reveal() == "acr"
    assert identity(entra).token(APPLICATION, ARM).token.reveal() == "arm"


def test_another_tenants_token_is_had_with_the_same_secret(identity: Make) -> None:
    other = "00000000-0000-0000-0000-0000000000ff"
    entra = Entra(token("1"))
    signed_in(identity(entra))
    elsewhere = answer(200, json.loads(_body(_discovery()).replace(TENANT, other)))
    script = {f"{AUTHORITY}/v2.0".replace(TENANT, other): elsewhere}
    http = ScriptedHttp(
        lambda request: token("2") if request.method == "POST" else next(iter(script.values()))
    )
    store = identity(entra)._store
    found = Identity(http, PUBLIC, store).token(replace(APPLICATION, tenant_id=other), ARM)
    assert found.token.reveal() == "2"
    assert all(other in url for url in http.urls)


def _body(response: Answer) -> str:
    assert not isinstance(response, Exception)
    return response.text()


def test_without_a_stored_secret_the_sign_in_has_expired(identity: Make) -> None:
    with pytest.raises(SignInError) as error:
        identity(Entra()).token(APPLICATION, ARM)
    assert error.value.code == "SIGN_IN_EXPIRED"


def test_a_sign_in_keeps_no_secret_until_it_is_told_to(identity: Make) -> None:
    entra = Entra(token("1", 0))
    identity(entra).sign_in(APPLICATION, SECRET)
    with pytest.raises(SignInError) as error:
        identity(entra).token(APPLICATION, ARM)
    assert error.value.code == "SIGN_IN_EXPIRED"


@pytest.mark.parametrize("name", [APPLICATION.name, APPLICATION.name.upper()])
def test_an_application_is_forgotten_in_every_tenant_and_once(identity: Make, name: str) -> None:
    entra = Entra(token("1"))
    signed_in(identity(entra))
    elsewhere = replace(APPLICATION, tenant_id="00000000-0000-0000-0000-0000000000ff")
    identity(entra).keep(elsewhere, SECRET)
    assert identity(entra).forget_application(name)
    for account in (APPLICATION, elsewhere):
        with pytest.raises(SignInError) as error:
            identity(entra).token(account, ARM)
        assert error.value.code == "SIGN_IN_EXPIRED"
    assert not identity(entra).forget_application(name)


def test_forgotten_tokens_are_had_again_with_the_secret(identity: Make) -> None:
    entra = Entra(token("1"), token("2"))
    signed_in(identity(entra))
    assert identity(entra).forget_tokens(APPLICATION)
    assert identity(entra).token(APPLICATION, ARM).token.reveal() == "2"


def test_msal_is_not_loaded_for_a_token_that_is_there(tmp_path: Path) -> None:
    identity = Identity(Entra(token("1")).http, PUBLIC, TokenStore(tmp_path))
    signed_in(identity)
    script = f"""
import sys
from pathlib import Path
from acrbridge.azure.clouds import PUBLIC
from acrbridge.azure.identity import Identity
from acrbridge.azure.profile import Account
from acrbridge.azure.token_store import TokenStore
identity = Identity(None, PUBLIC, TokenStore(Path({str(tmp_path)!r})))
token = identity.token(Account("servicePrincipal", {APPLICATION.name!r}, {TENANT!r}), PUBLIC.arm_resource)
print(token.token.reveal(), "msal" in sys.modules)
"""
    ended = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert ended.stdout == "1 False\n"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (7000215, "SECRET_WRONG"),
        (7000222, "SECRET_EXPIRED"),
        (700016, "APPLICATION_UNKNOWN"),
        (90002, "TENANT_UNKNOWN"),
        (900023, "TENANT_UNKNOWN"),
        (50034, "SIGN_IN_REFUSED"),
    ],
)
def test_entras_numbers_have_names(identity: Make, number: int, code: str) -> None:
    with pytest.raises(SignInError) as error:
        identity(Entra(refused(number))).sign_in(APPLICATION, SECRET)
    assert error.value.code == code
    assert str(number) in error.value.message
    assert error.value.correlation_id == "c-1"


def test_entras_words_come_out_in_one_line_without_the_secret(identity: Make) -> None:
    answered = refused(50034, f"{BIDI_AND_CONTROL} client_secret=s3cret-PW")
    with pytest.raises(SignInError) as error:
        identity(Entra(answered)).sign_in(APPLICATION, SECRET)
    assert is_fit_to_print(error.value.message)
    assert "s3cret" not in error.value.message


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/token", "https://me@login.microsoftonline.com/token",
     "https://login.microsoftonline.com.evil.example/token", "https://login.microsoftonline.com:444/token"],
)  # fmt: skip
def test_a_secret_does_not_follow_discovery_to_another_host(identity: Make, url: str) -> None:
    document = json.loads(_body(_discovery()))
    entra = Entra(discovery=answer(200, {**document, "token_endpoint": url}))
    with pytest.raises(AcrBridgeError) as error:
        identity(entra).sign_in(APPLICATION, SECRET)
    assert error.value.code == "LOCATION_UNTRUSTED"
    assert entra.asked == []


def test_a_tenant_that_entra_does_not_know_is_told(identity: Make) -> None:
    unknown = answer(
        400, {"error": "invalid_tenant", "error_description": "AADSTS90002", "error_codes": [90002]}
    )
    with pytest.raises(SignInError) as error:
        identity(Entra(discovery=unknown)).sign_in(APPLICATION, SECRET)
    assert error.value.code == "TENANT_UNKNOWN"


@pytest.mark.parametrize("body", ["<html>please log in</html>", "", "[]", "null", "[" * 100_000])
def test_garbage_in_place_of_a_token_is_not_taken_for_something_else(identity: Make, body: str) -> None:
    with pytest.raises(AcrBridgeError) as error:
        identity(Entra(answer(200, body))).sign_in(APPLICATION, SECRET)
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"


@pytest.mark.parametrize("body", ["<html>please log in</html>", "", "[]", "null"])
def test_garbage_in_place_of_discovery_is_not_taken_for_an_unknown_tenant(identity: Make, body: str) -> None:
    with pytest.raises(AcrBridgeError) as error:
        identity(Entra(discovery=answer(200, body))).sign_in(APPLICATION, SECRET)
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"


@pytest.mark.parametrize(
    "document",
    [{"token_type": "Bearer"}, {"access_token": 5}, {"access_token": "t", "expires_in": "soon"},
     {"access_token": "t", "expires_in": None}, {"access_token": "t", "expires_in": [1]}],
)  # fmt: skip
def test_an_odd_token_is_a_typed_error_or_a_token(identity: Make, document: dict[str, Any]) -> None:
    made = identity(Entra(answer(200, document), answer(200, document)))
    try:
        found: object = made.sign_in(APPLICATION, SECRET)
    except AcrBridgeError as error:
        found = error.code
    assert isinstance(found, AccessToken) or found in ("SIGN_IN_REFUSED", "ANSWER_UNINTELLIGIBLE")


@pytest.mark.parametrize("status", [500, 503])
def test_a_service_that_fails_is_no_unknown_tenant(identity: Make, status: int) -> None:
    for entra in (Entra(discovery=answer(status, "oops")), Entra(answer(status, "oops"))):
        with pytest.raises(NetworkError) as error:
            identity(entra).sign_in(APPLICATION, SECRET)
        assert error.value.code == "SERVICE_ERROR"


def test_no_network_is_told_as_that(identity: Make) -> None:
    with pytest.raises(NetworkError) as error:
        identity(Entra(NetworkError("UNREACHABLE", "gone"))).sign_in(APPLICATION, SECRET)
    assert error.value.code == "UNREACHABLE"


def test_a_lifetime_in_text_is_understood(identity: Make) -> None:
    entra = Entra(token("1", "3600"))
    signed_in(identity(entra))
    assert identity(entra).token(APPLICATION, ARM).token.reveal() == "1"


# Managed identities


@pytest.mark.parametrize(
    ("account", "parameter"),
    [
        (SYSTEM, ""),
        (replace(SYSTEM, identity_kind="client", identity_id="id-1"), "client_id=id-1"),
        (replace(SYSTEM, identity_kind="object", identity_id="id-1"), "object_id=id-1"),
        (replace(SYSTEM, identity_kind="resource", identity_id="/x/y"), "msi_res_id=%2Fx%2Fy"),
    ],
)
def test_a_hosts_identity_is_asked_for_by_its_kind_of_id(
    identity: Make, account: Account, parameter: str
) -> None:
    entra = Entra(token("1"))
    assert identity(entra).sign_in(account).token.reveal() == "1"
    (request,) = entra.asked
    assert request.url.startswith(f"{IMDS}?")
    assert request.headers["Metadata"] == "true"
    assert parameter in request.url
    assert "resource=https%3A%2F%2Fmanagement.core.windows.net%2F" in request.url


def test_a_hosts_token_is_cached_and_renewed_when_refused(identity: Make) -> None:
    entra = Entra(token("1"), token("2"))
    identity(entra).sign_in(SYSTEM)
    assert identity(entra).token(SYSTEM, ARM).token.reveal() == "1"
    assert identity(entra).token(SYSTEM, ARM, renew=True).token.reveal() == "2"
    assert len(entra.asked) == 2


def test_two_identities_of_a_host_do_not_share_tokens(identity: Make) -> None:
    entra = Entra(token("1"), token("2"))
    identity(entra).sign_in(SYSTEM)
    assert (
        identity(entra).sign_in(replace(SYSTEM, identity_kind="client", identity_id="x")).token.reveal()
        == "2"
    )
    assert identity(entra).token(SYSTEM, ARM).token.reveal() == "1"


@pytest.mark.parametrize(
    "response",
    [
        answer(400, {"error": "invalid_request", "error_description": "Identity not found"}),
        answer(404, "<html>"),
        answer(200, "<html>"),
        answer(200, {}),
        answer(500, "oops"),
        NetworkError("UNREACHABLE", "gone"),
        NetworkError("TIMED_OUT", "slow"),
    ],
)
def test_a_host_without_that_identity_says_so(identity: Make, response: Answer) -> None:
    with pytest.raises(SignInError) as error:
        identity(Entra(*[response] * 5)).sign_in(SYSTEM)
    assert error.value.code == "IDENTITY_UNAVAILABLE"
    assert is_fit_to_print(error.value.message)


# Tenants


def _jwt(claims: object) -> AccessToken:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return AccessToken(Secret(f"e.{payload}.s"), 0)


def test_a_tokens_tenant_is_in_its_claims() -> None:
    assert tenant_of(_jwt({"tid": TENANT})) == TENANT


@pytest.mark.parametrize(
    "made",
    [AccessToken(Secret("opaque"), 0), AccessToken(Secret("a.!.c"), 0), AccessToken(Secret("a.ñ.c"), 0), _jwt({}),
     _jwt([]), _jwt(None), _jwt("x")],
)  # fmt: skip
def test_a_token_without_a_tenant_is_a_typed_error(made: AccessToken) -> None:
    with pytest.raises(SignInError) as error:
        tenant_of(made)
    assert error.value.code == "SIGN_IN_REFUSED"
