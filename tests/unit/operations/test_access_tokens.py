from __future__ import annotations

from pathlib import Path

import pytest

from acrbridge.azure.profile import Account, Subscription
from acrbridge.errors import SignInError
from acrbridge.operations.access_tokens import access_token
from unit.fakes import SUBSCRIPTION, TENANT
from unit.operations.offline import APPLICATION, Azure, OfflineSession

OTHER = "00000000-0000-0000-0000-0000000000ff"


def test_an_access_token_is_shown_as_az_shows_it(tmp_path: Path) -> None:
    shown = access_token(OfflineSession(Azure(), tmp_path))
    assert list(shown) == ["accessToken", "expiresOn", "expires_on", "subscription", "tenant", "tokenType"]
    assert (shown["expires_on"], shown["subscription"], shown["tenant"]) == (
        4_000_000_000,
        SUBSCRIPTION,
        TENANT,
    )
    assert str(shown["expiresOn"]).startswith("2096-10-02")
    assert str(shown["expiresOn"]).endswith(".000000")


def test_another_tenants_token_names_no_subscription(tmp_path: Path) -> None:
    shown = access_token(OfflineSession(Azure(), tmp_path), tenant=OTHER.upper())
    assert "subscription" not in shown
    assert shown["tenant"] == OTHER


def test_a_hosts_identity_has_tokens_of_its_own_tenant_only(tmp_path: Path) -> None:
    session = OfflineSession(Azure(), tmp_path, signed_in=False)
    host = Account("managedIdentity", "systemAssignedIdentity", "")
    session.profile.add(host, [Subscription("s", "One", "Enabled", TENANT, host)])
    assert access_token(session, tenant=TENANT)["tenant"] == TENANT
    with pytest.raises(SignInError) as error:
        access_token(session, tenant=OTHER)
    assert error.value.code == "TENANT_MISMATCH"


def test_the_tenant_shown_is_the_one_that_issued_the_token(tmp_path: Path) -> None:
    session = OfflineSession(Azure(), tmp_path, signed_in=False)
    seen = Subscription("s", "One", "Enabled", TENANT, APPLICATION, home_tenant_id=OTHER)
    session.profile.add(APPLICATION, [seen])
    assert access_token(session)["tenant"] == TENANT
