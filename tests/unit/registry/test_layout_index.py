from __future__ import annotations

import json
import string
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from acrbridge.errors import AcrBridgeError
from acrbridge.registry.contents import OCI_MANIFEST, Descriptor
from acrbridge.registry.layout_index import REF_NAME, Index
from unit.fakes import attempt, is_fit_to_print
from unit.transfer.places import digest_of

IMAGES = [Descriptor(OCI_MANIFEST, digest_of(bytes([number])), number) for number in range(4)]
tags = st.none() | st.sampled_from(["v1", "v2", "latest"])
puts = st.lists(st.tuples(st.sampled_from(IMAGES), tags), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
descriptors = st.fixed_dictionaries(
    {},
    optional={
        "mediaType": st.just(OCI_MANIFEST) | values,
        "digest": st.text(string.hexdigits, min_size=64, max_size=64).map("sha256:{}".format) | values,
        "size": st.integers() | values,
        "annotations": st.dictionaries(st.just(REF_NAME), st.text() | values) | values,
    },
)
indexes = st.fixed_dictionaries(
    {}, optional={"manifests": st.lists(descriptors | values) | values, "layers": values}
)


def put_all(images: list[tuple[Descriptor, str | None]]) -> Index:
    index = Index(where="layout")
    for descriptor, tag in images:
        index = index.with_image(descriptor, tag)
    return index


@given(puts)
def test_each_tag_stands_for_the_image_that_it_was_given_last(
    images: list[tuple[Descriptor, str | None]],
) -> None:
    index = put_all(images)
    last = {tag: descriptor for descriptor, tag in images if tag}
    assert index.tags() == sorted(last)
    assert {tag: index.find(tag) for tag in last} == last


@given(puts)
def test_no_image_is_lost_and_none_is_listed_twice_alike(images: list[tuple[Descriptor, str | None]]) -> None:
    listed = [(entry.descriptor.digest, entry.tag) for entry in put_all(images).entries]
    assert {digest for digest, _ in listed} == {descriptor.digest for descriptor, _ in images}
    assert len(set(listed)) == len(listed)


@given(puts)
def test_only_an_image_without_any_tag_is_listed_without_one(
    images: list[tuple[Descriptor, str | None]],
) -> None:
    entries = put_all(images).entries
    for digest in {entry.descriptor.digest for entry in entries}:
        own = [entry.tag for entry in entries if entry.descriptor.digest == digest]
        assert None not in own or own == [None]


@given(puts)
def test_what_is_written_is_read_again(images: list[tuple[Descriptor, str | None]]) -> None:
    index = put_all(images)
    assert Index.parse(index.as_json(), "layout").entries == index.entries


@given(indexes | values)
def test_any_document_is_an_index_or_an_error_fit_to_print(document: Any) -> None:
    found = attempt(lambda: Index.parse(json.dumps(document).encode(), "layout"))
    if isinstance(found, AcrBridgeError):
        assert found.code == "LAYOUT_INVALID"
        assert is_fit_to_print(found.message)
    else:
        assert all(entry.descriptor.size >= 0 for entry in found.entries)


@given(st.binary())
def test_any_bytes_are_an_index_or_refused(body: bytes) -> None:
    found = attempt(lambda: Index.parse(body, "layout"))
    assert isinstance(found, Index) or found.code == "LAYOUT_INVALID"


def test_what_other_tools_say_of_an_image_stays() -> None:
    own = {"mediaType": OCI_MANIFEST, "digest": IMAGES[0].digest, "size": 0, "platform": {"os": "linux"}}
    named = {**own, "annotations": {REF_NAME: "v1", "io.containerd.image.name": "docker.io/app:v1", "a": "b"}}
    document = {"schemaVersion": 2, "annotations": {"c": "d"}, "manifests": [named]}
    index = Index.parse(json.dumps(document).encode(), "layout").with_image(IMAGES[1], "v1")
    written = json.loads(index.as_json())
    assert written["annotations"] == {"c": "d"}
    assert written["manifests"][0] == {**own, "annotations": {"a": "b"}}
