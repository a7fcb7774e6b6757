from __future__ import annotations

import base64
import string
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acrbridge.http import redact
from unit.fakes import BIDI_AND_CONTROL, is_fit_to_print

secrets = st.text(string.ascii_letters + string.digits + "+/~-_.", min_size=12, max_size=60)
noise = st.text(max_size=60)
url_parts = st.text(string.ascii_letters + string.digits + "-_.~", max_size=20)


@given(st.text())
def test_any_foreign_text_becomes_one_line_fit_to_print(text: str) -> None:
    assert is_fit_to_print(redact.foreign(text))


@given(st.text(), st.integers(1, 50))
def test_a_foreign_text_is_no_longer_than_its_limit(text: str, limit: int) -> None:
    assert len(redact.foreign(text, limit)) <= limit + 1


@pytest.mark.parametrize(
    "template",
    ["Bearer {}", "bearer  {}", "refresh_token={}", "client_secret={}&x=1", "access_token={}", "a?sig={}&b",
     "_state={}", "password={}", "client_assertion={}", '{{"password": "{}"}}', '{{"password": "a b,\\"{}"}}',
     '{{"access_token":"{}"}}',
     '{{"refresh_token": "{}", "x": 1}}', "{{'client_secret': '{}'}}", "client_secret: {}", "Password: {}"],
)  # fmt: skip
@given(noise, secrets, noise)
def test_what_looks_like_a_secret_never_survives(template: str, before: str, secret: str, after: str) -> None:
    shown = redact.foreign(f"{before} {template.format(secret)} {after}", 10_000)
    assert secret not in shown.replace(before, "").replace(after, "")


@pytest.mark.parametrize("word", ["Basic", "basic", "BASIC "])
@given(noise, secrets, noise)
def test_a_user_and_password_never_survive(word: str, before: str, secret: str, after: str) -> None:
    pair = base64.b64encode(f"user:{secret}".encode()).decode()
    assert pair not in redact.foreign(f"{before} {word} {pair} {after}", 10_000)


@given(noise, st.binary(min_size=20, max_size=80), noise)
def test_a_json_web_token_never_survives(before: str, claims: bytes, after: str) -> None:
    payload = base64.urlsafe_b64encode(claims).decode().rstrip("=")
    shown = redact.foreign(f"{before} eyJhbGciOiJSUzI1NiJ9.{payload}.{payload} {after}", 10_000)
    assert payload not in shown


@pytest.mark.parametrize("cut", [12, 20, 30])
def test_a_json_web_token_that_was_cut_does_not_survive_either(cut: int) -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"[:cut]
    assert token not in redact.foreign(f"got {token}")


def test_harmless_words_stay() -> None:
    text = "(InvalidParameters) Authentication failed. Please provide password. Tag hello-world:v3 already exists."
    assert redact.foreign(text) == text


@pytest.mark.parametrize(
    "word", ["registries", "Registries", "AUTHENTICATION", "docs/registries", "challenge-response"]
)
def test_a_word_after_basic_stays(word: str) -> None:
    assert redact.foreign(f"Basic {word} cannot do it") == f"Basic {word} cannot do it"


@pytest.mark.parametrize(
    "text",
    [
        "password" * 40_000,
        "basic " + "a" * 200_000,
        "basic " + "aA" * 100_000,
        "basic " * 40_000,
        "password " + " " * 200_000,
        "eyJ" * 100_000,
        "=" * 200_000,
    ],
)
def test_a_long_hostile_text_is_made_fit_at_once(text: str) -> None:
    began = time.process_time()
    redact.foreign(text)
    assert time.process_time() - began < 2


@given(url_parts, secrets)
def test_a_password_in_a_urls_authority_never_survives(user: str, secret: str) -> None:
    password = quote(secret, safe="")
    assert password not in redact.url(f"https://{user}:{password}@example.com/x?n=1").replace(user, "")


@given(st.text(string.ascii_lowercase, max_size=6).map("x-{}".format), secrets)
def test_a_value_of_a_query_parameter_that_is_not_listed_never_survives(name: str, secret: str) -> None:
    shown = redact.url(f"https://example.com/x?api-version=1&{name}={quote(secret)}#{quote(secret)}")
    assert secret not in shown
    assert quote(secret) not in shown
    assert "api-version=1" in shown


@given(st.text(string.printable))
def test_any_text_that_is_taken_for_a_url_becomes_fit_to_print(text: str) -> None:
    assert is_fit_to_print(redact.url(text))
    assert is_fit_to_print(redact.url(f"https://{text}"))
    assert is_fit_to_print(redact.url(f"https://example.com/?{quote(text)}={quote(text)}&scope={text}"))


@pytest.mark.parametrize("url", ["https://[", "https://[::1", "https://\u2100/", "//[x", "http://a]"])
def test_what_cannot_be_taken_apart_is_hidden_as_a_whole(url: str) -> None:
    assert redact.url(url) == redact.HIDDEN


def test_a_harmless_url_stays_as_it_is() -> None:
    url = "https://contoso.azurecr.io/oauth2/token?service=contoso.azurecr.io&scope=repository%3Aa%2Fb%3Apull"
    assert redact.url(url) == url


def test_control_and_bidi_characters_become_spaces() -> None:
    assert redact.foreign(f"a{BIDI_AND_CONTROL}b").split() == ["a", "]0;pwned", "31m", "evil", "b"]
