from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest

from acrbridge.errors import AcrBridgeError, NetworkError, RefusedError, VerificationError
from acrbridge.http.client import Request
from acrbridge.http.retry import DEFAULT
from acrbridge.jobs import Secret
from acrbridge.registry.auth import Password
from acrbridge.registry.client import RegistryClient
from acrbridge.registry.contents import Descriptor
from acrbridge.registry.uploads import Uploads
from unit.fakes import Answer, ScriptedHttp, answer

HOST = "contoso.azurecr.io"
BASE = f"https://{HOST}"
UPLOADS = "/v2/app/blobs/uploads/"
USER = Password("me", Secret("s3cret-PW"))
MIB = 1 << 20
OTHER = f"sha256:{'f' * 64}"
UNKNOWN = answer(404, {"errors": [{"code": "BLOB_UPLOAD_UNKNOWN", "message": "unknown"}]})
LARGE = os.urandom(MIB) * 65


@dataclass
class Layer:
    """A blob in memory, which remembers how much of it was asked for."""

    body: bytes = b"layer"
    fault: AcrBridgeError | None = None
    given: int = 0

    def __len__(self) -> int:
        return len(self.body)

    def part(self, begin: int, end: int) -> Slice:
        return Slice(self, begin, end)

    @property
    def blob(self) -> Descriptor:
        digest = f"sha256:{hashlib.sha256(self.body).hexdigest()}"
        return Descriptor("application/octet-stream", digest, len(self.body))


@dataclass
class Slice:
    layer: Layer
    begin: int
    end: int

    def __len__(self) -> int:
        return self.end - self.begin

    def __iter__(self) -> Iterator[memoryview]:
        self.layer.given += len(self)
        yield memoryview(self.layer.body)[self.begin : self.end]


Fault = Callable[[Request, bytes], Answer | None]
"""What a registry does instead of what it should; given a request and the body that came."""


@dataclass
class Registry:
    """Takes uploads whole and in chunks, as it should but for its fault."""

    fault: Fault = lambda request, body: None
    received: dict[str, bytes] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    begun: dict[str, str] = field(default_factory=dict)
    """Headers of the answer to POST."""

    def __call__(self, request: Request) -> Answer:
        body = request.body if isinstance(request.body, bytes) else b"".join(request.body or ())  # type: ignore[arg-type]
        self.log.append(line(request, body))
        return self.fault(request, body) or self.serve(request, body)

    def serve(self, request: Request, body: bytes) -> Answer:
        name = urlsplit(request.url).path.rpartition("/")[2]
        if request.method == "POST":
            name = str(len(self.log))
            self.received[name] = b""
            return answer(202, "", {"Location": f"{UPLOADS}{name}?_state=0", **self.begun})
        if request.method == "HEAD":
            return answer(200 if name in self.stored else 404)
        if name not in self.received:
            return UNKNOWN
        return self._go_on(request, name, body)

    def _go_on(self, request: Request, name: str, body: bytes) -> Answer:
        if request.method == "PATCH":
            assert request.headers["Content-Range"].split("-")[0] == str(len(self.received[name]))
            self.received[name] += body
        last = max(0, len(self.received[name]) - 1)
        if request.method in ("PATCH", "GET"):
            headers = {"Location": f"{UPLOADS}{name}?_state={last}", "Range": f"0-{last}"}
            return answer(202 if request.method == "PATCH" else 204, "", headers)
        whole = self.received.pop(name) + body
        if request.method == "PUT":
            digest = f"sha256:{hashlib.sha256(whole).hexdigest()}"
            assert parse_qs(urlsplit(request.url).query)["digest"] == [digest]
            self.stored[digest] = whole
        return answer(201 if request.method == "PUT" else 204)


def uploads(script: Callable[[Request], Answer]) -> tuple[Uploads, ScriptedHttp]:
    http = ScriptedHttp(script)
    return Uploads(RegistryClient(HOST, http, USER), "app"), http


def line(request: Request, body: bytes) -> str:
    return f"{request.method} {len(body)}" if body else request.method


