"""Who may do what: the challenge to who may not, scopes, roles, private repositories, and the firewall."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from acr_emulator import faults
from acr_emulator.records import Registry
from acr_emulator.registry.access import CATALOG, Principal, authenticate_basic, may
from emulator.registries import (
    ABAC,
    ADMIN,
    CLOSED,
    CONTOSO,
    HUB,
    MCR,
    OPEN,
    PRIVATE,
    PUBLIC,
    WALLED,
    basic,
    principal,
)

if TYPE_CHECKING:
    from emulator.registries import Registries

BEARER = f'Bearer realm="https://{CONTOSO}/oauth2/token",service="{CONTOSO}"'
DIGEST = "sha256:" + "0" * 64

SCOPES = {
    "ping": ("GET", "/v2/", ""),
    "catalog": ("GET", "/v2/_catalog", "registry:catalog:*"),
    "catalog of ACR": ("GET", "/acr/v1/_catalog", "registry:catalog:*"),
    "tags": ("GET", "/v2/a/b/tags/list", "repository:a/b:metadata_read"),
    "pull": ("GET", "/v2/a/b/manifests/v1", "repository:a/b:pull"),
    "head": ("HEAD", "/v2/a/b/manifests/v1", "repository:a/b:pull"),
    "blob": ("GET", f"/v2/a/b/blobs/{DIGEST}", "repository:a/b:pull"),
    "referrers": ("GET", f"/v2/a/b/referrers/{DIGEST}", "repository:a/b:pull"),
    "push": ("PUT", "/v2/a/b/manifests/v1", "repository:a/b:pull,push"),
    "upload": ("POST", "/v2/a/b/blobs/uploads/", "repository:a/b:pull,push"),
    "chunk": ("PATCH", "/v2/a/b/blobs/uploads/x", "repository:a/b:pull,push"),
    "delete": ("DELETE", f"/v2/a/b/manifests/{DIGEST}", "repository:a/b:delete"),
    "delete a blob": ("DELETE", f"/v2/a/b/blobs/{DIGEST}", "repository:a/b:delete"),
    "attributes": ("GET", "/acr/v1/a/b", "repository:a/b:metadata_read"),
    "tags of ACR": ("GET", "/acr/v1/a/b/_tags", "repository:a/b:metadata_read"),
    "tag of ACR": ("GET", "/acr/v1/a/b/_tags/v1", "repository:a/b:metadata_read"),
    "manifests of ACR": ("GET", "/acr/v1/a/b/_manifests", "repository:a/b:metadata_read"),
    "lock": ("PATCH", "/acr/v1/a/b/_tags/v1", "repository:a/b:metadata_read,metadata_write"),
    "delete a repository": ("DELETE", "/acr/v1/a/b", "repository:a/b:delete"),
    "untag": ("DELETE", "/acr/v1/a/b/_tags/v1", "repository:a/b:delete"),
}


def sender(registries: Registries, kind: str) -> dict[str, str]:
    """Headers of somebody who may not do what is asked for."""
    match kind:
        case "nobody":
            return {}
        case "nonsense":
            return {"Authorization": "Bearer nonsense"}
        case "a token for nothing":
            return registries.bearer(CONTOSO, who=ADMIN)
        case _:
            return registries.bearer(
                CONTOSO, "repository:a/b:", "repository:a/b:fly", "registry:catalog:", who=ADMIN
            )


@pytest.mark.parametrize("kind", ["nobody", "nonsense", "a token for nothing", "a token for no action"])
@pytest.mark.parametrize(("method", "target", "scope"), SCOPES.values(), ids=SCOPES)
def test_a_challenge_names_the_scope_that_is_wanted(
    registries: Registries, kind: str, method: str, target: str, scope: str
) -> None:
    answer = registries.ask(method, target, CONTOSO, headers=sender(registries, kind))
    if not scope and kind.startswith("a token"):
        assert answer.status == 200
        return
    expected = f'{BEARER},scope="{scope}",error="invalid_token"' if scope else BEARER
    assert (answer.status, answer.header("WWW-Authenticate"), answer.code) == (401, expected, "UNAUTHORIZED")


@pytest.mark.parametrize(("method", "target", "scope"), SCOPES.values(), ids=SCOPES)
def test_a_token_of_that_scope_is_enough(
    registries: Registries, method: str, target: str, scope: str
) -> None:
    headers = registries.bearer(CONTOSO, scope, who=ADMIN)
    assert registries.ask(method, target, CONTOSO, headers=headers).status != 401


def test_the_detail_of_a_refusal_names_each_action(registries: Registries) -> None:
    error = registries.ask("PUT", "/v2/a/manifests/v1", CONTOSO).json()["errors"][0]
    assert error["message"].startswith("authentication required, visit https://aka.ms/acr/authorization")
    assert error["detail"] == [
        {"Type": "repository", "Name": "a", "Action": "pull"},
        {"Type": "repository", "Name": "a", "Action": "push"},
    ]


def test_a_client_at_the_registrys_own_address_is_sent_there(registries: Registries) -> None:
    header = registries.ask("GET", "/v2/", "127.0.0.22:8443").header("WWW-Authenticate")
    assert header == 'Bearer realm="https://127.0.0.22:8443/oauth2/token",service="127.0.0.22:8443"'


def test_a_token_is_of_one_registry_and_one_use(registries: Registries) -> None:
    token = registries.token(PUBLIC, "repository:app:pull")
    for host, path in ((CONTOSO, "/v2/app/manifests/v1"), (PUBLIC, "/v2/other/manifests/v1")):
        headers = {"Authorization": f"Bearer {token}"}
        assert registries.ask("GET", path, host, headers=headers).status == 401


@pytest.mark.parametrize("lifetime", [-1, 60])
def test_a_token_ends(registries: Registries, lifetime: int) -> None:
    access = [{"type": "repository", "name": "app", "actions": ["pull"]}]
    claims = {
        "aud": CONTOSO,
        "grant_type": "access_token",
        "principal": "admin",
        "sub": "x",
        "access": access,
    }
    headers = {"Authorization": f"Bearer {registries.world.signer.sign(claims, lifetime)}"}
    answer = registries.ask("GET", "/v2/app/manifests/v1", CONTOSO, headers=headers)
    assert answer.status == (401 if lifetime < 0 else 404)


@pytest.mark.parametrize("who", [ADMIN, principal("pusher"), ("app-token", "app-password")])
def test_basic_does_without_a_token(registries: Registries, who: tuple[str, str]) -> None:
    answer = registries.ask("GET", "/v2/app/one/manifests/v1", CONTOSO, headers=basic(*who))
    assert (answer.status, answer.code) == (404, "MANIFEST_UNKNOWN")


def test_basic_with_a_wrong_password_is_challenged(registries: Registries) -> None:
    answer = registries.ask("GET", "/v2/", CONTOSO, headers=basic("contoso", "wrong"))
    assert (answer.status, answer.header("WWW-Authenticate")) == (401, BEARER)


def test_tags_are_listed_with_a_token_for_pulling_by_who_may_list_them(registries: Registries) -> None:
    """skopeo comes with such a token; a scope map that only pulls lists nothing (Azure/acr issue 600)."""
    outcomes = {}
    for who in (principal("puller"), ("app-token", "app-password"), ("pull-token", "pull-password")):
        headers = registries.bearer(CONTOSO, "repository:app/one:pull", who=who)
        outcomes[who[0]] = registries.ask("GET", "/v2/app/one/tags/list", CONTOSO, headers=headers).status
    assert outcomes == {"client-puller": 404, "app-token": 404, "pull-token": 401}


RULES = {
    "admin pushes": (CONTOSO, Principal("admin", "contoso"), "app", "push", True),
    "admin lists all": (CONTOSO, Principal("admin", "contoso"), CATALOG, "*", True),
    "puller pulls": (CONTOSO, Principal("identity", "object-puller"), "app", "pull", True),
    "puller does not push": (CONTOSO, Principal("identity", "object-puller"), "app", "push", False),
    "puller lists all": (CONTOSO, Principal("identity", "object-puller"), CATALOG, "*", True),
    "unknown identity": (CONTOSO, Principal("identity", "object-x"), "app", "pull", False),
    "admin's unknown action": (CONTOSO, Principal("admin", "contoso"), "app", "", False),
    "unknown action": (CONTOSO, Principal("identity", "object-owner"), "app", "fly", False),
    "scope map's repository": (CONTOSO, Principal("login", "app-token"), "app/one", "pull", True),
    "scope map's other action": (CONTOSO, Principal("login", "app-token"), "app/one", "push", False),
    "scope map's other repository": (CONTOSO, Principal("login", "app-token"), "other", "pull", False),
    "scope map lists not all": (CONTOSO, Principal("login", "app-token"), CATALOG, "*", False),
    "token that is gone": (CONTOSO, Principal("login", "gone"), "app", "pull", False),
    "nobody at a private registry": (CONTOSO, Principal("anonymous"), "app", "pull", False),
    "nobody at a public registry": (PUBLIC, Principal("anonymous"), "app", "pull", True),
    "nobody lists a public registry": (PUBLIC, Principal("anonymous"), CATALOG, "*", True),
    "nobody pushes to a public registry": (PUBLIC, Principal("anonymous"), "app", "push", False),
    "anybody at an open registry": (OPEN, Principal("anonymous"), "app", "delete", True),
    "repository role": (ABAC, Principal("identity", "object-writer"), "app", "push", True),
    "repository role deletes not": (ABAC, Principal("identity", "object-writer"), "app", "delete", False),
    "AcrPush does not count there": (ABAC, Principal("identity", "object-pusher"), "app", "pull", False),
    "repository role elsewhere": (CONTOSO, Principal("identity", "object-writer"), "app", "pull", False),
    "nobody at Docker Hub": (HUB, Principal("anonymous"), "library/nats", "pull", True),
    "nobody at a private repository": (HUB, Principal("anonymous"), "private/app", "pull", False),
    "user at a private repository": (HUB, Principal("login", "hub-user"), "private/app", "pull", True),
    "user pushes not": (HUB, Principal("login", "hub-user"), "library/nats", "push", False),
    "user lists all": (PRIVATE, Principal("login", "example"), CATALOG, "*", True),
    "user who may push": (PRIVATE, Principal("login", "example"), "team/app", "push", True),
}


def registry(registries: Registries, host: str) -> Registry:
    found = registries.state.get(Registry, host=host)
    assert found is not None
    return found


@pytest.mark.parametrize(("host", "who", "repository", "action", "allowed"), RULES.values(), ids=RULES)
def test_what_the_rules_say(
    registries: Registries, host: str, who: Principal, repository: str, action: str, *, allowed: bool
) -> None:
    assert may(registries.world, who, registry(registries, host), repository, action) is allowed


def test_an_entra_token_without_a_user_name_is_a_pair_too(registries: Registries) -> None:
    """So a registry of another tenant is read: the import's body has a token as password, and no user name."""
    target = registry(registries, CONTOSO)
    token = registries.entra_token("puller", "https://management.azure.com/")
    assert authenticate_basic(registries.world, target, "", token) == Principal("identity", "object-puller")
    stranger = registries.entra_token("stranger", "https://management.azure.com/")
    assert authenticate_basic(registries.world, target, "", stranger) is None


