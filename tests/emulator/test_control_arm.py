"""ARM: who may call it, what it shows to whom, and how it refuses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from acr_emulator import faults
from emulator.in_process import (
    ADATUM,
    ARM,
    CONTOSO,
    SERVICE_PRINCIPALS,
    TENANT,
    VERSION,
    WINGTIP,
    WINGTIP_TENANT,
    registry_id,
)

if TYPE_CHECKING:
    from emulator.in_process import Answer, Azure

REGISTRIES = "Microsoft.ContainerRegistry/registries"
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BY_TYPE = f"$filter=resourceType eq '{REGISTRIES}'"


def names(answer: Answer) -> list[str]:
    return [item["name"] for item in answer.json()["value"]]


# Tokens


def test_without_a_token_arm_says_where_to_get_one(azure: Azure) -> None:
    answer = azure.ask("GET", f"{ARM}/subscriptions?{VERSION}")
    assert (answer.status, answer.code) == (401, "AuthenticationFailed")
    assert answer.headers["www-authenticate"].startswith('Bearer authorization_uri="https://login.')
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("header", ["Basic eDp5", "Bearer", "Bearer "])
def test_anything_but_a_bearer_token_is_a_missing_one(azure: Azure, header: str) -> None:
    answer = azure.ask("GET", f"{ARM}/subscriptions?{VERSION}", headers={"authorization": header})
    assert (answer.status, answer.code) == (401, "AuthenticationFailed")


def test_a_forged_token_is_invalid(azure: Azure) -> None:
    head, _, signature = azure.token("reader").split(".")
    payload = azure.token("importer").split(".")[1]
    answer = azure.ask("GET", f"{ARM}/subscriptions?{VERSION}", token=f"{head}.{payload}.{signature}")
    assert (answer.status, answer.code) == (401, "InvalidAuthenticationToken")


def test_an_old_token_is_expired(azure: Azure) -> None:
    faults.set_faults(azure.state, {"token-lifetime": "0"})
    token = azure.token("importer")
    answer = azure.ask("GET", f"{ARM}/subscriptions?{VERSION}", token=token)
    assert (answer.status, answer.code) == (401, "ExpiredAuthenticationToken")
    assert "is earlier than current UTC time" in answer.message


def test_a_token_for_a_registry_has_the_wrong_audience(azure: Azure) -> None:
    token = azure.token("importer", "https://containerregistry.azure.net")
    answer = azure.ask("GET", f"{ARM}/subscriptions?{VERSION}", token=token)
    assert (answer.status, answer.code) == (401, "InvalidAuthenticationTokenAudience")
    assert "'https://containerregistry.azure.net'" in answer.message


@pytest.mark.parametrize(
    "audience",
    [
        "https://management.core.windows.net",
        "https://management.core.windows.net/",
        "https://management.azure.com",
        "https://management.azure.com/",
        "https://localhost:8443",
        "https://localhost:8443/",
    ],
)
def test_arm_takes_its_own_audiences(azure: Azure, audience: str) -> None:
    answer = azure.ask("GET", f"{ARM}/subscriptions?{VERSION}", token=azure.token("importer", audience))
    assert answer.status == 200


def test_a_token_of_another_tenant_does_not_open_a_subscription(azure: Azure) -> None:
    answer = azure.arm("GET", f"/subscriptions/{CONTOSO}/resources", "wingtip")
    assert (answer.status, answer.code) == (401, "InvalidAuthenticationTokenTenant")
    assert WINGTIP_TENANT in answer.message
    assert f"/{TENANT}" in answer.headers["www-authenticate"]


# Every answer


@pytest.mark.parametrize("path", ["/subscriptions", "/subscriptions/x", "/no/such/thing"])
def test_every_answer_carries_the_ids_that_support_asks_for(azure: Azure, path: str) -> None:
    answer = azure.arm("GET", path)
    assert GUID.fullmatch(answer.headers["x-ms-request-id"])
    assert GUID.fullmatch(answer.headers["x-ms-correlation-request-id"])
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_the_client_can_name_the_correlation_id(azure: Azure) -> None:
    wanted = "50000000-0000-0000-0000-000000000001"
    answer = azure.arm("GET", "/subscriptions", headers={"x-ms-correlation-request-id": wanted})
    assert answer.headers["x-ms-correlation-request-id"] == wanted


def test_the_clients_own_id_comes_back_when_asked_for(azure: Azure) -> None:
    wanted = "50000000-0000-0000-0000-000000000001"
    both = {"x-ms-client-request-id": wanted, "x-ms-return-client-request-id": "true"}
    answer = azure.arm("GET", "/subscriptions", headers=both)
    assert answer.headers["x-ms-client-request-id"] == wanted


def test_an_api_version_is_needed_and_any_is_taken(azure: Azure) -> None:
    token = azure.token("importer")
    assert azure.ask("GET", f"{ARM}/subscriptions", token=token).code == "MissingApiVersionParameter"
    later = azure.ask("GET", f"{ARM}/subscriptions?api-version=2099-01-01-preview", token=token)
    assert later.status == 200


@pytest.mark.parametrize("version", ["newest", "2025-11-01%0d%0aX:y", "2025-11-01;", "%ff"])
def test_an_api_version_is_a_date(azure: Azure, version: str) -> None:
    answer = azure.ask("GET", f"{ARM}/subscriptions?api-version={version}", token=azure.token("importer"))
    assert (answer.status, answer.code) == (400, "InvalidApiVersionParameter")


def test_a_body_has_a_limit(azure: Azure) -> None:
    answer = azure.arm("POST", f"{registry_id('contoso')}/importImage", body=b" " * (4 << 20) + b"{}")
    assert (answer.status, answer.code) == (413, "RequestContentTooLarge")


# Subscriptions, groups, resources


@pytest.mark.parametrize(
    ("who", "seen"),
    [("importer", ["Contoso", "Adatum"]), ("limited", ["Contoso"]), ("wingtip", ["Wingtip"])],
)
def test_subscriptions_are_those_with_a_role_in_them(azure: Azure, who: str, seen: list[str]) -> None:
    assert [s["displayName"] for s in azure.arm("GET", "/subscriptions", who).json()["value"]] == seen


def test_a_subscription_has_the_fields_that_az_reads(azure: Azure) -> None:
    found = azure.arm("GET", f"/subscriptions/{CONTOSO}").json()
    assert (found["subscriptionId"], found["tenantId"], found["state"]) == (CONTOSO, TENANT, "Enabled")
    assert (found["id"], found["managedByTenants"]) == (f"/subscriptions/{CONTOSO}", [])


def test_a_tenant_has_its_domain(azure: Azure) -> None:
    (tenant,) = azure.arm("GET", "/tenants").json()["value"]
    assert (tenant["tenantId"], tenant["defaultDomain"]) == (TENANT, "contoso.onmicrosoft.com")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/subscriptions/none", 400, "InvalidSubscriptionId"),
        ("/subscriptions/20000000-0000-0000-0000-0000000000ff", 404, "SubscriptionNotFound"),
        (f"/subscriptions/{ADATUM}", 403, "AuthorizationFailed"),
        (f"/subscriptions/{ADATUM}/resources", 403, "AuthorizationFailed"),
        (f"/subscriptions/{ADATUM}/providers/{REGISTRIES}", 403, "AuthorizationFailed"),
        (f"/subscriptions/{CONTOSO}/resourceGroups/none", 404, "ResourceGroupNotFound"),
        (f"/subscriptions/{CONTOSO}/resourceGroups/none/providers/{REGISTRIES}", 404, "ResourceGroupNotFound"),
        (registry_id("nosuch"), 404, "ResourceNotFound"),
        (registry_id("contoso", group="none"), 404, "ResourceGroupNotFound"),
        (registry_id("adatum", ADATUM, "rg2"), 403, "AuthorizationFailed"),
        (registry_id("wingtip", WINGTIP, "rg3"), 401, "InvalidAuthenticationTokenTenant"),
        (f"/subscriptions/{CONTOSO}/resources?$filter=resourceType ne 'x'", 400, "InvalidFilterInQueryString"),
        (f"/subscriptions/{CONTOSO}/resources?$filter=color eq 'x'", 400, "InvalidFilterInQueryString"),
        (f"/subscriptions/{CONTOSO}/resources?$skiptoken=!", 400, "InvalidSkipToken"),
        (f"/subscriptions/{CONTOSO}/resources?$skiptoken=LTU=", 400, "InvalidSkipToken"),
    ],
)  # fmt: skip
def test_what_is_not_there_or_not_allowed(azure: Azure, path: str, status: int, code: str) -> None:
    answer = azure.arm("GET", path, "reader")
    assert (answer.status, answer.code) == (status, code)


def test_a_missing_registry_is_named(azure: Azure) -> None:
    assert azure.arm("GET", registry_id("nosuch")).message == (
        "The Resource 'Microsoft.ContainerRegistry/registries/nosuch' under resource group 'rg1' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )


def test_a_missing_right_comes_before_a_missing_registry(azure: Azure) -> None:
    answer = azure.arm("GET", registry_id("nosuch"), "pusher")
    assert (answer.status, answer.code) == (403, "AuthorizationFailed")
    client_id = SERVICE_PRINCIPALS["pusher"][1]
    assert answer.message == (
        f"The client '{client_id}' with object id '40000000-0000-0000-0000-000000000002' does not have "
        "authorization to perform action 'Microsoft.ContainerRegistry/registries/read' over scope "
        f"'{registry_id('nosuch')}' or the scope is invalid. If access was recently granted, please refresh your "
        "credentials."
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (BY_TYPE, ["contoso", "fabrikam"]),
        (BY_TYPE.lower().replace("resourcetype", "resourceType"), ["contoso", "fabrikam"]),
        (f"{BY_TYPE} and name eq 'CONTOSO'", ["contoso"]),
        ("", ["contoso", "fabrikam", "importer-identity"]),
    ],
)
def test_resources_are_filtered(azure: Azure, query: str, found: list[str]) -> None:
    assert names(azure.arm("GET", f"/subscriptions/{CONTOSO}/resources?{query}")) == found


@pytest.mark.parametrize(
    ("who", "seen"),
    [("importer", ["contoso", "fabrikam"]), ("limited", ["contoso"]), ("pusher", [])],
)
def test_lists_show_what_the_caller_may_read(azure: Azure, who: str, seen: list[str]) -> None:
    assert names(azure.arm("GET", f"/subscriptions/{CONTOSO}/resources?{BY_TYPE}", who)) == seen
    assert names(azure.arm("GET", f"/subscriptions/{CONTOSO}/providers/{REGISTRIES}", who)) == seen


def test_registries_of_one_group_are_listed(azure: Azure) -> None:
    azure.seed("registries: {elsewhere: {subscription: Contoso, resource_group: other}}")
    path = f"/subscriptions/{CONTOSO}/resourceGroups/OTHER/providers/{REGISTRIES}"
    assert names(azure.arm("GET", path)) == ["elsewhere"]


def test_groups_are_those_that_hold_something(azure: Azure) -> None:
    assert names(azure.arm("GET", f"/subscriptions/{CONTOSO}/resourceGroups")) == ["rg1"]
    assert azure.arm("GET", f"/subscriptions/{CONTOSO}/resourcegroups/RG1").json()["name"] == "rg1"


def test_long_lists_come_in_pages(azure: Azure) -> None:
    azure.seed("registries:\n" + "".join(f"  many{n:03}: {{subscription: Contoso}}\n" for n in range(43)))
    token, found, pages = azure.token("importer"), [], 0
    link = f"{ARM}/subscriptions/{CONTOSO}/providers/{REGISTRIES}?{VERSION}"
    while link:
        answer = azure.ask("GET", link, token=token)
        found += names(answer)
        link, pages = answer.json().get("nextLink", ""), pages + 1
    assert (len(found), len(set(found)), pages) == (45, 45, 3)


def test_the_next_page_keeps_the_filter_and_the_host(azure: Azure) -> None:
    azure.seed("registries:\n" + "".join(f"  many{n:03}: {{subscription: Contoso}}\n" for n in range(20)))
    url = f"https://localhost:8443/subscriptions/{CONTOSO}/resources?{BY_TYPE}&{VERSION}"
    link = azure.ask("GET", url.replace(" ", "%20"), token=azure.token("importer")).json()["nextLink"]
    assert link.startswith("https://localhost:8443/")
    rest = names(azure.ask("GET", link, token=azure.token("importer")))
    assert (len(rest), "importer-identity" in rest) == (2, False)


# Registries


def test_a_registry_is_found_without_case(azure: Azure) -> None:
    answer = azure.arm("GET", registry_id("contoso").upper())
    assert answer.json()["id"] == registry_id("contoso")


def test_a_registry_has_the_fields_that_clients_read(azure: Azure) -> None:
    found = azure.arm("GET", registry_id("contoso")).json()
    told = found["properties"]
    assert (found["name"], found["type"], found["sku"]["name"]) == ("contoso", REGISTRIES, "Premium")
    assert (told["loginServer"], told["provisioningState"]) == ("contoso.azurecr.io", "Succeeded")
    assert (told["publicNetworkAccess"], told["networkRuleBypassOptions"]) == ("Enabled", "AzureServices")
    assert (told["adminUserEnabled"], told["anonymousPullEnabled"]) == (False, False)
    assert told["policies"]["exportPolicy"] == {"status": "enabled"}


def test_a_restricted_registry_says_so(azure: Azure) -> None:
    azure.seed(
        "registries: {closed: {subscription: Contoso, public_network_access: false, export_enabled: false,"
        " trusted_services_bypass: false, allowed_ips: [10.0.0.0/8], repository_permissions: true}}"
    )
    told = azure.arm("GET", registry_id("closed")).json()["properties"]
    assert (told["publicNetworkAccess"], told["networkRuleBypassOptions"]) == ("Disabled", "None")
    assert told["policies"]["exportPolicy"] == {"status": "disabled"}
    assert told["networkRuleSet"] == {
        "defaultAction": "Deny",
        "ipRules": [{"action": "Allow", "value": "10.0.0.0/8"}],
    }
    assert told["roleAssignmentMode"] == "AbacRepositoryPermissions"


def test_who_comes_without_the_proxy_is_shown_a_loopback_address(azure: Azure) -> None:
    url = f"https://localhost:8443{registry_id('contoso')}?{VERSION}"
    told = azure.ask("GET", url, token=azure.token("importer")).json()
    assert told["properties"]["loginServer"] == "127.0.0.11:8443"


def test_credentials_are_those_of_the_admin_user(azure: Azure) -> None:
    assert azure.arm("POST", f"{registry_id('fabrikam')}/listCredentials").json() == {
        "username": "fabrikam",
        "passwords": [
            {"name": "password", "value": "fabrikam-password"},
            {"name": "password2", "value": "fabrikam-password2"},
        ],
    }


def test_credentials_want_an_admin_user_and_the_right_to_see_them(azure: Azure) -> None:
    none = azure.arm("POST", f"{registry_id('contoso')}/listCredentials")
    assert (none.status, none.code) == (400, "UnAuthorizedForCredentialOperations")
    denied = azure.arm("POST", f"{registry_id('fabrikam')}/listCredentials", "reader")
    assert (denied.status, denied.code) == (403, "AuthorizationFailed")


@pytest.mark.parametrize(
    ("name", "available", "reason"),
    [("brandnew", True, None), ("CONTOSO", False, "AlreadyExists"), ("a-b", False, "Invalid")],
)
def test_a_name_is_free_or_not(azure: Azure, name: str, reason: str | None, *, available: bool) -> None:
    path = f"/subscriptions/{CONTOSO}/providers/Microsoft.ContainerRegistry/checkNameAvailability"
    told = azure.arm("POST", path, body={"name": name, "type": REGISTRIES}).json()
    assert (told["nameAvailable"], told.get("reason")) == (available, reason)


@pytest.mark.parametrize(
    ("who", "actions"),
    [
        ("importer", [["*"]]),
        ("pusher", [[f"{REGISTRIES}/pull/read", f"{REGISTRIES}/push/write"]]),
        ("reader", [["*/read"]]),
    ],
)
def test_permissions_are_the_roles_actions(azure: Azure, who: str, actions: list[list[str]]) -> None:
    paths = (registry_id("contoso"), registry_id("contoso").replace("Registry/reg", "Registry//reg"))
    for path in paths:
        told = azure.arm("GET", f"{path}/providers/Microsoft.Authorization/permissions", who).json()["value"]
        assert [entry["actions"] for entry in told] == actions


def test_permissions_of_a_group_leave_out_roles_on_one_registry(azure: Azure) -> None:
    group = f"/subscriptions/{CONTOSO}/resourceGroups/rg1"
    path = "/providers/Microsoft.Authorization/permissions"
    assert azure.arm("GET", f"{group}{path}", "limited").json()["value"] == []
    assert len(azure.arm("GET", f"{registry_id('contoso')}{path}", "limited").json()["value"]) == 1


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_registries_are_made_by_seeds_only(azure: Azure, method: str) -> None:
    answer = azure.arm(method, registry_id("contoso"), body={})
    assert (answer.status, answer.code) == (404, "NotFound")


# The cloud's description


def test_the_cloud_at_localhost_is_all_at_localhost(azure: Azure) -> None:
    here = "https://localhost:8443"
    told = azure.ask("GET", f"{here}/metadata/endpoints?api-version=2022-09-01").json()
    assert (told["resourceManager"], told["authentication"]["loginEndpoint"]) == (here, here)
    assert told["authentication"]["audiences"][0] == here
    assert told["suffixes"]["acrLoginServer"] == "azurecr.io"


def test_the_cloud_at_azures_host_is_azures(azure: Azure) -> None:
    told = azure.ask("GET", f"{ARM}/metadata/endpoints?api-version=2022-09-01").json()
    assert told["name"] == "AzureCloud"
    assert told["authentication"]["audiences"][0] == "https://management.core.windows.net/"


def test_an_old_version_lists_clouds(azure: Azure) -> None:
    told = azure.ask("GET", f"{ARM}/metadata/endpoints?api-version=2019-05-01").json()
    assert [cloud["name"] for cloud in told] == ["AzureCloud"]
