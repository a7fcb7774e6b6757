from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acrbridge.azure.clouds import CLOUDS
from acrbridge.azure.profile import Subscription
from acrbridge.errors import AcrBridgeError, NotFoundError, RefusedError, SignInError, UsageError
from acrbridge.jobs import Secret
from acrbridge.operations.session import Session
from acrbridge.settings import Settings
from unit.fakes import SUBSCRIPTION, TENANT, Answer, Heard, answer
from unit.operations.offline import APPLICATION, Azure, OfflineSession, registry_document, registry_id

PASSWORD = Secret("s3cret-PW")


def exchanged_with(azure: Azure) -> list[str]:
    """Hosts that an Entra token was shown to, Resource Manager aside."""
    return [r.url.split("/")[2] for r in azure.http.requests if r.url.endswith("/oauth2/exchange")]


@pytest.mark.parametrize(
    "host",
    ["contoso.azurecr.io", "contoso.azurecr.io.", "contoso.azurecr.io:80", "contoso.eastus.data.azurecr.cn",
     "azurecr.us", "management.azure.com", "login.microsoftonline.us", "http://registry.example", "me@registry.example",
     "registry.example/app", ""],
)  # fmt: skip
def test_no_host_of_azure_and_nothing_but_a_host_is_spoken_to_without_tls(tmp_path: Path, host: str) -> None:
    with pytest.raises(UsageError) as caught:
        Session(Settings(tmp_path, plain_http=frozenset({host})))
    assert caught.value.code == "PLAIN_HTTP_REFUSED"


def test_who_speaks_without_tls_is_told_once_that_others_can_read_it(tmp_path: Path) -> None:
    heard = Heard()
    settings = Settings(tmp_path, plain_http=frozenset({"registry.example:5000"}))
    with Session(settings, listener=heard) as session:
        assert session.http.base("registry.example:5000") == "http://registry.example:5000"
    assert [getattr(event, "message", "").partition(" ")[0] for event in heard] == ["registry.example:5000"]


@pytest.mark.parametrize("text", ["contoso", "CONTOSO", "contoso.azurecr.io"])
def test_a_registry_is_found_by_name_or_login_server(tmp_path: Path, text: str) -> None:
    assert OfflineSession(Azure(), tmp_path).find_registry(text).login_server == "contoso.azurecr.io"


def test_registries_are_asked_for_once(tmp_path: Path) -> None:
    azure = Azure()
    session = OfflineSession(azure, tmp_path)
    session.find_registry("contoso")
    session.find_registry("contoso")
    assert len(azure.http.requests) == 1


def test_in_a_resource_group_the_registry_is_asked_for_by_its_id(tmp_path: Path) -> None:
    azure = Azure()
    OfflineSession(azure, tmp_path).find_registry("contoso", "RG1")
    assert azure.wire("GET") == [registry_id("contoso")]


@pytest.mark.parametrize(("group", "status"), [(None, 1), ("rg1", 3)])
def test_a_registry_that_is_not_there_has_azs_exit_status(
    tmp_path: Path, group: str | None, status: int
) -> None:
    with pytest.raises(NotFoundError) as error:
        OfflineSession(Azure(), tmp_path).find_registry("nobody", group)
    assert (error.value.code, error.value.drop_in_status) == ("TARGET_REGISTRY_NOT_FOUND", status)


@pytest.mark.parametrize("text", ["other", "other.azurecr.io", "OTHER.azurecr.io"])
def test_a_registry_that_arm_does_not_show_is_reached_by_the_name_alone(tmp_path: Path, text: str) -> None:
    azure = Azure()
    client = OfflineSession(azure, tmp_path).open_registry_named(text, None, None)
    assert client.host == "other.azurecr.io"
    assert exchanged_with(azure) == ["other.azurecr.io"]


@pytest.mark.parametrize(
    "text",
    ["x.azurecr.io.evil.example", "azurecr.io", "xazurecr.io", "other.azurecr.io@evil.example", "other.azurecr.io.",
     "other.azurecr.cn", "evil.example", "evil.example/other.azurecr.io", "other.eastus.data.azurecr.io", "\u212aother",
     "other.azurecr.io:443", "öther.azurecr.io", ""],
)  # fmt: skip
def test_no_token_goes_to_a_look_alike(tmp_path: Path, text: str) -> None:
    azure = Azure()
    with pytest.raises((UsageError, NotFoundError)):
        OfflineSession(azure, tmp_path).open_registry_named(text, None, None)
    assert exchanged_with(azure) == []


@pytest.mark.parametrize(
    "text", ["x.azurecr.io.evil.example", "evil.example", "other.azurecr.io@evil.example"]
)
def test_no_password_goes_to_a_look_alike(tmp_path: Path, text: str) -> None:
    with pytest.raises((UsageError, NotFoundError)):
        OfflineSession(Azure(), tmp_path).open_registry_named(text, "me", PASSWORD)


def test_a_login_server_can_differ_from_the_name(tmp_path: Path) -> None:
    azure = Azure(registry_document("contoso", loginServer="contoso-h4sh.azurecr.io"))
    assert (
        OfflineSession(azure, tmp_path).open_registry_named("contoso", None, None).host
        == "contoso-h4sh.azurecr.io"
    )
    assert exchanged_with(azure) == ["contoso-h4sh.azurecr.io"]


def test_with_a_user_nobody_needs_to_be_signed_in(tmp_path: Path) -> None:
    azure = Azure()
    session = OfflineSession(azure, tmp_path, signed_in=False)
    assert session.open_registry_named("contoso", "me", PASSWORD).host == "contoso.azurecr.io"
    assert azure.http.requests == []


