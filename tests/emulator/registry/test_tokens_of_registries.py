"""ACR's `/oauth2/exchange` and `/oauth2/token`, and the same as Docker Hub has it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import jwt
import pytest

from acr_emulator.registry.access import NO_USERNAME
from emulator.registries import (
    ADMIN,
    CONTOSO,
    HUB,
    OTHER_TENANT,
    PRIVATE,
    PUBLIC,
    STRANGE,
    TENANT,
    Answer,
    basic,
    principal,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.registries import Registries

LOOPBACK = "127.0.0.22:8443"
APP = "repository:app/one:pull,push,metadata_read"


def post(registries: Registries, path: str, form: Mapping[str, Any], host: str = CONTOSO) -> Answer:
    body = urlencode({"service": host, **form}, doseq=True).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return registries.ask("POST", path, host, body=body, headers=headers)


def exchange(registries: Registries, token: str, host: str = CONTOSO, **form: str) -> Answer:
    return post(
        registries, "/oauth2/exchange", {"grant_type": "access_token", "access_token": token, **form}, host
    )


def refresh_token(registries: Registries, name: str = "pusher") -> str:
    return str(exchange(registries, registries.entra_token(name)).json()["refresh_token"])


def granted(answer: Answer) -> dict[str, list[str]]:
    """Actions of an access token by name of the repository."""
    claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    return {entry["name"]: entry["actions"] for entry in claims["access"]}


AUDIENCES = [
    "https://containerregistry.azure.net",
    "https://management.azure.com/",
    "https://management.core.windows.net//",
]


@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_token_of_entra_is_exchanged(registries: Registries, audience: str) -> None:
    answer = exchange(registries, registries.entra_token("pusher", audience), tenant=TENANT)
    claims = jwt.decode(answer.json()["refresh_token"], options={"verify_signature": False})
    assert (claims["aud"], claims["iss"], claims["grant_type"]) == (
        CONTOSO,
        "Azure Container Registry",
        "refresh_token",
    )
    assert claims["permissions"]["actions"] == ["pull", "push", "metadata_read", "metadata_write"]
    assert claims["exp"] - claims["iat"] == 3 * 3600


def test_an_sdk_reads_the_payload_of_a_refresh_token_as_plain_base64(registries: Registries) -> None:
    payload = refresh_token(registries).split(".")[1]
    base64.b64decode(payload + "=" * (-len(payload) % 4), validate=True)


def test_an_exchange_is_refused(registries: Registries) -> None:
    sign = registries.world.signer.sign
    right = {"aud": AUDIENCES[0], "tid": TENANT, "oid": "object-pusher"}
    refused = {
        "made up": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
        "ended": sign(right, -10),
        "for somebody else": sign({**right, "aud": "https://graph.microsoft.com"}, 60),
        "of another tenant": sign({**right, "tid": OTHER_TENANT}, 60),
        "of an identity without a role": registries.entra_token("nobody"),
        "a refresh token": refresh_token(registries),
        "empty": "",
    }
    answers = {name: exchange(registries, token) for name, token in refused.items()}
    assert {name: (a.status, a.code) for name, a in answers.items()} == dict.fromkeys(
        refused, (401, "UNAUTHORIZED")
    )


BAD_FORMS = {
    "another grant": {"grant_type": "refresh_token"},
    "another service": {"service": "fabrikam.azurecr.io"},
    "no service": {"service": ""},
}


@pytest.mark.parametrize("form", BAD_FORMS.values(), ids=BAD_FORMS)
def test_an_exchange_of_another_form_is_a_bad_request(registries: Registries, form: dict[str, str]) -> None:
    assert exchange(registries, registries.entra_token("pusher"), **form).status == 400


def test_only_a_registry_of_azure_exchanges(registries: Registries) -> None:
    assert exchange(registries, registries.entra_token("pusher"), HUB).status == 404


def test_a_registry_takes_only_its_own_tenant(registries: Registries) -> None:
    assert exchange(registries, registries.entra_token("stranger"), STRANGE).status == 200
    assert exchange(registries, registries.entra_token("owner"), STRANGE).status == 401


RIGHTS = {
    "owner": ["pull", "push", "delete", "metadata_read", "metadata_write"],
    "puller": ["pull", "metadata_read"],
    "pusher": ["pull", "push", "metadata_read", "metadata_write"],
    "deleter": ["delete"],
}


@pytest.mark.parametrize(("name", "actions"), RIGHTS.items())
def test_a_token_has_what_the_identity_may_do(registries: Registries, name: str, actions: list[str]) -> None:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token(registries, name),
        "scope": "repository:x/y:pull,push,delete,metadata_read,metadata_write",
    }
    assert granted(post(registries, "/oauth2/token", form)) == {"x/y": actions}


def credentials_of(registries: Registries, kind: str) -> tuple[str, str]:
    known = {
        "admin": ADMIN,
        "admin's second password": ("contoso", "second"),
        "admin in capitals": ("Contoso", "first"),
        "service principal": principal("pusher"),
        "repository-scoped token": ("app-token", "app-password"),
        "refresh token": (NO_USERNAME, refresh_token(registries)),
    }
    return known[kind]


KNOWN = {
    "admin": ["pull", "push", "metadata_read"],
    "admin's second password": ["pull", "push", "metadata_read"],
    "admin in capitals": ["pull", "push", "metadata_read"],
    "service principal": ["pull", "push", "metadata_read"],
    "repository-scoped token": ["pull", "metadata_read"],
    "refresh token": ["pull", "push", "metadata_read"],
}


@pytest.mark.parametrize("way", ["GET", "POST"])
@pytest.mark.parametrize(("kind", "actions"), KNOWN.items())
def test_user_name_and_password_give_a_token(
    registries: Registries, way: str, kind: str, actions: list[str]
) -> None:
    username, password = credentials_of(registries, kind)
    if way == "GET":
        query = urlencode({"service": CONTOSO, "scope": APP})
        answer = registries.ask("GET", f"/oauth2/token?{query}", CONTOSO, headers=basic(username, password))
    else:
        form = {"grant_type": "password", "username": username, "password": password, "scope": APP}
        answer = post(registries, "/oauth2/token", form)
    assert granted(answer) == {"app/one": actions}
    assert list(answer.json()) == ["access_token"]


WRONG = {
    "wrong password": ("contoso", "third"),
    "empty password": ("contoso", ""),
    "unknown user": ("somebody", "first"),
    "wrong secret": ("client-pusher", "wrong"),
    "expired secret": principal("late"),
    "service principal of another tenant": principal("stranger"),
    "made-up refresh token": (NO_USERNAME, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."),
    "repository-scoped token's wrong password": ("app-token", "first"),
    "no one": ("", ""),
}


@pytest.mark.parametrize("way", ["GET", "POST"])
@pytest.mark.parametrize(("username", "password"), WRONG.values(), ids=WRONG)
def test_a_wrong_pair_gives_none(registries: Registries, way: str, username: str, password: str) -> None:
    if way == "GET":
        target = f"/oauth2/token?service={CONTOSO}"
        answer = registries.ask("GET", target, CONTOSO, headers=basic(username, password))
    else:
        form = {"grant_type": "password", "username": username, "password": password}
        answer = post(registries, "/oauth2/token", form)
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")


HEADERS = {
    "no base64": "Basic !",
    "no ASCII": "Basic ä",
    "no colon": "Basic Y29udG9zbw==",
    "another scheme": "Digest x",
    "no UTF-8": "Basic /zo=",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_header_that_is_no_basic_gives_none(registries: Registries, header: str) -> None:
    target = f"/oauth2/token?service={CONTOSO}"
    assert registries.ask("GET", target, CONTOSO, headers={"Authorization": header}).status == 401


def test_the_admin_user_has_to_be_enabled(registries: Registries) -> None:
    target = f"/oauth2/token?service={PUBLIC}"
    assert registries.ask("GET", target, PUBLIC, headers=basic("public", "first")).status == 401


@pytest.mark.parametrize(("host", "status"), [(CONTOSO, 401), (PUBLIC, 200), (HUB, 200), (PRIVATE, 200)])
def test_who_gets_a_token_without_a_name(registries: Registries, host: str, status: int) -> None:
    assert registries.ask("GET", f"/oauth2/token?service={host}", host).status == status
    assert post(registries, "/oauth2/token", {"grant_type": "password"}, host).status == status


def test_several_scopes_give_one_token(registries: Registries) -> None:
    scopes = [
        "repository:a:pull repository:b/c:push",
        "registry:catalog:*",
        "repository:localhost:5000/d:pull",
    ]
    form = {"grant_type": "password", "username": "contoso", "password": "first", "scope": scopes}
    expected = {"a": ["pull"], "b/c": ["push"], "catalog": ["*"], "localhost:5000/d": ["pull"]}
    assert granted(post(registries, "/oauth2/token", form)) == expected


def test_a_star_stands_for_all_that_is_allowed(registries: Registries) -> None:
    form = {
        "grant_type": "password",
        "username": "app-token",
        "password": "app-password",
        "scope": "repository:app/x:*",
    }
    assert granted(post(registries, "/oauth2/token", form)) == {"app/x": ["pull", "metadata_read"]}


@pytest.mark.parametrize("scope", ["", "nonsense", "artifact-repository:x:pull", ":::"])
def test_a_scope_of_nothing_gives_nothing(registries: Registries, scope: str) -> None:
    form = {"grant_type": "password", "username": "contoso", "password": "first", "scope": scope}
    assert granted(post(registries, "/oauth2/token", form)) == {}


def test_a_client_without_the_proxy_names_the_registry_by_its_address(registries: Registries) -> None:
    form = {"grant_type": "password", "username": "contoso", "password": "first", "scope": APP}
    token = post(registries, "/oauth2/token", form, LOOPBACK).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert registries.ask("GET", "/v2/app/one/tags/list", CONTOSO, headers=headers).code == "NAME_UNKNOWN"


def test_docker_hub_gives_tokens_at_a_host_of_their_own(registries: Registries) -> None:
    target = f"/token?{urlencode({'service': 'registry.docker.io', 'scope': 'repository:library/nats:pull'})}"
    told = registries.ask("GET", target, "auth.docker.io").json()
    assert told["token"] == told["access_token"]
    headers = {"Authorization": f"Bearer {told['token']}"}
    answer = registries.ask(
        "GET", "/v2/library/nats/manifests/latest", "registry-1.docker.io", headers=headers
    )
    assert answer.code == "MANIFEST_UNKNOWN"
