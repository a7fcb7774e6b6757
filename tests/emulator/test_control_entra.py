"""Entra: discovery, tokens for service principals, and its refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
import pytest

from acr_emulator import faults
from emulator.in_process import ENTRA, SERVICE_PRINCIPALS, TENANT, WINGTIP_TENANT

if TYPE_CHECKING:
    from emulator.in_process import Answer, Azure

IMPORTER = SERVICE_PRINCIPALS["importer"][1]
ARM_SCOPE = "https://management.core.windows.net//.default"
ASKED = {
    "grant_type": "client_credentials",
    "client_id": IMPORTER,
    "client_secret": "importer-secret",
    "scope": ARM_SCOPE,
}
UNKNOWN = "10000000-0000-0000-0000-0000000000ff"


def ask(azure: Azure, tenant: str = TENANT, **changed: str | None) -> Answer:
    form = {name: value for name, value in {**ASKED, **changed}.items() if value is not None}
    return azure.ask("POST", f"{ENTRA}/{tenant}/oauth2/v2.0/token", form=form)


def claims(azure: Azure, answer: Answer) -> dict[str, Any]:
    """The claims of a token, verified with the keys that Entra shows, as a stranger would."""
    found = azure.ask("GET", f"{ENTRA}/{TENANT}/discovery/v2.0/keys").json()
    token = answer.json()["access_token"]
    kid = jwt.get_unverified_header(token)["kid"]
    (key,) = [key for key in jwt.PyJWKSet.from_dict(found).keys if key.key_id == kid]
    return dict(jwt.decode(token, key, algorithms=["RS256"], options={"verify_aud": False}))


@pytest.mark.parametrize("tenant", [TENANT, "contoso.onmicrosoft.com", "CONTOSO.onmicrosoft.com"])
def test_discovery_names_the_endpoints_of_a_tenant_by_id_or_domain(azure: Azure, tenant: str) -> None:
    found = azure.ask("GET", f"{ENTRA}/{tenant}/v2.0/.well-known/openid-configuration").json()
    assert found["token_endpoint"] == f"{ENTRA}/{TENANT}/oauth2/v2.0/token"
    assert found["issuer"] == f"{ENTRA}/{TENANT}/v2.0"


def test_discovery_at_localhost_keeps_the_port(azure: Azure) -> None:
    here = f"https://localhost:8443/{TENANT}"
    found = azure.ask("GET", f"{here}/v2.0/.well-known/openid-configuration").json()
    assert found["token_endpoint"] == f"{here}/oauth2/v2.0/token"


def test_discovery_of_any_tenant_has_a_placeholder_as_issuer(azure: Azure) -> None:
    found = azure.ask("GET", f"{ENTRA}/common/v2.0/.well-known/openid-configuration").json()
    assert found["issuer"] == f"{ENTRA}/{{tenantid}}/v2.0"


def test_discovery_of_an_unknown_tenant_is_refused(azure: Azure) -> None:
    answer = azure.ask("GET", f"{ENTRA}/{UNKNOWN}/v2.0/.well-known/openid-configuration")
    assert (answer.status, answer.code) == (400, "invalid_tenant")
    assert answer.json()["error_codes"] == [90002]


@pytest.mark.parametrize(
    "authority", [f"{ENTRA}/{TENANT}", "https://login.windows.net/common", "https://localhost:8443/x"]
)
def test_instance_discovery_knows_its_own_authorities(azure: Azure, authority: str) -> None:
    path = "/common/discovery/instance?api-version=1.1&authorization_endpoint="
    found = azure.ask("GET", f"{ENTRA}{path}{authority}/oauth2/v2.0/authorize").json()
    assert found["tenant_discovery_endpoint"] == f"{authority}/v2.0/.well-known/openid-configuration"


def test_instance_discovery_refuses_strangers(azure: Azure) -> None:
    path = "/common/discovery/instance?api-version=1.1&authorization_endpoint=https://login.example.com/x/y"
    answer = azure.ask("GET", f"{ENTRA}{path}")
    assert (answer.status, answer.code) == (400, "invalid_instance")


def test_a_secret_gets_a_signed_token(azure: Azure) -> None:
    answer = ask(azure)
    assert {k: v for k, v in answer.json().items() if k != "access_token"} == {
        "token_type": "Bearer",
        "expires_in": 3599,
        "ext_expires_in": 3599,
    }
    told = claims(azure, answer)
    assert told["aud"] == "https://management.core.windows.net/"
    assert told["iss"] == f"https://sts.windows.net/{TENANT}/"
    assert (told["tid"], told["appid"], told["ver"]) == (TENANT, IMPORTER, "1.0")
    assert told["oid"] == told["sub"] == "40000000-0000-0000-0000-000000000001"
    assert told["exp"] - told["iat"] == 3599
    assert "xms_mirid" not in told


@pytest.mark.parametrize(
    ("scope", "audience"),
    [
        (ARM_SCOPE, "https://management.core.windows.net/"),
        ("https://management.azure.com/.default", "https://management.azure.com"),
        ("https://management.azure.com//.default", "https://management.azure.com/"),
        ("https://localhost:8443/.default", "https://localhost:8443"),
        ("https://containerregistry.azure.net/.default", "https://containerregistry.azure.net"),
    ],
)
def test_the_audience_is_what_was_asked_for(azure: Azure, scope: str, audience: str) -> None:
    assert claims(azure, ask(azure, scope=scope))["aud"] == audience


REFUSALS = [
    ({"client_secret": "wrong"}, TENANT, 401, "invalid_client", 7000215),
    ({"client_secret": None}, TENANT, 401, "invalid_client", 7000218),
    (
        {"client_id": SERVICE_PRINCIPALS["expired"][1], "client_secret": "expired-secret"},
        TENANT,
        401,
        "invalid_client",
        7000222,
    ),
    ({"client_id": UNKNOWN}, TENANT, 400, "unauthorized_client", 700016),
    ({}, WINGTIP_TENANT, 400, "unauthorized_client", 700016),
    ({"client_id": "30000000-0000-0000-0000-000000000006"}, TENANT, 400, "unauthorized_client", 700016),
    ({}, UNKNOWN, 400, "invalid_request", 90002),
    ({"client_id": None}, TENANT, 400, "invalid_request", 900144),
    ({"grant_type": None}, TENANT, 400, "invalid_request", 900144),
    ({"scope": None}, TENANT, 400, "invalid_request", 900144),
    ({"grant_type": "password"}, TENANT, 400, "unsupported_grant_type", 70003),
    ({"scope": f"{ARM_SCOPE} openid"}, TENANT, 400, "invalid_scope", 70011),
    ({"scope": "https://management.azure.com"}, TENANT, 400, "invalid_scope", 1002012),
    ({"scope": "https://unknown.example.com/.default"}, TENANT, 400, "invalid_resource", 500011),
]


@pytest.mark.parametrize(("changed", "tenant", "status", "error", "number"), REFUSALS)
def test_a_refusal_has_entras_status_word_and_number(
    azure: Azure, changed: dict[str, str | None], tenant: str, status: int, error: str, number: int
) -> None:
    answer = ask(azure, tenant, **changed)
    told = answer.json()
    assert (answer.status, told["error"], told["error_codes"]) == (status, error, [number])
    assert told["error_description"].startswith(f"AADSTS{number}: ")
    assert told["trace_id"] in told["error_description"]
    assert told["correlation_id"] in told["error_description"]
    assert told["timestamp"] in told["error_description"]


def test_a_form_has_a_limit(azure: Azure) -> None:
    assert ask(azure, padding="x" * (4 << 20)).status == 413


def test_an_expired_secret_is_only_named_to_who_knows_it(azure: Azure) -> None:
    answer = ask(azure, client_id=SERVICE_PRINCIPALS["expired"][1], client_secret="guessed")
    assert answer.json()["error_codes"] == [7000215]


def test_the_client_can_name_the_correlation_id(azure: Azure) -> None:
    wanted = "50000000-0000-0000-0000-000000000001"
    url = f"{ENTRA}/{TENANT}/oauth2/v2.0/token"
    answer = azure.ask("POST", url, form={**ASKED, "scope": "x"}, headers={"client-request-id": wanted})
    assert answer.json()["correlation_id"] == wanted


def test_a_fault_makes_tokens_short(azure: Azure) -> None:
    faults.set_faults(azure.state, {"token-lifetime": "7"})
    answer = ask(azure)
    assert answer.json()["expires_in"] == 7
    told = claims(azure, answer)
    assert told["exp"] - told["iat"] == 7


def test_a_fault_makes_the_token_endpoint_answer_garbage_once(azure: Azure) -> None:
    faults.set_faults(azure.state, {"entra-garbage": "1"})
    assert ask(azure).body.startswith(b"<html>")
    assert ask(azure).status == 200
