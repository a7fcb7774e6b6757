"""Seeds: what the built-in ones hold, what a short one may say, and how a wrong one is refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from acr_emulator.records import (
    Identity,
    Login,
    Manifest,
    Registry,
    RoleAssignment,
    Subscription,
    Tag,
    Tenant,
)
from acr_emulator.seed.contents import generate
from acr_emulator.seed.load import BUILT_IN, built_in, load, load_text
from acr_emulator.seed.model import ImageSeed, SeedError
from acr_emulator.state import State
from emulator.in_process import ADATUM, CONTOSO, SERVICE_PRINCIPALS, TENANT, WINGTIP, WINGTIP_TENANT

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.in_process import Azure


def tags(state: State, host: str) -> set[str]:
    return {f"{t.repository}:{t.name}" for t in state.find(Tag, host=host)}


# The seed of a fresh state


def test_default_has_its_tenants_and_subscriptions(azure: Azure) -> None:
    assert {t.tenant_id: t.domain for t in azure.state.find(Tenant)} == {
        TENANT: "contoso.onmicrosoft.com",
        WINGTIP_TENANT: "wingtip.onmicrosoft.com",
    }
    assert {s.subscription_id: s.tenant_id for s in azure.state.find(Subscription)} == {
        CONTOSO: TENANT,
        ADATUM: TENANT,
        WINGTIP: WINGTIP_TENANT,
    }


def test_default_has_its_registries(azure: Azure) -> None:
    assert {(r.host, r.subscription_id, r.resource_group) for r in azure.state.find(Registry)} == {
        ("contoso.azurecr.io", CONTOSO, "rg1"),
        ("fabrikam.azurecr.io", CONTOSO, "rg1"),
        ("adatum.azurecr.io", ADATUM, "rg2"),
        ("wingtip.azurecr.io", WINGTIP, "rg3"),
        ("docker.io", "", ""),
        ("mcr.microsoft.com", "", ""),
        ("registry.example.com", "", ""),
    }


@pytest.mark.parametrize(("name", "ids"), SERVICE_PRINCIPALS.items())
def test_default_has_its_service_principals(azure: Azure, name: str, ids: tuple[str, str]) -> None:
    tenant_id, client_id = ids
    identity = azure.state.get(Identity, client_id=client_id)
    assert identity is not None
    assert (identity.tenant_id, identity.secret) == (tenant_id, f"{name}-secret")


@pytest.mark.parametrize(
    ("host", "held"),
    [
        ("contoso.azurecr.io", set()),
        ("docker.io", {"library/hello-world:latest", "library/nats:latest", "contoso/private-app:v1"}),
        ("mcr.microsoft.com", {"windows/servercore:ltsc2022"}),
        ("registry.example.com", {"team/app:v1"}),
        ("fabrikam.azurecr.io", {"samples/hello:v1", "single:v1", "signed:v1", "charts/hello:0.1.0", "locked:v1"}),
        ("adatum.azurecr.io", {"app:v1"}),
        ("wingtip.azurecr.io", {"app:v1"}),
    ],
)  # fmt: skip
def test_default_has_its_images(azure: Azure, host: str, held: set[str]) -> None:
    assert held <= tags(azure.state, host)
    assert bool(held) is bool(tags(azure.state, host))


def test_default_tells_a_client_whom_to_be(azure: Azure) -> None:
    assert json.loads(azure.state.setting("environment") or "") == {
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": SERVICE_PRINCIPALS["importer"][1],
        "AZURE_CLIENT_SECRET": "importer-secret",
        "AZURE_SUBSCRIPTION_ID": CONTOSO,
        "ACR_EMULATOR_RESOURCE_GROUP": "rg1",
        "ACR_EMULATOR_IDENTITY_CLIENT_ID": "30000000-0000-0000-0000-000000000006",
        "ACR_EMULATOR_SOURCE_USERNAME": "example-user",
        "ACR_EMULATOR_SOURCE_PASSWORD": "example-password",
    }


def test_article_has_the_articles_names(state: State) -> None:
    load(state, "article")
    group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups"
    provider = "providers/Microsoft.ContainerRegistry/registries"
    ids = {r.name: r.resource_id for r in state.find(Registry) if r.kind == "azure"}
    assert ids["mysourceregistry"] == f"{group}/sourceResourceGroup/{provider}/mysourceregistry"
    assert ids["myregistry"] == f"{group}/myResourceGroup/{provider}/myregistry"
    tenants = {r.name: r.tenant_id for r in state.find(Registry)}
    assert tenants["sourceregistry"] != tenants["mysourceregistry"] == tenants["myregistry"]
    assert tags(state, "mysourceregistry.azurecr.io") == {
        "aci-helloworld:latest",
        "samples/aci-helloworld:latest",
    }
    assert tags(state, "sourceregistry.azurecr.io") == {"sourcerrepo:tag"}
    assert tags(state, "docker.io") >= {"tensorflow/tensorflow:latest-gpu", "sourcerepo/sourceimage:tag"}
    assert tags(state, "mcr.microsoft.com") == {"windows/servercore:ltsc2019"}


def test_both_built_in_seeds_fit_into_one_state(azure: Azure) -> None:
    load(azure.state, "article")
    addresses = [r.loopback for r in azure.state.find(Registry)]
    assert len(addresses) == len(set(addresses)) == 10
    assert azure.state.get(Registry, host="contoso.azurecr.io") is not None


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_seed_can_be_loaded_again(state: State, name: str) -> None:
    load(state, name)
    before = (state.find(Registry), state.find(Manifest), state.find(RoleAssignment))
    load(state, name)
    assert (state.find(Registry), state.find(Manifest), state.find(RoleAssignment)) == before


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_id_of_a_built_in_seed_is_written_out(name: str) -> None:
    seed = built_in(name)
    assert all(tenant.id for tenant in seed.tenants.values())
    assert all(subscription.id for subscription in seed.subscriptions.values())
    assert all(i.client_id and i.object_id for i in seed.identities.values())


# A short seed


def test_a_registry_needs_only_a_name(azure: Azure) -> None:
    azure.seed("registries: {northwind: }")
    registry = azure.state.get(Registry, host="northwind.azurecr.io")
    assert registry is not None
    assert (registry.subscription_id, registry.tenant_id, registry.resource_group) == (CONTOSO, TENANT, "rg1")
    assert registry.loopback == "127.0.0.18"


def test_a_seed_of_its_own_makes_its_ids_from_names(state: State) -> None:
    text = "tenants: {a: }\nsubscriptions: {b: }\nregistries: {northwind: }\nidentities: {c: {secret: x}}"
    load_text(state, text, state.folder)
    (tenant,), (subscription,) = state.find(Tenant), state.find(Subscription)
    (identity,), (registry,) = state.find(Identity), state.find(Registry)
    assert (tenant.domain, subscription.display_name) == ("a.onmicrosoft.com", "b")
    assert {subscription.tenant_id, identity.tenant_id, registry.tenant_id} == {tenant.tenant_id}
    load_text(state, text, state.folder)
    assert (len(state.find(Tenant)), len(state.find(Identity))) == (1, 1)


def test_roles_are_given_on_registries_groups_and_subscriptions(azure: Azure) -> None:
    azure.seed(
        "identities:\n  bob:\n    secret: x\n    roles:\n"
        "      - {role: Owner, registry: Contoso}\n"
        "      - {role: Reader, subscription: Adatum, resource_group: rg2}\n"
        "      - {role: Contributor, subscription: Adatum}\n"
    )
    (bob,) = [i for i in azure.state.find(Identity) if i.display_name == "bob"]
    scopes = {a.role: a.scope for a in azure.state.find(RoleAssignment, object_id=bob.object_id)}
    registry = azure.state.get(Registry, host="contoso.azurecr.io")
    assert registry is not None
    assert scopes == {
        "Owner": registry.resource_id,
        "Reader": f"/subscriptions/{ADATUM}/resourceGroups/rg2",
        "Contributor": f"/subscriptions/{ADATUM}",
    }


def test_a_login_has_its_scopes(azure: Azure) -> None:
    login = azure.state.get(Login, host="wingtip.azurecr.io", username="app-token")
    assert login is not None
    assert login.scopes == (("app", ("pull", "metadata_read")),)


def test_an_image_is_the_same_each_time() -> None:
    seed = ImageSeed(
        "r", "a/b", ("v1",), platforms=("linux/amd64", "windows/amd64:10.0.1"), referrers=("sbom",)
    )
    assert generate(seed).manifests == generate(seed).manifests
    assert generate(seed).manifests.keys() != generate(ImageSeed("r", "a/c", ("v1",))).manifests.keys()


@pytest.mark.parametrize("kind", ["oci", "docker"])
def test_a_generated_image_is_what_its_descriptors_say(kind: Any) -> None:
    bundle = generate(
        ImageSeed("r", "a", platforms=("linux/arm64/v8", "windows/amd64:10.0.1"), layers=2, format=kind)
    )
    (root,) = bundle.roots
    index = json.loads(bundle.manifests[root][1])
    assert [m["platform"] for m in index["manifests"]] == [
        {"os": "linux", "architecture": "arm64", "variant": "v8"},
        {"os": "windows", "architecture": "amd64", "os.version": "10.0.1"},
    ]
    for child in index["manifests"]:
        media_type, body = bundle.manifests[child["digest"]]
        assert (child["mediaType"], child["size"]) == (media_type, len(body))
        document = json.loads(body)
        for blob in (document["config"], *document["layers"]):
            content = bundle.blobs[blob["digest"]]
            assert isinstance(content, bytes)
            assert blob["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
            assert blob["size"] == len(content)


def test_digests_of_a_seed_are_the_same_everywhere() -> None:
    (root,) = generate(ImageSeed("r", "a", ("v1",), layers=2)).roots
    assert root == "sha256:3c699220eec24f40841e1cb6c81726507c2643dab2369fe8600e3d92e58e48a7"


@pytest.mark.parametrize("size", [0, 1, 512, 200_000])
def test_layers_are_archives_that_others_can_read(size: int) -> None:
    bundle = generate(ImageSeed("r", "a", layer_bytes=size))
    document = next(json.loads(body) for _, body in bundle.manifests.values())
    config = json.loads(bundle.blobs[document["config"]["digest"]])  # type: ignore[arg-type]  # no file
    layer = bundle.blobs[document["layers"][0]["digest"]]
    assert isinstance(layer, bytes)
    archive = gzip.decompress(layer)
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(archive).hexdigest()}"]
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        assert [(entry.name, entry.size) for entry in tar] == [("hello", size)]


def test_referrers_name_the_image(azure: Azure) -> None:
    host = "fabrikam.azurecr.io"
    root = azure.digest(host, "signed", "v1")
    found = azure.state.find(Manifest, host=host, repository="signed", subject=root)
    assert {json.loads(m.body)["artifactType"] for m in found} == {
        "application/vnd.cncf.notary.signature",
        "application/spdx+json",
    }


def test_blobs_are_files_named_by_digest(azure: Azure) -> None:
    (manifest,) = azure.state.find(Manifest, host="fabrikam.azurecr.io", repository="single")
    document = json.loads(manifest.body)
    for blob in (document["config"], *document["layers"]):
        content = azure.state.blob_path(blob["digest"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == blob["digest"].removeprefix("sha256:")
        assert azure.state.has_blob("fabrikam.azurecr.io", "single", blob["digest"])


def test_a_locked_image_has_locked_tags(azure: Azure) -> None:
    (tag,) = azure.state.find(Tag, host="fabrikam.azurecr.io", repository="locked", name="v1")
    assert (tag.attributes.write_enabled, tag.attributes.delete_enabled) == (False, False)


# OCI layouts


def write_layout(folder: Path, names: list[str]) -> None:
    """Write a layout of one image a name, as crane and skopeo write them."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    roots = []
    for name in names:
        bundle = generate(ImageSeed("r", f"layout/{name}", platforms=("linux/amd64", "linux/arm64")))
        contents = {d: body for d, (_, body) in bundle.manifests.items()} | bundle.blobs
        for digest, content in contents.items():
            assert isinstance(content, bytes)
            (blobs / digest.removeprefix("sha256:")).write_bytes(content)
        (root,) = bundle.roots
        media_type, body = bundle.manifests[root]
        annotations = {"org.opencontainers.image.ref.name": name}
        roots.append({"mediaType": media_type, "digest": root, "size": len(body), "annotations": annotations})
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": roots}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def test_a_layout_brings_its_own_tags(azure: Azure, tmp_path: Path) -> None:
    write_layout(tmp_path / "image", ["v1", "v2"])
    (tmp_path / "seed.yaml").write_text("images: [{registry: contoso, repository: app, layout: image}]")
    load(azure.state, str(tmp_path / "seed.yaml"))
    assert tags(azure.state, "contoso.azurecr.io") == {"app:v1", "app:v2"}
    assert len(azure.digests("contoso.azurecr.io", "app")) == 6


