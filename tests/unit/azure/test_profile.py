from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acrbridge.azure.profile import Account, Profile, Subscription
from acrbridge.errors import AcrBridgeError, NotFoundError, SignInError

ALICE = Account("servicePrincipal", "alice", "tenant-1")
BOB = Account("servicePrincipal", "bob", "tenant-2")
HOST = Account("managedIdentity", "userAssignedIdentity", "", "client", "id-1")


def subscription(number: int, account: Account = ALICE, name: str | None = None) -> Subscription:
    return Subscription(f"Sub-{number}", name or f"Name {number}", "Enabled", account.tenant_id, account)


def default_of(profile: Profile) -> list[str]:
    return [s.id for s in profile.subscriptions if s.is_default]


def test_a_new_folder_has_nobody_signed_in(tmp_path: Path) -> None:
    with pytest.raises(SignInError) as error:
        Profile(tmp_path / "new").find(None)
    assert error.value.code == "NOT_SIGNED_IN"


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    profile = Profile(tmp_path)
    profile.add(ALICE, [subscription(1)])
    profile.add(HOST, [Subscription("s", "ñ", "Enabled", "t", HOST, managed_by=("m1", "m2"))])
    assert Profile(tmp_path).subscriptions == profile.subscriptions


def test_the_first_subscription_of_the_last_sign_in_is_the_default(tmp_path: Path) -> None:
    profile = Profile(tmp_path)
    profile.add(ALICE, [subscription(1), subscription(2)])
    assert default_of(profile) == ["Sub-1"]
    profile.add(BOB, [subscription(3, BOB)])
    assert default_of(profile) == ["Sub-3"]
    assert profile.find(None).id == "Sub-3"


def test_a_default_that_the_last_sign_in_sees_too_stays(tmp_path: Path) -> None:
    profile = Profile(tmp_path)
    profile.add(ALICE, [subscription(1), subscription(2)])
    profile.select("Sub-2")
    profile.add(BOB, [subscription(1, BOB), subscription(2, BOB)])
    assert default_of(profile) == ["Sub-2"]


def test_a_subscription_that_is_not_enabled_is_the_default_only_where_none_is(tmp_path: Path) -> None:
    profile = Profile(tmp_path)
    disabled = replace(subscription(1), state="Disabled")
    profile.add(ALICE, [disabled])
    assert default_of(profile) == ["Sub-1"]
    profile.add(BOB, [replace(disabled, id="Sub-2", account=BOB), subscription(3, BOB)])
    assert default_of(profile) == ["Sub-3"]


def test_signing_in_again_replaces_what_the_account_saw(tmp_path: Path) -> None:
    profile = Profile(tmp_path)
    profile.add(ALICE, [subscription(1), subscription(2)])
    profile.add(ALICE, [subscription(2)])
    assert [s.id for s in profile.subscriptions] == ["Sub-2"]


def test_a_subscription_that_two_accounts_see_belongs_to_the_last(tmp_path: Path) -> None:
    profile = Profile(tmp_path)
    profile.add(ALICE, [subscription(1)])
    profile.add(BOB, [subscription(1, BOB)])
    assert [s.account for s in profile.subscriptions] == [BOB]


@pytest.mark.parametrize("text", ["Sub-2", "sub-2", "Name 2", "NAME 2"])
def test_a_subscription_is_found_by_id_or_name_without_case(tmp_path: Path, text: str) -> None:
    profile = Profile(tmp_path)
    profile.add(ALICE, [subscription(1), subscription(2)])
    assert profile.find(text).id == "Sub-2"


@pytest.mark.parametrize(
    ("text", "reason"), [("Sub", "doesn't exist"), ("", "doesn't exist"), ("Same", "more than one")]
)
def test_a_subscription_that_is_not_one_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    profile = Profile(tmp_path)
    profile.add(ALICE, [subscription(1, name="Same"), subscription(2, name="same")])
    with pytest.raises(NotFoundError, match=reason) as error:
        profile.find(text)
    assert error.value.code == "SUBSCRIPTION_NOT_FOUND"


def test_another_subscription_can_be_made_the_default(tmp_path: Path) -> None:
    profile = Profile(tmp_path)
    profile.add(ALICE, [subscription(1), subscription(2)])
    profile.select("name 2")
    assert default_of(Profile(tmp_path)) == ["Sub-2"]


def test_when_the_default_goes_another_takes_its_place(tmp_path: Path) -> None:
    profile = Profile(tmp_path)
    profile.add(ALICE, [subscription(1)])
    profile.add(BOB, [subscription(2, BOB)])
    assert profile.remove("BOB")
    assert default_of(profile) == ["Sub-1"]


def test_all_accounts_can_be_removed_at_once(tmp_path: Path) -> None:
    profile = Profile(tmp_path)
    profile.add(ALICE, [subscription(1), subscription(2)])
    profile.add(BOB, [subscription(3, BOB)])
    profile.clear()
    assert profile.subscriptions == Profile(tmp_path).subscriptions == []


def test_removing_a_stranger_changes_nothing(tmp_path: Path) -> None:
    profile = Profile(tmp_path)
    profile.add(ALICE, [subscription(1)])
    assert not profile.remove("carol")
    assert default_of(profile) == ["Sub-1"]


