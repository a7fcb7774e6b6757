"""Answers that mean harm, or that are broken: told in one line, nothing followed, no secret carried elsewhere."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from emulated.interloper import Answer, Interloper, Seen, answer
from emulated.local_azure import SMALL, Acrbridge, LocalAzure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ARM = "management.azure.com"
ENTRA = "login.microsoftonline.com"
TARGET = "contoso.azurecr.io"
ATTACKER = "attacker.example"
HTML = "<html><body>Please sign in to the guest network</body></html>"
POLL = "/operationResults/"


@pytest.fixture
def interloper(azure: LocalAzure, tmp_path: Path) -> Iterator[Interloper]:
    with Interloper(azure, tmp_path) as running:
        yield running


@pytest.fixture
def victim(acrbridge: Acrbridge, interloper: Interloper) -> Acrbridge:
    """The command line behind the interloper."""
    return acrbridge.where(**interloper.environment)


class Once:
    """A rule that answers the first request to a host whose path holds a text, and no other."""

    def __init__(self, host: str, part: str, given: Answer, times: int = 1) -> None:
        self._host, self._part, self._given, self._left = host, part, given, times

    def __call__(self, seen: Seen) -> Answer | None:
        if seen.host != self._host or self._part not in seen.path or not self._left:
            return None
        self._left -= 1
        return self._given


def always(host: str, part: str, given: Answer) -> Once:
    """Return a rule that answers each request to a host whose path holds a text."""
    return Once(host, part, given, -1)


def test_interloper_that_answers_nothing_changes_nothing(
    azure: LocalAzure, victim: Acrbridge, interloper: Interloper, image: str
) -> None:
    assert victim.imports(SMALL, image, "-o", "json").json()["verified"] is True
    assert {seen.host for seen in interloper.seen} == {ARM, ENTRA, TARGET}


# Resource Manager

DEEP = "[" * 100_000
UNINTELLIGIBLE = {
    "HTML": answer(200, HTML, Content_Type="text/html"),
    "nothing": answer(200),
    "a list": answer(200, "[]"),
    "a bomb of depth": answer(200, DEEP),
    "an endless number": answer(200, '{"value": ' + "9" * 100_000 + "}"),
    "NaN": answer(200, '{"value": NaN}'),
    "no UTF-8": answer(200, b'{"value": "\xff"}'),
    "compressed": answer(200, gzip.compress(b'{"value": []}'), Content_Encoding="gzip"),
    "a registry without ID": answer(200, '{"value": [{"name": "contoso"}]}'),
}


@pytest.mark.parametrize("given", UNINTELLIGIBLE.values(), ids=UNINTELLIGIBLE)
def test_resource_manager_makes_no_sense(
    victim: Acrbridge, interloper: Interloper, image: str, given: bytes
) -> None:
    interloper.rule = always(ARM, "/registries?", given)
    ended = victim.imports(SMALL, image)
    ended.refused(1, "ANSWER_UNINTELLIGIBLE")
    assert len(ended.stderr) < 600


def test_resource_manager_answers_without_end(victim: Acrbridge, interloper: Interloper, image: str) -> None:
    def endless() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
        for _ in range(1000):
            yield b" " * 100_000

    interloper.rule = always(ARM, "/registries?", endless)
    ended = victim.imports(SMALL, image)
    ended.refused(1, "ANSWER_TOO_LARGE", ARM, "4,194,304 bytes")
    assert ended.seconds < 10


REDIRECTS = [301, 302, 303, 307, 308]


@pytest.mark.parametrize("status", REDIRECTS)
def test_redirect_of_resource_manager_is_not_followed(
    victim: Acrbridge, interloper: Interloper, status: int
) -> None:
    interloper.rule = always(ARM, "/registries?", answer(status, Location=f"https://{ATTACKER}/"))
    victim("acr", "list").refused(1, "ARM_REFUSED")
    assert interloper.came_by(ATTACKER) == []


def test_next_page_on_another_host_gets_no_token(victim: Acrbridge, interloper: Interloper) -> None:
    page = json.dumps({"value": [], "nextLink": f"https://{ATTACKER}/next"})
    interloper.rule = always(ARM, "/registries?", answer(200, page))
    victim("acr", "list").refused(1, "LOCATION_UNTRUSTED", ATTACKER)
    assert interloper.came_by(ATTACKER) == []


def test_next_page_that_is_the_same_page(victim: Acrbridge, interloper: Interloper) -> None:
    page = json.dumps({"value": [], "nextLink": f"https://{ARM}/registries?again"})
    interloper.rule = always(ARM, "/registries?", answer(200, page))
    victim("acr", "list").refused(1, "ANSWER_UNINTELLIGIBLE", "does not end")
    assert len(interloper.came_by(ARM)) == 2


def test_refusal_with_control_characters_is_told_in_one_line(
    victim: Acrbridge, interloper: Interloper
) -> None:
    text = "\x1b]0;owned\x07\n2026-01-01 level=info all is well\u202e\u2028 Bearer abcdefghijklmnop"
    refusal = json.dumps({"error": {"code": "Bad\r\nCode: FAKE", "message": text}})
    interloper.rule = always(ARM, "/registries?", answer(400, refusal))
    ended = victim("acr", "list")
    ended.refused(1, "ARM_REFUSED", "level=info all is well")
    assert not any(character in ended.stderr for character in "\x1b\x07\r\u202e\u2028")
    assert "abcdefghijklmnop" not in ended.stderr


def test_refusal_of_a_megabyte_is_shortened(victim: Acrbridge, interloper: Interloper) -> None:
    refusal = json.dumps({"error": {"code": "Long", "message": "so long " * 100_000}})
    interloper.rule = always(ARM, "/registries?", answer(400, refusal))
    ended = victim("acr", "list")
    ended.refused(1, "ARM_REFUSED", "so long")
    assert len(ended.stderr) < 2500


def test_answer_that_breaks_off_is_asked_for_again(victim: Acrbridge, interloper: Interloper) -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"
    interloper.rule = Once(ARM, "/registries?", cut)
    victim("acr", "list", "-o", "none").succeeded()


# The operation

GARBLED_POLLS = {
    "HTML": answer(200, HTML, Content_Type="text/html"),
    "a bomb of depth": answer(200, DEEP),
    "a status that nobody knows": answer(200, '{"status": "Pondering"}'),
    "a list": answer(202, "[]"),
}


@pytest.mark.parametrize("given", GARBLED_POLLS.values(), ids=GARBLED_POLLS)
def test_poll_that_makes_no_sense_is_repeated(
    azure: LocalAzure, victim: Acrbridge, interloper: Interloper, image: str, given: bytes
) -> None:
    interloper.rule = Once(ARM, POLL, given)
    victim.imports(SMALL, image).succeeded()
    assert azure.tag(image)


def test_poll_that_never_makes_sense_ends_at_the_deadline(
    victim: Acrbridge, interloper: Interloper, image: str
) -> None:
    interloper.rule = always(ARM, POLL, answer(200, HTML, Content_Type="text/html", Retry_After="1000000000"))
    ended = victim.imports(SMALL, image, "--timeout", "0.01")
    ended.refused(1, "STILL_RUNNING", "registries-", "not", image)
    assert ended.seconds < 5


def test_later_location_on_another_host_gets_no_token(
    victim: Acrbridge, interloper: Interloper, image: str
) -> None:
    interloper.rule = Once(ARM, POLL, answer(202, Location=f"https://{ATTACKER}/poll", Retry_After="0"))
    ended = victim.imports(SMALL, image)
    ended.refused(1, "LOCATION_UNTRUSTED", ATTACKER, "was accepted")
    assert interloper.came_by(ATTACKER) == []


@pytest.mark.parametrize("location", ["javascript:alert(1)", "http://management.azure.com/x", "//x", "x"])
def test_location_that_is_none(victim: Acrbridge, interloper: Interloper, image: str, location: str) -> None:
    interloper.rule = Once(ARM, "/importImage", answer(202, Location=location))
    victim.imports(SMALL, image).refused(1, "LOCATION_UNTRUSTED", "was accepted")
    assert not [seen for seen in interloper.seen if POLL in seen.path]


# Entra

ENTRA_ANSWERS = {
    "HTML": answer(200, HTML),
    "a list": answer(200, "[]"),
    "compressed": answer(200, gzip.compress(b"{}"), Content_Encoding="gzip"),
}


@pytest.mark.parametrize("given", ENTRA_ANSWERS.values(), ids=ENTRA_ANSWERS)
@pytest.mark.parametrize("part", ["/.well-known/", "/token"])
def test_entra_makes_no_sense(
    victim: Acrbridge, interloper: Interloper, image: str, part: str, given: bytes
) -> None:
    (victim.profile / "tokens.bin").unlink()
    interloper.rule = always(ENTRA, part, given)
    victim.imports(SMALL, image).refused(1, "ANSWER_UNINTELLIGIBLE", ENTRA)


def test_token_endpoint_on_another_host_gets_no_secret(
    victim: Acrbridge, interloper: Interloper, image: str
) -> None:
    (victim.profile / "tokens.bin").unlink()
    issuer = f"https://{ENTRA}/10000000-0000-0000-0000-000000000001"
    document = {"issuer": f"{issuer}/v2.0", "authorization_endpoint": f"{issuer}/authorize"}
    document["token_endpoint"] = f"https://{ATTACKER}/token"
    interloper.rule = always(ENTRA, "/.well-known/", answer(200, json.dumps(document)))
    victim.imports(SMALL, image).refused(1, "LOCATION_UNTRUSTED", ATTACKER)
    assert interloper.came_by(ATTACKER) == []


# The registry


def test_digest_that_the_registry_lies_about(victim: Acrbridge, interloper: Interloper, image: str) -> None:
    interloper.rule = always(
        TARGET, "/manifests/", answer(200, "{}", Docker_Content_Digest=f"sha256:{'0' * 64}")
    )
    victim.imports(SMALL, image).refused(7, "DIGEST_MISMATCH", TARGET, "0" * 64)


def test_other_digest_than_the_one_that_was_asked_for(
    azure: LocalAzure, victim: Acrbridge, interloper: Interloper, image: str
) -> None:
    digest = azure.tag("single:v1", "fabrikam.azurecr.io")
    interloper.rule = always(TARGET, "/manifests/", answer(200, "{}", Content_Type="application/json"))
    ended = victim.imports(f"fabrikam.azurecr.io/single@{digest}", image)
    ended.refused(7, "DIGEST_MISMATCH", TARGET, str(digest))


def test_manifest_without_end_leaves_the_target_unverified(
    victim: Acrbridge, interloper: Interloper, image: str
) -> None:
    interloper.rule = always(TARGET, "/manifests/", answer(200, b" " * (5 << 20)))
    ended = victim.imports(SMALL, image, "-o", "json")
    assert ended.json()["verified"] is False
    assert "4,194,304 bytes" in ended.warnings[0]


@pytest.mark.parametrize("part", ["/oauth2/exchange", "/oauth2/token", "/_catalog"])
def test_redirect_of_a_registry_takes_no_token_along(
    victim: Acrbridge, interloper: Interloper, part: str
) -> None:
    interloper.rule = always(TARGET, part, answer(307, Location=f"https://{ATTACKER}/"))
    ended = victim("acr", "repository", "list", "-n", "contoso")
    assert (ended.status, ended.stdout, len(ended.lines)) == (1, "", 2)
    assert interloper.came_by(ATTACKER) == []


REALMS = [f"https://{ATTACKER}/token", "http://contoso.azurecr.io/token", "https://169.254.169.254/token", ""]


@pytest.mark.parametrize("realm", REALMS)
def test_password_does_not_go_to_a_token_server_elsewhere(
    victim: Acrbridge, interloper: Interloper, realm: str
) -> None:
    challenge = f'Bearer realm="{realm}",service="x"'
    interloper.rule = always("fabrikam.azurecr.io", "/v2/", answer(401, WWW_Authenticate=challenge))
    words = ("-n", "fabrikam", "-u", "fabrikam", "--password-stdin")
    ended = victim("acr", "repository", "list", *words, stdin="fabrikam-password")
    ended.refused(1, "CHALLENGE_UNTRUSTED", "fabrikam.azurecr.io")
    assert interloper.came_by(ATTACKER) == []
    sent = [seen.headers for seen in interloper.came_by("fabrikam.azurecr.io")]
    assert not any("Authorization" in headers for headers in sent)


def test_next_page_of_a_registry_on_another_host(victim: Acrbridge, interloper: Interloper) -> None:
    link = f'<https://{ATTACKER}/v2/_catalog>; rel="next"'
    interloper.rule = always(TARGET, "/_catalog", answer(200, '{"repositories": []}', Link=link))
    victim("acr", "repository", "list", "-n", "contoso").refused(1, "LOCATION_UNTRUSTED", ATTACKER)
    assert interloper.came_by(ATTACKER) == []


def test_next_page_of_a_registry_that_is_the_same_page(victim: Acrbridge, interloper: Interloper) -> None:
    link = '</v2/_catalog?n=100>; rel="next"'
    interloper.rule = always(TARGET, "/_catalog", answer(200, '{"repositories": ["a"]}', Link=link))
    victim("acr", "repository", "list", "-n", "contoso").refused(1, "ANSWER_UNINTELLIGIBLE", "does not end")


def test_names_with_control_characters_stay_within_the_result(
    victim: Acrbridge, interloper: Interloper
) -> None:
    names = ["a\x1b[31m", "b\u202e"]
    page = answer(200, json.dumps({"repositories": names}))
    interloper.rule = always(TARGET, "/_catalog", page)
    ended = victim("acr", "repository", "list", "-n", "contoso")
    assert ended.json() == names
    assert not any(character in ended.stdout for character in "\x1b\u202e")
    table = victim("acr", "repository", "list", "-n", "contoso", "-o", "table").succeeded()
    assert not any(character in table.stdout for character in "\x1b\u202e")


def test_passwords_of_netrc_are_not_used(victim: Acrbridge, interloper: Interloper) -> None:
    netrc = victim.profile.parent / ".netrc"
    netrc.write_text("default login someone password c4n4ry/S3cret+pw=\n")
    victim("acr", "repository", "list", "-n", "contoso", "-o", "none").succeeded()
    sent = [seen.headers.get("Authorization", "") for seen in interloper.seen]
    assert not any(value.startswith("Basic") for value in sent)
