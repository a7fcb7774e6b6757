from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acrbridge.azure.profile import Account, Subscription
from acrbridge.errors import AcrBridgeError, NetworkError, SignInError, UsageError
from acrbridge.http.client import Request
from acrbridge.jobs import Secret
from acrbridge.operations import sign_in
from unit.fakes import BIDI_AND_CONTROL, TENANT, Answer, ScriptedHttp, answer, is_fit_to_print
from unit.operations.offline import APPLICATION, Azure, FakeIdentity, OfflineSession

SECRET = Secret("s3cret-PW")


def session_with(
    folder: Path, *answers: Answer, identity: FakeIdentity | None = None
) -> tuple[OfflineSession, ScriptedHttp]:
    http = ScriptedHttp(answers)
    return OfflineSession(Azure(), folder, signed_in=False, http=http, identity=identity), http


def subscriptions(*items: Any) -> Answer:
    return answer(200, {"value": list(items)})


ONE = {"subscriptionId": "s-1", "displayName": "One", "state": "Enabled", "tenantId": TENANT}
HOST = Account("managedIdentity", "systemAssignedIdentity", "")


def test_a_service_principal_gets_its_subscriptions_and_the_first_becomes_the_default(tmp_path: Path) -> None:
    session, _ = session_with(tmp_path, subscriptions(ONE, {**ONE, "subscriptionId": "s-2"}))
    found = sign_in.service_principal(session, "app", SECRET, TENANT)
    assert [(s.id, s.is_default) for s in found] == [("s-1", True), ("s-2", False)]
    assert session.profile.find(None).id == "s-1"


def test_what_azure_leaves_out_of_a_subscription_is_filled_in(tmp_path: Path) -> None:
    session, _ = session_with(
        tmp_path, subscriptions({"subscriptionId": "s-1", "managedByTenants": [{"tenantId": "m"}]})
    )
    (found,) = sign_in.service_principal(session, "app", SECRET, TENANT)
    assert (found.name, found.state, found.tenant_id, found.managed_by) == ("s-1", "Enabled", "t-1", ("m",))


def test_a_subscription_of_another_tenant_is_reached_with_tokens_of_ones_own(tmp_path: Path) -> None:
    session, _ = session_with(tmp_path, subscriptions({**ONE, "tenantId": "customer"}))
    (found,) = sign_in.service_principal(session, "app", SECRET, TENANT)
    assert (found.tenant_id, found.home_tenant_id) == ("t-1", "customer")


def test_the_secret_of_a_sign_in_that_succeeded_is_kept(tmp_path: Path) -> None:
    session, _ = session_with(tmp_path, subscriptions(ONE))
    sign_in.service_principal(session, "app", SECRET, TENANT)
    assert session.fake_identity.kept == [APPLICATION]


FAILURES = {
    "no subscription": subscriptions(),
    "no network": NetworkError("UNREACHABLE", "gone"),
    "interrupted": KeyboardInterrupt(),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_sign_in_that_fails_or_is_interrupted_leaves_nothing(
    tmp_path: Path, failure: Answer | KeyboardInterrupt
) -> None:
    def answered(request: Request) -> Answer:
        if isinstance(failure, KeyboardInterrupt):
            raise failure
        return failure

    session = OfflineSession(Azure(), tmp_path, signed_in=False, http=ScriptedHttp(answered))
    with pytest.raises((SignInError, NetworkError, KeyboardInterrupt)):
        sign_in.service_principal(session, "app", SECRET, TENANT)
    assert session.fake_identity.kept == []
    assert session.fake_identity.forgotten == [APPLICATION]
    assert session.profile.subscriptions == []


def test_an_account_without_subscriptions_is_told_so(tmp_path: Path) -> None:
    session, _ = session_with(tmp_path, subscriptions())
    with pytest.raises(SignInError) as error:
        sign_in.service_principal(session, "app", SECRET, TENANT)
    assert error.value.code == "NO_SUBSCRIPTIONS"


def test_an_account_without_subscriptions_may_stay_where_that_is_asked_for(tmp_path: Path) -> None:
    session, _ = session_with(tmp_path, subscriptions())
    (found,) = sign_in.service_principal(session, "app", SECRET, TENANT, allow_none=True)
    assert (found.id, found.name) == ("t-1", "N/A(tenant level account)")


@pytest.mark.parametrize(
    "item", [None, 5, "x", [], {}, {"subscriptionId": None}, {**ONE, "managedByTenants": [{}]},
             {**ONE, "managedByTenants": 5}]
)  # fmt: skip
def test_what_is_no_subscription_is_a_typed_error(tmp_path: Path, item: Any) -> None:
    session, _ = session_with(tmp_path, subscriptions(item))
    with pytest.raises(AcrBridgeError) as error:
        sign_in.service_principal(session, "app", SECRET, TENANT)
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"


def test_a_domain_becomes_its_tenants_id(tmp_path: Path) -> None:
    issuer = answer(200, {"issuer": f"https://login.microsoftonline.com/{TENANT}/v2.0"})
    session, http = session_with(tmp_path, issuer, subscriptions(ONE))
    (found,) = sign_in.service_principal(session, "app", SECRET, "contoso.onmicrosoft.com")
    assert found.account.tenant_id == TENANT
    assert "/contoso.onmicrosoft.com/v2.0/.well-known/" in http.urls[0]


@pytest.mark.parametrize(
    "tenant", ["", "a/b", "a?b", "a#b", "..", "a b", "\x1b[31m", "/../x?y---/../../-/../../aaaaaaaaaaaa", "ñ.example",
               BIDI_AND_CONTROL]
)  # fmt: skip
def test_what_is_neither_a_tenants_id_nor_a_domain_is_not_asked_for(tmp_path: Path, tenant: str) -> None:
    session, http = session_with(tmp_path)
    with pytest.raises(SignInError) as error:
        sign_in.service_principal(session, "app", SECRET, tenant)
    assert error.value.code == "TENANT_UNKNOWN"
    assert is_fit_to_print(error.value.message)
    assert http.requests == []


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (answer(400, {"error": "invalid_tenant"}), "TENANT_UNKNOWN"),
        (answer(200, {}), "ANSWER_UNINTELLIGIBLE"),
        (answer(200, {"issuer": "x"}), "ANSWER_UNINTELLIGIBLE"),
        (answer(200, {"issuer": "https://login.microsoftonline.com/../../x"}), "ANSWER_UNINTELLIGIBLE"),
        (answer(200, {"issuer": "https://login.microsoftonline.com/evil?x/v2.0"}), "ANSWER_UNINTELLIGIBLE"),
        (answer(200, "<html>"), "ANSWER_UNINTELLIGIBLE"),
        (answer(503, "busy"), "SERVICE_ERROR"),
    ],
)
def test_a_domain_that_cannot_be_resolved_is_a_typed_error(
    tmp_path: Path, response: Answer, code: str
) -> None:
    session, _ = session_with(tmp_path, response)
    with pytest.raises(AcrBridgeError) as error:
        sign_in.service_principal(session, "app", SECRET, "contoso.example")
    assert error.value.code == code


