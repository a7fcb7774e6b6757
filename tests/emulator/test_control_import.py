"""importImage: what it copies, from where, for whom, and how it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from acr_emulator.records import Attributes, Manifest, Repository, RoleAssignment, Tag
from emulator.in_process import ADATUM, SERVICE_PRINCIPALS, WINGTIP, registry_id

if TYPE_CHECKING:
    from emulator.in_process import Answer, Azure

TARGET = "contoso.azurecr.io"
FABRIKAM = registry_id("fabrikam")
HELLO = {"registryUri": "docker.io", "sourceImage": "library/hello-world:latest"}
UNAUTHORIZED = 'Invalid message Unauthorized Unauthorized {"errors":[{"code":"UNAUTHORIZED"'


def body(source: dict[str, Any], *tags: str, **more: Any) -> dict[str, Any]:
    return {"source": source, **({"targetTags": list(tags)} if tags else {}), "mode": "NoForce", **more}


def by_id(image: str, resource_id: str = FABRIKAM) -> dict[str, Any]:
    return {"resourceId": resource_id, "sourceImage": image}


def by_host(
    host: str, image: str, password: str | None = None, username: str | None = None
) -> dict[str, Any]:
    source: dict[str, Any] = {"registryUri": host, "sourceImage": image}
    if password is not None:
        source["credentials"] = {"password": password, **({"username": username} if username else {})}
    return source


def succeeded(answer: Answer) -> bool:
    return (answer.status, answer.body) == (200, b'{"status":"Succeeded"}')


def failure(answer: Answer, target: str = "contoso") -> str:
    """What a failed operation says after the operation's and the target's names."""
    assert answer.code == "InvalidParameters"
    assert answer.status == 400
    before, _, after = answer.message.partition(f" failed. Resource {registry_id(target)} ")
    assert before.startswith("Operation registries-")
    return after


# What is copied


def test_an_index_arrives_with_all_its_platforms_and_blobs(azure: Azure) -> None:
    assert succeeded(azure.run_import(body(HELLO, "hello:v1")))
    assert azure.digests(TARGET, "hello") == azure.digests("docker.io", "library/hello-world")
    assert azure.digest(TARGET, "hello", "v1") == azure.digest("docker.io", "library/hello-world", "latest")
    for manifest in azure.state.find(Manifest, host=TARGET, repository="hello"):
        for blob in json.loads(manifest.body).get("layers", []):
            assert azure.state.has_blob(TARGET, "hello", blob["digest"])


def test_manifests_keep_their_bytes_and_types(azure: Azure) -> None:
    source = {"registryUri": "mcr.microsoft.com", "sourceImage": "windows/servercore:ltsc2022"}
    assert succeeded(azure.run_import(body(source, "servercore:ltsc2022")))
    for copied in azure.state.find(Manifest, host=TARGET, repository="servercore"):
        original = azure.state.get(
            Manifest, host="mcr.microsoft.com", repository="windows/servercore", digest=copied.digest
        )
        assert original is not None
        assert (copied.body, copied.media_type) == (original.body, original.media_type)


def test_an_image_without_index_arrives_alone(azure: Azure) -> None:
    assert succeeded(azure.run_import(body(by_id("single:v1"), "single:v1")))
    assert len(azure.digests(TARGET, "single")) == 1


def test_a_chart_arrives(azure: Azure) -> None:
    assert succeeded(azure.run_import(body(by_id("charts/hello:0.1.0"), "charts/hello:0.1.0")))
    (manifest,) = azure.state.find(Manifest, host=TARGET, repository="charts/hello")
    assert json.loads(manifest.body)["config"]["mediaType"] == "application/vnd.cncf.helm.config.v1+json"


def test_an_index_within_an_index_arrives(azure: Azure) -> None:
    outer = nest(azure, "fabrikam.azurecr.io", "samples/hello", "v1")
    assert succeeded(azure.run_import(body(by_id("samples/hello:nested"), "nested:v1")))
    assert azure.digest(TARGET, "nested", "v1") == outer
    assert len(azure.digests(TARGET, "nested")) == 11


def nest(azure: Azure, host: str, repository: str, tag: str) -> str:
    """Tag `nested` an index that holds the image of another tag."""
    inner = azure.state.get(
        Manifest, host=host, repository=repository, digest=azure.digest(host, repository, tag)
    )
    assert inner is not None
    child = {"mediaType": inner.media_type, "digest": inner.digest, "size": len(inner.body)}
    index = {"schemaVersion": 2, "mediaType": inner.media_type, "manifests": [child]}
    digest = "sha256:" + "a" * 64
    azure.state.put(
        Manifest(host, repository, digest, inner.media_type, json.dumps(index).encode(), 0, 0),
        Tag(host, repository, "nested", digest, 0, 0),
    )
    return digest


def test_what_refers_to_an_image_stays_behind(azure: Azure) -> None:
    assert succeeded(azure.run_import(body(by_id("signed:v1"), "signed:v1")))
    assert len(azure.digests("fabrikam.azurecr.io", "signed")) == 5
    assert len(azure.digests(TARGET, "signed")) == 3


def test_an_image_by_digest(azure: Azure) -> None:
    digest = azure.digest("docker.io", "library/hello-world", "latest")
    source = by_host("docker.io", f"library/hello-world@{digest}")
    assert succeeded(azure.run_import(body(source, "hello")))
    assert azure.digest(TARGET, "hello", "latest") == digest


@pytest.mark.parametrize(
    ("image", "target", "tag"),
    [
        ("library/hello-world", "hello", "latest"),
        ("library/hello-world:linux", "hello", "linux"),
        ("library/hello-world:linux", "hello:mine", "mine"),
    ],
)
def test_a_target_without_a_tag_takes_the_sources(azure: Azure, image: str, target: str, tag: str) -> None:
    assert succeeded(azure.run_import(body(by_host("docker.io", image), target)))
    assert [t.name for t in azure.state.find(Tag, host=TARGET, repository="hello")] == [tag]


def test_several_tags_and_repositories_at_once(azure: Azure) -> None:
    asked = body(HELLO, "a:1", "a:2", "b:1", untaggedTargetRepositories=["c"])
    assert succeeded(azure.run_import(asked))
    assert [t.name for t in azure.state.find(Tag, host=TARGET, repository="a")] == ["1", "2"]
    assert azure.digests(TARGET, "a") == azure.digests(TARGET, "b") == azure.digests(TARGET, "c")
    assert azure.state.find(Tag, host=TARGET, repository="c") == []


def test_an_image_is_tagged_anew_within_its_registry(azure: Azure) -> None:
    answer = azure.run_import(body(by_id("single:v1"), "single:v2"), target="fabrikam")
    assert succeeded(answer)
    old, new = (azure.digest("fabrikam.azurecr.io", "single", tag) for tag in ("v1", "v2"))
    assert old == new != ""


# Modes and locks


def test_no_force_keeps_a_tag_that_exists(azure: Azure) -> None:
    azure.run_import(body(by_id("single:v1"), "app:v1"))
    before = azure.digest(TARGET, "app", "v1")
    answer = azure.run_import(body(HELLO, "app:v2", "app:v1", "other:v1"))
    assert (answer.status, answer.code) == (409, "Conflict")
    assert answer.message.endswith(
        f"{registry_id('contoso')} app:v1 Tag app:v1 already exists in target registry."
    )
    assert azure.digest(TARGET, "app", "v1") == before
    assert azure.digest(TARGET, "app", "v2") == azure.digest(TARGET, "other", "v1") == ""


def test_no_force_is_what_is_meant_where_nothing_is_said(azure: Azure) -> None:
    azure.run_import(body(HELLO, "app:v1"))
    assert azure.run_import({"source": HELLO, "targetTags": ["app:v1"]}).code == "Conflict"


def test_force_moves_a_tag(azure: Azure) -> None:
    azure.run_import(body(by_id("single:v1"), "app:v1"))
    assert succeeded(azure.run_import(body(HELLO, "app:v1", mode="Force")))
    assert azure.digest(TARGET, "app", "v1") == azure.digest("docker.io", "library/hello-world", "latest")


def test_force_keeps_a_locked_tag(azure: Azure) -> None:
    answer = azure.run_import(body(HELLO, "locked:v1", mode="Force"), target="fabrikam")
    assert "The operation is disallowed on this registry, repository or image." in failure(answer, "fabrikam")


def test_nothing_enters_a_locked_repository(azure: Azure) -> None:
    azure.state.put(Repository(TARGET, "shut", 0, 0, Attributes(write_enabled=False)))
    assert "REGISTRY_DISALLOWED_OPERATION" in failure(azure.run_import(body(HELLO, "shut:v1")))


def test_what_may_not_be_read_is_not_copied(azure: Azure) -> None:
    (tag,) = azure.state.find(Tag, host="fabrikam.azurecr.io", repository="single", name="v1")
    azure.state.put(Tag(tag.host, tag.repository, "v1", tag.digest, 0, 0, Attributes(read_enabled=False)))
    assert "REGISTRY_DISALLOWED_OPERATION" in failure(azure.run_import(body(by_id("single:v1"), "a:1")))


# Sources by host


def test_the_hub_has_three_names(azure: Azure) -> None:
    for number, host in enumerate(("registry-1.docker.io", "index.docker.io", "DOCKER.IO")):
        source = by_host(host, "library/hello-world:latest")
        assert succeeded(azure.run_import(body(source, f"hello:{number}")))


@pytest.mark.parametrize(
    ("host", "image", "username", "password"),
    [
        ("docker.io", "library/hello-world:latest", "hub-user", "hub-token"),
        ("docker.io", "contoso/private-app:v1", "hub-user", "hub-token"),
        ("registry.example.com", "team/app:v1", "example-user", "example-password"),
        ("wingtip.azurecr.io", "app:v1", "app-token", "app-token-password"),
        ("wingtip.azurecr.io", "app:v1", SERVICE_PRINCIPALS["wingtip"][1], "wingtip-secret"),
        ("fabrikam.azurecr.io", "single:v1", "fabrikam", "fabrikam-password2"),
        ("fabrikam.azurecr.io", "single:v1", SERVICE_PRINCIPALS["pusher"][1], "pusher-secret"),
        ("127.0.0.14:8443", "app:v1", "app-token", "app-token-password"),
    ],
)
def test_credentials_open_a_source(azure: Azure, host: str, image: str, username: str, password: str) -> None:
    assert succeeded(azure.run_import(body(by_host(host, image, password, username), "x:1")))


@pytest.mark.parametrize(
    "audience", ["https://management.core.windows.net/", "https://containerregistry.azure.net"]
)
def test_an_access_token_opens_a_source_of_its_tenant(azure: Azure, audience: str) -> None:
    token = azure.token("wingtip", audience)
    assert succeeded(azure.run_import(body(by_host("wingtip.azurecr.io", "app:v1", token), "x:1")))


@pytest.mark.parametrize(
    ("host", "image", "username", "password"),
    [
        ("registry.example.com", "team/app:v1", None, None),
        ("registry.example.com", "team/app:v1", "example-user", "wrong"),
        ("registry.example.com", "team/app:v1", None, "example-password"),
        ("docker.io", "contoso/private-app:v1", None, None),
        ("docker.io", "nats:latest", None, None),
        ("docker.io", "library/nosuch:latest", None, None),
        ("wingtip.azurecr.io", "app:v1", None, None),
        ("wingtip.azurecr.io", "app:v1", "app-token", "wrong"),
        ("wingtip.azurecr.io", "other:v1", "app-token", "app-token-password"),
        ("wingtip.azurecr.io", "app:v1", SERVICE_PRINCIPALS["importer"][1], "importer-secret"),
        ("fabrikam.azurecr.io", "single:v1", SERVICE_PRINCIPALS["limited"][1], "limited-secret"),
        ("fabrikam.azurecr.io", "single:v1", SERVICE_PRINCIPALS["expired"][1], "expired-secret"),
        ("contoso.azurecr.io", "single:v1", "contoso", ""),
    ],
)  # fmt: skip
def test_a_source_refuses_strangers(
    azure: Azure, host: str, image: str, username: str | None, password: str | None
) -> None:
    source = by_host(host, image, password or None, username)
    assert failure(azure.run_import(body(source, "x:1"))).startswith(UNAUTHORIZED)


def test_the_hub_knows_the_password_is_wrong(azure: Azure) -> None:
    source = by_host("docker.io", "library/hello-world:latest", "wrong", "hub-user")
    assert failure(azure.run_import(body(source, "x:1"))) == (
        'Invalid message Unauthorized Unauthorized {"details":"incorrect username or password"}'
    )


@pytest.mark.parametrize("who", ["importer", "pusher"])
def test_an_access_token_of_another_tenant_opens_nothing(azure: Azure, who: str) -> None:
    source = by_host("wingtip.azurecr.io", "app:v1", azure.token(who))
    assert failure(azure.run_import(body(source, "x:1"))).startswith(UNAUTHORIZED)


def test_a_registry_with_anonymous_pull_opens_to_all(azure: Azure) -> None:
    azure.seed(
        "registries: {open: {subscription: Contoso, anonymous_pull: true}}\n"
        "images: [{registry: open, repository: app, tags: [v1]}]"
    )
    assert succeeded(azure.run_import(body(by_host("open.azurecr.io", "app:v1"), "x:1")))


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("nosuch.example.com", "Name or service not known (nosuch.example.com:443)"),
        ("docker.io:99", "Name or service not known (docker.io:443)"),
        ("https://docker.io", "Name or service not known (https::443)"),
    ],
)
def test_an_unknown_host_is_not_resolved(azure: Azure, host: str, told: str) -> None:
    source = by_host(host, "app:v1")
    assert failure(azure.run_import(body(source, "x:1"))) == f"Error copying blobs. {told}"


@pytest.mark.parametrize(
    ("host", "image", "told"),
    [
        ("docker.io", "library/hello-world:nosuch", '"MANIFEST_UNKNOWN","message":"manifest unknown"'),
        ("mcr.microsoft.com", "nosuch:v1", '"MANIFEST_UNKNOWN","message":"manifest unknown"'),
        ("docker.io", "library/hello-world@sha256:" + "0" * 64, '"Revision":"sha256:000'),
    ],
)
def test_what_a_host_does_not_have(azure: Azure, host: str, image: str, told: str) -> None:
    text = failure(azure.run_import(body(by_host(host, image), "x:1")))
    assert text.startswith("Invalid message NotFound Not Found ")
    assert told in text


def test_a_path_after_the_host_belongs_to_the_image(azure: Azure) -> None:
    source = by_host("docker.io/library", "hello-world:latest")
    assert succeeded(azure.run_import(body(source, "hello:v1")))


def test_a_source_without_ranges_is_refused(azure: Azure) -> None:
    azure.seed(
        "hosts: {old.example.com: {honours_ranges: false}}\n"
        "images: [{registry: old.example.com, repository: app, tags: [v1]}]"
    )
    answer = azure.run_import(body(by_host("old.example.com", "app:v1"), "x:1"))
    assert failure(answer) == "The remote server may not be RFC 7233 compliant"


# Sources by resource ID


@pytest.mark.parametrize("resource_id", [FABRIKAM, FABRIKAM.upper(), FABRIKAM.lower()])
def test_an_id_opens_a_source_in_any_case(azure: Azure, resource_id: str) -> None:
    assert succeeded(azure.run_import(body(by_id("single:v1", resource_id), "x:1")))


def test_an_id_opens_a_source_in_another_subscription(azure: Azure) -> None:
    source = by_id("app:v1", registry_id("adatum", ADATUM, "rg2"))
    assert succeeded(azure.run_import(body(source, "x:1")))


@pytest.mark.parametrize(
    ("resource_id", "status", "code", "told"),
    [
        (registry_id("wingtip", WINGTIP, "rg3"), 403, "LinkedAuthorizationFailed", "linked subscription"),
        (registry_id("nosuch"), 404, "ResourceNotFound", "registries/nosuch"),
        (registry_id("x", "20000000-0000-0000-0000-0000000000ff"), 404, "SubscriptionNotFound", "00ff"),
        ("fabrikam", 400, "LinkedInvalidPropertyId", "'fabrikam'"),
        (f"{FABRIKAM}/tokens/x", 400, "LinkedInvalidPropertyId", "tokens"),
    ],
)
def test_an_id_is_refused_at_once(azure: Azure, resource_id: str, status: int, code: str, told: str) -> None:
    answer = azure.post_import(body(by_id("app:v1", resource_id), "x:1"))
    assert (answer.status, answer.code) == (status, code)
    assert told in answer.message


def test_an_id_wants_the_right_to_read_there(azure: Azure) -> None:
    answer = azure.post_import(body(by_id("single:v1"), "x:1"), who="limited")
    client_id = SERVICE_PRINCIPALS["limited"][1]
    assert (answer.status, answer.code) == (403, "LinkedAuthorizationFailed")
    assert answer.message == (
        f"The client '{client_id}' with object id '40000000-0000-0000-0000-000000000004' has permission to perform "
        f"action 'Microsoft.ContainerRegistry/registries/importImage/action' on scope '{registry_id('contoso')}'; "
        f"however, it does not have permission to perform action 'read' on the linked scope(s) '{FABRIKAM}' or the "
        "linked scope(s) are invalid."
    )


def test_an_id_wants_the_right_to_pull_there(azure: Azure) -> None:
    role = "Container Registry Configuration Reader and Data Access Configuration Reader"
    azure.state.put(RoleAssignment("40000000-0000-0000-0000-000000000004", role, FABRIKAM))
    answer = azure.post_import(body(by_id("single:v1"), "x:1"), who="limited")
    assert (answer.status, answer.code) == (403, "LinkedAuthorizationFailed")
    assert "perform action 'pull/read' on the linked scope(s)" in answer.message


def test_a_registry_with_repository_permissions_is_not_opened_by_roles_on_the_registry(azure: Azure) -> None:
    source = add_closed(azure, "repository_permissions: true")
    answer = azure.post_import(body(source, "x:1"))
    assert "perform action 'pull/read' on the linked scope(s)" in answer.message
    role = "Container Registry Repository Reader"
    importer = "40000000-0000-0000-0000-000000000001"
    azure.state.put(RoleAssignment(importer, role, registry_id("closed")))
    assert succeeded(azure.run_import(body(source, "x:1")))


@pytest.mark.parametrize("image", ["single:nosuch", "nosuch:v1"])
def test_what_a_registry_does_not_have(azure: Azure, image: str) -> None:
    text = failure(azure.run_import(body(by_id(image), "x:1")))
    assert text.startswith("Invalid message NotFound Not Found ")
    assert 'manifest tagged by \\"' in text


def test_an_image_of_more_than_fifty_manifests_is_refused(azure: Azure) -> None:
    text = failure(azure.run_import(body(by_id("too-many-platforms:v1"), "x:1")))
    assert text.endswith("The maximum number of manifests for an imported image is 50.")


def test_an_image_of_fifty_manifests_is_not(azure: Azure) -> None:
    azure.seed("images: [{registry: fabrikam, repository: fifty, tags: [v1], manifests: 49}]")
    assert succeeded(azure.run_import(body(by_id("fifty:v1"), "x:1")))
    assert len(azure.digests(TARGET, "x")) == 50


def test_an_index_that_lacks_a_platform_is_refused(azure: Azure) -> None:
    host, repository = "fabrikam.azurecr.io", "samples/hello"
    lost = min(azure.digests(host, repository) - {azure.digest(host, repository, "v1")})
    azure.state.remove(Manifest, host=host, repository=repository, digest=lost)
    text = failure(azure.run_import(body(by_id("samples/hello:v1"), "x:1")))
    assert text.startswith("Invalid message NotFound Not Found ")
    assert lost in text
    assert azure.digests(TARGET, "x") == set()


def test_an_image_that_lacks_a_layer_is_refused(azure: Azure) -> None:
    (manifest,) = azure.state.find(Manifest, host="fabrikam.azurecr.io", repository="single")
    layer = json.loads(manifest.body)["layers"][0]["digest"]
    azure.state.unlink_blob("fabrikam.azurecr.io", "single", layer)
    text = failure(azure.run_import(body(by_id("single:v1"), "x:1")))
    assert text.startswith("Error copying blobs. Details ")
    assert layer in text
    assert azure.digests(TARGET, "x") == set()


# Network rules

CLOSED = {
    "no public access": "public_network_access: false",
    "a firewall": "allowed_ips: [192.0.2.0/24]",
}
FIREWALL = (
    'Invalid message Forbidden Forbidden {"errors":[{"code":"DENIED","message":"client with IP \'20.50.200.6\' is '
    'not allowed access. Refer https://aka.ms/acr/firewall to grant access."}]}'
)


def add_closed(azure: Azure, rules: str) -> dict[str, Any]:
    azure.seed(
        f"registries: {{closed: {{subscription: Contoso, admin_passwords: [one, two], {rules}}}}}\n"
        "images: [{registry: closed, repository: app, tags: [v1]}]"
    )
    return by_id("app:v1", registry_id("closed"))


@pytest.mark.parametrize("rules", CLOSED.values(), ids=list(CLOSED))
def test_a_closed_source_opens_by_id_and_not_by_host(azure: Azure, rules: str) -> None:
    by_its_id = add_closed(azure, rules)
    assert succeeded(azure.run_import(body(by_its_id, "x:1")))
    by_its_host = by_host("closed.azurecr.io", "app:v1", "one", "closed")
    assert failure(azure.run_import(body(by_its_host, "x:2"))) == FIREWALL


@pytest.mark.parametrize("rules", CLOSED.values(), ids=list(CLOSED))
def test_a_closed_source_that_trusts_nobody_stays_closed(azure: Azure, rules: str) -> None:
    source = add_closed(azure, f"trusted_services_bypass: false, {rules}")
    assert failure(azure.run_import(body(source, "x:1"))) == FIREWALL


@pytest.mark.parametrize("rules", CLOSED.values(), ids=list(CLOSED))
def test_a_closed_target_lets_trusted_services_in(azure: Azure, rules: str) -> None:
    add_closed(azure, rules)
    assert succeeded(azure.run_import(body(HELLO, "x:1"), target="closed"))


def test_a_closed_target_that_trusts_nobody_stays_closed(azure: Azure) -> None:
    add_closed(azure, "trusted_services_bypass: false, public_network_access: false")
    assert failure(azure.run_import(body(HELLO, "x:1"), target="closed"), "closed") == FIREWALL


def test_a_firewall_can_let_the_import_service_in(azure: Azure) -> None:
    add_closed(azure, "allowed_ips: [20.50.200.0/24]")
    source = by_host("closed.azurecr.io", "app:v1", "one", "closed")
    assert succeeded(azure.run_import(body(source, "x:1")))


def test_a_source_may_not_be_exported_from(azure: Azure) -> None:
    source = add_closed(azure, "export_enabled: false")
    assert (
        failure(azure.run_import(body(source, "x:1"))) == "Registry closed.azurecr.io has exports disabled."
    )


# The call itself


@pytest.mark.parametrize(
    ("who", "target", "status", "code"),
    [
        ("reader", "contoso", 403, "AuthorizationFailed"),
        ("pusher", "contoso", 403, "AuthorizationFailed"),
        ("limited", "fabrikam", 403, "AuthorizationFailed"),
        ("reader", "nosuch", 403, "AuthorizationFailed"),
        ("importer", "nosuch", 404, "ResourceNotFound"),
        ("wingtip", "contoso", 401, "InvalidAuthenticationTokenTenant"),
    ],
)
def test_who_may_not_import_is_told_at_once(
    azure: Azure, who: str, target: str, status: int, code: str
) -> None:
    answer = azure.post_import(body(HELLO, "x:1"), target, who)
    assert (answer.status, answer.code) == (status, code)


def test_the_refusal_names_the_missing_right(azure: Azure) -> None:
    answer = azure.post_import(body(HELLO, "x:1"), who="pusher")
    assert "'Microsoft.ContainerRegistry/registries/importImage/action' over scope" in answer.message


def test_the_importers_own_role_is_enough(azure: Azure) -> None:
    accepted = azure.post_import(body(HELLO, "x:1"), who="limited")
    assert succeeded(azure.poll(accepted, "limited"))


@pytest.mark.parametrize(
    ("asked", "code", "told"),
    [
        (body(HELLO), "MissingProperty", "property parameters.TargetTags for the operation against the resource"),
        (body({"registryUri": "docker.io"}, "x:1"), "MissingProperty", "parameters.Source.SourceImage"),
        (body({"sourceImage": "a:1"}, "x:1"), "MissingProperty", "parameters.Source.RegistryUri"),
        ({}, "MissingProperty", "parameters.Source.RegistryUri"),
        (body({**HELLO, "resourceId": FABRIKAM}, "x:1"), "InvalidParameters", "not both"),
        (body({**HELLO, "credentials": {"username": "u"}}, "x:1"), "MissingProperty", "Credentials.Password"),
        (body(HELLO, "x:1", mode="Maybe"), "InvalidParameters", "'Maybe'"),
        (body(HELLO, "UPPER:1"), "InvalidParameters", "target tag 'UPPER:1'"),
        (body(HELLO, "x:1:2"), "InvalidParameters", "target tag 'x:1:2'"),
        (body(HELLO, "x@sha256:" + "0" * 64), "InvalidParameters", "target tag"),
        (body(HELLO, untaggedTargetRepositories=["x:1"]), "InvalidParameters", "target repository 'x:1'"),
        (body(by_host("docker.io", "a@sha256:123456abcdefg"), "x:1"), "InvalidParameters", "source image"),
        (body(by_host("docker.io", "a b"), "x:1"), "InvalidParameters", "source image 'a b'"),
        (body({"registryUri": 7, "sourceImage": "a"}, "x:1"), "InvalidRequestContent", "'registryUri'"),
        ({"source": "docker.io"}, "InvalidRequestContent", "'source'"),
        ({"source": HELLO, "targetTags": "x:1"}, "InvalidRequestContent", "'targetTags'"),
        ([], "InvalidRequestContent", "object"),
        (b"{", "InvalidRequestContent", "deserialized"),
        (b"\xff", "InvalidRequestContent", "deserialized"),
        (b"[" * 100_000, "InvalidRequestContent", "deserialized"),
        (b'{"source": {"registryUri": "\\ud800"}}', "InvalidRequestContent", "surrogates"),
    ],
)  # fmt: skip
def test_a_body_that_makes_no_sense_is_refused_at_once(
    azure: Azure, asked: Any, code: str, told: str
) -> None:
    answer = azure.post_import(asked)
    assert (answer.status, answer.code) == (400, code)
    assert told in answer.message