def test_without_a_user_somebody_has_to_be(tmp_path: Path) -> None:
    with pytest.raises(SignInError):
        OfflineSession(Azure(), tmp_path, signed_in=False).open_registry_named("contoso", None, None)


@pytest.mark.parametrize(
    "credentials",
    [
        answer(403),
        answer(200, "<html>"),
        answer(200, {"username": "x", "passwords": []}),
        answer(200, {"username": 5, "passwords": [{"value": "x"}]}),
        answer(200, {"username": "x", "passwords": [{"value": 5}]}),
        answer(200, {"passwords": "x"}),
    ],
)
def test_without_the_admin_users_password_the_refusal_stands(tmp_path: Path, credentials: Answer) -> None:
    document = registry_document("contoso", adminUserEnabled=True)
    session = OfflineSession(Azure(document, exchange=answer(401, "no"), posts=[credentials]), tmp_path)
    with pytest.raises(RefusedError) as error:
        session.open_registry_named("contoso", None, None)
    assert error.value.code == "REGISTRY_UNAUTHORIZED"


def test_the_admin_user_works_on_a_registry_where_the_account_may_not(tmp_path: Path) -> None:
    admin = answer(200, {"username": "contoso", "passwords": [{"name": "password", "value": "s3cret"}]})
    azure = Azure(registry_document("contoso", adminUserEnabled=True), exchange=answer(401), posts=[admin])
    session = OfflineSession(azure, tmp_path)
    assert session.open_registry_named("contoso", None, None).host == "contoso.azurecr.io"
    assert "admin user" in session.notices[-1]
    assert azure.wire("POST")[-1].endswith("/listCredentials")


def test_without_an_admin_user_nobody_is_asked_for_one(tmp_path: Path) -> None:
    azure = Azure(exchange=answer(401, "no"), posts=[])
    with pytest.raises(RefusedError):
        OfflineSession(azure, tmp_path).open_registry_named("contoso", None, None)
    assert azure.wire("POST") == ["/oauth2/exchange"]


def test_the_firewalls_refusal_is_not_evaded_by_the_admin_user(tmp_path: Path) -> None:
    azure = Azure(registry_document("contoso", adminUserEnabled=True), exchange=answer(403, "no"), posts=[])
    with pytest.raises(AcrBridgeError) as error:
        OfflineSession(azure, tmp_path).open_registry_named("contoso", None, None)
    assert error.value.code == "REGISTRY_FIREWALL"


def creating(name: str) -> dict[str, Any]:
    """A registry as ARM lists it while Azure creates it."""
    return {"id": registry_id(name), "name": name, "properties": {"provisioningState": "Creating"}}


def test_a_registry_that_is_being_created_keeps_nobody_from_the_others(tmp_path: Path) -> None:
    session = OfflineSession(Azure(creating("newcomer"), registry_document("contoso")), tmp_path)
    assert session.find_registry("contoso").login_server == "contoso.azurecr.io"
    assert [registry.id.name for registry in session.registries()] == ["contoso"]


@pytest.mark.parametrize("group", [None, "RG1"])
def test_a_registry_that_is_being_created_says_so_to_those_who_ask_for_it(
    tmp_path: Path, group: str | None
) -> None:
    session = OfflineSession(Azure(creating("newcomer")), tmp_path)
    with pytest.raises(NotFoundError, match=r"newcomer.*Creating"):
        session.find_registry("newcomer", group)
    with pytest.raises(NotFoundError, match="Creating"):
        session.open_registry_named("newcomer", "me", PASSWORD)


@pytest.mark.parametrize("signed_in", [True, False])
def test_a_subscription_that_is_not_seen_is_refused_with_a_user_too(tmp_path: Path, signed_in: bool) -> None:
    session = OfflineSession(Azure(), tmp_path, signed_in=signed_in, subscription="nope")
    with pytest.raises(AcrBridgeError) as error:
        session.open_registry_named("contoso", "me", PASSWORD)
    assert error.value.code == ("SUBSCRIPTION_NOT_FOUND" if signed_in else "NOT_SIGNED_IN")


def test_an_account_without_subscriptions_reaches_a_registry_by_its_name_alone(tmp_path: Path) -> None:
    azure = Azure()
    session = OfflineSession(azure, tmp_path, signed_in=False)
    session.profile.add(APPLICATION, [Subscription.of_tenant(APPLICATION, TENANT, "AzureCloud")])
    assert session.open_registry_named("other", None, None).host == "other.azurecr.io"
    assert azure.wire("GET") == []


def test_a_registry_is_shown_the_tenant_that_issued_the_token(tmp_path: Path) -> None:
    azure = Azure()
    session = OfflineSession(azure, tmp_path, signed_in=False)
    seen = Subscription(SUBSCRIPTION, "One", "Enabled", TENANT, APPLICATION, home_tenant_id="another")
    session.profile.add(APPLICATION, [seen])
    session.open_registry_named("contoso", None, None)
    (form,) = [form for form in azure.http.forms() if "access_token" in form]
    assert form["tenant"] == [TENANT]


@pytest.mark.parametrize("name", CLOUDS)
def test_the_subscription_says_which_cloud_it_is(tmp_path: Path, name: str) -> None:
    session = OfflineSession(Azure(), tmp_path, signed_in=False)
    session.profile.add(APPLICATION, [Subscription("s", "One", "Enabled", TENANT, APPLICATION, name)])
    assert session.cloud.name == name


def test_a_stranger_is_in_the_public_cloud(tmp_path: Path) -> None:
    assert OfflineSession(Azure(), tmp_path, signed_in=False).cloud.name == "AzureCloud"
