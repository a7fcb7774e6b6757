"""OCI distribution specification, "Content discovery": tags, repositories and referrers, in pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from emulator.registries import (
    ADMIN,
    CONTOSO,
    MCR,
    OCI_INDEX,
    OCI_MANIFEST,
    OPEN,
    basic,
    descriptor,
    encode,
    image,
    index,
    sha256,
)

if TYPE_CHECKING:
    from emulator.registries import Answer, Registries

TAGS = ["A", "b", "C", "d", "e"]


@pytest.fixture
def tagged(registries: Registries) -> Registries:
    """With a repository of five tags, pushed out of order."""
    registries.push_image("app", "v1")
    registries.ask("DELETE", "/v2/app/manifests/v1")
    for tag in reversed(TAGS):
        registries.push_manifest("app", tag, image())
    return registries


def next_page(answer: Answer) -> str:
    match = re.fullmatch(r'<([^>]*)>; rel="next"', answer.header("Link"))
    return match[1] if match else ""


def test_tags_come_in_lexical_order(tagged: Registries) -> None:
    assert tagged.ask("GET", "/v2/app/tags/list").json() == {"name": "app", "tags": TAGS}


PAGES = {
    "first two": ("n=2", TAGS[:2], True),
    "none": ("n=0", [], False),
    "exactly all": ("n=5", TAGS, False),
    "more than there are": ("n=99", TAGS, False),
    "far more than a page has": ("n=999999999999", TAGS, False),
    "after one": ("last=b", TAGS[2:], False),
    "after one that is gone": ("last=bb", TAGS[2:], False),
    "after the last": ("last=e", [], False),
    "two after one": ("n=2&last=A", TAGS[1:3], True),
}


@pytest.mark.parametrize(("query", "tags", "more"), PAGES.values(), ids=PAGES)
def test_what_a_page_of_tags_has(tagged: Registries, query: str, tags: list[str], *, more: bool) -> None:
    answer = tagged.ask("GET", f"/v2/app/tags/list?{query}")
    assert (answer.json()["tags"], bool(next_page(answer))) == (tags, more)


@pytest.mark.parametrize("target", ["/v2/app/tags/list", "/v2/_catalog"])
@pytest.mark.parametrize("number", ["-1", "two", "1.5", "9" * 5000])
def test_another_number_of_results_is_refused(tagged: Registries, target: str, number: str) -> None:
    answer = tagged.ask("GET", f"{target}?n={number}")
    assert (answer.status, answer.code) == (400, "PAGINATION_NUMBER_INVALID")


@pytest.mark.parametrize("path", ["/v2/_catalog", "/acr/v1/_catalog"])
def test_links_lead_through_all_repositories(registries: Registries, path: str) -> None:
    names = [f"r{number}" for number in range(7)]
    for name in names:
        registries.push_image(name, "v1")
    found, target = [], f"{path}?n=3"
    while target:
        answer = registries.ask("GET", target)
        found.append(answer.json()["repositories"])
        target = next_page(answer)
    assert found == [names[:3], names[3:6], names[6:]]


def test_a_link_has_a_value_for_each_parameter(tagged: Registries) -> None:
    """The real az splits each one at its equals sign."""
    query = next_page(tagged.ask("GET", "/v2/app/tags/list?n=1")).partition("?")[2]
    assert query == "last=A&n=1&orderby="


def test_an_empty_registry_has_no_repositories(registries: Registries) -> None:
    assert registries.ask("GET", "/v2/_catalog").json() == {"repositories": []}


def test_an_unknown_repository_has_no_list_of_tags(registries: Registries) -> None:
    answer = registries.ask("GET", "/v2/app/tags/list")
    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")


def test_registries_share_no_repositories(registries: Registries) -> None:
    registries.push_image("app", "v1", OPEN)
    assert registries.ask("GET", "/v2/_catalog", CONTOSO, headers=basic(*ADMIN)).json() == {
        "repositories": []
    }
    assert registries.ask("GET", "/v2/app/tags/list", MCR).status == 404


SUBJECT = {**descriptor(encode(image()), OCI_MANIFEST)}
SIGNATURE = image(artifactType="application/vnd.example.signature", subject=SUBJECT, annotations={"by": "me"})
PLAIN = image(subject=SUBJECT, layers=[])
LIST = index(artifactType="application/vnd.example.list", subject=SUBJECT)


@pytest.fixture
def referred(registries: Registries) -> Registries:
    """With an image that three manifests refer to."""
    registries.push_image("app", "v1")
    for manifest in (SIGNATURE, PLAIN, LIST):
        answer = registries.push_manifest("app", sha256(encode(manifest)), manifest)
        assert (answer.status, answer.header("OCI-Subject")) == (201, SUBJECT["digest"])
    return registries


def test_referrers_come_as_an_index_of_descriptors(referred: Registries) -> None:
    answer = referred.ask("GET", f"/v2/app/referrers/{SUBJECT['digest']}")
    assert (answer.status, answer.header("Content-Type")) == (200, OCI_INDEX)
    told = answer.json()
    assert (told["schemaVersion"], told["mediaType"]) == (2, OCI_INDEX)
    types = [
        "application/vnd.example.signature",
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.example.list",
    ]
    expected = [
        {**descriptor(encode(manifest), manifest["mediaType"]), "artifactType": artifact_type}
        for manifest, artifact_type in zip((SIGNATURE, PLAIN, LIST), types, strict=True)
    ]
    expected[0]["annotations"] = {"by": "me"}
    assert sorted(told["manifests"], key=lambda d: d["digest"]) == sorted(expected, key=lambda d: d["digest"])


def test_referrers_of_one_type_come_with_the_filter_named(referred: Registries) -> None:
    target = f"/v2/app/referrers/{SUBJECT['digest']}?artifactType=application/vnd.example.list"
    answer = referred.ask("GET", target)
    assert [d["digest"] for d in answer.json()["manifests"]] == [sha256(encode(LIST))]
    assert answer.header("OCI-Filters-Applied") == "artifactType"


def test_without_a_filter_none_is_named(referred: Registries) -> None:
    assert referred.ask("GET", f"/v2/app/referrers/{SUBJECT['digest']}").header("OCI-Filters-Applied") == ""


@pytest.mark.parametrize("repository", ["app", "never-seen"])
def test_what_nothing_refers_to_has_no_referrers(registries: Registries, repository: str) -> None:
    answer = registries.ask("GET", f"/v2/{repository}/referrers/sha256:{'0' * 64}")
    assert (answer.status, answer.json()["manifests"]) == (200, [])


def test_referrers_of_what_is_no_digest_are_refused(registries: Registries) -> None:
    assert registries.ask("GET", "/v2/app/referrers/latest").code == "DIGEST_INVALID"


def test_referrers_wait_for_their_subject(registries: Registries) -> None:
    registries.push_image("app", "signature", subject=SUBJECT)
    found = registries.ask("GET", f"/v2/app/referrers/{SUBJECT['digest']}").json()["manifests"]
    assert len(found) == 1
