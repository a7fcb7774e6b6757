from __future__ import annotations

import base64
import json
import string
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acrbridge.errors import AcrBridgeError, NetworkError, RefusedError
from acrbridge.http.client import Request
from acrbridge.jobs import Secret
from acrbridge.registry.auth import (
    Anonymous,
    Authorizer,
    Challenge,
    Credential,
    Deferred,
    Password,
    RefreshToken,
    Settled,
)
from unit.fakes import Answer, FakeClock, ScriptedHttp, answer, attempt, is_fit_to_print

HOST = "contoso.azurecr.io"
SCOPE = "repository:a:pull"
USER = Password("me", Secret("s3cret-PW"))
REFRESH = RefreshToken(Secret("s3cret-refresh"))


def bearer(realm: str = f"https://{HOST}/oauth2/token", **parameters: str) -> Challenge:
    return Challenge("bearer", {"realm": realm, **parameters})


def authorizer(
    *answers: Answer, host: str = HOST, credential: Credential = USER
) -> tuple[Authorizer, ScriptedHttp]:
    http = ScriptedHttp(answers)
    return Authorizer(host, http, credential), http


def jwt(**claims: object) -> str:
    parts = (json.dumps({"alg": "none"}), json.dumps(claims), "x")
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


# Challenges


def test_a_bearer_challenge_comes_apart() -> None:
    (challenge,) = Challenge.parse(
        'Bearer realm="https://r/t?a=b,c",service="r",scope="repository:a:pull,push"'
    )
    assert challenge.scheme == "bearer"
    assert challenge.parameters == {
        "realm": "https://r/t?a=b,c", "service": "r", "scope": "repository:a:pull,push"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("header", "scheme", "parameters"),
    [
        ("Basic", "basic", {}),
        ('BASIC realm="x"', "basic", {"realm": "x"}),
        ("Bearer REALM = https://r/t , Service=x", "bearer", {"realm": "https://r/t", "service": "x"}),
        ('Bearer realm=""', "bearer", {"realm": ""}),
        ('Bearer realm="a', "bearer", {"realm": '"a'}),
    ],
)
def test_challenges_as_servers_write_them(header: str, scheme: str, parameters: dict[str, str]) -> None:
    assert Challenge.parse(header) == [Challenge(scheme, parameters)]


@pytest.mark.parametrize(
    ("header", "preferred"),
    [
        ("", None),
        ("Negotiate, NTLM", None),
        ('realm="https://r/"', None),
        ('Basic realm="a"', Challenge("basic", {"realm": "a"})),
        (
            'Basic realm="a", Bearer realm="b",service="c"',
            Challenge("bearer", {"realm": "b", "service": "c"}),
        ),
        ('Bearer realm="b" , Basic realm="a",charset="UTF-8"', Challenge("bearer", {"realm": "b"})),
        ('Bearer realm="first",Bearer realm="second"', Challenge("bearer", {"realm": "first"})),
        ('Negotiate abc==, Digest realm="d", Basic realm="a"', Challenge("basic", {"realm": "a"})),
        ('Basic realm="Bearer realm=b"', Challenge("basic", {"realm": "Bearer realm=b"})),
    ],
)
def test_of_several_challenges_bearers_is_answered(header: str, preferred: Challenge | None) -> None:
    assert Challenge.preferred(header) == preferred


words = st.text(string.ascii_letters, min_size=1, max_size=10)
values = st.text(string.ascii_letters + string.digits + ":/.,?=& -_", max_size=40)


@given(words, st.dictionaries(words.map(str.lower), values, max_size=5))
def test_a_challenge_that_is_printed_parses_to_itself(scheme: str, parameters: dict[str, str]) -> None:
    header = f"{scheme} " + ",".join(f'{name}="{value}"' for name, value in parameters.items())
    assert Challenge.parse(header) == [Challenge(scheme.lower(), parameters)]


@given(st.lists(st.tuples(words, st.dictionaries(words.map(str.lower), values, max_size=3)), max_size=4))
def test_challenges_are_told_apart_and_keep_their_own_parameters(
    given_ones: list[tuple[str, dict[str, str]]],
) -> None:
    printed = [
        f"{scheme} " + ",".join(f'{name}="{value}"' for name, value in parameters.items())
        for scheme, parameters in given_ones
    ]
    found = Challenge.parse(", ".join(printed))
    assert found == [Challenge(scheme.lower(), parameters) for scheme, parameters in given_ones]


@given(st.text())
def test_no_header_breaks_the_parser(header: str) -> None:
    Challenge.parse(header)
    Challenge.parse(f"Bearer {header}")


