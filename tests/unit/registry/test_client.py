from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acrbridge.errors import AcrBridgeError, NetworkError, NotFoundError, RefusedError, VerificationError
from acrbridge.http.client import MEBIBYTE, Request
from acrbridge.jobs import Secret
from acrbridge.registry.auth import Password
from acrbridge.registry.client import RegistryClient
from unit.fakes import BIDI_AND_CONTROL, DIGEST, Answer, ScriptedHttp, answer, attempt, is_fit_to_print

HOST = "contoso.azurecr.io"
BASE = f"https://{HOST}"
BODY = b'{"schemaVersion": 2}'
SHA256 = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
SHA512 = f"sha512:{hashlib.sha512(BODY).hexdigest()}"
USER = Password("me", Secret("s3cret-PW"))


def registry(*answers: Answer | Callable[[Request], Answer]) -> tuple[RegistryClient, ScriptedHttp]:
    script = answers[0] if answers and callable(answers[0]) else [a for a in answers if not callable(a)]
    http = ScriptedHttp(script)
    return RegistryClient(HOST, http, USER), http


def challenge(value: str) -> Answer:
    return answer(401, "", {"WWW-Authenticate": value})


BEARER = f'Bearer realm="{BASE}/oauth2/token",service="{HOST}"'


# Signing in on demand


def test_a_refusal_is_answered_with_a_token_and_the_request_sent_again() -> None:
    client, http = registry(challenge(BEARER), answer(200, {"access_token": "t"}), answer(200, "x"))
    assert client.call("GET", "/v2/", "s").body == b"x"
    assert http.urls == [f"{BASE}/v2/", f"{BASE}/oauth2/token?service={HOST}&scope=s", f"{BASE}/v2/"]
    assert [r.headers.get("Authorization", "").partition(" ")[0] for r in http.requests] == [
        "",
        "Basic",
        "Bearer",
    ]


def test_the_token_is_used_again_without_being_refused_first() -> None:
    client, http = registry(
        challenge(BEARER), answer(200, {"access_token": "t"}), answer(200, "x"), answer(200, "y")
    )
    client.call("GET", "/v2/", "s")
    client.call("GET", "/v2/", "s")
    assert len(http.requests) == 4


def test_refusals_end_it_after_two_tokens() -> None:
    tokens = [answer(200, {"access_token": name}) for name in "ab"]
    client, http = registry(challenge(BEARER), tokens[0], challenge(BEARER), tokens[1], challenge(BEARER))
    with pytest.raises(RefusedError) as error:
        client.call("GET", "/v2/", "s")
    assert error.value.code == "REGISTRY_UNAUTHORIZED"
    assert len(http.requests) == 5


def test_tokens_that_are_good_for_few_requests_are_renewed_as_often_as_they_end() -> None:
    uses: dict[str, int] = {}
    fetched: list[str] = []

    def play(request: Request) -> Answer:
        if "/token" in request.url:
            fetched.append(str(len(fetched)))
            return answer(200, {"access_token": fetched[-1]})
        header = request.headers.get("Authorization", "")
        uses[header] = uses.get(header, 0) + 1
        return answer(200) if header and uses[header] <= 3 else challenge(BEARER)

    http = ScriptedHttp(play)
    client = RegistryClient(HOST, http, USER)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: client.call("GET", "/v2/", "s"), range(48)))
    assert len(fetched) == 16


def test_a_basic_challenge_sends_the_password_to_the_registry_itself() -> None:
    client, http = registry(challenge('Basic realm="x"'), answer(200, "x"))
    client.call("GET", "/v2/", "s")
    assert http.requests[1].headers["Authorization"].startswith("Basic ")


def test_a_password_that_was_refused_is_sent_once() -> None:
    client, http = registry(challenge('Basic realm="x"'), challenge('Basic realm="x"'))
    with pytest.raises(RefusedError):
        client.call("GET", "/v2/", "s")
    assert len(http.requests) == 2


