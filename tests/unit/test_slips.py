from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acrbridge.errors import UsageError
from acrbridge.references import Image, Location, check_repository, check_tag, parse_place
from acrbridge.slips import PLACE, REPOSITORY, TAG, digest_remedy, remedy
from unit.fakes import BIDI_AND_CONTROL, DIGEST, HEX, is_fit_to_print


def remedy_of(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse_place(text, "target")
    assert caught.value.code == "REFERENCE_INVALID"
    assert caught.value.message.startswith("target: ")
    return caught.value.remedy


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("https://contoso.azurecr.io/o/hw:1", "Leave out https://"),
        ("docker://nginx", "Leave out docker://"),
        ("OCI:site", "Write oci:site"),
        ("Oci-Archive:a/site.tar:1", "Write oci-archive:a/site.tar:1"),
        ("dir:site", "Write oci:PATH for a layout in a folder, oci-archive:PATH for one in a tar archive."),
        ("oci-archve:x", "oci-archive:PATH"),
        ("oci-layout:x", "oci:PATH"),
        ("docker-archive:x.tar", "oci-archive:PATH"),
        ("docker-daemon:nginx:1", "docker save"),
        ("signed.tar", "Write oci-archive:signed.tar"),
        ("out/signed.tar:1", "Write oci-archive:out/signed.tar:1"),
        ("./site", "Write oci:./site"),
        ("../site:1", "Write oci:../site:1"),
        ("/srv/site", "oci:PATH"),
        (r"C:\site", "oci:PATH"),
        ("[::1]:5000/app", "IPv4"),
        ("contoso.azurecr.io", "Add the repository: contoso.azurecr.io/REPOSITORY:TAG"),
        ("localhost:5000/", "Add the repository: localhost:5000/REPOSITORY:TAG"),
        ("contoso.azurecr.io:99999/app", "from 1 to 65535"),
        ("contoso.azurecr.io:0/app", "from 1 to 65535"),
        ("cont\u043eso.azurecr.io/app", "ASCII"),
        ("contoso/m/hw:1", "contoso.azurecr.io/m/hw:1"),
        ("hello-world", "docker.io/library/hello-world:latest"),
        ("docker.io/library/nginx:", "leave the colon out"),
        (f"docker.io/library/nginx:{DIGEST}", f"REPOSITORY@{DIGEST}"),
        (f"docker.io/library/nginx@sha256:{HEX[:63]}", "64 digits of 0-9 and a-f; here are 63"),
        ("oci:site@sha256:abc", "64 digits of 0-9 and a-f; here are 3"),
    ],
)
def test_a_slip_in_a_place_is_answered_with_how_to_write_it(text: str, advice: str) -> None:
    assert advice in remedy_of(text)


@pytest.mark.parametrize(
    ("tag", "advice"),
    [
        ("contoso.azurecr.io/o/hw:2", "Give the tag only: 2"),
        ("t" * 129, "at most 128"),
        ("la,test", "begins with neither"),
        ("", "leave the colon out"),
    ],
)
def test_a_slip_in_a_tag_is_answered_with_how_to_write_it(tag: str, advice: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_tag(tag)
    assert advice in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "advice"), [("", "Name the repository"), ("a" * 256, "at most 255"), ("a..b", "a-z and 0-9")]
)
def test_a_slip_in_a_repository_is_answered_with_how_to_write_it(name: str, advice: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_repository(name)
    assert advice in caught.value.remedy


def test_letters_are_shown_as_they_were_typed_and_what_has_no_shape_is_escaped() -> None:
    with pytest.raises(UsageError, match="'ünïcode\\\\u202e' is not a repository name"):
        Image.parse("ünïcode\u202e")


def test_the_port_of_https_is_left_out() -> None:
    assert Location.parse("Contoso.azurecr.io:443/app") == Location.parse("contoso.azurecr.io/app")


@given(st.text() | st.text("/:@.[\\-~ aoci\n" + BIDI_AND_CONTROL, max_size=30))
def test_advice_is_fit_to_print_whatever_was_typed(text: str) -> None:
    said = [remedy(text, PLACE), remedy(text, REPOSITORY), remedy(text, TAG), digest_remedy(text)]
    assert all(advice and is_fit_to_print(advice) for advice in said)