FOREIGN = {
    "Docker Hub wants a token even for what is public": (
        HUB,
        "registry-1.docker.io",
        'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nats:pull"',
    ),
    "so does any registry with users": (
        PRIVATE,
        PRIVATE,
        f'Bearer realm="https://{PRIVATE}/oauth2/token",service="{PRIVATE}",scope="repository:library/nats:pull"',
    ),
}


@pytest.mark.parametrize(("host", "alias", "header"), FOREIGN.values(), ids=FOREIGN)
def test_foreign_registries_challenge_as_their_own(
    registries: Registries, host: str, alias: str, header: str
) -> None:
    for path in ("/v2/library/nats/manifests/latest", "/v2/library/nats/tags/list"):
        answer = registries.ask("GET", path, alias)
        assert (answer.status, answer.header("WWW-Authenticate")) == (401, f'{header},error="invalid_token"')
        assert answer.json()["errors"][0]["message"] == "authentication required"


def test_a_foreign_registry_has_nothing_of_azures(registries: Registries) -> None:
    for target in ("/acr/v1/_catalog", "/acr/v1/library/nats"):
        assert registries.ask("GET", target, HUB).status == 404


def test_a_registry_without_users_wants_no_token(registries: Registries) -> None:
    assert registries.ask("GET", "/v2/", MCR).status == 200
    assert registries.ask("GET", "/v2/windows/manifests/ltsc2022", MCR).code == "MANIFEST_UNKNOWN"
    assert registries.ask("POST", "/v2/windows/blobs/uploads/", MCR).status == 401


