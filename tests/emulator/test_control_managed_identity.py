"""Managed identities, as a virtual machine and as App Service offer them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import jwt
import pytest

from emulator.in_process import IMDS, TENANT

if TYPE_CHECKING:
    from emulator.in_process import Answer, Azure

RESOURCE = "https://management.core.windows.net/"
ASSIGNED = "30000000-0000-0000-0000-000000000006"
ASSIGNED_ID = (
    "/subscriptions/20000000-0000-0000-0000-000000000001/resourcegroups/rg1"
    "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/importer-identity"
)
OWN = "30000000-0000-0000-0000-000000000007"
FORWARDED = {"metadata": "true", "x-forwarded-for": "10.0.0.1"}
SELECTIONS = [
    ("", OWN),
    (f"&client_id={ASSIGNED}", ASSIGNED),
    ("&object_id=40000000-0000-0000-0000-000000000006", ASSIGNED),
    (f"&msi_res_id={quote(ASSIGNED_ID)}", ASSIGNED),
    (f"&mi_res_id={quote(ASSIGNED_ID.upper())}", ASSIGNED),
    ("&client_id=30000000-0000-0000-0000-000000000009", "30000000-0000-0000-0000-000000000009"),
]


def machine(
    azure: Azure,
    query: str = "",
    resource: str = RESOURCE,
    host: str = IMDS,
    headers: dict[str, str] | None = None,
) -> Answer:
    path = f"/metadata/identity/oauth2/token?api-version=2018-02-01&resource={quote(resource)}{query}"
    return azure.ask("GET", f"{host}{path}", headers=headers or {"metadata": "true"})


def app_service(azure: Azure, query: str = "", secret: str = "identity-secret") -> Answer:
    path = f"/msi/token?api-version=2019-08-01&resource={quote(RESOURCE)}{query}"
    return azure.ask("GET", f"http://127.0.0.1:8443{path}", headers={"x-identity-header": secret})


@pytest.mark.parametrize(("query", "client_id"), SELECTIONS)
def test_a_machine_gets_the_identity_that_it_asks_for(azure: Azure, query: str, client_id: str) -> None:
    assert machine(azure, query).json()["client_id"] == client_id


@pytest.mark.parametrize(("query", "client_id"), SELECTIONS)
def test_app_service_gives_the_identity_that_is_asked_for(azure: Azure, query: str, client_id: str) -> None:
    assert app_service(azure, query).json()["client_id"] == client_id


def test_a_machine_gets_texts_for_times(azure: Azure) -> None:
    told = machine(azure).json()
    assert (told["expires_in"], told["token_type"], told["resource"]) == ("86399", "Bearer", RESOURCE)
    assert int(told["expires_on"]) - int(told["not_before"]) == 86399


def test_a_machine_asks_loopback_as_well(azure: Azure) -> None:
    assert machine(azure, host="http://127.0.0.1:8443").status == 200


def test_the_token_names_tenant_and_identity(azure: Azure) -> None:
    token = machine(azure, f"&client_id={ASSIGNED}").json()["access_token"]
    told = jwt.decode(token, options={"verify_signature": False})
    assert (told["tid"], told["appid"], told["aud"], told["xms_mirid"]) == (
        TENANT,
        ASSIGNED,
        RESOURCE,
        ASSIGNED_ID,
    )


def test_the_token_opens_arm(azure: Azure) -> None:
    token = machine(azure, f"&client_id={ASSIGNED}").json()["access_token"]
    answer = azure.ask(
        "GET", "https://management.azure.com/subscriptions?api-version=2022-12-01", token=token
    )
    assert [s["displayName"] for s in answer.json()["value"]] == ["Contoso"]


@pytest.mark.parametrize(
    ("headers", "query", "resource", "description"),
    [
        ({"metadata": "false"}, "", RESOURCE, "Required metadata header not specified"),
        ({"accept": "*/*"}, "", RESOURCE, "Required metadata header not specified"),
        (FORWARDED, "", RESOURCE, "Request contains the X-Forwarded-For header"),
        ({}, "&client_id=30000000-0000-0000-0000-0000000000ff", RESOURCE, "Identity not found"),
        ({}, "&client_id=30000000-0000-0000-0000-000000000001", RESOURCE, "Identity not found"),
        ({}, f"&client_id={ASSIGNED}&object_id=x", RESOURCE, "Identity not found"),
        ({}, "", "", "Required query variable 'api-version' or 'resource' is missing"),
    ],
)  # fmt: skip
def test_a_machine_is_refused_with_400(
    azure: Azure, headers: dict[str, str], query: str, resource: str, description: str
) -> None:
    answer = machine(azure, query, resource, headers=headers)
    assert (answer.status, answer.json()["error_description"]) == (400, description)


def test_a_machine_gets_no_token_for_what_entra_does_not_know(azure: Azure) -> None:
    answer = machine(azure, resource="https://unknown.example.com")
    assert (answer.status, answer.code) == (400, "invalid_resource")


@pytest.mark.parametrize("secret", ["", "wrong"])
def test_app_service_wants_its_secret(azure: Azure, secret: str) -> None:
    answer = app_service(azure, secret=secret)
    assert (answer.status, answer.json()) == (401, {"statusCode": 401, "message": "Unauthorized"})


def test_app_service_refuses_an_unknown_identity(azure: Azure) -> None:
    answer = app_service(azure, "&client_id=30000000-0000-0000-0000-0000000000ff")
    assert answer.status == 400
    assert answer.json()["message"].startswith("No User Assigned or Delegated Managed Identity found")