def test_a_further_scope_is_asked_for_without_being_refused_first() -> None:
    client, http = registry(
        challenge(f'Basic realm="x", {BEARER}'), answer(200, {"access_token": "t"}), answer(200, "x"),
        answer(200, {"access_token": "u"}), answer(200, "y"),
    )  # fmt: skip
    client.call("GET", "/v2/a", "a")
    client.call("GET", "/v2/b", "b")
    assert [url.rpartition("/")[2].partition("?")[0] for url in http.urls] == [
        "a",
        "token",
        "a",
        "token",
        "b",
    ]
    assert http.requests[-1].headers["Authorization"] == "Bearer u"


def test_a_challenge_that_cannot_be_answered_is_a_refusal() -> None:
    client, http = registry(challenge("Negotiate"))
    with pytest.raises(RefusedError):
        client.call("GET", "/v2/", "s")
    assert len(http.requests) == 1


def test_the_password_follows_no_redirect() -> None:
    client, http = registry(answer(307, "", {"Location": "https://evil.example/"}))
    with pytest.raises(AcrBridgeError) as error:
        client.call("GET", "/v2/a/manifests/b", "s")
    assert error.value.code == "REGISTRY_REFUSED"
    assert len(http.requests) == 1


# Manifests


@pytest.mark.parametrize(
    ("version", "said", "digest"),
    [
        ("latest", None, SHA256),
        ("latest", SHA256, SHA256),
        (SHA256, None, SHA256),
        (SHA256, SHA256, SHA256),
        (SHA512, None, SHA512),
        ("latest", SHA512, SHA512),
    ],
)
def test_a_manifests_digest_is_computed_from_its_bytes(version: str, said: str | None, digest: str) -> None:
    headers = {"Content-Type": "application/vnd.oci.image.manifest.v1+json; charset=utf-8"}
    client, _ = registry(answer(200, BODY, {**headers, **({"Docker-Content-Digest": said} if said else {})}))
    manifest = client.manifest("a/b", version)
    assert (manifest.digest, manifest.body) == (digest, BODY)
    assert manifest.media_type == "application/vnd.oci.image.manifest.v1+json"


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("latest", DIGEST), (DIGEST, None), (DIGEST, SHA256), (SHA256, DIGEST), ("latest", "md5:x"),
        ("latest", "sha512:x"),
        ("latest", f"\x1b[31m{SHA256}"), (SHA256, "sha256:../../etc/passwd"), (SHA256, SHA512),
    ],
)  # fmt: skip
def test_a_manifest_that_is_not_what_the_registry_says_is_refused(version: str, said: str | None) -> None:
    client, _ = registry(answer(200, BODY, {"Docker-Content-Digest": said} if said else {}))
    with pytest.raises(VerificationError) as error:
        client.manifest("a", version)
    assert error.value.code == "DIGEST_MISMATCH"
    assert is_fit_to_print(error.value.message)


def test_a_manifest_has_four_mebibytes_at_the_most() -> None:
    client, http = registry(answer(200, BODY))
    client.manifest("a", "b")
    assert http.requests[0].limit == 4 * MEBIBYTE


def test_a_manifest_is_asked_for_by_a_path_that_holds_no_surprise() -> None:
    client, http = registry(answer(200, BODY))
    attempt(lambda: client.manifest("a", "../../x?y#z"))
    assert http.urls == [f"{BASE}/v2/a/manifests/..%2F..%2Fx%3Fy%23z"]


def test_a_manifests_document_is_its_body() -> None:
    client, _ = registry(answer(200, BODY))
    assert client.manifest("a", "b").document() == {"schemaVersion": 2}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"[" * 100_000, b'{"a": NaN}', b'{"layers": [], "layers": [1]}']
)
def test_a_manifest_that_is_no_json_object_is_a_typed_error(body: bytes) -> None:
    client, _ = registry(answer(200, body))
    with pytest.raises(AcrBridgeError) as error:
        client.manifest("a", "b")
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"
    assert HOST in error.value.message


OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker.distribution.manifest"


