from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acrbridge.azure.profile import Account, Subscription
from acrbridge.azure.token_store import AccessToken
from acrbridge.errors import NotFoundError, SignInError
from acrbridge.operations.subscriptions import select, subscriptions
from unit.fakes import ScriptedHttp, answer
from unit.operations.offline import Azure, FakeIdentity, OfflineSession

ALICE = Account("servicePrincipal", "alice", "t-1")
BOB = Account("servicePrincipal", "bob", "t-1")
CAROL = Account("servicePrincipal", "carol", "t-1")


class RevokedAlice(FakeIdentity):
    """Alice's secret has been revoked."""

    def token(self, account: Account, resource: str, *, renew: bool = False) -> AccessToken:
        if account == ALICE:
            raise SignInError("SECRET_WRONG", "Entra does not accept the client secret of alice.")
        return super().token(account, resource)


def session_with(
    folder: Path, *seen: list[str], identity: FakeIdentity | None = None, **held: list[Subscription]
) -> OfflineSession:
    """A session whose accounts hold subscriptions, and to whom Azure then answers with these, one after the other."""
    answers = [
        answer(200, {"value": [{"subscriptionId": name, "tenantId": "t-1"} for name in names]})
        for names in seen
    ]
    session = OfflineSession(
        Azure(), folder, signed_in=False, http=ScriptedHttp(answers), identity=identity or FakeIdentity()
    )
    for subscriptions_held in held.values():
        session.profile.add(subscriptions_held[0].account, subscriptions_held)
    return session


def seen_by(account: Account, *names: str) -> list[Subscription]:
    return [Subscription(name, name, "Enabled", "t-1", account, home_tenant_id="t-1") for name in names]


def shown(found: list[Subscription]) -> list[tuple[str, str]]:
    return [(s.account.name, s.id) for s in found]


def test_without_refreshing_nobody_is_asked(tmp_path: Path) -> None:
    session = session_with(tmp_path, alice=seen_by(ALICE, "s-1"))
    assert shown(subscriptions(session)) == [("alice", "s-1")]


def test_refreshing_keeps_the_chosen_subscription(tmp_path: Path) -> None:
    session = session_with(tmp_path, ["s-1", "s-2"], alice=seen_by(ALICE, "s-1", "s-2"))
    select(session, "s-2")
    subscriptions(session, refresh=True)
    assert session.profile.find(None).id == "s-2"


def test_refreshing_drops_a_subscription_that_is_gone_and_adds_a_new_one(tmp_path: Path) -> None:
    session = session_with(tmp_path, ["s-2", "s-3"], alice=seen_by(ALICE, "s-1", "s-2"))
    assert shown(subscriptions(session, refresh=True)) == [("alice", "s-2"), ("alice", "s-3")]
    assert session.profile.find(None).id == "s-2"


def test_an_account_that_fails_keeps_what_it_had_and_the_choice(tmp_path: Path) -> None:
    bob, alice = seen_by(BOB, "s-2"), seen_by(ALICE, "s-1")
    session = session_with(tmp_path, ["s-2", "s-3"], identity=RevokedAlice(), bob=bob, alice=alice)
    found = subscriptions(session, refresh=True)
    assert shown(found) == [("bob", "s-2"), ("bob", "s-3"), ("alice", "s-1")]
    assert session.profile.find(None).id == "s-1"
    assert [("alice" in notice, "secret" in notice) for notice in session.notices] == [(True, True)]


def test_a_subscription_that_two_accounts_see_stays_with_its_account(tmp_path: Path) -> None:
    all_three = ["s-1", "s-2", "s-3"]
    alice, bob = seen_by(ALICE, "s-1"), seen_by(BOB, "s-2")
    session = session_with(tmp_path, all_three, all_three, alice=alice, bob=bob)
    found = subscriptions(session, refresh=True)
    assert sorted(shown(found)) == [("alice", "s-1"), ("alice", "s-3"), ("bob", "s-2")]


def test_an_account_that_was_let_in_without_subscriptions_stays(tmp_path: Path) -> None:
    tenant = Subscription.of_tenant(CAROL, "t-1", "AzureCloud")
    session = session_with(tmp_path, [], carol=[tenant])
    assert [s.is_tenant_level for s in subscriptions(session, refresh=True)] == [True]


def test_refreshing_that_is_interrupted_changes_nothing(tmp_path: Path) -> None:
    class Interrupted(FakeIdentity):
        def token(self, account: Account, *arguments: Any, **more: Any) -> AccessToken:
            if account == BOB:
                raise KeyboardInterrupt
            return super().token(account, *arguments, **more)

    held = {"alice": seen_by(ALICE, "s-1"), "bob": seen_by(BOB, "s-2")}
    session = session_with(tmp_path, ["s-9"], identity=Interrupted(), **held)
    before = (tmp_path / "profile.json").read_bytes()
    with pytest.raises(KeyboardInterrupt):
        subscriptions(session, refresh=True)
    assert (tmp_path / "profile.json").read_bytes() == before


def test_selecting_a_subscription_that_is_not_seen_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        select(session_with(tmp_path, alice=seen_by(ALICE, "s-1")), "other")