@pytest.mark.parametrize("part", ["a", "a=", 'a="', 'a="\\"', " ", "a ", 'a="b",', "\\", '"'])
def test_a_header_as_long_as_servers_may_send_is_parsed_at_once(part: str) -> None:
    header = f"Bearer {part * (65_536 // len(part))}"
    began = time.process_time()
    Challenge.parse(header)
    assert time.process_time() - began < 1


# Where a credential goes


@pytest.mark.parametrize(
    "realm",
    [
        "https://evil.example/token", "http://contoso.azurecr.io/oauth2/token", "https://contoso.azurecr.io:444/t",
        "https://contoso.azurecr.io.evil.example/t", "https://evil.example/contoso.azurecr.io",
        "https://contoso.azurecr.io@evil.example/t", "https://me:pw@contoso.azurecr.io/t", "https://auth.docker.io/token",
        "https://evil.example\\@contoso.azurecr.io/t", "https://contoso.azurecr.io\\@evil.example/t",
        "https://169.254.169.254/t", "http://2852039166/", "http://[::ffff:169.254.169.254]/", "https://0.0.0.0/",
        "//contoso.azurecr.io/t", "/oauth2/token", "", "https://[", "https://\u2100/", "javascript:x", "file:///etc",
        "https://contoso.azurecr.io\uff0fevil", "https:contoso.azurecr.io/t",
    ],
)  # fmt: skip
@pytest.mark.parametrize("credential", [USER, Anonymous()])
def test_a_token_server_elsewhere_is_refused_and_nothing_is_sent(realm: str, credential: Credential) -> None:
    asked, http = authorizer(credential=credential)
    with pytest.raises(AcrBridgeError) as error:
        asked.answer(bearer(realm), SCOPE)
    assert error.value.code == "CHALLENGE_UNTRUSTED"
    assert is_fit_to_print(error.value.message)
    assert http.requests == []


@pytest.mark.parametrize(("realm", "sent"), [(f"http://{HOST}/t", 1), ("http://plain.example/t", 0)])
def test_a_realm_without_tls_is_for_a_registry_that_was_named_for_it(realm: str, sent: int) -> None:
    http = ScriptedHttp([answer(200, {"token": "t"})], plain_http=frozenset({HOST, "plain.example"}))
    attempt(lambda: Authorizer(HOST, http, USER).answer(bearer(realm), SCOPE))
    assert len(http.requests) == sent


@given(st.text())
def test_any_realm_is_the_registrys_own_or_refused(realm: str) -> None:
    asked, http = authorizer(answer(200, {"token": "t"}))
    attempt(lambda: asked.answer(bearer(realm), SCOPE))
    assert all(url.startswith(f"https://{HOST}") for url in http.urls)


@pytest.mark.parametrize("host", ["docker.io", "index.docker.io", "registry-1.docker.io", "Docker.IO"])
def test_docker_hubs_token_server_is_known(host: str) -> None:
    asked, http = authorizer(answer(200, {"token": "t"}), host=host)
    assert (
        asked.answer(bearer("https://auth.docker.io/token", service="registry.docker.io"), SCOPE)
        == "Bearer t"
    )
    assert http.urls == [
        "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Aa%3Apull"
    ]


def test_a_registry_on_a_port_has_its_token_server_on_that_port() -> None:
    asked, _ = authorizer(answer(200, {"token": "t"}), host="registry.example:5000")
    assert asked.answer(bearer("https://registry.example:5000/token"), SCOPE) == "Bearer t"


def test_a_realm_with_a_query_keeps_it() -> None:
    asked, http = authorizer(answer(200, {"token": "t"}))
    asked.answer(bearer(f"https://{HOST}/t?x=1", service="a b"), SCOPE)
    assert http.urls == [f"https://{HOST}/t?x=1&service=a+b&scope=repository%3Aa%3Apull"]


# Which header answers


def test_a_user_shows_the_password_to_the_token_server() -> None:
    asked, http = authorizer(answer(200, {"access_token": "t"}))
    assert asked.answer(bearer(), SCOPE) == "Bearer t"
    assert http.requests[0].headers["Authorization"] == "Basic bWU6czNjcmV0LVBX"


def test_a_stranger_asks_for_a_token_without_credentials() -> None:
    asked, http = authorizer(answer(200, {"token": "t"}), credential=Anonymous())
    assert asked.answer(bearer(), SCOPE) == "Bearer t"
    assert "Authorization" not in http.requests[0].headers


