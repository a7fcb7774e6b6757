"""Deleting: OCI distribution specification, "Content management", and ACR's own `/acr/v1`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from emulator.registries import (
    CONTENT,
    CONTOSO,
    OCI_MANIFEST,
    OPEN,
    basic,
    descriptor,
    encode,
    image,
    sha256,
)

if TYPE_CHECKING:
    from emulator.registries import Registries

DIGEST = sha256(encode(image()))
BLOB = sha256(CONTENT)
UNKNOWN = "sha256:" + "0" * 64


@pytest.fixture
def filled(registries: Registries) -> Registries:
    """With an image of two tags and a signature of it."""
    registries.push_image("app", "v1")
    registries.push_manifest("app", "v2", image())
    subject = descriptor(encode(image()), OCI_MANIFEST)
    registries.push_manifest(
        "app", "signature", image(artifactType="application/vnd.example", subject=subject)
    )
    return registries


UNKNOWN_THINGS = {
    "manifest": (f"/v2/app/manifests/{UNKNOWN}", "MANIFEST_UNKNOWN"),
    "tag": ("/v2/app/manifests/v3", "TAG_UNKNOWN"),
    "blob": (f"/v2/app/blobs/{UNKNOWN}", "BLOB_UNKNOWN"),
    "tag of ACR": ("/acr/v1/app/_tags/v3", "TAG_UNKNOWN"),
    "repository of ACR": ("/acr/v1/other", "NAME_UNKNOWN"),
    "tag of an unknown repository": ("/acr/v1/other/_tags/v1", "NAME_UNKNOWN"),
}


@pytest.mark.parametrize(("target", "code"), UNKNOWN_THINGS.values(), ids=UNKNOWN_THINGS)
def test_what_is_not_there_cannot_be_deleted(filled: Registries, target: str, code: str) -> None:
    answer = filled.ask("DELETE", target)
    assert (answer.status, answer.code) == (404, code)


def test_a_manifest_goes_with_its_tags_and_what_refers_to_it(filled: Registries) -> None:
    assert filled.ask("DELETE", f"/v2/app/manifests/{DIGEST}").status == 202
    assert filled.ask("GET", "/v2/app/tags/list").json()["tags"] == []
    assert filled.ask("GET", f"/v2/app/referrers/{DIGEST}").json()["manifests"] == []
    assert filled.ask("GET", f"/v2/app/manifests/{DIGEST}").status == 404


@pytest.mark.parametrize("target", ["/v2/app/manifests/v1", "/acr/v1/app/_tags/v1"])
def test_a_tag_goes_and_its_manifest_stays(filled: Registries, target: str) -> None:
    assert filled.ask("DELETE", target).status == 202
    assert filled.ask("GET", "/v2/app/manifests/v1").status == 404
    assert filled.ask("GET", "/v2/app/manifests/v2").body == encode(image())


def test_a_blob_goes_from_its_repository_only(filled: Registries) -> None:
    filled.push_blob("other", CONTENT)
    assert filled.ask("DELETE", f"/v2/app/blobs/{BLOB}").status == 202
    assert filled.ask("HEAD", f"/v2/app/blobs/{BLOB}").status == 404
    assert filled.ask("GET", f"/v2/other/blobs/{BLOB}").body == CONTENT


def test_a_repository_goes_with_everything(filled: Registries) -> None:
    answer = filled.ask("DELETE", "/acr/v1/app")
    assert answer.status == 202
    told = answer.json()
    assert (len(told["manifestsDeleted"]), told["tagsDeleted"]) == (2, ["signature", "v1", "v2"])
    assert DIGEST in told["manifestsDeleted"]
    assert filled.ask("GET", "/v2/_catalog").json() == {"repositories": []}
    assert filled.ask("HEAD", f"/v2/app/blobs/{BLOB}").status == 404


LOCKS = {"delete": {"deleteEnabled": False}, "write": {"writeEnabled": False}}
LOCKED = {
    "repository": ("/acr/v1/app", ["/acr/v1/app", "/acr/v1/app/_tags/v1", f"/v2/app/manifests/{DIGEST}"]),
    "tag": ("/acr/v1/app/_tags/v1", ["/acr/v1/app", "/acr/v1/app/_tags/v1", f"/v2/app/manifests/{DIGEST}"]),
    "manifest": (f"/acr/v1/app/_manifests/{DIGEST}", ["/acr/v1/app", f"/v2/app/manifests/{DIGEST}"]),
}


@pytest.mark.parametrize("lock", LOCKS.values(), ids=LOCKS)
@pytest.mark.parametrize(("holder", "targets"), LOCKED.values(), ids=LOCKED)
def test_what_is_locked_cannot_be_deleted_until_it_is_unlocked(
    filled: Registries, lock: dict[str, bool], holder: str, targets: list[str]
) -> None:
    assert filled.ask("PATCH", holder, body=encode(lock)).status == 200
    for target in targets:
        answer = filled.ask("DELETE", target)
        assert (answer.status, answer.code) == (405, "REGISTRY_DISALLOWED_OPERATION")
    assert filled.ask("HEAD", "/v2/app/manifests/v1").status == 200
    filled.ask("PATCH", holder, body=encode({"deleteEnabled": True, "writeEnabled": True}))
    assert filled.ask("DELETE", targets[0]).status == 202


@pytest.mark.parametrize("holder", ["/acr/v1/app", "/acr/v1/app/_tags/v1"])
def test_a_tag_that_is_locked_cannot_be_pushed_to(filled: Registries, holder: str) -> None:
    filled.ask("PATCH", holder, body=encode({"writeEnabled": False}))
    answer = filled.push_manifest("app", "v1", image(annotations={"a": "b"}))
    assert (answer.status, answer.code) == (405, "REGISTRY_DISALLOWED_OPERATION")
    assert "aka.ms/acr/faq" in answer.json()["errors"][0]["message"]
    assert filled.ask("GET", "/v2/app/manifests/v1").body == encode(image())


def test_another_tag_of_a_locked_image_can_be_pushed_to(filled: Registries) -> None:
    filled.ask("PATCH", "/acr/v1/app/_tags/v1", body=encode({"writeEnabled": False}))
    assert filled.push_manifest("app", "v2", image(annotations={"a": "b"})).status == 201


@pytest.mark.parametrize(
    "holder", ["/acr/v1/app", "/acr/v1/app/_tags/v1", f"/acr/v1/app/_manifests/{DIGEST}"]
)
def test_what_may_not_be_read_is_not_pulled(filled: Registries, holder: str) -> None:
    filled.ask("PATCH", holder, body=encode({"readEnabled": False}))
    assert filled.ask("GET", "/v2/app/manifests/v1").code == "REGISTRY_DISALLOWED_OPERATION"


def test_deleting_wants_its_own_right(registries: Registries) -> None:
    registries.push_image("app", "v1", CONTOSO, basic("contoso", "first"))
    headers = registries.bearer(
        CONTOSO, "repository:app:pull,push,delete", who=("client-pusher", "pusher-secret")
    )
    answer = registries.ask("DELETE", f"/v2/app/manifests/{DIGEST}", CONTOSO, headers=headers)
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    headers = registries.bearer(CONTOSO, "repository:app:delete", who=("client-deleter", "deleter-secret"))
    assert registries.ask("DELETE", f"/v2/app/manifests/{DIGEST}", CONTOSO, headers=headers).status == 202


def test_an_open_registry_lets_everybody_delete(filled: Registries) -> None:
    assert filled.ask("DELETE", "/acr/v1/app", OPEN).status == 202
