from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest

from acrbridge.errors import AcrBridgeError, NotFoundError, RefusedError, VerificationError
from acrbridge.http.client import Request, Response
from acrbridge.jobs import Secret
from acrbridge.registry.auth import Password
from acrbridge.registry.client import RegistryClient
from acrbridge.registry.contents import OCI_MANIFEST, Descriptor
from acrbridge.registry.manifests import Manifest
from acrbridge.registry.repository import Repository
from unit.fakes import DIGEST, Answer, ScriptedHttp, answer
from unit.transfer.places import digest_of

HOST = "contoso.azurecr.io"
BASE = f"https://{HOST}"
OTHER = f"sha256:{'f' * 64}"
MANIFEST = Manifest(DIGEST, OCI_MANIFEST, b"{}", "")
UPLOADS = "/v2/app/blobs/uploads/"
USER = Password("me", Secret("s3cret-PW"))


@dataclass
class Opened:
    """A streamed answer as the client sees it."""

    response: Response
    url: str
    tries: int = 1

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def headers(self) -> object:
        return self.response.headers

    def head(self) -> bytes:
        return self.response.body


class StreamingHttp(ScriptedHttp):
    """Answers streams from the same script as all other requests."""

    @contextmanager
    def stream(self, request: Request) -> Iterator[Opened]:  # type: ignore[override] # the part of a Stream that counts
        found = self.send(request)
        yield Opened(found, request.url)


def repository(
    *answers: Answer | Callable[[Request], Answer], name: str = "app"
) -> tuple[Repository, StreamingHttp]:
    script = answers[0] if answers and callable(answers[0]) else [a for a in answers if not callable(a)]
    http = StreamingHttp(script)
    return Repository(RegistryClient(HOST, http, USER), name), http


def begun(location: str) -> Answer:
    return answer(202, "", {"Location": location})


# Referrers


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        *[(answer(status, "404 page not found"), None) for status in (400, 404, 405, 406, 415)],
        (answer(404, '{"errors": [{"code": "NAME_UNKNOWN", "message": "no such repository"}]}'), []),
    ],
    ids=["400", "404", "405", "406", "415", "no such repository"],
)
def test_a_registry_without_the_referrers_api_is_told_from_one_without_the_repository(
    given: Answer, expected: list[Descriptor] | None
) -> None:
    assert repository(given)[0].referrers(DIGEST) == expected


def test_who_may_not_list_referrers_is_told() -> None:
    with pytest.raises(RefusedError):
        repository(answer(403))[0].referrers(DIGEST)


def test_where_no_header_says_the_digest_the_manifest_does() -> None:
    there, http = repository(answer(200), answer(200, b"{}", {"Content-Type": OCI_MANIFEST}))
    assert there.digest_of("v1") == digest_of(b"{}")
    assert [request.method for request in http.requests] == ["HEAD", "GET"]


@pytest.mark.parametrize("tags", ["v1", [1], [{"name": "v1"}]])
def test_tags_that_are_no_list_of_names_are_refused(tags: object) -> None:
    with pytest.raises(AcrBridgeError) as caught:
        list(repository(answer(200, {"tags": tags}))[0].tags())
    assert caught.value.code == "ANSWER_UNINTELLIGIBLE"


@pytest.mark.parametrize(("headers", "handled"), [({}, False), ({"OCI-Subject": DIGEST}, True)])
def test_a_registry_says_whether_it_lists_what_it_was_given(
    *, headers: dict[str, str], handled: bool
) -> None:
    assert repository(answer(201, "", headers))[0].put_manifest("v1", MANIFEST) is handled


def test_a_registry_that_stored_another_manifest_is_not_believed() -> None:
    target, _ = repository(answer(201, "", {"Docker-Content-Digest": OTHER}))
    with pytest.raises(VerificationError) as caught:
        target.put_manifest("v1", MANIFEST)
    assert caught.value.code == "DIGEST_MISMATCH"
    assert OTHER in caught.value.message
    assert DIGEST in caught.value.message


# Tokens


def with_tokens(request: Request) -> Answer:
    """A registry that wants a token for everything, and has an empty object wherever one asks."""
    if request.url.startswith(f"{BASE}/token"):
        return answer(200, {"token": "t"})
    if "Authorization" not in request.headers:
        return answer(401, "", {"WWW-Authenticate": f'Bearer realm="{BASE}/token"'})
    return answer(200, "{}", {"Content-Type": OCI_MANIFEST})


@pytest.mark.parametrize("actions", ["pull", "pull,push"])
def test_one_token_serves_for_all_that_is_asked_of_a_repository(actions: str) -> None:
    http = StreamingHttp(with_tokens)
    place = Repository(RegistryClient(HOST, http, USER), "app", actions)
    place.manifest("v1")
    place.digest_of("v1")
    place.has_blob(DIGEST)
    place.referrers(DIGEST)
    assert list(place.tags()) == []
    assert not place.is_empty()
    scope = urlencode({"scope": f"repository:app:{actions}"})
    assert [url for url in http.urls if "/token" in url] == [f"{BASE}/token?{scope}"]


# Mounts


def mounting(*answers: Answer) -> tuple[bool, StreamingHttp]:
    target, http = repository(*answers)
    source = Repository(target._client, "other")
    return target.mount(DIGEST, source), http


def test_a_mount_is_asked_for_with_the_source() -> None:
    mounted, http = mounting(answer(201))
    assert mounted
    assert http.urls == [f"{BASE}{UPLOADS}?mount={DIGEST.replace(':', '%3A')}&from=other"]


