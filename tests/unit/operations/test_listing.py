from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from acrbridge.errors import AcrBridgeError, UsageError
from acrbridge.http.client import Request
from acrbridge.operations import listing
from acrbridge.registry.client import RegistryClient
from unit.fakes import DIGEST, Answer, ScriptedHttp, answer

HOST = "https://contoso.azurecr.io"


def client(*answers: Answer | Callable[[Request], Answer]) -> tuple[RegistryClient, ScriptedHttp]:
    script = answers[0] if answers and callable(answers[0]) else [a for a in answers if not callable(a)]
    http = ScriptedHttp(script)
    return RegistryClient("contoso.azurecr.io", http), http


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def descriptors(*numbers: int) -> Answer:
    return answer(200, {"manifests": [{"digest": digest(number)} for number in numbers]})


def test_no_more_repositories_are_asked_for_than_the_top_needs() -> None:
    registry, http = client(
        answer(200, {"repositories": ["a", "b"]}, {"Link": '</v2/_catalog?last=b>; rel="next"'})
    )
    assert listing.repositories(registry, 2) == ["a", "b"]
    assert http.urls == [f"{HOST}/v2/_catalog?n=2"]


def test_all_repositories_come_without_a_top() -> None:
    registry, _ = client(
        answer(200, {"repositories": ["a"]}, {"Link": '</v2/_catalog?last=a>; rel="next"'}),
        answer(200, {"repositories": ["b"]}),
    )
    assert listing.repositories(registry) == ["a", "b"]


def test_tags_are_names_or_with_detail_the_services_objects() -> None:
    tag = {"name": "v1", "digest": DIGEST}
    registry, http = client(answer(200, {"tags": [tag]}), answer(200, {"tags": [tag]}))
    assert listing.tags(registry, "a", order="time_desc") == ["v1"]
    assert listing.tags(registry, "a", detail=True) == [tag]
    assert http.urls[0] == f"{HOST}/acr/v1/a/_tags?n=100&orderby=timedesc"


def test_the_summary_of_a_manifest_has_always_the_same_keys() -> None:
    assert listing.summary({"digest": DIGEST}) == {"digest": DIGEST, "tags": [], "timestamp": ""}
    full = {"digest": DIGEST, "tags": ["a"], "lastUpdateTime": "t", "os": "linux"}
    assert listing.summary(full) == {"digest": DIGEST, "tags": ["a"], "timestamp": "t"}


@pytest.mark.parametrize(
    "call",
    [
        lambda registry: listing.tags(registry, "../a"),
        lambda registry: listing.manifests(registry, "A"),
        lambda registry: listing.manifest(registry, "a:../b"),
        lambda registry: listing.repository(registry, "a?x"),
        lambda registry: listing.image(registry, "a#b"),
        lambda registry: listing.referrers(registry, "a:b c"),
    ],
)
def test_a_name_that_breaks_the_rules_reaches_no_registry(call: Callable[[RegistryClient], Any]) -> None:
    registry, http = client()
    with pytest.raises(UsageError):
        call(registry)
    assert http.requests == []


# Referrers


def test_referrers_of_referrers_are_found_once_each() -> None:
    tree = {0: (1, 2), 1: (3,), 2: (3, 1), 3: (0,)}
    registry, http = client(lambda request: descriptors(*tree[int(request.url.rpartition(":")[2], 16)]))
    found = listing.referrers(registry, f"a@{digest(0)}", recursive=True)
    assert {d["digest"] for d in found} == {digest(n) for n in (0, 1, 2, 3)}
    assert len(http.requests) == 4


def test_referrers_come_without_their_own_unless_asked_for() -> None:
    registry, http = client(descriptors(1))
    assert listing.referrers(registry, f"a@{DIGEST}") == [{"digest": digest(1)}]
    assert len(http.requests) == 1


def test_a_chain_of_referrers_without_end_is_ended() -> None:
    def next_one(request: Request) -> Answer:
        return descriptors(int(request.url.rpartition(":")[2], 16) + 1)

    registry, http = client(next_one)
    with pytest.raises(AcrBridgeError) as error:
        listing.referrers(registry, f"a@{digest(0)}", recursive=True)
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"
    assert len(http.requests) <= 10_001


@pytest.mark.parametrize("said", ["../../x", "sha256:x", "", None, 5, f"{DIGEST}/../x", DIGEST.upper()])
def test_a_referrer_whose_digest_is_none_leads_nowhere(said: Any) -> None:
    registry, http = client(answer(200, {"manifests": [{"digest": said}]}))
    with pytest.raises(AcrBridgeError) as error:
        listing.referrers(registry, f"a@{DIGEST}", recursive=True)
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"
    assert len(http.requests) == 1


def test_a_tags_digest_is_looked_up_first() -> None:
    registry, http = client(answer(200, {"tag": {"digest": digest(7)}}), descriptors())
    listing.referrers(registry, "a:b")
    assert http.urls == [f"{HOST}/acr/v1/a/_tags/b", f"{HOST}/v2/a/referrers/{digest(7)}"]


@pytest.mark.parametrize("said", ["../../../oauth2/x", "", None, 5, "sha256:x"])
def test_a_digest_that_the_registry_makes_up_is_not_used(said: Any) -> None:
    registry, http = client(answer(200, {"tag": {"digest": said} if said is not None else {}}))
    with pytest.raises(AcrBridgeError) as error:
        listing.referrers(registry, "a:b")
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"
    assert len(http.requests) == 1


@pytest.mark.parametrize("text", ["a@sha256:abc", "a@md5:abc", f"a@{DIGEST.upper().replace('SHA', 'sha')}"])
def test_what_is_followed_by_digest_has_a_whole_one(text: str) -> None:
    registry, http = client()
    with pytest.raises(UsageError):
        listing.referrers(registry, text)
    assert http.requests == []