def test_a_layout_of_one_image_takes_other_tags(azure: Azure, tmp_path: Path) -> None:
    write_layout(tmp_path / "image", ["v1"])
    load_text(
        azure.state, "images: [{registry: contoso, repository: app, layout: image, tags: [x, y]}]", tmp_path
    )
    assert tags(azure.state, "contoso.azurecr.io") == {"app:x", "app:y"}


def test_a_layout_of_several_images_takes_no_other_tags(azure: Azure, tmp_path: Path) -> None:
    write_layout(tmp_path / "image", ["v1", "v2"])
    with pytest.raises(SeedError, match="holds 2 images; leave tags out"):
        load_text(
            azure.state, "images: [{registry: contoso, repository: a, layout: image, tags: [x]}]", tmp_path
        )


def spoil(folder: Path) -> None:
    file = next((folder / "blobs" / "sha256").iterdir())
    file.write_bytes(file.read_bytes() + b" ")


def lose(folder: Path) -> None:
    next((folder / "blobs" / "sha256").iterdir()).unlink()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (spoil, "is not what its digest says"),
        (lose, "lacks sha256:"),
        (lambda folder: (folder / "oci-layout").unlink(), "is no OCI image layout"),
        (lambda folder: (folder / "index.json").write_text("{"), "is no OCI image layout"),
    ],
)
def test_a_damaged_layout_is_refused(azure: Azure, tmp_path: Path, damage: Any, told: str) -> None:
    write_layout(tmp_path / "image", ["v1"])
    damage(tmp_path / "image")
    with pytest.raises(SeedError, match=told):
        load_text(azure.state, "images: [{registry: contoso, repository: app, layout: image}]", tmp_path)