@pytest.mark.parametrize(
    "ended", [answer(204), answer(404), answer(405)], ids=["ended", "gone", "cannot be ended"]
)
def test_a_mount_that_became_an_upload_is_cancelled(ended: Answer) -> None:
    mounted, http = mounting(begun(f"{UPLOADS}1?_state=s"), ended)
    assert not mounted
    assert [request.method for request in http.requests] == ["POST", "DELETE"]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_mount_that_is_refused_is_none(status: int) -> None:
    mounted, http = mounting(answer(status, "{}"))
    assert not mounted
    assert len(http.requests) == 1


def test_a_mount_whose_token_is_refused_is_none() -> None:
    challenge = {"WWW-Authenticate": f'Bearer realm="{BASE}/oauth2/token",service="{HOST}"'}
    mounted, http = mounting(answer(401, "{}", challenge), answer(401, "{}"))
    assert not mounted
    assert "repository%3Aother%3Apull" in http.urls[-1]


def test_nothing_is_mounted_from_another_registry() -> None:
    target, http = repository()
    assert not target.mount(DIGEST, Repository(RegistryClient("other.example", http), "app"))
    assert http.requests == []


# Downloads


def part(status: int, content_range: str | None = None) -> Answer:
    return answer(status, b"rest", {"Content-Range": content_range} if content_range else {})


@pytest.mark.parametrize(
    "given",
    [part(200), part(206), part(206, "bytes 0-9/10"), part(206, "bytes 50-9/10"), part(206, "5"), part(416)],
    ids=["whole", "no range", "from 0", "50 for 5", "no unit", "416"],
)
def test_a_part_that_is_not_the_one_asked_for(given: Answer) -> None:
    source, http = repository(given)
    with pytest.raises(VerificationError) as caught, source.open_blob(DIGEST, 5):
        pass
    assert caught.value.code == "RANGE_NOT_HONOURED"
    assert http.requests[0].headers["Range"] == "bytes=5-"


def test_the_part_that_was_asked_for() -> None:
    source, _ = repository(part(206, "bytes 5-9/10"))
    with source.open_blob(DIGEST, 5) as opened:
        assert opened.status == 206


def test_a_part_that_nobody_asked_for() -> None:
    source, _ = repository(part(206, "bytes 5-9/10"))
    with pytest.raises(VerificationError), source.open_blob(DIGEST):
        pass


def test_a_blob_that_is_not_there() -> None:
    source, _ = repository(answer(404))
    with pytest.raises(NotFoundError) as caught, source.open_blob(DIGEST):
        pass
    assert DIGEST in caught.value.message


def redirecting(to: str, then: Answer) -> StreamingHttp:
    challenge = answer(401, "", {"WWW-Authenticate": "Basic realm=x"})

    def registry(request: Request) -> Answer:
        if not request.url.startswith(f"{BASE}/v2/app/blobs"):
            return then
        return answer(307, "", {"Location": to}) if "Authorization" in request.headers else challenge

    source, http = repository(registry)
    with source.open_blob(DIGEST) as opened:
        assert opened.status == 200
    return http


@pytest.mark.parametrize(
    "to", ["https://storage.example/b?sig=x", f"https://{HOST}:444/b", f"https://{HOST}.evil.example/b"]
)
def test_a_blob_elsewhere_is_fetched_without_credentials(to: str) -> None:
    http = redirecting(to, answer(200, "layer"))
    assert http.urls[-1] == to
    assert "Authorization" not in http.requests[-1].headers


def test_a_blob_elsewhere_on_the_registry_itself_is_fetched_with_credentials() -> None:
    assert "Authorization" in redirecting("/elsewhere", answer(200, "layer")).requests[-1].headers


@pytest.mark.parametrize(
    "to", ["http://storage.example/b", "http://127.0.0.1/b", "file:///etc/passwd", "http://[::1"]
)
def test_a_blob_elsewhere_is_fetched_by_https_only(to: str) -> None:
    source, http = repository(answer(307, "", {"Location": to}))
    with pytest.raises(AcrBridgeError) as caught, source.open_blob(DIGEST):
        pass
    assert caught.value.code == "LOCATION_UNTRUSTED"
    assert len(http.requests) == 1


def test_of_a_registry_without_tls_blobs_are_fetched_without_it_from_hosts_that_were_named() -> None:
    places = {"http://plain.example:5000/v2/app/blobs/": "http://storage.example/b"}
    places["http://storage.example/b"] = "http://other.example/b"

    def registry(request: Request) -> Answer:
        to = next(to for place, to in places.items() if request.url.startswith(place))
        return answer(307, "", {"Location": to})

    http = StreamingHttp(registry, plain_http=frozenset({"plain.example:5000", "storage.example"}))
    source = Repository(RegistryClient("plain.example:5000", http), "app")
    with pytest.raises(AcrBridgeError) as caught, source.open_blob(DIGEST):
        pass
    assert caught.value.code == "LOCATION_UNTRUSTED"
    assert http.urls == [f"http://plain.example:5000/v2/app/blobs/{DIGEST}", "http://storage.example/b"]


def test_redirects_come_to_an_end() -> None:
    source, http = repository(lambda request: answer(307, "", {"Location": f"{request.url}x"}))
    with pytest.raises(AcrBridgeError), source.open_blob(DIGEST):
        pass
    assert len(http.requests) == 6
