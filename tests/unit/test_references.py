from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acrbridge.errors import UsageError
from acrbridge.references import (
    Image,
    LayoutPath,
    RegistryId,
    check_repository,
    check_tag,
    image_on_hub,
    is_digest,
    is_host,
    is_login_server,
    parse_place,
    registry_name,
    split_source,
)
from unit.fakes import BIDI_AND_CONTROL, DIGEST, HEX, attempt, is_fit_to_print

SUFFIX = ".azurecr.io"

components = st.from_regex(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+){0,3}", fullmatch=True)
repositories = (
    st.lists(components, min_size=1, max_size=4).map("/".join).filter(lambda text: len(text) <= 255)
)
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True)
digests = st.text(string.hexdigits.lower()[:16], min_size=64, max_size=64).map("sha256:{}".format)
hostile_text = st.text() | st.text(string.printable) | st.text("/:@.#?%\\ \n\x00ñA" + "ab0", max_size=40)


@given(st.builds(Image, repositories, st.none() | tags, st.none() | digests))
def test_an_image_that_is_printed_parses_to_itself(image: Image) -> None:
    assert Image.parse(str(image)) == image


@given(hostile_text)
def test_any_text_is_an_image_or_a_usage_error_fit_to_print(text: str) -> None:
    found = attempt(lambda: Image.parse(text))
    if isinstance(found, Image):
        assert str(found) == text
    else:
        assert found.code == "REFERENCE_INVALID"
        assert is_fit_to_print(found.message)


@given(hostile_text)
def test_any_text_splits_into_host_and_image_or_is_a_usage_error_fit_to_print(text: str) -> None:
    found = attempt(lambda: split_source(text))
    if isinstance(found, tuple):
        assert is_host(found[0])
        assert "/".join(found) == text
    else:
        assert is_fit_to_print(found.message)
        assert is_fit_to_print(found.remedy)


@given(hostile_text)
def test_any_text_is_a_registry_name_or_a_usage_error_fit_to_print(text: str) -> None:
    found = attempt(lambda: registry_name(text, SUFFIX))
    if isinstance(found, str):
        assert found.isascii()
        assert found.isalnum()
    else:
        assert is_fit_to_print(found.message)


@pytest.mark.parametrize(
    "name", ["a", "a/b", "library/hello-world", "a__b", "a.b-c_d", "a--b", "0/1", "a" * 255]
)
def test_repository_names(name: str) -> None:
    assert check_repository(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "A", "a/", "/a", "a//b", "a..b", "a___b", "-a", "a-", "a b", "a\n", "ñ", "../a", "a/../b", "a%2fb", "a?b",
     "a#b", "a\x00", "a" * 256, "a.-b"],
)  # fmt: skip
def test_what_is_no_repository_name(name: str) -> None:
    with pytest.raises(UsageError) as error:
        check_repository(name)
    assert error.value.code == "REFERENCE_INVALID"


def test_a_repository_in_capitals_is_refused_with_the_right_spelling() -> None:
    with pytest.raises(UsageError, match="Write 'hello-world'"):
        check_repository("Hello-World")


@pytest.mark.parametrize("tag", ["", ".a", "-a", "a b", "a\n", "ñ", "a" * 129, "a:b", "a/b", "a@b"])
def test_what_is_no_tag(tag: str) -> None:
    with pytest.raises(UsageError):
        check_tag(tag)


@pytest.mark.parametrize(
    "text", ["a:b:c", "localhost:5000/a:b", "a:", "a@", "a@sha256", "a@sha256:", "a@@b", ""]
)
def test_what_is_no_image(text: str) -> None:
    with pytest.raises(UsageError):
        Image.parse(text)


@pytest.mark.parametrize(
    ("text", "version"), [("a", "latest"), ("a:b", "b"), (f"a@{DIGEST}", DIGEST), (f"a:b@{DIGEST}", DIGEST)]
)
def test_the_version_is_the_digest_else_the_tag_else_latest(text: str, version: str) -> None:
    assert Image.parse(text).version == version