@pytest.mark.parametrize(
    ("options", "account"),
    [
        ({}, Account("managedIdentity", "systemAssignedIdentity", "")),
        ({"client_id": "x"}, Account("managedIdentity", "userAssignedIdentity", "", "client", "x")),
        ({"object_id": "x"}, Account("managedIdentity", "userAssignedIdentity", "", "object", "x")),
        ({"resource_id": "/x"}, Account("managedIdentity", "userAssignedIdentity", "", "resource", "/x")),
        ({"username": "/x"}, Account("managedIdentity", "userAssignedIdentity", "", "resource", "/x")),
        ({"username": "x"}, Account("managedIdentity", "userAssignedIdentity", "", "client", "x")),
    ],
)
def test_a_hosts_identity_is_named_by_the_kind_of_id_given(
    tmp_path: Path, options: dict[str, str], account: Account
) -> None:
    session, _ = session_with(tmp_path, subscriptions(ONE))
    (found,) = sign_in.managed_identity(session, **options)  # type: ignore[arg-type]
    assert found.account == account


def test_an_id_that_is_no_clients_is_tried_as_an_objects(tmp_path: Path) -> None:
    class OnlyObjects(FakeIdentity):
        def sign_in(self, account: Account, secret: Secret | None = None) -> Any:
            if account.identity_kind == "client":
                raise SignInError("IDENTITY_UNAVAILABLE", "not that one")
            return super().sign_in(account, secret)

    session, _ = session_with(tmp_path, subscriptions(ONE), identity=OnlyObjects())
    (found,) = sign_in.managed_identity(session, username="x")
    assert found.account.identity_kind == "object"


def test_two_ids_of_a_hosts_identity_are_too_many(tmp_path: Path) -> None:
    session, _ = session_with(tmp_path)
    with pytest.raises(UsageError):
        sign_in.managed_identity(session, client_id="a", object_id="b")


@pytest.mark.parametrize("name", [None, "app", "APP"])
def test_signing_out_takes_the_account_in_use_or_the_one_named(tmp_path: Path, name: str | None) -> None:
    session = OfflineSession(Azure(), tmp_path)
    session.fake_identity.kept.append(APPLICATION)
    sign_in.sign_out(session, name)
    assert session.fake_identity.kept == []
    assert session.profile.subscriptions == []


def test_a_hosts_identity_that_signs_out_leaves_no_token(tmp_path: Path) -> None:
    session = OfflineSession(Azure(), tmp_path, signed_in=False)
    session.profile.add(HOST, [Subscription("s", "One", "Enabled", TENANT, HOST)])
    sign_in.sign_out(session)
    assert session.fake_identity.forgotten == [HOST]


def test_an_account_whose_subscriptions_another_took_over_can_be_signed_out(tmp_path: Path) -> None:
    session, _ = session_with(tmp_path, subscriptions(ONE), subscriptions(ONE))
    sign_in.service_principal(session, "reader", SECRET, TENANT)
    sign_in.service_principal(session, "app", SECRET, TENANT)
    sign_in.sign_out(session, "reader")
    assert session.fake_identity.kept == [APPLICATION]
    assert session.profile.find(None).account == APPLICATION


@pytest.mark.parametrize("name", ["profile.json", "secrets.bin", "tokens.bin"])
def test_all_can_be_signed_out_although_a_file_is_damaged(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch(0o600)
    sign_in.sign_out_all(OfflineSession(Azure(), tmp_path, signed_in=False))
    assert not (tmp_path / name).exists()


def test_nobody_can_be_signed_out_twice(tmp_path: Path) -> None:
    session = OfflineSession(Azure(), tmp_path)
    with pytest.raises(SignInError) as error:
        sign_in.sign_out(session, "stranger")
    assert error.value.code == "NOT_SIGNED_IN"
