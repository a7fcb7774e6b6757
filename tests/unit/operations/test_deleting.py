from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from acrbridge.errors import AcrBridgeError, UsageError
from acrbridge.operations import deleting
from acrbridge.operations.deleting import TaggedManifest
from acrbridge.registry.client import RegistryClient
from unit.fakes import DIGEST, Answer, ScriptedHttp, answer

HOST = "https://contoso.azurecr.io"
OTHER = f"sha256:{1:064x}"


def client(*answers: Answer) -> tuple[RegistryClient, ScriptedHttp]:
    http = ScriptedHttp(answers)
    return RegistryClient("contoso.azurecr.io", http), http


def test_deleting_an_image_takes_all_tags_of_its_digest() -> None:
    tags = [
        {"name": "v1", "digest": DIGEST},
        {"name": "v2", "digest": OTHER},
        {"name": "v3", "digest": DIGEST},
    ]
    registry, _ = client(answer(200, {"tag": {"digest": DIGEST}}), answer(200, {"tags": tags}))
    assert deleting.find_manifest(registry, "a:v1") == TaggedManifest("a", DIGEST, ("v1", "v3"))


def test_no_more_tags_are_asked_for_than_those_of_the_digest() -> None:
    registry, http = client(answer(200, {"tags": []}))
    assert deleting.find_manifest(registry, f"a@{DIGEST}").tags == ()
    assert http.urls == [f"{HOST}/acr/v1/a/_tags?n=100&digest={quote(DIGEST)}"]


def test_a_manifest_is_deleted_by_its_digest() -> None:
    registry, http = client(answer(202))
    deleting.delete_manifest(registry, TaggedManifest("a", DIGEST, ("v1",)))
    assert (http.requests[0].method, http.urls) == ("DELETE", [f"{HOST}/v2/a/manifests/{DIGEST}"])


@pytest.mark.parametrize(
    "call",
    [
        lambda registry: deleting.delete_repository(registry, "a/../../b"),
        lambda registry: deleting.untag(registry, "a@" + DIGEST),
        lambda registry: deleting.untag(registry, "a:\n"),
        lambda registry: deleting.find_manifest(registry, "a:b/c"),
        lambda registry: deleting.find_manifest(registry, "a@sha256:abc"),
        lambda registry: deleting.find_manifest(registry, "a@md5:abc"),
        lambda registry: deleting.find_manifest(registry, f"a@{DIGEST.replace('a', 'A')}"),
    ],
)
def test_a_name_that_breaks_the_rules_reaches_no_registry(call: Callable[[RegistryClient], Any]) -> None:
    registry, http = client()
    with pytest.raises(UsageError):
        call(registry)
    assert http.requests == []


@pytest.mark.parametrize("said", ["../../../oauth2/x", "", None, 5, "sha256:x"])
def test_a_digest_that_the_registry_makes_up_is_not_used(said: Any) -> None:
    registry, http = client(answer(200, {"tag": {"digest": said} if said is not None else {}}))
    with pytest.raises(AcrBridgeError) as error:
        deleting.find_manifest(registry, "a:b")
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"
    assert len(http.requests) == 1


@pytest.mark.parametrize(
    "tag", [{"digest": DIGEST}, {"digest": DIGEST, "name": None}, {"digest": DIGEST, "name": 5}]
)
def test_a_tag_without_a_name_is_a_typed_error(tag: dict[str, Any]) -> None:
    registry, _ = client(answer(200, {"tags": [tag]}))
    with pytest.raises(AcrBridgeError) as error:
        deleting.find_manifest(registry, f"a@{DIGEST}")
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"