def test_a_digest_is_sha256_or_sha512_in_lower_case_hexadecimal() -> None:
    assert is_digest(DIGEST)
    assert is_digest(f"sha512:{HEX}{HEX}")


@pytest.mark.parametrize(
    "text",
    ["", HEX, f"sha256:{HEX[:-1]}", f"sha256:{HEX}0", f"sha256:{HEX.upper()}", f"SHA256:{HEX}", f"md5:{HEX[:32]}",
     "sha256:../../../etc/passwd", f"sha256:{HEX}\n", f" sha256:{HEX}", f"sha512:{HEX}", f"sha256:{HEX[:-1]}٣"],
)  # fmt: skip
def test_what_is_no_digest(text: str) -> None:
    assert not is_digest(text)


@given(st.text(string.hexdigits + ":sha256512-", max_size=140))
def test_only_the_two_forms_are_digests(text: str) -> None:
    algorithm, _, value = text.partition(":")
    length = {"sha256": 64, "sha512": 128}.get(algorithm, -1)
    well_formed = len(value) == length and set(value) <= set("0123456789abcdef")
    assert is_digest(text) == well_formed


@pytest.mark.parametrize(
    "host",
    ["contoso.azurecr.io", "CONTOSO.AzureCR.io", "contoso.azurecr.io.", "contoso-h4sh.azurecr.io",
     "contoso.eastus.geo.azurecr.io", "a1234.azurecr.io"],
)  # fmt: skip
def test_login_servers(host: str) -> None:
    assert is_login_server(host, SUFFIX)


@pytest.mark.parametrize(
    "host",
    [
        "x.azurecr.io.evil.example", "contoso.azurecr.io.evil.example", "azurecr.io", ".azurecr.io",
        "xazurecr.io", "contosoazurecr.io", "contoso.azurecr.io@evil.example", "evil.example/contoso.azurecr.io",
        "evil.example#.azurecr.io", "evil.example?.azurecr.io", "evil.example\\.azurecr.io", "contoso@.azurecr.io",
        "contoso.azurecr.io:443", "contoso.azurecr.io..", "contoso..azurecr.io", "contoso.azurecr.io\n",
        "contoso\n.azurecr.io", "contoso.azurecr.cn", "contoso.eastus.data.azurecr.io", "contoso.data.azurecr.io",
        "contoso.privatelink.azurecr.io", "contoso.a.b.geo.azurecr.io", "contoso.geo.azurecr.io", "abcd.azurecr.io",
        "xn--contoso-x.azurecr.io.", "cöntoso.azurecr.io", "\u212aontoso.azurecr.io",
        "contoso\uff0eazurecr.io", "contoso.azurecr.\u0131o", "evil.example.azurecr.io", "", ".",
    ],
)  # fmt: skip
def test_look_alikes_and_data_endpoints_are_no_login_servers(host: str) -> None:
    assert not is_login_server(host, SUFFIX)


@given(st.text(max_size=30))
def test_no_text_before_the_suffix_but_a_registrys_name_makes_a_login_server(text: str) -> None:
    if is_login_server(f"{text}{SUFFIX}", SUFFIX):
        assert text.isascii()
        assert set(text.lower()) <= set(string.ascii_lowercase + string.digits + "-.")


@pytest.mark.parametrize(
    ("text", "name"),
    [("contoso", "contoso"), ("Contoso", "Contoso"), ("contoso.azurecr.io", "contoso"),
     ("contoso.AZURECR.IO", "contoso"), ("contoso-h4sh.azurecr.io", "contoso"),
     ("contoso.eastus.geo.azurecr.io", "contoso"), ("contoso-h4sh.eastus.geo.azurecr.io", "contoso")],
)  # fmt: skip
def test_a_registrys_name_comes_out_of_a_name_or_login_server(text: str, name: str) -> None:
    assert registry_name(text, SUFFIX) == name