@pytest.mark.parametrize(
    ("content_type", "document"),
    [
        (f"{OCI}.manifest.v1+json", {"mediaType": f"{OCI}.manifest.v1+json", "config": {}, "layers": []}),
        (f"{OCI}.index.v1+json", {"manifests": []}),
        (f"{DOCKER}.list.v2+json", {"mediaType": f"{DOCKER}.list.v2+json", "manifests": []}),
        (f"{DOCKER}.v1+prettyjws", {"fsLayers": []}),
        ("application/vnd.oci.artifact.manifest.v1+json", {"blobs": []}),
    ],
)
def test_a_manifest_of_one_kind_is_taken(content_type: str, document: dict[str, object]) -> None:
    client, _ = registry(answer(200, document, {"Content-Type": content_type}))
    assert client.manifest("a", "b").document() == document


@pytest.mark.parametrize(
    ("content_type", "document"),
    [
        (f"{OCI}.manifest.v1+json", {"mediaType": f"{OCI}.index.v1+json"}),
        (f"{OCI}.manifest.v1+json", {"mediaType": f"{DOCKER}.v2+json"}),
        (f"{OCI}.manifest.v1+json", {"mediaType": BIDI_AND_CONTROL}),
        (f"{OCI}.manifest.v1+json", {"mediaType": None}),
        (BIDI_AND_CONTROL, {"mediaType": f"{OCI}.index.v1+json"}),
        ("", {"mediaType": f"{OCI}.manifest.v1+json"}),
        (f"{OCI}.manifest.v1+json", {"layers": [], "manifests": []}),
        (f"{OCI}.index.v1+json", {"manifests": [], "config": {}}),
        ("", {"manifests": [], "fsLayers": []}),
        (f"{OCI}.manifest.v1+json", {"manifests": []}),
        (f"{DOCKER}.list.v2+json", {"layers": []}),
    ],
)
def test_a_manifest_that_can_be_read_in_two_ways_is_refused(
    content_type: str, document: dict[str, object]
) -> None:
    client, _ = registry(answer(200, document, {"Content-Type": content_type}))
    with pytest.raises(AcrBridgeError) as error:
        client.manifest("a", "b")
    assert error.value.code == "MANIFEST_AMBIGUOUS"
    assert is_fit_to_print(error.value.message)


# Lists


def test_a_list_goes_on_where_the_link_says() -> None:
    client, http = registry(
        answer(200, {"repositories": ["a"]}, {"Link": '</v2/_catalog?last=a&n=100>; rel="next"'}),
        answer(200, {"repositories": ["b"]}, {"link": f'<{BASE}/v2/_catalog?last=b>; rel="next"'}),
        answer(200, {"repositories": None}),
    )
    assert list(client.repositories()) == ["a", "b"]
    assert http.urls == [
        f"{BASE}/v2/_catalog?n=100",
        f"{BASE}/v2/_catalog?last=a&n=100",
        f"{BASE}/v2/_catalog?last=b",
    ]


@pytest.mark.parametrize(
    "link",
    ["https://evil.example/v2/_catalog", "//evil.example/v2/", "http://contoso.azurecr.io/v2/_catalog",
     "https://contoso.azurecr.io:444/", "https://contoso.azurecr.io@evil.example/", "https://contoso.azurecr.io.evil/",
     "https://me@contoso.azurecr.io/", "https://evil\\@contoso.azurecr.io/", "https://[", "https://\u2100/", "file:///x"],
)  # fmt: skip
def test_a_list_does_not_go_on_elsewhere(link: str) -> None:
    client, http = registry(answer(200, {"repositories": ["a"]}, {"Link": f'<{link}>; rel="next"'}))
    with pytest.raises(AcrBridgeError) as error:
        list(client.repositories())
    assert error.value.code == "LOCATION_UNTRUSTED"
    assert is_fit_to_print(error.value.message)
    assert len(http.requests) == 1


def test_a_list_that_leads_back_to_itself_ends() -> None:
    client, http = registry(
        answer(200, {"repositories": ["a"]}, {"Link": '</v2/_catalog?last=a>; rel="next"'}),
        answer(200, {"repositories": ["a"]}, {"Link": '</v2/_catalog?last=a>; rel="next"'}),
    )
    with pytest.raises(AcrBridgeError, match="does not end"):
        list(client.repositories())
    assert len(http.requests) == 2