# Wrong seeds


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("registres: {}", "registres is no key; did you mean registries?"),
        ("registries: {northwind: {skuu: Basic}}", "registries.northwind.skuu is no key; did you mean sku?"),
        ("registries: {northwind: {sku: Basik}}", "registries.northwind.sku is 'Basik'; did you mean Basic?"),
        ("registries: {northwind: {anonymous_pull: 1}}", "registries.northwind.anonymous_pull must be true or false"),
        ("registries: {northwind: {admin_passwords: [one]}}", "registries.northwind.admin_passwords must be two"),
        ("registries: {northwind: {allowed_ips: [here]}}", "northwind.allowed_ips: Expected 4 octets in 'here'"),
        ("registries: [northwind]", "registries must be a mapping"),
        ("registries: {northwind: {subscription: Contosso}}", "'Contosso' is no subscription; did you mean Contoso?"),
        ("images: [{registry: contoso, repository: a, tags: [1.0]}]", "images[0].tags[0] must be a text, not 1.0"),
        ("images: [{registry: contoso, repository: a, tags: v1}]", "images[0].tags must be a list, not 'v1'"),
        ("images: [{repository: a}]", "images[0].registry is missing"),
        ("images: [{registry: contosso, repository: a}]", "'contosso' is no registry; did you mean contoso?"),
        ("images: [{registry: contoso, repository: A}]", "images[0].repository: 'A' is no repository's name"),
        ("images: [{registry: contoso, repository: a, tags: ['!']}]", "images[0].tags: '!' is no tag"),
        ("images: [{registry: contoso, repository: a, platforms: [linux]}]", "'linux' is no platform"),
        ("images: [{registry: contoso, repository: a, layout: nowhere}]", "is no OCI image layout"),
        ("images: [{registry: contoso, repository: a, referrers: [sign]}]", "did you mean signature?"),
        ("identities: {bob: {tenant: nowhere}}", "'nowhere' is no tenant"),
        ("identities: {bob: {roles: [{role: Contributer}]}}", "'Contributer' is no role; did you mean Contributor?"),
        ("identities: {bob: {roles: [{role: Owner, registry: x}]}}", "'x' is no registry"),
        ("logins: [{registry: x.example.com, username: u, password: p}]", "'x.example.com' is no registry"),
        ("- a", "a seed must be a mapping"),
        ("a: [", "no YAML: "),
        ("a: !!python/object:os.system {}", "no YAML: "),
    ],
)  # fmt: skip
def test_a_wrong_seed_is_refused_with_what_is_right(azure: Azure, text: str, told: str) -> None:
    with pytest.raises(SeedError) as refused:
        azure.seed(text)
    assert told in str(refused.value)