def once(words: str, fault: Fault) -> Fault:
    """A fault of the first request whose line begins with these words."""
    left = [True]

    def play(request: Request, body: bytes) -> Answer | None:
        if not left or not line(request, body).startswith(words):
            return None
        left.clear()
        return fault(request, body)

    return play


def put(registry: Registry, *layers: Layer) -> None:
    """Store layers, each begun anew as often as it is lost."""
    target, _ = uploads(registry)
    for layer in layers:
        for _ in range(3):
            try:
                target.put(layer.blob, layer)
                break
            except AcrBridgeError as error:
                if error.code != "UPLOAD_LOST":
                    raise
        assert registry.stored[layer.blob.digest] == layer.body


# Where an upload goes on


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/v2/app/blobs/uploads/1",
        f"http://{HOST}{UPLOADS}1",
        f"https://{HOST}:444{UPLOADS}1",
        f"https://{HOST}.evil.example{UPLOADS}1",
        f"https://me@{HOST}{UPLOADS}1",
        f"https://{HOST}@evil.example{UPLOADS}1",
        "//evil.example/x",
        "http://[::1",
    ],
)
def test_an_upload_on_another_origin_is_refused_before_a_byte_is_sent(location: str) -> None:
    target, http = uploads(lambda request: answer(202, "", {"Location": location}))
    layer = Layer()
    with pytest.raises(AcrBridgeError) as caught:
        target.put(layer.blob, layer)
    assert caught.value.code == "LOCATION_UNTRUSTED"
    assert (layer.given, len(http.requests)) == (0, 1)


def test_a_chunk_that_leads_to_another_origin_is_the_last() -> None:
    evil = answer(202, "", {"Location": "https://evil.example/x"})
    registry = Registry(once("PATCH", lambda request, body: evil))
    with pytest.raises(AcrBridgeError) as caught:
        put(registry, Layer(LARGE))
    assert caught.value.code == "LOCATION_UNTRUSTED"
    assert registry.log == ["POST", f"PATCH {MIB}", "DELETE"]


@pytest.mark.parametrize(
    ("location", "put"),
    [
        (f"{UPLOADS}1", f"{UPLOADS}1?digest="),
        (f"{BASE}{UPLOADS}1", f"{UPLOADS}1?digest="),
        (
            f"{UPLOADS}1?_state=a%2Fb%3D%3D&_nouploadcache=false",
            f"{UPLOADS}1?_state=a%2Fb%3D%3D&_nouploadcache=false&digest=",
        ),
        ("1?_state=x", f"{UPLOADS}1?_state=x&digest="),
    ],
)
def test_an_upload_goes_on_where_the_registry_says(location: str, put: str) -> None:
    begun = answer(202, "", {"Location": location})
    target, http = uploads(lambda request: begun if request.method == "POST" else answer(201))
    layer = Layer()
    target.put(layer.blob, layer)
    assert http.urls[-1] == f"{BASE}{put}{layer.blob.digest.replace(':', '%3A')}"


# Whole


def test_a_small_blob_goes_in_one_put() -> None:
    registry = Registry()
    put(registry, Layer())
    assert registry.log == ["POST", "PUT 5"]


def test_a_registry_that_stored_something_else_is_not_believed() -> None:
    wrong = answer(201, "", {"Docker-Content-Digest": OTHER})
    layer = Layer()
    with pytest.raises(VerificationError) as caught:
        put(Registry(once("PUT", lambda request, body: wrong)), layer)
    assert caught.value.code == "DIGEST_MISMATCH"
    assert OTHER in caught.value.message
    assert layer.blob.digest in caught.value.message


def test_an_upload_whose_body_turns_out_wrong_is_cancelled() -> None:
    registry = Registry(once("PUT", lambda request, body: VerificationError("DIGEST_MISMATCH", "wrong")))
    with pytest.raises(VerificationError):
        put(registry, Layer())
    assert (registry.log, registry.received) == (["POST", "PUT 5", "DELETE"], {})


def test_a_blob_that_is_stored_although_its_upload_is_unknown() -> None:
    def store_and_forget(request: Request, body: bytes) -> Answer:
        registry.serve(request, body)
        return UNKNOWN

    registry = Registry(once("PUT", store_and_forget))
    put(registry, Layer())
    assert registry.log == ["POST", "PUT 5", "HEAD"]