def test_a_basic_challenge_is_answered_with_the_password_and_asks_nobody() -> None:
    asked, http = authorizer()
    assert (
        asked.answer(Challenge("basic", {"realm": "https://evil.example"}), SCOPE) == "Basic bWU6czNjcmV0LVBX"
    )
    assert http.requests == []


def test_a_name_and_password_beyond_ascii_are_sent_as_utf8() -> None:
    header = Password("ñ", Secret("pä")).header()
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == "ñ:pä"


@pytest.mark.parametrize("credential", [Anonymous(), REFRESH])
def test_a_basic_challenge_cannot_be_answered_without_a_password(credential: Credential) -> None:
    asked, _ = authorizer(credential=credential)
    assert asked.answer(Challenge("basic", {}), SCOPE) is None


def test_a_refresh_token_is_redeemed_at_its_own_registry_whatever_the_challenge_says() -> None:
    asked, http = authorizer(answer(200, {"access_token": "t"}), credential=REFRESH)
    assert asked.answer(bearer("https://evil.example/t"), SCOPE) == "Bearer t"
    assert http.urls == [f"https://{HOST}/oauth2/token"]
    assert http.forms() == [
        {"grant_type": ["refresh_token"], "service": [HOST], "scope": [SCOPE], "refresh_token": ["s3cret-refresh"]}
    ]  # fmt: skip


# How long a token is kept


def aged(*answers: Answer, seconds: float) -> tuple[Authorizer, ScriptedHttp]:
    """Who signs in with a refresh token that can be renewed, and was got so long ago."""
    credential = RefreshToken(Secret("first"), lambda: RefreshToken(Secret("second")))
    signing_in, http = authorizer(*answers, credential=credential)
    http.clock.sleep(seconds)
    return signing_in, http


def test_a_refresh_token_that_ended_during_a_long_copy_is_renewed() -> None:
    signing_in, http = aged(answer(401), answer(200, {"access_token": "a"}), seconds=3 * 3600 + 1)
    assert signing_in.header(SCOPE) == "Bearer a"
    assert [form["refresh_token"] for form in http.forms()] == [["first"], ["second"]]


def test_a_refresh_token_that_is_refused_when_it_is_new_is_not_renewed() -> None:
    signing_in, http = aged(answer(401), seconds=60)
    with pytest.raises(RefusedError):
        signing_in.header(SCOPE)
    assert len(http.requests) == 1


def test_a_token_is_asked_for_once_a_scope() -> None:
    asked, http = authorizer(
        answer(200, {"access_token": "1", "expires_in": 300}),
        answer(200, {"access_token": "2", "expires_in": 300}),
        credential=REFRESH,
    )
    assert [asked.header(scope) for scope in ("a", "a", "b", "a")] == [
        "Bearer 1",
        "Bearer 1",
        "Bearer 2",
        "Bearer 1",
    ]
    assert len(http.requests) == 2


@pytest.mark.parametrize(
    ("document", "kept"),
    [
        ({"access_token": "t", "expires_in": 300}, 270),
        ({"access_token": "t"}, 30),
        ({"access_token": "t", "expires_in": "300"}, 30),
        ({"access_token": "t", "expires_in": -5}, 0),
        ({"access_token": "t", "expires_in": None}, 30),
        ({"access_token": jwt(iat=1000, exp=5500)}, 4470),
        ({"access_token": jwt(iat=1000, exp="soon")}, 30),
        ({"access_token": jwt(exp=None)}, 30),
        ({"access_token": "a.b.c"}, 30),
        ({"access_token": f"a.{base64.urlsafe_b64encode(b'[1]').decode()}.c"}, 30),
        ({"access_token": f"a.{base64.urlsafe_b64encode(b'[' * 9000).decode()}.c"}, 30),
        ({"access_token": jwt(iat=1, exp=10**400)}, 30),
    ],
)
def test_a_token_is_renewed_shortly_before_its_end(document: dict[str, object], kept: float) -> None:
    clock = FakeClock()
    http = ScriptedHttp([answer(200, document), answer(200, {"access_token": "new"})], clock)
    asked = Authorizer(HOST, http, REFRESH)
    asked.header(SCOPE)
    clock.time += kept - 1
    asked.header(SCOPE) if kept else None
    assert len(http.requests) == 1
    clock.time += 2
    assert asked.header(SCOPE) == "Bearer new"


@pytest.mark.parametrize("lifetime", [10**400, 1e300, True])
def test_an_absurd_lifetime_breaks_nothing(lifetime: object) -> None:
    asked, _ = authorizer(answer(200, {"access_token": "t", "expires_in": lifetime}), credential=REFRESH)
    assert asked.header(SCOPE) == "Bearer t"


