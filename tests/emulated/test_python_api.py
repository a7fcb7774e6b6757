"""The Python API does what the command line does."""

from __future__ import annotations

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