# In chunks


def test_a_large_blob_goes_in_chunks_and_is_committed_by_an_empty_put() -> None:
    registry = Registry()
    put(registry, Layer(LARGE), Layer(LARGE + b"more"))
    first, second = (
        ["POST", f"PATCH {MIB}", f"PATCH {64 * MIB}", "PUT"],
        ["POST", f"PATCH {65 * MIB + 4}", "PUT"],
    )
    assert registry.log == first + second


def test_the_commit_of_a_large_blob_has_the_more_time_the_larger_it_is() -> None:
    target, http = uploads(Registry())
    layer = Layer(LARGE)
    target.put(layer.blob, layer)
    small = Layer()
    target.put(small.blob, small)
    large, whole = [request.patience for request in http.requests if request.method == "PUT"]
    assert (large, whole) == (60 + 65 / 16, 60)


def test_chunks_are_as_large_as_the_registry_asks() -> None:
    registry = Registry(begun={"OCI-Chunk-Min-Length": str(32 * MIB)})
    put(registry, Layer(LARGE))
    assert registry.log == ["POST", f"PATCH {32 * MIB}", f"PATCH {33 * MIB}", "PUT"]


@pytest.mark.parametrize("status", [400, 404, 405, 415, 416, 501])
def test_a_registry_that_takes_no_chunks_gets_blobs_whole_from_then_on(status: int) -> None:
    registry = Registry(lambda request, _: answer(status) if request.method == "PATCH" else None)
    put(registry, Layer(LARGE), Layer(LARGE + b"more"))
    refused = ["POST", f"PATCH {MIB}", "DELETE"]
    assert registry.log == [*refused, "POST", f"PUT {65 * MIB}", "POST", f"PUT {65 * MIB + 4}"]


def test_a_put_refused_for_its_size_teaches_chunks() -> None:
    def limited(request: Request, body: bytes) -> Answer | None:
        return answer(413) if len(body) > 3 * MIB else None

    registry = Registry(limited)
    put(registry, Layer(LARGE[: 8 * MIB]), Layer(LARGE[: 7 * MIB]))
    whole = ["POST", f"PUT {8 * MIB}", "DELETE"]
    chunks = [
        "POST",
        f"PATCH {MIB}",
        f"PATCH {4 * MIB}",
        "GET",
        *[f"PATCH {2 * MIB}"] * 3,
        f"PATCH {MIB}",
        "PUT",
    ]
    again = ["POST", *[f"PATCH {2 * MIB}"] * 3, f"PATCH {MIB}", "PUT"]
    assert registry.log == whole + chunks + again


def test_what_is_too_large_in_any_size_is_refused() -> None:
    registry = Registry(lambda request, body: answer(413) if body else None)
    with pytest.raises(AcrBridgeError) as caught:
        put(registry, Layer(LARGE[: 8 * MIB]))
    assert caught.value.code == "REGISTRY_REFUSED"
    assert "413" in caught.value.message