def test_a_token_that_was_refused_is_asked_for_anew() -> None:
    asked, http = authorizer(
        answer(200, {"access_token": "1"}), answer(200, {"access_token": "2"}), credential=REFRESH
    )
    refused = asked.header(SCOPE)
    assert asked.answer(bearer(), SCOPE, refused) == "Bearer 2"
    assert asked.header(SCOPE) == "Bearer 2"
    assert len(http.requests) == 2


def test_a_header_that_was_refused_is_not_tried_again() -> None:
    asked, http = authorizer(answer(200, {"access_token": "1"}), answer(200, {"access_token": "1"}))
    assert asked.answer(bearer(), SCOPE) == "Bearer 1"
    assert asked.answer(bearer(), SCOPE, "Bearer 1") is None
    assert asked.answer(Challenge("basic", {}), SCOPE, USER.header()) is None
    assert len(http.requests) == 2


def test_a_refused_token_that_somebody_else_has_renewed_is_not_renewed_again() -> None:
    asked, http = authorizer(answer(200, {"access_token": "1"}), answer(200, {"access_token": "2"}))
    refused = asked.answer(bearer(), SCOPE)
    assert asked.answer(bearer(), SCOPE, refused) == "Bearer 2"
    assert asked.answer(bearer(), SCOPE, refused) == "Bearer 2"
    assert len(http.requests) == 2


def test_tokens_of_which_none_is_accepted_are_asked_for_twice() -> None:
    asked, http = authorizer(*(answer(200, {"access_token": str(number)}) for number in range(9)))
    first = asked.answer(bearer(), SCOPE)
    second = asked.answer(bearer(), SCOPE, first)
    assert asked.answer(bearer(), SCOPE, second) is None
    assert asked.header("another") == "Bearer 2"
    assert len(http.requests) == 3


def test_a_token_that_was_accepted_before_it_was_refused_is_renewed_each_time() -> None:
    asked, http = authorizer(*(answer(200, {"access_token": str(number)}) for number in range(9)))
    header = None
    for number in range(9):
        header = asked.answer(bearer(), SCOPE, header)
        assert header == f"Bearer {number}"
        asked.accepted(SCOPE)
    assert len(http.requests) == 9


def test_a_token_that_does_not_allow_it_is_not_asked_for_again() -> None:
    asked, http = authorizer(answer(200, {"access_token": "1"}))
    header = asked.answer(bearer(error="insufficient_scope"), SCOPE)
    assert asked.answer(bearer(error="insufficient_scope"), SCOPE, header) is None
    assert len(http.requests) == 1


@pytest.mark.parametrize(("lifetime", "kept"), [(300, 240), (60, 15)])
def test_a_token_is_renewed_earlier_before_a_body(lifetime: int, kept: int) -> None:
    clock = FakeClock()
    token = {"access_token": "1", "expires_in": lifetime}
    asked = Authorizer(
        HOST, ScriptedHttp([answer(200, token), answer(200, {"access_token": "2"})], clock), REFRESH
    )
    asked.header(SCOPE)
    clock.time += kept - 1
    assert asked.header(SCOPE, for_body=True) == "Bearer 1"
    clock.time += 2
    assert asked.header(SCOPE) == "Bearer 1"
    assert asked.header(SCOPE, for_body=True) == "Bearer 2"


def test_once_a_challenge_is_known_a_token_for_another_scope_waits_for_none() -> None:
    asked, http = authorizer(answer(200, {"access_token": "1"}), answer(200, {"access_token": "2"}))
    assert asked.header("a") is None
    asked.answer(bearer(service="s"), "a")
    assert asked.header("b") == "Bearer 2"
    assert http.urls[1] == f"https://{HOST}/oauth2/token?service=s&scope=b"


def test_once_a_basic_challenge_is_known_the_password_waits_for_none() -> None:
    asked, _ = authorizer()
    asked.answer(Challenge("basic", {}), "a")
    assert asked.header("b") == USER.header()


def test_a_challenge_that_could_not_be_answered_is_forgotten() -> None:
    asked, _ = authorizer(answer(200, {"access_token": "1"}), credential=REFRESH)
    assert asked.answer(Challenge("basic", {}), SCOPE) is None
    assert asked.header(SCOPE) == "Bearer 1"


