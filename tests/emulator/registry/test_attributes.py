"""ACR's `/acr/v1`: what it shows of repositories, tags and manifests, in which order, and how that is changed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from acr_emulator.records import Manifest, Tag
from acr_emulator.registry.attributes import timestamp
from emulator.registries import (
    CONFIGURATION,
    CONTENT,
    OCI_INDEX,
    OCI_MANIFEST,
    OPEN,
    encode,
    image,
    index,
    sha256,
)

if TYPE_CHECKING:
    from emulator.registries import Registries

DIGEST = sha256(encode(image()))
UNLOCKED = {"deleteEnabled": True, "listEnabled": True, "readEnabled": True, "writeEnabled": True}
HEAD = {"registry": OPEN, "imageName": "app"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")


@pytest.fixture
def filled(registries: Registries) -> Registries:
    """With an image of two tags, and an index of it with a third."""
    registries.push_image("app", "v1")
    registries.push_manifest("app", "v2", image())
    listed = index(image())
    listed["manifests"][0]["platform"] = {"architecture": "arm64", "os": "linux"}
    registries.push_manifest("app", "all", listed)
    return registries


def timeless(shown: dict[str, Any]) -> dict[str, Any]:
    """Without its times, which have been checked."""
    assert TIME.fullmatch(shown["createdTime"])
    assert TIME.fullmatch(shown["lastUpdateTime"])
    return {name: value for name, value in shown.items() if not name.endswith("Time")}


def test_times_have_seven_digits_of_a_second() -> None:
    assert timestamp(1_700_000_000.25) == "2023-11-14T22:13:20.2500000Z"


def test_a_repository_shows_its_counts(filled: Registries) -> None:
    shown = timeless(filled.ask("GET", "/acr/v1/app").json())
    assert shown == {**HEAD, "manifestCount": 2, "tagCount": 3, "changeableAttributes": UNLOCKED}


def test_a_tag_shows_its_digest(filled: Registries) -> None:
    told = filled.ask("GET", "/acr/v1/app/_tags/v1").json()
    assert timeless(told.pop("tag")) == {
        "name": "v1",
        "digest": DIGEST,
        "signed": False,
        "changeableAttributes": UNLOCKED,
    }
    assert told == HEAD


def test_a_manifest_shows_platform_size_and_tags(filled: Registries) -> None:
    told = filled.ask("GET", f"/acr/v1/app/_manifests/{DIGEST}").json()
    assert timeless(told.pop("manifest")) == {
        "digest": DIGEST,
        "imageSize": len(CONFIGURATION) + len(CONTENT),
        "mediaType": OCI_MANIFEST,
        "architecture": "arm64",
        "os": "linux",
        "configMediaType": "application/vnd.oci.image.config.v1+json",
        "tags": ["v1", "v2"],
        "changeableAttributes": UNLOCKED,
    }
    assert told == HEAD


def test_an_index_shows_what_it_lists(filled: Registries) -> None:
    digest = filled.ask("HEAD", "/v2/app/manifests/all").header("Docker-Content-Digest")
    shown = filled.ask("GET", f"/acr/v1/app/_manifests/{digest}").json()["manifest"]
    assert shown["references"] == [{"digest": DIGEST, "architecture": "arm64", "os": "linux"}]
    assert (shown["mediaType"], shown["tags"]) == (OCI_INDEX, ["all"])
    assert "configMediaType" not in shown


def test_a_manifest_without_tags_has_no_such_key(filled: Registries) -> None:
    for tag in ("v1", "v2"):
        filled.ask("DELETE", f"/acr/v1/app/_tags/{tag}")
    assert "tags" not in filled.ask("GET", f"/acr/v1/app/_manifests/{DIGEST}").json()["manifest"]


CONFIGURATIONS = {"no JSON": b"{", "no object": b"[]", "no platform": b"{}", "odd platform": b'{"os": 1}'}


@pytest.mark.parametrize("configuration", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_a_configuration_without_a_platform_tells_none(registries: Registries, configuration: bytes) -> None:
    digest = registries.push_blob("app", configuration)
    manifest = image(layers=[])
    manifest["config"].update(digest=digest, size=len(configuration))
    registries.push_manifest("app", "v1", manifest)
    shown = registries.ask("GET", "/acr/v1/app/_manifests").json()["manifests"][0]
    assert {"os", "architecture"}.isdisjoint(shown)


UNKNOWN = {
    "repository": ("/acr/v1/other", "NAME_UNKNOWN"),
    "tags of an unknown repository": ("/acr/v1/other/_tags", "NAME_UNKNOWN"),
    "manifests of an unknown repository": ("/acr/v1/other/_manifests", "NAME_UNKNOWN"),
    "tag": ("/acr/v1/app/_tags/v3", "TAG_UNKNOWN"),
    "manifest": (f"/acr/v1/app/_manifests/sha256:{'0' * 64}", "MANIFEST_UNKNOWN"),
}


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize(("target", "code"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_there_is_not_shown(filled: Registries, method: str, target: str, code: str) -> None:
    if method == "PATCH" and target.endswith(("_tags", "_manifests")):
        assert filled.ask(method, target).status == 405
        return
    answer = filled.ask(method, target, body=b"{}")
    assert (answer.status, answer.code) == (404, code)


@pytest.fixture
def dated(registries: Registries) -> Registries:
    """With tags of different times, which are not in the order of their names."""
    for name, seconds in {"a": 30.0, "b": 10.0, "c": 20.0}.items():
        registries.push_image("app", name, annotations={"name": name})
        tag = registries.state.get(Tag, host=OPEN, repository="app", name=name)
        assert tag is not None
        manifest = registries.state.get(Manifest, host=OPEN, repository="app", digest=tag.digest)
        assert manifest is not None
        registries.state.put(replace(tag, updated=seconds), replace(manifest, updated=seconds))
    return registries


ORDERS = {
    "by name": ("", "abc"),
    "none": ("orderby=none", "abc"),
    "oldest first": ("orderby=timeasc", "bca"),
    "youngest first": ("orderby=timedesc", "acb"),
    "the youngest": ("orderby=timedesc&n=1", "a"),
    "after the youngest": ("orderby=timedesc&last=a", "cb"),
}


@pytest.mark.parametrize(("query", "names"), ORDERS.values(), ids=ORDERS)
def test_in_which_order_tags_come(dated: Registries, query: str, names: str) -> None:
    tags = dated.ask("GET", f"/acr/v1/app/_tags?{query}").json()["tags"]
    assert "".join(tag["name"] for tag in tags) == names


@pytest.mark.parametrize(("order", "names"), [("timeasc", "bca"), ("timedesc", "acb")])
def test_manifests_come_by_time_in_pages(dated: Registries, order: str, names: str) -> None:
    found, target = "", f"/acr/v1/app/_manifests?n=1&orderby={order}"
    while target:
        answer = dated.ask("GET", target)
        found += answer.json()["manifests"][0]["tags"][0]
        link = answer.header("Link")
        target = link[1 : link.index(">")] if link else ""
        assert f"orderby={order}" in target or not target
    assert found == names


def test_tags_of_one_digest(filled: Registries) -> None:
    tags = filled.ask("GET", f"/acr/v1/app/_tags?digest={DIGEST}").json()["tags"]
    assert [tag["name"] for tag in tags] == ["v1", "v2"]


HOLDERS = {
    "repository": ("/acr/v1/app", ()),
    "tag": ("/acr/v1/app/_tags/v1", ("tag",)),
    "manifest": (f"/acr/v1/app/_manifests/{DIGEST}", ("manifest",)),
}


@pytest.mark.parametrize(("target", "path"), HOLDERS.values(), ids=HOLDERS)
@pytest.mark.parametrize("name", UNLOCKED)
def test_each_attribute_is_changed_alone_and_stays(
    filled: Registries, target: str, path: tuple[str, ...], name: str
) -> None:
    expected = {**UNLOCKED, name: False}
    for method in ("PATCH", "GET"):
        shown = filled.ask(method, target, body=encode({name: False})).json()
        for part in path:
            shown = shown[part]
        assert shown["changeableAttributes"] == expected


BAD_BODIES = {"no JSON": b"{", "no object": b"[]", "no boolean": b'{"writeEnabled": "false"}', "empty": b""}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
def test_what_sets_no_attribute_is_a_bad_request(filled: Registries, body: bytes) -> None:
    assert filled.ask("PATCH", "/acr/v1/app", body=body).status == 400


LISTS = {
    "repository": ("/acr/v1/app", "/acr/v1/_catalog", "app"),
    "tag": ("/acr/v1/app/_tags/v1", "/acr/v1/app/_tags", "v1"),
    "tag of the specification": ("/acr/v1/app/_tags/v1", "/v2/app/tags/list", "v1"),
    "manifest": (f"/acr/v1/app/_manifests/{DIGEST}", "/acr/v1/app/_manifests", DIGEST),
}


@pytest.mark.parametrize(("holder", "listing", "name"), LISTS.values(), ids=LISTS)
def test_what_may_not_be_listed_is_there_all_the_same(
    filled: Registries, holder: str, listing: str, name: str
) -> None:
    assert f'"{name}"' in filled.ask("GET", listing).body.decode()
    filled.ask("PATCH", holder, body=encode({"listEnabled": False}))
    assert f'"{name}"' not in filled.ask("GET", listing).body.decode().replace('"imageName":"app"', "")
    assert filled.ask("GET", holder).status == 200