@pytest.mark.parametrize("host", [CLOSED, WALLED])
@pytest.mark.parametrize(
    "target", ["/v2/", "/v2/app/manifests/v1", "/oauth2/token?service=x", "/acr/v1/_catalog"]
)
def test_a_firewall_refuses_everything(registries: Registries, host: str, target: str) -> None:
    answer = registries.ask("GET", target, host)
    assert (answer.status, answer.code) == (403, "DENIED")
    message = (
        "client with IP '127.0.0.1' is not allowed access. Refer https://aka.ms/acr/firewall to grant access."
    )
    assert answer.json()["errors"][0]["message"] == message


FAULTS = {
    "registry-throttled=2": (429, {"retry-after": "1"}),
    "registry-forbidden=2": (403, {}),
    "registry-garbage=2": (200, {"content-type": "text/html; charset=utf-8"}),
}


@pytest.mark.parametrize(("fault", "expected"), FAULTS.items())
def test_a_fault_plays_as_often_as_it_says(
    registries: Registries, fault: str, expected: tuple[int, dict[str, str]]
) -> None:
    faults.set_faults(registries.state, faults.parse([fault]))
    status, headers = expected
    for _ in range(2):
        answer = registries.ask("GET", "/v2/_catalog", OPEN)
        assert answer.status == status
        assert {name: answer.header(name) for name in headers} == headers
    assert registries.ask("GET", "/v2/_catalog", OPEN).json() == {"repositories": []}