def test_threads_that_need_the_same_token_ask_once() -> None:
    together = threading.Barrier(8, timeout=10)

    def slowly(request: Request) -> Answer:
        time.sleep(0.05)
        return answer(200, {"access_token": request.url.rpartition("scope=")[2], "expires_in": 300})

    def need(scope: str) -> str | None:
        together.wait()
        return asked.answer(bearer(), scope)

    http = ScriptedHttp(slowly)
    asked = Authorizer(HOST, http, USER)
    with ThreadPoolExecutor(8) as pool:
        headers = list(pool.map(need, "abababab"))
    assert headers == ["Bearer a", "Bearer b"] * 4
    assert len(http.requests) == 2


# What a token server may say else


@pytest.mark.parametrize(
    ("response", "kind", "code"),
    [
        (answer(401, "no"), RefusedError, "REGISTRY_UNAUTHORIZED"),
        (answer(400, "no"), RefusedError, "REGISTRY_UNAUTHORIZED"),
        (answer(403, "no"), RefusedError, "REGISTRY_UNAUTHORIZED"),
        (answer(307, "", {"Location": "https://evil.example"}), RefusedError, "REGISTRY_UNAUTHORIZED"),
        (answer(429, "slow"), NetworkError, "THROTTLED"),
        (answer(503, "busy"), AcrBridgeError, "SERVICE_ERROR"),
        (answer(200, "<html>"), AcrBridgeError, "ANSWER_UNINTELLIGIBLE"),
        (answer(200, []), AcrBridgeError, "ANSWER_UNINTELLIGIBLE"),
        (answer(200, {}), AcrBridgeError, "ANSWER_UNINTELLIGIBLE"),
        (answer(200, {"token": 5}), AcrBridgeError, "ANSWER_UNINTELLIGIBLE"),
        (answer(200, {"token": ""}), AcrBridgeError, "ANSWER_UNINTELLIGIBLE"),
        (answer(200, {"token": "a\r\nX-Evil: 1"}), AcrBridgeError, "ANSWER_UNINTELLIGIBLE"),
        (answer(200, {"token": "ñ"}), AcrBridgeError, "ANSWER_UNINTELLIGIBLE"),
    ],
)
def test_no_token_is_a_typed_error(response: Answer, kind: type[AcrBridgeError], code: str) -> None:
    asked, _ = authorizer(response)
    with pytest.raises(kind) as error:
        asked.answer(bearer(), SCOPE)
    assert error.value.code == code
    assert is_fit_to_print(error.value.message)


def test_a_token_is_no_longer_than_64_kibibytes() -> None:
    asked, http = authorizer(answer(200, {"token": "t"}))
    asked.answer(bearer(), SCOPE)
    assert http.requests[0].limit == 64 << 10


@pytest.mark.parametrize("credential", [USER, REFRESH])
def test_no_representation_shows_a_credential(credential: Credential) -> None:
    asked, _ = authorizer(answer(200, {"access_token": "s3cret-token"}), credential=REFRESH)
    asked.header(SCOPE)
    assert "s3cret" not in repr(credential)
    assert "s3cret" not in repr(asked._scopes)


# Credentials that are looked up meanwhile


def test_a_credential_is_looked_up_once_and_not_waited_for_before_the_registry_wants_it() -> None:
    wanted, looked_up = threading.Event(), []

    def find() -> Settled:
        wanted.wait(10)
        looked_up.append(1)
        return USER

    auth, http = authorizer(
        answer(200, {"token": "a"}), answer(200, {"token": "b"}), credential=Deferred(find)
    )
    assert auth.header(SCOPE) is None
    wanted.set()
    assert auth.answer(bearer(), SCOPE) == "Bearer a"
    assert auth.header("repository:b:pull") == "Bearer b"
    assert [request.headers["Authorization"] for request in http.requests] == [USER.header()] * 2
    assert looked_up == [1]


def test_a_refresh_token_that_was_looked_up_is_redeemed() -> None:
    auth, http = authorizer(answer(200, {"access_token": "a"}), credential=Deferred(lambda: REFRESH))
    assert auth.answer(bearer(), SCOPE) == "Bearer a"
    assert http.forms()[0]["refresh_token"] == ["s3cret-refresh"]


def test_what_goes_wrong_when_a_credential_is_looked_up_shows_where_it_is_wanted() -> None:
    def find() -> Settled:
        raise AcrBridgeError("FILE_UNREADABLE", "gone")

    auth, _ = authorizer(credential=Deferred(find))
    assert auth.header(SCOPE) is None
    with pytest.raises(AcrBridgeError, match="gone"):
        auth.answer(bearer(), SCOPE)