def test_a_list_with_ever_new_pages_ends() -> None:
    count = iter(range(1_000_000))
    client, http = registry(
        lambda _: answer(200, {}, {"Link": f'</v2/_catalog?last={next(count)}>; rel="next"'})
    )
    with pytest.raises(AcrBridgeError, match="does not end"):
        list(client.repositories())
    assert len(http.requests) == 10_000


@pytest.mark.parametrize(
    "link", ["", "<", "<>", "garbage", '</x>; rel="prev"', '</x>; rel="last"', "</x>", "</nextone>"]
)
def test_a_link_that_leads_to_no_next_page_ends_the_list(link: str) -> None:
    client, http = registry(answer(200, {"repositories": ["a"]}, {"Link": link}))
    assert list(client.repositories()) == ["a"]
    assert len(http.requests) == 1


@pytest.mark.parametrize(
    "link",
    ['</prev>; rel="prev", </next>; rel="next"', "</next>; rel=next", '</next> ; title="a"; rel="next last"'],
)
def test_the_next_page_is_found_among_links(link: str) -> None:
    client, http = registry(answer(200, {}, {"Link": link}), answer(200, {}))
    list(client.repositories())
    assert http.urls[1] == f"{BASE}/next"


@pytest.mark.parametrize("template", ["{}", '<{}>; rel="next"'])
@given(st.text())
def test_no_link_breaks_the_list_or_leads_away(template: str, link: str) -> None:
    client, http = registry(answer(200, {}, {"Link": template.format(link)}), answer(200, {}))
    attempt(lambda: list(client.repositories()))
    assert all(url.startswith((f"{BASE}/", f"{BASE}?")) or url == BASE for url in http.urls)


@pytest.mark.parametrize(
    "document", [{"repositories": "abc"}, {"repositories": [1]}, {"repositories": {"a": 1}}, []]
)
def test_a_list_of_something_else_is_a_typed_error(document: object) -> None:
    client, _ = registry(answer(200, document))
    with pytest.raises(AcrBridgeError) as error:
        list(client.repositories())
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"


@pytest.mark.parametrize("document", [{"manifests": ["x"]}, {"manifests": {"a": 1}}, {"manifests": 5}])
def test_referrers_that_are_no_descriptors_are_a_typed_error(document: object) -> None:
    client, _ = registry(answer(200, document))
    with pytest.raises(AcrBridgeError) as error:
        list(client.referrers("a", DIGEST))
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"


def test_referrers_are_filtered_here_where_the_registry_does_not() -> None:
    client, http = registry(answer(200, {"manifests": [{"artifactType": "x"}, {"artifactType": "y"}, {}]}))
    assert list(client.referrers("a", DIGEST, "x")) == [{"artifactType": "x"}]
    assert http.urls == [f"{BASE}/v2/a/referrers/{DIGEST}?artifactType=x"]


# Refusals


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, AcrBridgeError, "REGISTRY_REFUSED"),
        (403, RefusedError, "REGISTRY_REFUSED"),
        (404, NotFoundError, "REPOSITORY_NOT_FOUND"),
        (405, AcrBridgeError, "REGISTRY_REFUSED"),
        (429, NetworkError, "THROTTLED"),
        (500, AcrBridgeError, "SERVICE_ERROR"),
        (503, AcrBridgeError, "SERVICE_ERROR"),
    ],
)
def test_a_refusal_says_host_status_path_and_the_registrys_words(
    status: int, kind: type[AcrBridgeError], code: str
) -> None:
    body = {"errors": [{"code": "SOME_CODE", "message": "some words"}]}
    client, _ = registry(answer(status, body, {"x-ms-correlation-request-id": "c-1"}))
    with pytest.raises(kind) as error:
        client.call("GET", "/v2/a/manifests/b?x=1", "s")
    assert error.value.code == code
    assert error.value.correlation_id == "c-1"
    for part in (HOST, str(status), "/v2/a/manifests/b)", "SOME_CODE", "some words"):
        assert part in error.value.message


