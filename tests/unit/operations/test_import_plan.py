"""From the words of `az acr import` to the request's body: az's rules (azure-cli 2.91), and where we differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acrbridge.azure.profile import Subscription
from acrbridge.errors import AcrBridgeError, NotFoundError, SignInError, UsageError
from acrbridge.jobs import ImportJob, Secret
from acrbridge.operations.import_plan import ImportPlan, make_plan, summary
from unit.fakes import BIDI_AND_CONTROL, TENANT, is_fit_to_print
from unit.operations.offline import APPLICATION, DIGEST, Azure, OfflineSession, registry_document, registry_id

REGISTRIES = (
    registry_document("contoso"),
    registry_document("source1"),
    registry_document("Other", "Standard"),
)
PASSWORD = Secret("s3cret-PW")


def planned(
    folder: Path, *registries: dict[str, Any], **job: Any
) -> tuple[ImportPlan, OfflineSession, Azure]:
    azure = Azure(*(registries or REGISTRIES))
    session = OfflineSession(azure, folder)
    return make_plan(session, ImportJob(**{"registry": "contoso", **job})), session, azure


@pytest.mark.parametrize(
    ("job", "source"),
    [
        # a host: with its password, else by the resource ID of a registry that the subscription knows, else anonymous
        ({"source": "mcr.microsoft.com/a/b:c"}, {"registryUri": "mcr.microsoft.com", "sourceImage": "a/b:c"}),
        ({"source": "source1.azurecr.io/a:b"}, {"resourceId": registry_id("source1"), "sourceImage": "a:b"}),
        ({"source": "SOURCE1.azurecr.io/a:b"}, {"resourceId": registry_id("source1"), "sourceImage": "a:b"}),
        ({"source": "unknown.azurecr.io/a"}, {"registryUri": "unknown.azurecr.io", "sourceImage": "a"}),
        (
            {"source": "source1.azurecr.io/a:b", "username": "u", "password": PASSWORD},
            {
                "registryUri": "source1.azurecr.io",
                "sourceImage": "a:b",
                "credentials": {"username": "u", "password": "s3cret-PW"},
            },
        ),
        (
            {"source": "source1.azurecr.io/a:b", "password": PASSWORD},
            {"registryUri": "source1.azurecr.io", "sourceImage": "a:b", "credentials": {"password": "s3cret-PW"}},
        ),
        # a resource ID: as it was typed, and nobody is asked for it
        (
            {"source": "a:b", "source_registry": registry_id("Elsewhere")},
            {"resourceId": registry_id("Elsewhere"), "sourceImage": "a:b"},
        ),
        # a name or login server: the resource ID that the subscription has for it
        ({"source": "a:b", "source_registry": "source1"}, {"resourceId": registry_id("source1"), "sourceImage": "a:b"}),
        ({"source": "a:b", "source_registry": "SOURCE1"}, {"resourceId": registry_id("source1"), "sourceImage": "a:b"}),
        (
            {"source": "a:b", "source_registry": "source1.azurecr.io"},
            {"resourceId": registry_id("source1"), "sourceImage": "a:b"},
        ),
        (
            {"source": "Source1.azurecr.io/a:b", "source_registry": "source1"},
            {"resourceId": registry_id("source1"), "sourceImage": "a:b"},
        ),
        # regional login servers, but not where a password is given
        (
            {"source": "source1.eastus.geo.azurecr.io/a:b"},
            {"resourceId": registry_id("source1"), "sourceImage": "a:b"},
        ),
        (
            {"source": "a:b", "source_registry": "source1.eastus.geo.azurecr.io"},
            {"resourceId": registry_id("source1"), "sourceImage": "a:b"},
        ),
        (
            {"source": "source1.eastus.geo.azurecr.io/a:b", "password": PASSWORD},
            {
                "registryUri": "source1.eastus.geo.azurecr.io",
                "sourceImage": "a:b",
                "credentials": {"password": "s3cret-PW"},
            },
        ),
        ({"source": f"mcr.io/a@{DIGEST}"}, {"registryUri": "mcr.io", "sourceImage": f"a@{DIGEST}"}),
        # ours: an official image has its full name, so that Azure finds it
        ({"source": "docker.io/hello-world:x"}, {"registryUri": "docker.io", "sourceImage": "library/hello-world:x"}),
        ({"source": "docker.io/a/b:x"}, {"registryUri": "docker.io", "sourceImage": "a/b:x"}),
    ],
)  # fmt: skip
def test_how_the_request_names_its_source(
    tmp_path: Path, job: dict[str, Any], source: dict[str, Any]
) -> None:
    plan, _, _ = planned(tmp_path, **job)
    assert plan.body()["source"] == source


@pytest.mark.parametrize(
    ("job", "targets"),
    [
        ({"source": "h.io/a/b:c"}, {"targetTags": ["a/b:c"]}),
        ({"source": "h.io/a"}, {"targetTags": ["a"]}),
        ({"source": f"h.io/a@{DIGEST}"}, {"targetTags": ["a"]}),
        ({"source": f"h.io/a:b@{DIGEST}"}, {"targetTags": ["a:b"]}),
        ({"source": "docker.io/hello-world"}, {"targetTags": ["hello-world"]}),
        ({"source": "source1.azurecr.io/a:b", "source_registry": "source1"}, {"targetTags": ["a:b"]}),
        ({"source": "h.io/a:b", "images": ("x:y", "z")}, {"targetTags": ["x:y", "z"]}),
        ({"source": "h.io/a:b", "repositories": ("x", "y/z")}, {"untaggedTargetRepositories": ["x", "y/z"]}),
        (
            {"source": "h.io/a:b", "images": ("x:y",), "repositories": ("z",)},
            {"targetTags": ["x:y"], "untaggedTargetRepositories": ["z"]},
        ),
    ],
)
def test_what_the_request_names_as_targets(
    tmp_path: Path, job: dict[str, Any], targets: dict[str, Any]
) -> None:
    plan, _, _ = planned(tmp_path, **job)
    body = plan.body()
    del body["source"]
    assert body == {**targets, "mode": "NoForce"}


def test_force_is_the_mode(tmp_path: Path) -> None:
    plan, _, _ = planned(tmp_path, source="h.io/a", force=True)
    assert plan.body()["mode"] == "Force"


def test_with_a_password_or_a_resource_id_no_list_of_registries_is_needed_for_the_source(
    tmp_path: Path,
) -> None:
    job = {"source": "a:b", "source_registry": registry_id("elsewhere"), "resource_group": "rg1"}
    _, _, azure = planned(tmp_path, **job)
    assert azure.wire("GET") == [registry_id("contoso").replace("RG1", "rg1")]


@pytest.mark.parametrize(
    ("job", "kind", "code"),
    [
        ({"source": "h.io/a", "username": "u"}, UsageError, "CREDENTIALS_INCOMPLETE"),
        ({"source": "a:b"}, UsageError, "SOURCE_REGISTRY_MISSING"),
        ({"source": "a/b:c"}, UsageError, "SOURCE_REGISTRY_MISSING"),
        ({"source": "h.io"}, UsageError, "SOURCE_REGISTRY_MISSING"),
        ({"source": "localhost:5000/a"}, UsageError, "SOURCE_HOST_LOCAL"),
        ({"source": "h.io/A"}, UsageError, "REFERENCE_INVALID"),
        ({"source": "h.io/a?b"}, UsageError, "REFERENCE_INVALID"),
        ({"source": "h.io/../a"}, UsageError, "REFERENCE_INVALID"),
        ({"source": "a:b", "source_registry": "nobody"}, NotFoundError, "SOURCE_REGISTRY_NOT_FOUND"),
        ({"source": "a:b", "source_registry": "/subscriptions/x"}, UsageError, "REFERENCE_INVALID"),
        ({"source": "h.io/a", "registry": "nobody"}, NotFoundError, "TARGET_REGISTRY_NOT_FOUND"),
        ({"source": "h.io/a", "registry": "my-reg"}, UsageError, "REGISTRY_NAME_INVALID"),
        ({"source": "h.io/a", "registry": "contoso.azurecr.us"}, UsageError, "REGISTRY_SUFFIX_UNKNOWN"),
        ({"source": "h.io/a", "images": ("X",)}, UsageError, "REFERENCE_INVALID"),
        ({"source": "h.io/a", "images": (f"x@{DIGEST}",)}, UsageError, "REFERENCE_INVALID"),
        ({"source": "h.io/a", "repositories": ("x:y",)}, UsageError, "REFERENCE_INVALID"),
        ({"source": "h.io/a", "repositories": ("",)}, UsageError, "REFERENCE_INVALID"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(
    tmp_path: Path, job: dict[str, Any], kind: type[AcrBridgeError], code: str
) -> None:
    azure = Azure(*REGISTRIES)
    with pytest.raises(kind) as error:
        make_plan(OfflineSession(azure, tmp_path), ImportJob(**{"registry": "contoso", **job}))
    assert error.value.code == code
    assert azure.wire("POST") == []


def test_a_name_that_two_registries_answer_to_is_none_of_them(tmp_path: Path) -> None:
    twins = (registry_document("contoso"), registry_document("twins"), registry_document("TWINS"))
    with pytest.raises(NotFoundError):
        planned(tmp_path, *twins, source="a:b", source_registry="twins")


@pytest.mark.parametrize(("sku", "code"), [("Classic", "IMPORT_NOT_SUPPORTED"), ("", "IMPORT_NOT_SUPPORTED")])
def test_a_registry_that_cannot_import_is_told(tmp_path: Path, sku: str, code: str) -> None:
    with pytest.raises(AcrBridgeError) as error:
        planned(tmp_path, registry_document("contoso", sku), source="h.io/a")
    assert error.value.code == code


@pytest.mark.parametrize("sku", ["Basic", "standard", "PREMIUM"])
def test_the_other_skus_can(tmp_path: Path, sku: str) -> None:
    planned(tmp_path, registry_document("contoso", sku), source="h.io/a")


def test_who_is_not_signed_in_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SignInError) as error:
        make_plan(OfflineSession(Azure(), tmp_path, signed_in=False), ImportJob("contoso", "h.io/a"))
    assert error.value.code == "NOT_SIGNED_IN"


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (
            {"source": "a:b", "source_registry": "source1", "username": "u", "password": PASSWORD},
            "are not sent",
        ),
        ({"source": "source1.azurecr.io/a:b", "source_registry": "source1"}, "is ignored"),
        ({"source": "source1.eastus.geo.azurecr.io/a:b"}, "regional endpoint"),
        ({"source": "docker.io/hello-world"}, "official image"),
        ({"source": "h.io/a@sha256:abc"}, "no complete digest"),
        ({"source": "h.io/a", "registry": "contoso.azurecr.io"}, "is a login server"),
        ({"source": "h.io/a", "images": ("contoso.azurecr.io/a:b",)}, "leave the login server out"),
    ],
)
def test_what_a_person_may_not_expect_is_told(tmp_path: Path, job: dict[str, Any], words: str) -> None:
    _, session, _ = planned(tmp_path, **job)
    assert [notice for notice in session.notices if words in notice]
    assert all(map(is_fit_to_print, session.notices))


@pytest.mark.parametrize(
    "job",
    [
        {"source": f"docker.io/{BIDI_AND_CONTROL}"},
        {"source": f"h.io/a@{BIDI_AND_CONTROL}"},
        {"source": "a", "source_registry": BIDI_AND_CONTROL},
        {"source": "a", "source_registry": f"/{BIDI_AND_CONTROL}"},
        {"source": BIDI_AND_CONTROL},
        {"source": "h.io/a", "registry": BIDI_AND_CONTROL},
        {"source": "h.io/a", "resource_group": BIDI_AND_CONTROL},
        {"source": "h.io/a", "images": (BIDI_AND_CONTROL,)},
    ],
)
def test_what_is_told_of_hostile_words_is_fit_to_print(tmp_path: Path, job: dict[str, Any]) -> None:
    session = OfflineSession(Azure(*REGISTRIES), tmp_path)
    with pytest.raises(AcrBridgeError) as error:
        make_plan(session, ImportJob(**{"registry": "contoso", **job}))
    assert is_fit_to_print(error.value.message)
    assert is_fit_to_print(error.value.remedy)
    assert all(map(is_fit_to_print, session.notices))


@pytest.mark.parametrize(
    ("job", "images"),
    [
        ({"source": "h.io/a:b", "images": ("x", "y:z")}, ["x:b", "y:z"]),
        ({"source": "h.io/a", "images": ("x",)}, ["x:latest"]),
        ({"source": f"h.io/a@{DIGEST}"}, ["a:latest"]),
        ({"source": "h.io/a:b", "repositories": ("x",)}, []),
    ],
)
def test_a_target_without_a_tag_gets_the_sources(
    tmp_path: Path, job: dict[str, Any], images: list[str]
) -> None:
    plan, _, _ = planned(tmp_path, **job)
    assert [str(image) for image in plan.tagged()] == images


@pytest.mark.parametrize(
    ("job", "command"),
    [
        ({"source": "h.io/a:b"}, "acrbridge acr repository show --name contoso --image a:b"),
        (
            {"source": "h.io/a:b", "repositories": ("x",)},
            "acrbridge acr manifest list-metadata --registry contoso --name x",
        ),
    ],
)
def test_there_is_a_command_to_look_whether_it_has_arrived(
    tmp_path: Path, job: dict[str, Any], command: str
) -> None:
    plan, _, _ = planned(tmp_path, **job)
    assert plan.how_to_look() == f"Look whether it has arrived: {command}"


@pytest.mark.parametrize(
    ("job", "text"),
    [
        ({"source": "docker.io/library/a:b"}, "Import docker.io/library/a:b into contoso as library/a:b."),
        ({"source": "a:b", "source_registry": "/id"}, "Import /id/a:b into contoso as a:b."),
        (
            {"source": "h.io/a@sha256:12", "images": ("x:1",), "repositories": ("y",), "via": "client"},
            "Import h.io/a@sha256:12 into contoso as x:1, y, through this computer.",
        ),
        (
            {"source": "h.io/a", "force": True},
            "Import h.io/a into contoso as a; what has that name is replaced.",
        ),
    ],
)
def test_a_job_tells_in_one_sentence_what_it_would_do(job: dict[str, Any], text: str) -> None:
    assert summary(ImportJob(registry="contoso", **job))["text"] == text


def test_on_the_client_road_who_has_no_subscription_goes_by_login_servers(tmp_path: Path) -> None:
    azure = Azure(*REGISTRIES)
    session = OfflineSession(azure, tmp_path, signed_in=False)
    session.profile.add(APPLICATION, [Subscription.of_tenant(APPLICATION, TENANT, "AzureCloud")])
    plan = make_plan(session, ImportJob("Contoso", "source1.azurecr.io/app:v1", via="client"))
    assert (plan.target.id.name, plan.target.login_server) == ("Contoso", "contoso.azurecr.io")
    assert plan.source.registry == "source1.azurecr.io"
    assert azure.http.requests == []


def test_no_representation_shows_the_password(tmp_path: Path) -> None:
    job = ImportJob("contoso", "h.io/a", username="u", password=PASSWORD)
    plan = make_plan(OfflineSession(Azure(), tmp_path), job)
    assert "s3cret" not in repr(plan)
    assert "s3cret" not in repr(job)
