from __future__ import annotations

import pytest

from acrbridge.errors import NetworkError
from acrbridge.jobs import Notice
from acrbridge.operations.hub_pulls import HubPulls
from acrbridge.references import HUB_API
from acrbridge.registry.client import RegistryClient
from acrbridge.registry.pull_limit import PullLimit
from unit.fakes import Answer, Heard, ScriptedHttp, answer

MANIFEST = "/v2/library/nats/manifests/2.10"


def headers(left: str, limit: str = "100;w=21600") -> dict[str, str]:
    return {"ratelimit-remaining": left, "ratelimit-limit": limit}


@pytest.mark.parametrize("left", ["76;w=21600", "76", " 76 ; w=21600", "76;w=x"])
def test_the_count_stands_before_the_window(left: str) -> None:
    assert PullLimit.read(headers(left)) == PullLimit(76, 100)


@pytest.mark.parametrize("left", ["", "x", "-1", "1.5", "9" * 5000, "٣", "76 77"])
def test_what_is_no_count_is_no_limit(left: str) -> None:
    assert PullLimit.read(headers(left)) is None
    assert PullLimit.read(headers("76", left)) is None


def test_without_headers_nothing_is_limited() -> None:
    assert PullLimit.read({}) is None


def hub(*answers: Answer) -> tuple[RegistryClient, list[PullLimit]]:
    client, heard = RegistryClient(HUB_API, ScriptedHttp(answers)), list[PullLimit]()
    client.on_pull_limit = heard.append
    return client, heard


def test_what_answers_say_is_passed_on() -> None:
    client, heard = hub(answer(200, "", headers("7;w=21600")), answer(200))
    client.call("HEAD", MANIFEST, "s")
    client.call("GET", "/v2/library/nats/tags/list", "s")
    assert heard == [PullLimit(7, 100)]


def test_a_limit_that_is_reached_says_what_raises_it() -> None:
    client, _ = hub(answer(429, {"errors": [{"code": "TOOMANYREQUESTS", "message": "pull rate limit"}]}))
    with pytest.raises(NetworkError) as error:
        client.call("GET", MANIFEST, "s")
    assert error.value.code == "SOURCE_THROTTLED"
    assert "Docker Hub's limit of pulls is reached" in error.value.message
    assert "acrbridge registry login docker.io" in error.value.remedy


def test_other_registries_that_throttle_limit_no_pulls() -> None:
    client = RegistryClient("registry.example.com", ScriptedHttp([answer(429)]))
    with pytest.raises(NetworkError) as error:
        client.call("GET", MANIFEST, "s")
    assert error.value.code == "THROTTLED"


def test_a_person_is_told_once_when_few_are_left() -> None:
    heard = Heard()
    pulls = HubPulls(heard)
    for left in (50, 20, 19, 18):
        pulls.hear(PullLimit(left, 100))
    assert pulls.left == 18
    assert heard == [Notice("Docker Hub grants 19 more pulls of 100; signing in there may raise that.")]