@pytest.mark.parametrize(
    ("text", "code"),
    [("abcd", "REGISTRY_NAME_INVALID"), ("my-registry", "REGISTRY_NAME_INVALID"), ("", "REGISTRY_NAME_INVALID"),
     ("a" * 51, "REGISTRY_NAME_INVALID"), ("contoso-.azurecr.io", "REGISTRY_NAME_INVALID"),
     ("contoso.eastus.data.azurecr.io", "REGISTRY_NAME_INVALID"), ("contoso.geo.azurecr.io", "REGISTRY_NAME_INVALID"),
     ("contoso.azurecr.us", "REGISTRY_SUFFIX_UNKNOWN"), ("contoso.azurecr.io.", "REGISTRY_SUFFIX_UNKNOWN"),
     ("contoso.azurecr.io.evil.example", "REGISTRY_SUFFIX_UNKNOWN")],
)  # fmt: skip
def test_what_names_no_registry(text: str, code: str) -> None:
    with pytest.raises(UsageError) as error:
        registry_name(text, SUFFIX)
    assert error.value.code == code


@given(st.from_regex(r"[a-z0-9]{1,6}[-.a-z0-9]{0,12}", fullmatch=True).map("{}.azurecr.io".format))
def test_what_gives_a_registrys_name_is_a_login_server_and_the_reverse(host: str) -> None:
    assert isinstance(attempt(lambda: registry_name(host, SUFFIX)), str) == is_login_server(host, SUFFIX)


@pytest.mark.parametrize(
    ("source", "host", "image"),
    [("myregistry.azurecr.io/myrepo/myimage:latest", "myregistry.azurecr.io", "myrepo/myimage:latest"),
     ("docker.io/myrepo/myimage:latest", "docker.io", "myrepo/myimage:latest"),
     ("mcr.microsoft.com:443/a", "mcr.microsoft.com:443", "a")],
)  # fmt: skip
def test_a_source_splits_at_its_first_slash(source: str, host: str, image: str) -> None:
    assert split_source(source) == (host, image)


@pytest.mark.parametrize(
    ("source", "code"),
    [("myregistry.azurecr.io", "SOURCE_REGISTRY_MISSING"), ("myrepo/myimage:latest", "SOURCE_REGISTRY_MISSING"),
     ("/", "SOURCE_REGISTRY_MISSING"), (".", "SOURCE_REGISTRY_MISSING"), ("", "SOURCE_REGISTRY_MISSING"),
     ("docker.io/", "SOURCE_REGISTRY_MISSING"), ("localhost/a", "SOURCE_HOST_LOCAL"),
     ("localhost:5000/a", "SOURCE_HOST_LOCAL"), ("user:pw@docker.io/a", "REFERENCE_INVALID"),
     ("docker.io\\/a", "REFERENCE_INVALID"), ("https://docker.io/a", "REFERENCE_INVALID")],
)  # fmt: skip
def test_a_source_without_a_usable_host_is_refused(source: str, code: str) -> None:
    with pytest.raises(UsageError) as error:
        split_source(source)
    assert error.value.code == code


@pytest.mark.parametrize(
    ("source", "advice"), [("hello-world:latest", "docker.io/library/hello-world:latest"),
                           ("a/b:c", "docker.io/a/b:c"), ("", "docker.io/library/hello-world:latest")]
)  # fmt: skip
def test_the_remedy_shows_the_source_as_it_is_on_docker_hub(source: str, advice: str) -> None:
    with pytest.raises(UsageError) as error:
        split_source(source)
    assert advice in error.value.remedy


@pytest.mark.parametrize(
    ("image", "full"),
    [("a", "library/a"), ("a:b/c", "library/a:b/c"), ("a@x/y", "library/a@x/y"), ("a/b", "a/b")],
)
def test_an_official_image_lives_under_library(image: str, full: str) -> None:
    assert image_on_hub(image) == full