def test_a_wrong_seed_leaves_the_state_as_it_was(azure: Azure) -> None:
    before = azure.state.find(Registry)
    with pytest.raises(SeedError):
        azure.seed("registries: {northwind: }\nimages: [{registry: nowhere, repository: a}]")
    assert azure.state.find(Registry) == before


def test_a_seed_for_an_empty_state_must_bring_a_subscription(state: State) -> None:
    with pytest.raises(SeedError, match="needs a subscription, because the state has none"):
        load_text(state, "registries: {northwind: }", state.folder)


def test_a_missing_file_is_named_with_the_built_in_seeds(state: State) -> None:
    with pytest.raises(SeedError, match=r"nowhere\.yaml is no seed: .*built in are default, article"):
        load(state, "nowhere.yaml")


def test_a_wrong_file_is_named(state: State, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("registres: {}")
    with pytest.raises(SeedError, match=r"mine\.yaml: registres is no key"):
        load(state, str(tmp_path / "mine.yaml"))


def test_an_environment_names_a_login_that_exists(azure: Azure) -> None:
    with pytest.raises(SeedError, match=r"'nobody' is no login of docker\.io"):
        azure.seed(
            "environment: {subscription: Contoso, resource_group: rg1, service_principal: importer,"
            " managed_identity: machine, source_login: {registry: docker.io, username: nobody}}"
        )
