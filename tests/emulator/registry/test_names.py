"""Grammar of repository names, tags and digests."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acr_emulator.registry.errors import RegistryError
from acr_emulator.registry.names import check_digest, check_name, check_reference

part = st.from_regex(r"[a-z0-9]{1,5}([._]|__|-{1,3})?[a-z0-9]{1,5}", fullmatch=True)
names = st.lists(part, min_size=1, max_size=5).map("/".join)
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True)

BAD_NAMES = {
    "empty": "",
    "upper case": "App",
    "parent folder": "../x",
    "parent folder inside": "a/../b",
    "empty part": "a//b",
    "slash first": "/a",
    "slash last": "a/",
    "three underscores": "a___b",
    "two dots": "a..b",
    "dash last": "a-",
    "line break": "a\n",
    "control character": "a\x00b",
    "letter outside ASCII": "ñ",
    "digit outside ASCII": "a\u0661",
    "blank": "a b",
    "colon": "a:b",
    "256 characters": "a" * 256,
}
BAD_DIGESTS = {
    "upper case": "sha256:" + "A" * 64,
    "too short": "sha256:" + "a" * 63,
    "too long": "sha256:" + "a" * 65,
    "unknown algorithm": "sha1:" + "a" * 40,
    "path": "sha256:../../x",
    "line break": "sha256:" + "a" * 64 + "\n",
    "sha512 with the length of sha256": "sha512:" + "a" * 64,
}
BAD_TAGS = {
    "dot first": ".a",
    "dash first": "-a",
    "129 characters": "a" * 129,
    "slash": "a/b",
    "ñ": "ñ",
    "": "",
}


@given(names)
def test_names_of_the_grammar_are_taken(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES)
def test_no_other_name_is_taken(name: str) -> None:
    with pytest.raises(RegistryError) as refused:
        check_name(name)
    assert refused.value.code == "NAME_INVALID"


@given(st.text(max_size=40))
def test_what_is_taken_as_a_name_is_safe_in_a_path_and_a_header(text: str) -> None:
    try:
        name = check_name(text)
    except RegistryError:
        return
    assert re.fullmatch(r"[a-z0-9._/-]+", name, re.ASCII)
    assert ".." not in name.split("/")


@given(tags)
def test_tags_of_the_grammar_are_taken(tag: str) -> None:
    assert check_reference(tag) == tag


@pytest.mark.parametrize("tag", BAD_TAGS.values(), ids=BAD_TAGS)
def test_no_other_tag_is_taken(tag: str) -> None:
    with pytest.raises(RegistryError) as refused:
        check_reference(tag)
    assert refused.value.code == "MANIFEST_INVALID"


@given(st.sampled_from([("sha256", 64), ("sha512", 128)]), st.data())
def test_digests_of_both_algorithms_are_taken(algorithm: tuple[str, int], data: st.DataObject) -> None:
    name, length = algorithm
    digest = f"{name}:{data.draw(st.text('0123456789abcdef', min_size=length, max_size=length))}"
    assert check_digest(digest) == check_reference(digest) == digest


@pytest.mark.parametrize("digest", BAD_DIGESTS.values(), ids=BAD_DIGESTS)
def test_no_other_digest_is_taken(digest: str) -> None:
    with pytest.raises(RegistryError) as refused:
        check_reference(digest)
    assert refused.value.code == "DIGEST_INVALID"
