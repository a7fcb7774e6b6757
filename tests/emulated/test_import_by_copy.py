"""`acr import --via client`: the client road brings what the service road brings, and refuses what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import acrbridge as api
from emulated import in_process
from emulated.local_azure import HELLO, OTHER_TENANT, SMALL, TARGET, client_id, registry_id

if TYPE_CHECKING:
    from emulated.conftest import SignedIn
    from emulated.local_azure import Acrbridge, Ended, LocalAzure

PRIVATE = "registry.example.com/team/app:v1"


def by_copy(acrbridge: Acrbridge, source: str, *words: str) -> Ended:
    return acrbridge("acr", "import", "-n", TARGET, "--source", source, "--via", "client", *words)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (HELLO, ()),
        ("mcr.microsoft.com/windows/servercore:ltsc2022", ()),
        ("docker.io/contoso/private-app:v1", ("-u", "hub-user", "-p", "hub-token")),
        (PRIVATE, ("-u", "example-user", "-p", "example-password")),
        (SMALL, ()),
        ("single:v1", ("--registry", "fabrikam")),
        ("single:v1", ("--registry", registry_id("fabrikam"))),
        ("app:v1", ("--registry", registry_id("adatum", "rg2", "20000000-0000-0000-0000-000000000002"))),
        ("wingtip.azurecr.io/app:v1", ("-u", "app-token", "-p", "app-token-password")),
        ("wingtip.azurecr.io/app:v1", ("-u", client_id(8), "-p", "wingtip-secret")),
        ("fabrikam.azurecr.io/charts/hello:0.1.0", ()),
    ],
)
def test_both_roads_end_with_the_same_digest(
    acrbridge: Acrbridge, azure: LocalAzure, image: str, source: str, words: tuple[str, ...]
) -> None:
    first = by_copy(acrbridge, source, *words, "--image", image, "-o", "json").json()["images"][0]
    more = ("-n", TARGET, "--source", source, *words, "--image", f"served/{image}", "-o", "json")
    other = acrbridge("acr", "import", *more).json()["images"][0]
    assert (first["digest"], first["mediaType"]) == (other["digest"], other["mediaType"])
    assert azure.tag(image) == azure.tag(f"served/{image}") == first["digest"]


def test_the_result_has_the_service_s_shape_and_what_was_copied(acrbridge: Acrbridge, image: str) -> None:
    copied = by_copy(acrbridge, SMALL, "--image", image, "-o", "json").json()
    served = acrbridge(
        "acr", "import", "-n", TARGET, "--source", SMALL, "--image", f"s/{image}", "-o", "json"
    )
    assert copied.keys() - served.json().keys() == {"copied"}
    assert served.json().keys() <= copied.keys()
    assert (copied["status"], copied["verified"], copied["operationId"]) == ("Succeeded", True, None)
    assert copied["copied"]["manifestsSent"] == 1
    assert copied["copied"]["requests"] > 0


def test_several_images_and_manifests_without_a_tag(
    acrbridge: Acrbridge, azure: LocalAzure, image: str
) -> None:
    name = image.partition(":")[0]
    targets = ("-t", f"{name}:1", "-t", f"{name}:2", "-t", f"x/{name}", "--repository", f"y/{name}")
    result = by_copy(acrbridge, SMALL, *targets, "-o", "json").json()
    digest = azure.tag(f"{name}:1")
    assert [one["reference"].partition("/")[2] for one in result["images"]] == [
        f"{name}:1", f"{name}:2", f"x/{name}:v1", f"y/{name}@{digest}"
    ]  # fmt: skip
    assert {one["digest"] for one in result["images"]} == {digest, azure.tag(f"x/{name}:v1")} == {digest}


def test_an_access_token_of_another_tenant(
    acrbridge: Acrbridge, stranger: Acrbridge, azure: LocalAzure, image: str
) -> None:
    words = ("-u", client_id(8), "-p", "wingtip-secret", "-t", OTHER_TENANT)
    stranger("login", "--service-principal", *words).succeeded()
    token = stranger("account", "get-access-token", secret=True).json()["accessToken"]
    by_copy(acrbridge, "wingtip.azurecr.io/app:v1", "-p", token, "--image", image).succeeded()
    assert azure.tag(image) == azure.tag("app:v1", "wingtip.azurecr.io")


def test_an_access_token_is_shown_to_azure_registries_only(
    acrbridge: Acrbridge, azure: LocalAzure, image: str
) -> None:
    since = azure.log_size()
    by_copy(acrbridge, PRIVATE, "-p", "a.b.c", "--image", image).refused(1, "CREDENTIALS_INCOMPLETE")
    assert [r["path"] for r in azure.requests(since) if "exchange" in r["path"]] == []


@pytest.mark.parametrize("road", ["service", "client"])
def test_a_tag_that_is_there_is_refused_and_overwritten_with_force(
    acrbridge: Acrbridge, azure: LocalAzure, image: str, road: str
) -> None:
    other = image.replace(":v1", ":new")
    acrbridge.imports(SMALL, image).succeeded()
    words = ("acr", "import", "-n", TARGET, "--source", HELLO, "--via", road, "-t", other, "-t", image)
    acrbridge(*words).refused(
        1, "TARGET_TAG_EXISTS", f"Tag {image} already exists in target registry", "--force"
    )
    assert azure.tag(other) is None
    acrbridge(*words, "--force").succeeded()
    assert azure.tag(image) == azure.tag(other) == azure.tag("library/hello-world:latest", "docker.io")


def test_the_account_reads_a_source_of_another_subscription_by_its_host(
    acrbridge: Acrbridge, azure: LocalAzure, image: str
) -> None:
    by_copy(acrbridge, "adatum.azurecr.io/app:v1", "--image", image).succeeded()
    assert azure.tag(image) == azure.tag("app:v1", "adatum.azurecr.io")


def test_more_manifests_than_the_service_takes(acrbridge: Acrbridge, azure: LocalAzure, image: str) -> None:
    by_copy(acrbridge, "fabrikam.azurecr.io/too-many-platforms:v1", "--image", image).succeeded()
    assert azure.tag(image) == azure.tag("too-many-platforms:v1", "fabrikam.azurecr.io")


@pytest.mark.parametrize("name", [TARGET, f"{TARGET}.azurecr.io"])
def test_who_may_push_and_sees_no_registry_goes_by_its_login_server(
    signed_in: SignedIn, azure: LocalAzure, image: str, name: str
) -> None:
    words = ("--source", SMALL, "--image", image, "--via", "client")
    signed_in("pusher")("acr", "import", "-n", name, *words).succeeded()
    assert azure.tag(image) == azure.tag("single:v1", "fabrikam.azurecr.io")


def test_nobody_waits_for_azure(acrbridge: Acrbridge, image: str) -> None:
    by_copy(acrbridge, SMALL, "--image", image, "--no-wait").refused(1, "OPTIONS_CONFLICT", "--no-wait")


def test_a_road_that_is_not_built_is_a_usage_error(acrbridge: Acrbridge) -> None:
    ended = acrbridge("acr", "import", "-n", TARGET, "--source", SMALL, "--via", "auto")
    assert ended.status == 2
    assert "auto" in ended.stderr


def test_python_can_choose_the_road(acrbridge: Acrbridge, azure: LocalAzure, image: str) -> None:
    with in_process.environment(acrbridge.environment):
        result = api.import_image(TARGET, SMALL, images=image, via="client")
    assert [one.digest for one in result.images] == [azure.tag(image)]
    assert result.copied is not None