@pytest.mark.parametrize(
    ("path", "word", "command"),
    [
        ("/v2/a/b/manifests/c", "MANIFEST_UNKNOWN", "show-tags --name contoso --repository a/b"),
        ("/acr/v1/a/b/_tags/c", "TAG_UNKNOWN", "show-tags --name contoso --repository a/b"),
        ("/v2/a/b/manifests/c", "NAME_UNKNOWN", "list --name contoso"),
        ("/acr/v1/a/b/_tags", "NAME_UNKNOWN", "list --name contoso"),
        ("/acr/v1/a/b", "NAME_UNKNOWN", "list --name contoso"),
    ],
)
@pytest.mark.parametrize("host", ["contoso.azurecr.io", "contoso-abc123.azurecr.cn"])
def test_what_is_not_there_comes_with_the_command_that_lists_what_is(
    host: str, path: str, word: str, command: str
) -> None:
    http = ScriptedHttp([answer(404, {"errors": [{"code": word, "message": "m"}]})])
    with pytest.raises(NotFoundError) as error:
        RegistryClient(host, http).call("GET", path, "s")
    assert error.value.remedy.endswith(f": acrbridge acr repository {command}")


def test_a_refusal_has_the_remedy_that_was_given_for_its_code() -> None:
    http = ScriptedHttp([answer(404, {}), challenge(BEARER), answer(401, "no")])
    mended = {"REPOSITORY_NOT_FOUND": "spell", "REGISTRY_UNAUTHORIZED": "sign in"}
    client = RegistryClient(HOST, http, Password("u", Secret("p")), "source", mended)
    for remedy in ("spell", "sign in"):
        with pytest.raises(AcrBridgeError, match=f"source {HOST}") as error:
            client.call("GET", "/v2/a/manifests/b", "s")
        assert error.value.remedy == remedy


def test_docker_hub_is_called_by_its_name() -> None:
    client = RegistryClient("registry-1.docker.io", ScriptedHttp([answer(404, {})]), side="source")
    with pytest.raises(NotFoundError, match=r"^source docker\.io \(404"):
        client.call("GET", "/v2/a/manifests/b", "s")


def test_the_firewalls_words_are_recognised() -> None:
    words = (
        "client with IP '1.2.3.4' is not allowed access. Refer https://aka.ms/acr/firewall to grant access."
    )
    client, _ = registry(answer(403, {"errors": [{"code": "DENIED", "message": words}]}))
    with pytest.raises(RefusedError) as error:
        client.call("GET", "/v2/", "s")
    assert error.value.code == "REGISTRY_FIREWALL"


@pytest.mark.parametrize(
    "body",
    [
        "", "<html>", [], {"errors": []}, {"errors": {}}, {"errors": [5]}, {"errors": [None]}, {"errors": "x"}, b"\xff",
        {"errors": [{"code": BIDI_AND_CONTROL, "message": BIDI_AND_CONTROL * 500}]}, b"\x1b]0;pwned\x07" * 1000,
        {"errors": [{"code": None, "message": {"a": 1}}]}, "line one\nERROR: forged\r\n2026 level=info ok",
    ],
)  # fmt: skip
def test_a_registrys_words_come_out_in_one_line_without_control_characters(body: object) -> None:
    client, _ = registry(answer(400, body))
    with pytest.raises(AcrBridgeError) as error:
        client.call("GET", "/v2/a/tags/list", "s")
    assert is_fit_to_print(error.value.message)
    assert len(error.value.message) < 500


@given(st.integers(300, 599).filter(lambda status: status != 401), st.binary(max_size=200))
def test_any_refusal_is_a_typed_error_fit_to_print(status: int, body: bytes) -> None:
    client, _ = registry(answer(status, body))
    error = attempt(lambda: client.call("GET", "/v2/", "s"))
    assert isinstance(error, AcrBridgeError)
    assert is_fit_to_print(error.message)


def test_a_manifest_is_deleted_by_digest_with_the_right_to_delete() -> None:
    client, http = registry(challenge(BEARER), answer(200, {"access_token": "t"}), answer(202))
    client.delete_manifest("a", DIGEST)
    assert (http.requests[2].method, http.urls[2]) == ("DELETE", f"{BASE}/v2/a/manifests/{DIGEST}")
    assert "scope=repository%3Aa%3Adelete%2Cmetadata_read" in http.urls[1]