def test_what_another_process_has_kept_meanwhile_stays(tmp_path: Path) -> None:
    one, other = Profile(tmp_path), Profile(tmp_path)
    assert one.subscriptions == other.subscriptions == []
    one.add(ALICE, [subscription(1)])
    other.add(BOB, [subscription(2, BOB)])
    assert [s.account for s in Profile(tmp_path).subscriptions] == [ALICE, BOB]


def test_many_processes_that_sign_in_at_once_lose_no_account(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from acrbridge.azure.profile import Account, Profile, Subscription
for number in range(10):
    account = Account("servicePrincipal", f"{sys.argv[2]}-{number}", "t")
    subscription = Subscription(f"sub-{account.name}", "n", "Enabled", "t", account)
    Profile(Path(sys.argv[1])).add(account, [subscription])
"""
    names = [str(number) for number in range(4)]
    started = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path), name]) for name in names]
    assert [process.wait() for process in started] == [0] * 4
    profile = Profile(tmp_path)
    assert len({s.account for s in profile.subscriptions}) == 40
    assert len(default_of(profile)) == 1


GOOD: dict[str, Any] = {
    "id": "s", "name": "n", "state": "Enabled", "tenant_id": "t", "managed_by": [],
    "account": {"kind": "servicePrincipal", "name": "a", "tenant_id": "t"},
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "null", "[]", "5", '"x"', "{}", '{"subscriptions": null}', '{"subscriptions": {"a": 1}}',
        "[" * 100_000,
        '{"subscriptions": "ab"}', '{"subscriptions": [null]}', '{"subscriptions": [{}]}', "\x00",
        json.dumps({"subscriptions": [{**GOOD, "account": None}]}),
        json.dumps({"subscriptions": [{**GOOD, "account": {}}]}),
        json.dumps({"subscriptions": [{**GOOD, "managed_by": None}]}),
        json.dumps({"subscriptions": [{**GOOD, "unknown": 1}]}),
        json.dumps({"subscriptions": [{**GOOD, "id": 5}]}),
        json.dumps({"subscriptions": [{**GOOD, "name": None}]}),
        json.dumps({"subscriptions": [{**GOOD, "home_tenant_id": 5}]}),
        json.dumps({"subscriptions": [{**GOOD, "account": {**GOOD["account"], "kind": "wizard"}}]}),
    ],
)  # fmt: skip
def test_a_damaged_file_is_a_typed_error_with_a_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / "profile.json").write_text(text)
    with pytest.raises(AcrBridgeError) as error:
        Profile(tmp_path).find("s")
    assert error.value.code == "FILE_UNREADABLE"
    assert "sign in again" in error.value.remedy


def test_a_file_that_is_no_utf8_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_bytes(b"\xff\xfe")
    with pytest.raises(AcrBridgeError, match="damaged"):
        _ = Profile(tmp_path).subscriptions


def test_what_the_system_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "profile.json").mkdir()
    with pytest.raises(AcrBridgeError, match="Is a directory") as error:
        _ = Profile(tmp_path).subscriptions
    assert error.value.code == "FILE_UNREADABLE"


def test_a_profile_without_a_home_tenant_is_read(tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text(json.dumps({"subscriptions": [GOOD]}))
    assert Profile(tmp_path).find("s").as_json()["homeTenantId"] == "t"


def test_the_folder_is_the_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Profile(tmp_path / "new").add(ALICE, [subscription(1)])
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_no_draft_is_left(tmp_path: Path) -> None:
    Profile(tmp_path).add(ALICE, [subscription(1)])
    assert {file.name for file in tmp_path.iterdir()} == {"profile.json", "profile.json.lock"}


@pytest.mark.parametrize(
    ("account", "user"),
    [
        (ALICE, {"name": "alice", "type": "servicePrincipal"}),
        (
            Account("managedIdentity", "systemAssignedIdentity", ""),
            {"assignedIdentityInfo": "MSI", "name": "systemAssignedIdentity", "type": "servicePrincipal"},
        ),
        (
            Account("managedIdentity", "userAssignedIdentity", "", "client", "1"),
            {
                "assignedIdentityInfo": "MSIClient-1",
                "name": "userAssignedIdentity",
                "type": "servicePrincipal",
            },
        ),
        (
            Account("managedIdentity", "userAssignedIdentity", "", "object", "1"),
            {
                "assignedIdentityInfo": "MSIObject-1",
                "name": "userAssignedIdentity",
                "type": "servicePrincipal",
            },
        ),
        (
            Account("managedIdentity", "userAssignedIdentity", "", "resource", "/x"),
            {
                "assignedIdentityInfo": "MSIResource-/x",
                "name": "userAssignedIdentity",
                "type": "servicePrincipal",
            },
        ),
    ],
)
def test_a_user_is_shown_as_az_shows_it(account: Account, user: dict[str, str]) -> None:
    assert account.user() == user


def test_a_subscription_is_shown_as_az_shows_it() -> None:
    shown = Subscription("s", "n", "Enabled", "t", ALICE, managed_by=("m",), home_tenant_id="h").as_json()
    assert shown == {
        "cloudName": "AzureCloud",
        "homeTenantId": "h",
        "id": "s",
        "isDefault": False,
        "managedByTenants": [{"tenantId": "m"}],
        "name": "n",
        "state": "Enabled",
        "tenantId": "t",
        "user": ALICE.user(),
    }
