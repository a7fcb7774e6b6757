"""Signing in, staying signed in, signing out: every way in, and every way in which it can go wrong."""

from __future__ import annotations

import json
import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from emulated import secrecy
from emulated.local_azure import (
    ACRBRIDGE,
    OTHER_TENANT,
    SMALL,
    SUBSCRIPTION,
    TENANT,
    Acrbridge,
    LocalAzure,
    client_id,
    object_id,
)

if TYPE_CHECKING:
    from emulated.conftest import SignedIn

UNKNOWN = "10000000-0000-0000-0000-000000000099"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg1"
IDENTITIES = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"


def service_principal(number: int, tenant: str = TENANT) -> tuple[str, ...]:
    """Return the words that sign a service principal of the seed in, without its secret."""
    return ("login", "--service-principal", "-u", client_id(number), "-t", tenant)


REFUSED = {
    "wrong secret": (1, TENANT, secrecy.CANARY, "SECRET_WRONG", "AADSTS7000215"),
    "expired secret": (5, TENANT, "expired-secret", "SECRET_EXPIRED", "has expired"),
    "unknown application": (99, TENANT, secrecy.CANARY, "APPLICATION_UNKNOWN", client_id(99)),
    "application of another tenant": (
        1,
        OTHER_TENANT,
        "importer-secret",
        "APPLICATION_UNKNOWN",
        OTHER_TENANT,
    ),
    "unknown tenant": (1, UNKNOWN, secrecy.CANARY, "TENANT_UNKNOWN", f"no tenant {UNKNOWN}."),
    "unknown domain": (1, "nope.onmicrosoft.com", secrecy.CANARY, "TENANT_UNKNOWN", "nope.onmicrosoft.com"),
    "tenant that is none": (
        1,
        "../contoso",
        secrecy.CANARY,
        "TENANT_UNKNOWN",
        "neither a tenant's ID nor a domain",
    ),
    "no subscription": (12, TENANT, "importer-secret", "NO_SUBSCRIPTIONS", client_id(12)),
}


@pytest.mark.parametrize(("number", "tenant", "secret", "code", "words"), REFUSED.values(), ids=REFUSED)
def test_sign_in_is_refused_and_leaves_nothing(
    stranger: Acrbridge, number: int, tenant: str, secret: str, code: str, words: str
) -> None:
    ended = stranger(*service_principal(number, tenant), "--password-stdin", stdin=f"{secret}\n")
    ended.refused(1, code, words)
    assert stranger("account", "list").json() == []
    assert secrets_in(stranger) == []


def test_secret_that_is_not_given(stranger: Acrbridge) -> None:
    stranger(*service_principal(1)).refused(
        1, "CREDENTIALS_INCOMPLETE", "--password-stdin", "ACRBRIDGE_CLIENT_SECRET"
    )


def test_secret_from_an_empty_stdin(stranger: Acrbridge) -> None:
    ended = stranger(*service_principal(1), "--password-stdin", stdin="")
    ended.refused(1, "CREDENTIALS_INCOMPLETE", "standard input holds no password")


CONTRADICTIONS = {
    "no way": (),
    "two ways": ("--service-principal", "--identity"),
    "service principal without tenant": ("--service-principal", "-u", client_id(1), "-p", "x"),
    "identity with password": ("--identity", "-p", "x"),
    "identity with two IDs": ("--identity", "--client-id", client_id(6), "--object-id", object_id(6)),
    "two passwords": (*service_principal(1)[1:], "-p", "x", "--password-stdin"),
}