segments = st.text(string.ascii_letters + string.digits + "-_.()", min_size=1, max_size=20)


@given(st.builds(RegistryId, segments, segments, segments))
def test_a_resource_id_that_is_printed_parses_to_itself(identity: RegistryId) -> None:
    assert RegistryId.parse(str(identity)) == identity
    assert RegistryId.parse(str(identity).upper()) is not None


@given(hostile_text)
def test_any_text_is_a_registrys_resource_id_or_none(text: str) -> None:
    found = RegistryId.parse(text)
    assert found is None or str(found).lower() == text.strip().lower()


@pytest.mark.parametrize(
    "text",
    ["", "contoso", "/subscriptions/s", "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/x",
     "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/x/tokens/y",
     "/subscriptions//resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/x"],
)  # fmt: skip
def test_what_is_no_registrys_resource_id(text: str) -> None:
    assert RegistryId.parse(text) is None


def test_a_refused_name_is_shown_in_one_line_and_shortened() -> None:
    with pytest.raises(UsageError) as error:
        check_repository(BIDI_AND_CONTROL * 100)
    assert is_fit_to_print(error.value.message)
    assert len(error.value.message) < 300


paths = st.text("abcXYZ019._-/\\ @é", min_size=1, max_size=30).filter(lambda path: "@sha" not in path)


@given(st.builds(LayoutPath, paths, tags, st.none(), st.booleans()))
def test_a_layouts_path_with_a_tag_that_is_printed_parses_to_itself(place: LayoutPath) -> None:
    assert parse_place(str(place)) == place


@given(st.builds(LayoutPath, paths, st.none(), st.none() | digests, st.booleans()))
def test_a_layouts_path_without_a_tag_that_is_printed_parses_to_itself(place: LayoutPath) -> None:
    assert parse_place(str(place)) == place


@pytest.mark.parametrize(
    ("text", "path", "tag"),
    [
        ("oci:app", "app", None), ("oci:app:v1", "app", "v1"), ("oci:/srv/app:v1", "/srv/app", "v1"),
        (r"oci:C:\images\app", r"C:\images\app", None), (r"oci:C:\images\app:v1", r"C:\images\app", "v1"),
        ("oci:C:/images/app:v1", "C:/images/app", "v1"), (r"oci:\\server\share\app:v1", r"\\server\share\app", "v1"),
        ("oci:a:b/c", "a:b/c", None), ("oci:me@home:v1", "me@home", "v1"), ("oci:5000/app", "5000/app", None),
    ],
)  # fmt: skip
def test_what_follows_the_last_colon_of_a_layouts_path_is_its_tag_unless_it_is_a_path(
    text: str, path: str, tag: str | None
) -> None:
    assert parse_place(text) == LayoutPath(path, tag)
    assert parse_place(text.replace("oci:", "oci-archive:")) == LayoutPath(path, tag, is_archive=True)


@pytest.mark.parametrize(
    "text", ["oci:", "oci::v1", "oci:app:", "oci:app:-v1", "oci:app:ñ", f"oci:app:{'a' * 129}", "oci:a\0b",
             "oci:app@sha256:abc", f"oci:app@sha256:{HEX.upper()}"]
)  # fmt: skip
def test_what_names_no_layout(text: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_place(text)
    assert error.value.code == "REFERENCE_INVALID"
    assert is_fit_to_print(error.value.message)


@given(hostile_text)
def test_any_text_after_the_scheme_is_a_layout_or_a_usage_error_fit_to_print(text: str) -> None:
    found = attempt(lambda: parse_place(f"oci:{text}"))
    if isinstance(found, LayoutPath):
        assert str(found) == f"oci:{text}"
    else:
        assert isinstance(found, UsageError)
        assert is_fit_to_print(found.message)
