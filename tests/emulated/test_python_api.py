"""The Python API does what the command line does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import acrbridge as api
from emulated import in_process
from emulated.local_azure import SMALL, TARGET, Acrbridge, LocalAzure

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def signed_in_here(acrbridge: Acrbridge) -> Iterator[None]:
    """This process has the environment of a client that is signed in."""
    with in_process.environment(acrbridge.environment):
        yield


@pytest.mark.usefixtures("signed_in_here")
def test_import_is_read_back_and_heard(azure: LocalAzure, image: str) -> None:
    heard: list[api.Event] = []
    result = api.import_image(TARGET, "docker.io/nats:2.10", images=[image], listener=heard.append)
    assert [one.digest for one in result.images] == [azure.tag(image)]
    assert result.verified
    assert "docker.io/library/nats:2.10 is used" in str(heard[0])


@pytest.mark.usefixtures("signed_in_here")
def test_one_name_need_not_be_in_a_list(azure: LocalAzure, image: str) -> None:
    since = azure.log_size()
    api.import_image(TARGET, SMALL, images=image, repositories="whole-name")
    (sent,) = [r["body"] for r in azure.requests(since) if r["path"].endswith("/importImage")]
    assert (sent["targetTags"], sent["untaggedTargetRepositories"]) == ([image], ["whole-name"])


@pytest.mark.usefixtures("signed_in_here")
def test_error_has_code_and_remedy(image: str) -> None:
    with pytest.raises(api.AcrBridgeError) as caught:
        api.import_image(TARGET, "nats", images=image)
    assert caught.value.code == "SOURCE_REGISTRY_MISSING"
    assert "docker.io/library/nats" in caught.value.remedy
    assert str(caught.value) == "--source 'nats' names no registry host."


HELLO = "docker.io/library/hello-world:latest"


@pytest.mark.usefixtures("signed_in_here")
def test_copy_does_what_the_command_does(azure: LocalAzure, image: str) -> None:
    result = api.copy(HELLO, f"{TARGET}.azurecr.io/{image}", platforms="linux/amd64", referrers=False)
    assert result.digests == {"v1": azure.tag(image)}
    assert (result.counts["manifestsSent"], result.dry_run) == (2, False)


@pytest.mark.usefixtures("signed_in_here")
def test_copy_has_errors_as_the_command_has(image: str) -> None:
    with pytest.raises(api.AcrBridgeError) as caught:
        api.copy("docker.io/library/nosuch:1", f"{TARGET}.azurecr.io/{image}")
    assert caught.value.code == "REPOSITORY_NOT_FOUND"


def test_copy_refuses_an_option_that_it_has_not() -> None:
    with pytest.raises(TypeError, match="colour"):
        api.copy(HELLO, "contoso.azurecr.io/x:1", colour="red")  # type: ignore[call-arg]


@pytest.mark.usefixtures("signed_in_here")
def test_a_client_asks_for_tokens_once(azure: LocalAzure, image: str) -> None:
    with api.Client() as client:
        client.copy(HELLO, f"{TARGET}.azurecr.io/{image}")
        since = azure.log_size()
        client.copy(HELLO, f"{TARGET}.azurecr.io/{image}-again")
    asked = [request["path"] for request in azure.requests(since)]
    assert asked != []
    assert [path for path in asked if "/oauth2/" in path or "/token" in path] == []


@pytest.mark.usefixtures("signed_in_here")
def test_a_client_does_not_ask_again_for_blobs_that_it_sent(
    acrbridge: Acrbridge, azure: LocalAzure, image: str
) -> None:
    name = image.partition(":")[0]
    with api.Client() as client:
        client.copy(HELLO, f"{TARGET}.azurecr.io/{name}:other")
        client.copy(SMALL, f"{TARGET}.azurecr.io/{image}")
        acrbridge("acr", "repository", "delete", "-n", TARGET, "--image", image, "--yes").succeeded()
        since = azure.log_size()
        again = client.copy(SMALL, f"{TARGET}.azurecr.io/{image}")
    assert again.counts["blobsThere"] > 0
    heads = [r for r in azure.requests(since) if r["method"] == "HEAD" and "/blobs/" in r["path"]]
    assert heads == []


@pytest.mark.usefixtures("signed_in_here")
def test_a_client_knows_nothing_by_a_rehearsal(image: str) -> None:
    target = f"{TARGET}.azurecr.io/{image}"
    with api.Client() as client:
        rehearsed = client.copy(HELLO, target, dry_run=True)
        assert rehearsed.counts == client.copy(HELLO, target).counts


@pytest.mark.usefixtures("signed_in_here")
def test_a_rehearsal_tells_of_no_progress(azure: LocalAzure, image: str) -> None:
    heard: list[api.Event] = []
    azure.play("slow=0.3")
    api.copy(SMALL, f"{TARGET}.azurecr.io/{image}", listener=heard.append, dry_run=True)
    assert heard == []
    api.copy(SMALL, f"{TARGET}.azurecr.io/{image}", listener=heard.append)
    assert heard != []


@pytest.mark.usefixtures("signed_in_here")
def test_a_client_may_copy_in_several_threads_each_with_a_listener(azure: LocalAzure, image: str) -> None:
    name, heard = image.partition(":")[0], [list[api.Event]() for _ in range(8)]
    private = "registry.example.com/team/app:v1"
    login = api.Login("example-user", api.Secret("example-password"))

    def one(number: int) -> api.CopyResult:
        target = f"{TARGET}.azurecr.io/{name}:{number}"
        return client.copy(private, target, source_login=login, listener=heard[number].append)

    with api.Client() as client, ThreadPoolExecutor(8) as pool:
        results = list(pool.map(one, range(8)))
    assert {result.digests[str(n)] for n, result in enumerate(results)} == {azure.tag(f"{name}:7")}