@pytest.mark.parametrize("words", [(), ("-u", "me@contoso.example", "-p", "x")], ids=["plain", "user"])
def test_sign_in_of_a_user_is_told_who_can(stranger: Acrbridge, words: tuple[str, ...]) -> None:
    ended = stranger("login", *words)
    ended.refused(
        1, "OPTIONS_CONFLICT", "Only service principals and managed identities", "--identity", "--tenant"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_interrupt_while_the_secret_is_asked_for(azure: LocalAzure, stranger: Acrbridge) -> None:
    import pty

    since = azure.log_size()
    pid, terminal = pty.fork()
    if pid == 0:
        words = (*ACRBRIDGE, *service_principal(1))
        os.execve(words[0], words, dict(stranger.environment))
    shown = b""
    while b"Password" not in shown:
        shown += os.read(terminal, 1000)
    os.write(terminal, b"\x03")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 130
    assert azure.requests(since) == []
    assert not stranger.profile.exists()


@pytest.mark.parametrize("words", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_sign_in_that_makes_no_sense(stranger: Acrbridge, words: tuple[str, ...]) -> None:
    stranger("login", *words, stdin="x\n").refused(1, "OPTIONS_CONFLICT")


def test_secret_from_the_environment(stranger: Acrbridge) -> None:
    stranger.where(ACRBRIDGE_PASSWORD="importer-secret")(*service_principal(1)).refused(
        1, "CREDENTIALS_INCOMPLETE", "secret is missing"
    )
    stranger.where(ACRBRIDGE_CLIENT_SECRET="importer-secret")(*service_principal(1)).succeeded()
    assert stranger("account", "show").json()["name"] == "Contoso"


def test_secret_as_an_option(stranger: Acrbridge) -> None:
    shown = stranger(*service_principal(1), "--password", "importer-secret").json()
    assert [(s["name"], s["isDefault"]) for s in shown] == [("Contoso", True), ("Adatum", False)]


def test_tenant_by_its_domain(stranger: Acrbridge) -> None:
    words = service_principal(1, "contoso.onmicrosoft.com")
    shown = stranger(*words, "--password-stdin", stdin="importer-secret").json()
    assert {subscription["tenantId"] for subscription in shown} == {TENANT}


def test_account_without_subscriptions_may_be_allowed(stranger: Acrbridge) -> None:
    words = (*service_principal(12), "--password-stdin", "--allow-no-subscriptions")
    (shown,) = stranger(*words, stdin="importer-secret").json()
    assert (shown["id"], shown["name"]) == (TENANT, "N/A(tenant level account)")


MANAGED = {
    "system-assigned": ((), "MSI"),
    "client ID": (("--client-id", client_id(6)), f"MSIClient-{client_id(6)}"),
    "object ID": (("--object-id", object_id(6)), f"MSIObject-{object_id(6)}"),
    "resource ID": (("--resource-id", f"{IDENTITIES}/importer-identity"), f"MSIResource-{IDENTITIES}"),
    "username, a client ID": (("--username", client_id(6)), f"MSIClient-{client_id(6)}"),
    "username, an object ID": (("--username", object_id(6)), f"MSIObject-{object_id(6)}"),
    "username, a resource ID": (("-u", f"{IDENTITIES}/importer-identity"), f"MSIResource-{IDENTITIES}"),
}


@pytest.mark.parametrize(("words", "shown"), MANAGED.values(), ids=MANAGED)
def test_managed_identity_of_a_virtual_machine_signs_in(
    stranger: Acrbridge, words: tuple[str, ...], shown: str
) -> None:
    (subscription,) = stranger("login", "--identity", *words).json()
    assert subscription["user"]["assignedIdentityInfo"].startswith(shown)


@pytest.mark.parametrize("case", ["system-assigned", "client ID", "username, an object ID", "resource ID"])
def test_managed_identity_of_an_app_service_signs_in(
    azure: LocalAzure, stranger: Acrbridge, case: str
) -> None:
    words, shown = MANAGED[case]
    (subscription,) = in_app_service(azure, stranger)("login", "--identity", *words).json()
    assert subscription["user"]["assignedIdentityInfo"].startswith(shown)


def test_managed_identity_imports(azure: LocalAzure, stranger: Acrbridge, image: str) -> None:
    stranger("login", "--identity", "--username", client_id(6), "-o", "none").succeeded()
    stranger.imports(SMALL, image).succeeded()
    assert azure.tag(image)


WRONG_IDENTITIES = {
    "client ID": ("--client-id", client_id(99)),
    "resource ID": ("--resource-id", f"{IDENTITIES}/nope"),
    "username": ("--username", object_id(99)),
    "username of no form": ("--username", "nope"),
}


@pytest.mark.parametrize("words", WRONG_IDENTITIES.values(), ids=WRONG_IDENTITIES)
def test_managed_identity_that_a_virtual_machine_does_not_have(
    stranger: Acrbridge, words: tuple[str, ...]
) -> None:
    stranger("login", "--identity", *words).refused(1, "IDENTITY_UNAVAILABLE", "Identity not found")


def test_managed_identity_that_an_app_service_does_not_have(azure: LocalAzure, stranger: Acrbridge) -> None:
    ended = in_app_service(azure, stranger)("login", "--identity", "--client-id", client_id(99))
    ended.refused(1, "IDENTITY_UNAVAILABLE", "service principal")


def test_managed_identity_where_none_answers(stranger: Acrbridge) -> None:
    nowhere = stranger.where(
        IDENTITY_ENDPOINT="http://127.0.0.1:1/msi/token", IDENTITY_HEADER="x", HTTP_PROXY=""
    )
    ended = nowhere("login", "--identity")
    ended.refused(1, "IDENTITY_UNAVAILABLE", "127.0.0.1:1", "service principal")
    assert ended.seconds < 5


def test_wrong_header_of_app_service(azure: LocalAzure, stranger: Acrbridge) -> None:
    wrong = in_app_service(azure, stranger).where(IDENTITY_HEADER="wrong")
    wrong("login", "--identity").refused(1, "IDENTITY_UNAVAILABLE", "401")


def test_garbage_from_entra(azure: LocalAzure, stranger: Acrbridge) -> None:
    azure.play("entra-garbage")
    ended = stranger(*service_principal(1), "--password-stdin", stdin="importer-secret")
    ended.refused(1, "ANSWER_UNINTELLIGIBLE", "login.microsoftonline.com", "not")


@pytest.mark.parametrize(
    "words",
    [
        ("acr", "import", "-n", "contoso", "--source", SMALL),
        ("acr", "repository", "list", "-n", "contoso"),
        ("acr", "manifest", "show", "contoso.azurecr.io/sealed:v1"),
        ("acr", "login", "-n", "contoso", "--expose-token"),
        ("account", "get-access-token"),
        ("logout",),
    ],
    ids=" ".join,
)
def test_nobody_is_signed_in(stranger: Acrbridge, words: tuple[str, ...]) -> None:
    warnings = 1 if words[1:2] == ("login",) else 0
    stranger(*words).refused(1, "NOT_SIGNED_IN", "acrbridge login", warnings=warnings)


def test_sign_in_that_expired_and_cannot_be_renewed(
    azure: LocalAzure, acrbridge: Acrbridge, image: str
) -> None:
    for file in ("tokens.bin", "secrets.bin"):
        (acrbridge.profile / file).unlink()
    acrbridge.imports(SMALL, image).refused(1, "SIGN_IN_EXPIRED", client_id(1), "acrbridge login")
    assert azure.tag(image) is None


def test_secret_that_was_revoked_since(acrbridge: Acrbridge, image: str) -> None:
    (acrbridge.profile / "tokens.bin").unlink()
    keys = json.loads((acrbridge.profile / "secrets.bin").read_text())
    (acrbridge.profile / "secrets.bin").write_text(json.dumps(dict.fromkeys(keys, secrecy.CANARY)))
    acrbridge.imports(SMALL, image).refused(1, "SECRET_WRONG", client_id(1))


def test_token_is_renewed_before_it_expires(azure: LocalAzure, stranger: Acrbridge, image: str) -> None:
    azure.play("token-lifetime=60")
    stranger(*service_principal(1), "--password-stdin", "-o", "none", stdin="importer-secret").succeeded()
    azure.play()
    since = azure.log_size()
    stranger.imports(SMALL, image).succeeded()
    first = [r["path"] for r in azure.requests(since) if r["method"] != "CONNECT"][:2]
    assert first[-1] == f"/{TENANT}/oauth2/v2.0/token"


def test_token_that_azure_no_longer_takes_is_renewed_once(
    azure: LocalAzure, acrbridge: Acrbridge, image: str
) -> None:
    tokens = acrbridge.profile / "tokens.bin"
    cache = json.loads(tokens.read_text())
    for entry in cache["AccessToken"].values():
        entry["secret"] = "eyJhbGciOiJub25lIn0.eyJ0aWQiOiJ4In0.x"
    tokens.write_text(json.dumps(cache))
    since = azure.log_size()
    acrbridge.imports(SMALL, image).succeeded()
    refused = [r for r in azure.requests(since) if r["host"] == "management.azure.com" and r["status"] == 401]
    assert len(refused) == 1


def test_subscription_of_another_tenant(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    file = acrbridge.profile / "profile.json"
    document = json.loads(file.read_text())
    document["subscriptions"][0]["id"] = "20000000-0000-0000-0000-000000000003"
    file.write_text(json.dumps(document))
    acrbridge.imports(SMALL, image).refused(1, "TENANT_MISMATCH", OTHER_TENANT, "--tenant")
    assert azure.tag(image) is None


@pytest.mark.parametrize("name", ["tokens.bin", "secrets.bin"])
def test_file_of_secrets_that_others_may_read_is_not_used(
    acrbridge: Acrbridge, image: str, name: str
) -> None:
    (acrbridge.profile / "tokens.bin").chmod(0o600)
    if name == "secrets.bin":
        (acrbridge.profile / "tokens.bin").unlink()
    (acrbridge.profile / name).chmod(0o644)
    acrbridge.imports(SMALL, image).refused(1, "FILE_UNREADABLE", name, "0644")


def test_file_of_secrets_that_is_a_link_is_not_used(acrbridge: Acrbridge, image: str) -> None:
    file = acrbridge.profile / "tokens.bin"
    file.rename(acrbridge.profile / "elsewhere")
    file.symlink_to(acrbridge.profile / "elsewhere")
    acrbridge.imports(SMALL, image).refused(1, "FILE_UNREADABLE", "tokens.bin")


def test_damaged_profile(acrbridge: Acrbridge) -> None:
    (acrbridge.profile / "profile.json").write_text("{")
    acrbridge("acr", "list").refused(1, "FILE_UNREADABLE", "profile.json", "sign in again")


def test_damaged_token_cache_is_filled_again(acrbridge: Acrbridge, image: str) -> None:
    (acrbridge.profile / "tokens.bin").write_text("{")
    acrbridge.imports(SMALL, image).succeeded()


def test_damaged_secrets_stay_until_all_is_cleared(acrbridge: Acrbridge, image: str) -> None:
    (acrbridge.profile / "tokens.bin").unlink()
    (acrbridge.profile / "secrets.bin").write_text('{"half')
    acrbridge.imports(SMALL, image).refused(1, "FILE_UNREADABLE", "secrets.bin", "account clear")
    assert (acrbridge.profile / "secrets.bin").read_text() == '{"half'
    acrbridge("account", "clear").succeeded()
    acrbridge(*service_principal(1), "--password-stdin", stdin="importer-secret").succeeded()


@pytest.mark.parametrize("words", [("account", "clear"), ("login", "--identity")], ids=" ".join)
def test_folder_that_cannot_be_made(stranger: Acrbridge, words: tuple[str, ...]) -> None:
    nowhere = stranger.where(ACRBRIDGE_CONFIG_DIR="/proc/nope")
    nowhere(*words).refused(1, "FILE_UNREADABLE", "/proc/nope", "No such file or directory")


def test_files_are_for_their_owner_alone(acrbridge: Acrbridge) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in acrbridge.profile.glob("*.bin")}
    assert modes == {"secrets.bin": 0o600, "tokens.bin": 0o600}


def test_profile_holds_no_secret(acrbridge: Acrbridge) -> None:
    assert secrecy.shown_in((acrbridge.profile / "profile.json").read_text()) == []


def test_sign_out_leaves_no_token_and_no_secret(acrbridge: Acrbridge) -> None:
    assert secrets_in(acrbridge)
    acrbridge("logout").succeeded()
    assert secrets_in(acrbridge) == []
    acrbridge("account", "show").refused(1, "NOT_SIGNED_IN")


def test_sign_out_of_an_account_that_is_not_there(acrbridge: Acrbridge) -> None:
    acrbridge("logout", "--username", "nobody").refused(1, "NOT_SIGNED_IN", "'nobody'")
    acrbridge("account", "show").succeeded()


def test_sign_out_of_an_account_whose_subscriptions_another_took_over(signed_in: SignedIn) -> None:
    both = signed_in("reader")
    both(*service_principal(1), "--password-stdin", "-o", "none", stdin="importer-secret").succeeded()
    assert client_id(3) in (both.profile / "secrets.bin").read_text()
    both("logout", "--username", client_id(3)).succeeded()
    assert client_id(3) not in (both.profile / "secrets.bin").read_text()
    tokens = json.loads((both.profile / "tokens.bin").read_text())["AccessToken"].values()
    assert {token["client_id"] for token in tokens} == {client_id(1)}
    assert both("account", "show").json()["user"]["name"] == client_id(1)


def test_accounts_that_sign_in_at_once_all_stay(stranger: Acrbridge) -> None:
    secrets = {1: "importer-secret", 8: "wingtip-secret"}
    tenants = {1: TENANT, 8: OTHER_TENANT}
    started = [
        stranger.start(*service_principal(number, tenants[number]), "-p", secret)
        for number, secret in secrets.items()
    ]
    for command in started:
        command.end().succeeded()
    shown = stranger("account", "list").json()
    assert {subscription["user"]["name"] for subscription in shown} == {client_id(1), client_id(8)}
    assert [subscription["isDefault"] for subscription in shown].count(True) == 1


def test_clear_leaves_no_token_and_no_secret(acrbridge: Acrbridge) -> None:
    words = service_principal(8, OTHER_TENANT)
    acrbridge(*words, "--password-stdin", "-o", "none", stdin="wingtip-secret").succeeded()
    acrbridge("account", "clear").succeeded()
    assert secrets_in(acrbridge) == []
    assert acrbridge("account", "list").json() == []


def test_subscription_is_chosen_by_name_or_id(acrbridge: Acrbridge) -> None:
    acrbridge("account", "set", "--subscription", "adatum").succeeded()
    assert acrbridge("acr", "list", "--query", "[].name").json() == ["adatum"]
    acrbridge("account", "set", "-s", SUBSCRIPTION).succeeded()
    assert acrbridge("account", "show").json()["name"] == "Contoso"


def test_subscription_that_is_not_there_is_not_chosen(acrbridge: Acrbridge) -> None:
    acrbridge("account", "set", "-s", "nope").refused(1, "SUBSCRIPTION_NOT_FOUND", "'nope'", "account list")
    assert acrbridge("account", "show").json()["name"] == "Contoso"


@pytest.mark.parametrize(
    "words",
    [("show", "--repository", "single"), ("list",), ("list", "-u", "fabrikam", "-p", "fabrikam-password")],
    ids=["show", "list", "list with a user"],
)
def test_subscription_that_is_not_there_has_no_registry(acrbridge: Acrbridge, words: tuple[str, ...]) -> None:
    ended = acrbridge("acr", "repository", *words, "-n", "fabrikam", "--subscription", "nope")
    ended.refused(1, "SUBSCRIPTION_NOT_FOUND", "'nope'")


def test_account_without_subscriptions_reaches_a_registry_by_its_name(stranger: Acrbridge) -> None:
    words = (*service_principal(12), "--password-stdin", "--allow-no-subscriptions", "-o", "none")
    stranger(*words, stdin="importer-secret").succeeded()
    ended = stranger("acr", "repository", "list", "-n", "contoso")
    ended.refused(1, "REGISTRY_UNAUTHORIZED", "contoso.azurecr.io")


def test_subscriptions_are_asked_for_again(acrbridge: Acrbridge) -> None:
    shown = acrbridge("account", "list", "--refresh").json()
    assert [subscription["name"] for subscription in shown] == ["Contoso", "Adatum"]


def test_refresh_keeps_an_account_whose_secret_was_revoked_and_the_choice(acrbridge: Acrbridge) -> None:
    acrbridge(
        *service_principal(8, OTHER_TENANT), "--password-stdin", "-o", "none", stdin="wingtip-secret"
    ).succeeded()
    acrbridge("account", "set", "-s", SUBSCRIPTION).succeeded()
    (acrbridge.profile / "tokens.bin").unlink()
    keys = json.loads((acrbridge.profile / "secrets.bin").read_text())
    revoked = {key: secrecy.CANARY if client_id(1) in key else value for key, value in keys.items()}
    (acrbridge.profile / "secrets.bin").write_text(json.dumps(revoked))
    ended = acrbridge("account", "list", "--refresh").succeeded()
    assert [warning for warning in ended.warnings if client_id(1) in warning] == ended.warnings != []
    chosen = {subscription["name"]: subscription["isDefault"] for subscription in ended.json()}
    assert (chosen["Contoso"], chosen["Adatum"], sum(chosen.values())) == (True, False, 1)


def test_access_token_for_another_audience(acrbridge: Acrbridge) -> None:
    words = ("account", "get-access-token", "--resource", "https://containerregistry.azure.net")
    shown = acrbridge(*words, secret=True).json()
    assert (shown["tokenType"], shown["tenant"]) == ("Bearer", TENANT)
    assert shown["expires_on"] > 0


def test_access_token_for_an_audience_that_there_is_not(acrbridge: Acrbridge) -> None:
    ended = acrbridge("account", "get-access-token", "--resource", "https://nope.example")
    ended.refused(1, "SIGN_IN_REFUSED", "AADSTS500011", "https://nope.example")


def test_access_token_of_a_tenant_that_does_not_know_the_application(acrbridge: Acrbridge) -> None:
    ended = acrbridge("account", "get-access-token", "--tenant", OTHER_TENANT)
    ended.refused(1, "APPLICATION_UNKNOWN", OTHER_TENANT, client_id(1))


def test_access_token_of_another_tenant_for_a_managed_identity(stranger: Acrbridge) -> None:
    stranger("login", "--identity", "-o", "none").succeeded()
    ended = stranger("account", "get-access-token", "--tenant", OTHER_TENANT)
    ended.refused(1, "TENANT_MISMATCH", TENANT, OTHER_TENANT)


def test_two_accounts_at_once_keep_their_own_rights(signed_in: SignedIn, image: str) -> None:
    both = signed_in("reader")
    both(
        *service_principal(8, OTHER_TENANT), "--password-stdin", "-o", "none", stdin="wingtip-secret"
    ).succeeded()
    both("acr", "repository", "list", "-n", "wingtip").succeeded()
    both.imports(SMALL, image, "--subscription", "Contoso").refused(1, "TARGET_FORBIDDEN")


def in_app_service(azure: LocalAzure, acrbridge: Acrbridge) -> Acrbridge:
    """Return the command line in an App Service, whose identity endpoint the emulator plays."""
    return acrbridge.where(
        IDENTITY_ENDPOINT=azure.environment["ACR_EMULATOR_IDENTITY_ENDPOINT"],
        IDENTITY_HEADER=azure.environment["ACR_EMULATOR_IDENTITY_HEADER"],
    )


def secrets_in(acrbridge: Acrbridge) -> list[str]:
    """Return the secrets that the profile's folder holds."""
    files = [path for path in acrbridge.profile.rglob("*") if path.is_file()]
    return [secret for path in files for secret in secrecy.shown_in(path.read_text("utf-8", "replace"))]