BROKEN = {
    "reset": NetworkError("UNREACHABLE", "broke off"),
    "503": answer(503),
    "400": answer(400),
    "404": UNKNOWN,
    "416": answer(416),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("arrived", [0, 10 * MIB + 1, 64 * MIB])
def test_a_chunk_that_breaks_off_goes_on_from_what_arrived(broken: Answer, arrived: int) -> None:
    def keep(request: Request, body: bytes) -> Answer:
        registry.serve(request, body[:arrived])
        return broken

    registry = Registry(once(f"PATCH {64 * MIB}", keep))
    put(registry, Layer(LARGE))
    rest = [f"PATCH {64 * MIB - arrived}"] if arrived < 64 * MIB else []
    assert registry.log == ["POST", f"PATCH {MIB}", f"PATCH {64 * MIB}", "GET", *rest, "PUT"]


def test_a_chunk_of_which_the_registry_took_less_than_it_got() -> None:
    registry = Registry(
        once(f"PATCH {64 * MIB}", lambda request, body: registry.serve(request, body[: 9 * MIB]))
    )
    put(registry, Layer(LARGE))
    assert registry.log == ["POST", f"PATCH {MIB}", f"PATCH {64 * MIB}", f"PATCH {55 * MIB}", "PUT"]


def test_chunks_that_never_arrive_end_it() -> None:
    registry = Registry(lambda request, body: answer(503) if len(body) > MIB else None)
    with pytest.raises(AcrBridgeError) as caught:
        put(registry, Layer(LARGE))
    assert caught.value.code == "SERVICE_ERROR"
    assert registry.log.count(f"PATCH {64 * MIB}") == DEFAULT.tries
    assert registry.log[-1] == "DELETE"


def test_chunks_of_which_the_registry_keeps_nothing_end_it() -> None:
    def keep_nothing(request: Request, body: bytes) -> Answer | None:
        assert len(registry.log) < 50, "it goes on for ever"
        return registry.serve(request, b"") if request.method == "PATCH" else None

    registry, layer = Registry(keep_nothing), Layer(LARGE)
    with pytest.raises(AcrBridgeError) as caught:
        uploads(registry)[0].put(layer.blob, layer)
    assert (caught.value.code, caught.value.tries) == ("UPLOAD_LOST", DEFAULT.tries)
    assert registry.log[-1] == "DELETE"


def test_chunks_that_break_off_often_go_on_as_long_as_there_is_progress() -> None:
    def keep(request: Request, body: bytes) -> Answer | None:
        if len(body) <= 8 * MIB:
            return None
        registry.serve(request, body[: 8 * MIB])
        return answer(500)

    registry = Registry(keep)
    put(registry, Layer(LARGE))
    assert registry.log.count("GET") == 7


@pytest.mark.parametrize(
    "status", [UNKNOWN, answer(405), answer(204), answer(204, "", {"Range": f"0-{66 * MIB}"})]
)
def test_an_upload_that_the_registry_lost_begins_anew_once(status: Answer) -> None:
    def lose(request: Request, body: bytes) -> Answer:
        registry.received.clear()
        return UNKNOWN

    lost, told = once(f"PATCH {64 * MIB}", lose), once("GET", lambda request, body: status)
    registry = Registry(lambda request, body: lost(request, body) or told(request, body))
    put(registry, Layer(LARGE))
    begun = ["POST", f"PATCH {MIB}", f"PATCH {64 * MIB}", "GET", "DELETE"]
    assert registry.log == [*begun, "POST", f"PATCH {64 * MIB}", f"PATCH {MIB}", "PUT"]


@pytest.mark.parametrize("code", [400, 404, 416])
def test_a_commit_that_the_registry_does_not_know_begins_anew(code: int) -> None:
    registry = Registry(once("PUT", lambda request, body: answer(code)))
    put(registry, Layer(LARGE))
    assert registry.log.count("POST") == 2


def test_a_commit_whose_answer_was_lost_is_found() -> None:
    def store_and_forget(request: Request, body: bytes) -> Answer:
        registry.serve(request, body)
        return UNKNOWN

    registry = Registry(once("PUT", store_and_forget))
    put(registry, Layer(LARGE))
    assert registry.log[-2:] == ["PUT", "HEAD"]


@pytest.mark.parametrize("fault", [RefusedError("REGISTRY_REFUSED", "no"), NetworkError("TIMED_OUT", "no")])
def test_a_fault_of_the_source_ends_it(fault: AcrBridgeError) -> None:
    layer = Layer(LARGE)

    def fail(request: Request, body: bytes) -> Answer:
        layer.fault = fault
        return fault

    registry = Registry(once("PATCH", fail))
    with pytest.raises(type(fault)):
        put(registry, layer)
    assert registry.log == ["POST", f"PATCH {MIB}", "DELETE"]


def test_a_refused_chunk_is_sent_once() -> None:
    registry = Registry(lambda request, body: answer(403) if request.method == "PATCH" else None)
    with pytest.raises(RefusedError):
        put(registry, Layer(LARGE))
    assert registry.log == ["POST", f"PATCH {MIB}", "DELETE"]
