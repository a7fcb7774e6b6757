"""Names as people mistype them: refused before anything is sent, in one line that says what to type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from emulated.local_azure import HELLO, SMALL, Acrbridge, LocalAzure, registry_id

if TYPE_CHECKING:
    from emulated.conftest import SignedIn

MALFORMED_SOURCES = {
    "upper case": ("docker.io/Team/App:1", "'team/app'"),
    "empty tag": ("docker.io/team/app:", "not a tag"),
    "tag with a space": ("docker.io/team/app:a b", "'a b' is not a tag"),
    "tag with a colon": ("docker.io/team/app:a:b", "'a:b' is not a tag"),
    "tag of 129 characters": (f"docker.io/team/app:{'t' * 129}", "not a tag"),
    "tag that turns the reader's eye": ("docker.io/team/app:1\u202e", r"'1\u202e' is not a tag"),
    "empty digest": ("docker.io/team/app@", "not a digest"),
    "digest of no algorithm": ("docker.io/team/app@0123", "'0123' is not a digest"),
    "digest with a path": ("docker.io/team/app@sha256:../../x", "not a digest"),
    "repository of 256 characters": (f"docker.io/{'a' * 256}", "not a repository name"),
    "way up": ("docker.io/../app", "'../app' is not a repository name"),
    "empty component": ("docker.io//app", "'/app' is not a repository name"),
    "slash at the end": ("docker.io/team/", "'team/' is not a repository name"),
    "percent encoding": ("docker.io/team/app%2f", "not a repository name"),
    "query": ("docker.io/team/app?a=b", "not a repository name"),
    "letter that is not ASCII": ("docker.io/team/\u00f1", "not a repository name"),
    "line break": ("docker.io/a\nb", r"a\nb' is not a repository name"),
    "line break in the host": ("docker.io\nevil.example/a", "not a host name"),
    "user": ("user@docker.io/team/app", "'user@docker.io' is not a host name"),
    "IPv6": ("[::1]/team/app", "'[::1]' is not a host name"),
    "host that begins with a hyphen": ("-x.example.com/app", "'-x.example.com' is not a host name"),
    "scheme": ("https://docker.io/team/app", "https://"),
}


@pytest.mark.parametrize(("source", "words"), MALFORMED_SOURCES.values(), ids=MALFORMED_SOURCES)
def test_malformed_source_is_refused(
    azure: LocalAzure, acrbridge: Acrbridge, image: str, source: str, words: str
) -> None:
    since = azure.log_size()
    acrbridge.imports(source, image).refused(1, "REFERENCE_INVALID", words)
    assert not any("importImage" in request["path"] for request in azure.requests(since))


MALFORMED_TARGETS = {
    "upper case": ("App:1", "Write 'app'"),
    "empty tag": ("app:", "not a tag"),
    "tag with a space": ("app:a b", "'a b' is not a tag"),
    "way up": ("../app:1", "not a repository name"),
    "slash at the beginning": ("/app:1", "not a repository name"),
    "line break": ("a\nb", r"'a\nb' is not a repository name"),
    "digest": (f"app@sha256:{'0' * 64}", "digest"),
    "tag and digest": (f"app:1@sha256:{'0' * 64}", "digest"),
}


@pytest.mark.parametrize(("target", "words"), MALFORMED_TARGETS.values(), ids=MALFORMED_TARGETS)
def test_malformed_target_is_refused(acrbridge: Acrbridge, target: str, words: str) -> None:
    acrbridge.imports(SMALL, target).refused(1, "REFERENCE_INVALID", words)


@pytest.mark.parametrize("repository", ["", "App", "app:1", f"app@sha256:{'0' * 64}"])
def test_malformed_target_repository_is_refused(acrbridge: Acrbridge, repository: str) -> None:
    words = ("acr", "import", "-n", "contoso", "--source", SMALL, "--repository", repository)
    acrbridge(*words).refused(1, "REFERENCE_INVALID", "is not a repository name")


SOURCES_WITHOUT_HOST = {
    "": "docker.io/library/hello-world:latest",
    "/": "docker.io/library/hello-world:latest",
    "docker.io": "docker.io/library/",
    "nats": "docker.io/library/nats",
    "library/nats:2": "docker.io/library/nats:2",
    "team/app": "docker.io/team/app",
}


@pytest.mark.parametrize(("source", "typed"), SOURCES_WITHOUT_HOST.items())
def test_source_without_host_says_what_to_type(
    acrbridge: Acrbridge, image: str, source: str, typed: str
) -> None:
    acrbridge.imports(source, image).refused(1, "SOURCE_REGISTRY_MISSING", typed, "--registry NAME")


@pytest.mark.parametrize("host", ["localhost", "localhost:5000", "builder:5000"])
def test_source_on_a_host_that_azure_cannot_know(acrbridge: Acrbridge, image: str, host: str) -> None:
    acrbridge.imports(f"{host}/app:1", image).refused(1, "SOURCE_HOST_LOCAL", host)


def test_source_on_a_port_is_asked_for_on_that_port(
    azure: LocalAzure, acrbridge: Acrbridge, image: str
) -> None:
    since = azure.log_size()
    ended = acrbridge.imports("registry.example.com:8443/team/app:v1", image)
    ended.refused(1, "SOURCE_UNREACHABLE", "registry.example.com:8443")
    (sent,) = [r["body"] for r in azure.requests(since) if r["path"].endswith("/importImage")]
    assert sent["source"] == {"registryUri": "registry.example.com:8443", "sourceImage": "team/app:v1"}


def test_official_image_of_one_word_is_taken_from_library(
    azure: LocalAzure, acrbridge: Acrbridge, image: str
) -> None:
    ended = acrbridge.imports("docker.io/nats:2.10", image).succeeded()
    assert ended.warnings == [
        "WARNING: docker.io/nats:2.10 is an official image: docker.io/library/nats:2.10 is used."
    ]
    assert azure.tag(image) == azure.tag("library/nats:2.10", "docker.io")


TARGET_NAMES = {
    "too short": ("a", "REGISTRY_NAME_INVALID", "5 to 50"),
    "hyphen": ("con-toso", "REGISTRY_NAME_INVALID", "letters and digits"),
    "path": ("../contoso", "REGISTRY_SUFFIX_UNKNOWN", "suffix is '.azurecr.io'"),
    "other cloud": ("contoso.azurecr.cn", "REGISTRY_SUFFIX_UNKNOWN", "suffix is '.azurecr.io'"),
    "look-alike": ("contoso.azurecr.io.evil.example", "REGISTRY_SUFFIX_UNKNOWN", "evil.example"),
    "line break": ("contoso\n", "REGISTRY_NAME_INVALID", r"'contoso\n'"),
}


@pytest.mark.parametrize(("name", "code", "words"), TARGET_NAMES.values(), ids=TARGET_NAMES)
def test_target_that_is_no_registry_name(
    acrbridge: Acrbridge, image: str, name: str, code: str, words: str
) -> None:
    acrbridge.imports(SMALL, image, name=name).refused(1, code, words)


def test_login_server_as_name_is_accepted_and_remarked_on(
    azure: LocalAzure, acrbridge: Acrbridge, image: str
) -> None:
    ended = acrbridge.imports(SMALL, image, name="contoso.azurecr.io").succeeded()
    assert len(ended.warnings) == 1
    assert "'contoso' is used" in ended.warnings[0]
    assert azure.tag(image)


def test_target_image_with_login_server_is_remarked_on(acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge.imports(SMALL, f"contoso.azurecr.io/{image}").succeeded()
    (warning,) = ended.warnings
    assert f"repository 'contoso.azurecr.io/{image.partition(':')[0]}'" in warning
    assert "--image" in warning


def test_unknown_target_registry(acrbridge: Acrbridge, image: str) -> None:
    line = acrbridge.imports(SMALL, image, name="nonesuch").refused(1, "TARGET_REGISTRY_NOT_FOUND")
    assert "'nonesuch' could not be found in subscription 'Contoso (" in line


@pytest.mark.parametrize(("name", "group"), [("nonesuch", "rg1"), ("contoso", "nonesuch")])
def test_unknown_target_registry_in_a_resource_group(
    acrbridge: Acrbridge, image: str, name: str, group: str
) -> None:
    ended = acrbridge.imports(SMALL, image, "-g", group, name=name)
    ended.refused(3, "TARGET_REGISTRY_NOT_FOUND", f"{name!r} could not be found in resource group {group!r}")


def test_unknown_source_registry(acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge.imports("app:v1", image, "--registry", "nonesuch")
    ended.refused(1, "SOURCE_REGISTRY_NOT_FOUND", "'nonesuch'", "resource ID")


def test_source_registry_that_is_no_resource_id(acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge.imports("app:v1", image, "--registry", "/subscriptions/nonesuch")
    ended.refused(1, "REFERENCE_INVALID", "'/subscriptions/nonesuch' is not the resource ID of a registry")


def test_unknown_subscription(acrbridge: Acrbridge, image: str) -> None:
    acrbridge.imports(SMALL, image, "--subscription", "nonesuch").refused(1, "SUBSCRIPTION_NOT_FOUND")


def test_user_without_password(acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge.imports("registry.example.com/team/app:v1", image, "-u", "example-user")
    ended.refused(1, "CREDENTIALS_INCOMPLETE", "--username", "--password")


def test_user_without_password_at_a_registry(acrbridge: Acrbridge) -> None:
    ended = acrbridge("acr", "repository", "list", "-n", "fabrikam", "-u", "fabrikam")
    ended.refused(1, "CREDENTIALS_INCOMPLETE", "username and password")


@pytest.mark.parametrize("command", ["list", "show-tags"])
def test_look_alike_of_a_login_server_gets_no_token(
    azure: LocalAzure, acrbridge: Acrbridge, command: str
) -> None:
    since = azure.log_size()
    more = () if command == "list" else ("--repository", "x")
    ended = acrbridge("acr", "repository", command, "-n", "contoso.azurecr.io.evil.example", *more)
    ended.refused(1, "REGISTRY_SUFFIX_UNKNOWN", "evil.example")
    assert azure.requests(since) == []


def test_credentials_with_a_resource_id_are_remarked_on_and_not_sent(
    azure: LocalAzure, acrbridge: Acrbridge, image: str
) -> None:
    since = azure.log_size()
    words = ("-r", registry_id("fabrikam"), "-u", "fabrikam", "-p", "fabrikam-password")
    ended = acrbridge.imports("single:v1", image, *words).succeeded()
    assert len(ended.warnings) == 1
    assert "not sent" in ended.warnings[0]
    (sent,) = [r["body"] for r in azure.requests(since) if r["path"].endswith("/importImage")]
    assert sent["source"] == {"resourceId": registry_id("fabrikam"), "sourceImage": "single:v1"}


def test_image_already_there_is_kept(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    acrbridge.imports(SMALL, image).succeeded()
    before = azure.tag(image)
    acrbridge.imports(HELLO, image).refused(1, "TARGET_TAG_EXISTS", image, "--force")
    assert azure.tag(image) == before is not None


def test_image_already_there_is_overwritten_by_force(
    azure: LocalAzure, acrbridge: Acrbridge, image: str
) -> None:
    acrbridge.imports(SMALL, image).succeeded()
    acrbridge.imports(HELLO, image, "--force").succeeded()
    assert azure.tag(image) == azure.tag("library/hello-world:latest", "docker.io")


def test_two_targets_of_which_one_is_there_get_nothing(
    azure: LocalAzure, acrbridge: Acrbridge, image: str
) -> None:
    acrbridge.imports(SMALL, image).succeeded()
    other = image.replace(":v1", ":v2")
    acrbridge.imports(HELLO, other, "--image", image).refused(1, "TARGET_TAG_EXISTS", image)
    assert azure.tag(other) is None


def test_registry_that_the_account_may_not_see(signed_in: SignedIn, image: str) -> None:
    ended = signed_in("pusher").imports(SMALL, image)
    ended.refused(1, "TARGET_REGISTRY_NOT_FOUND", "may not see it")
