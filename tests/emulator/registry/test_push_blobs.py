"""OCI distribution specification, "Push": blobs, whole, in chunks, as a stream, and by a mount."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from acr_emulator.records import Upload
from emulator.registries import ADMIN, CONTENT, CONTOSO, OPEN, Registries, basic, principal, sha256, sha512

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = sha256(CONTENT)
UNKNOWN = "sha256:" + "0" * 64


@pytest.fixture
def location(registries: Registries) -> str:
    """Where an upload that was begun goes on."""
    answer = registries.ask("POST", "/v2/app/blobs/uploads/")
    assert (answer.status, answer.header("Range")) == (202, "0-0")
    return answer.header("Location")


def chunk(first: int, last: int) -> dict[str, str]:
    return {"Content-Range": f"{first}-{last}", "Content-Type": "application/octet-stream"}


def finish(location: str, digest: str = DIGEST) -> str:
    return f"{location}&digest={digest}"


@pytest.mark.parametrize(
    "content", [CONTENT, b"", b"x" * (3 << 20)], ids=["small", "empty", "of several writes"]
)
def test_a_blob_arrives_in_one_request(registries: Registries, content: bytes) -> None:
    digest = sha256(content)
    answer = registries.ask("POST", f"/v2/app/blobs/uploads/?digest={digest}", body=content)
    assert (answer.status, answer.header("Location")) == (201, f"/v2/app/blobs/{digest}")
    assert registries.ask("GET", answer.header("Location")).body == content


@pytest.mark.parametrize("digest", [DIGEST, sha512(CONTENT)], ids=["sha256", "sha512"])
def test_a_blob_arrives_with_the_request_that_finishes(
    registries: Registries, location: str, digest: str
) -> None:
    answer = registries.ask("PUT", finish(location, digest), body=CONTENT)
    assert (answer.status, answer.header("Docker-Content-Digest")) == (201, digest)
    assert registries.ask("GET", f"/v2/app/blobs/{digest}").body == CONTENT


def test_a_blob_arrives_in_chunks(registries: Registries, location: str) -> None:
    answer = registries.ask("PATCH", location, body=CONTENT[:100], headers=chunk(0, 99))
    assert (answer.status, answer.header("Range")) == (202, "0-99")
    answer = registries.ask(
        "PATCH", answer.header("Location"), body=CONTENT[100:150], headers=chunk(100, 149)
    )
    assert answer.header("Range") == "0-149"
    headers = chunk(150, len(CONTENT) - 1)
    answer = registries.ask("PUT", finish(answer.header("Location")), body=CONTENT[150:], headers=headers)
    assert answer.status == 201
    assert registries.ask("GET", f"/v2/app/blobs/{DIGEST}").body == CONTENT


def test_a_blob_arrives_as_a_stream(registries: Registries, location: str) -> None:
    answer = registries.ask("PATCH", location, chunks=[CONTENT[:7], CONTENT[7:], b""])
    assert answer.header("Range") == f"0-{len(CONTENT) - 1}"
    assert registries.ask("PUT", finish(answer.header("Location"))).status == 201


OUT_OF_ORDER = {
    "a gap": (120, 129),
    "again from the start": (0, 9),
    "an overlap": (95, 104),
    "backwards": (100, 50),
}


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize(("first", "last"), OUT_OF_ORDER.values(), ids=OUT_OF_ORDER)
def test_a_chunk_out_of_order_is_refused_and_the_upload_goes_on(
    registries: Registries, location: str, method: str, first: int, last: int
) -> None:
    registries.ask("PATCH", location, body=CONTENT[:100], headers=chunk(0, 99))
    target = finish(location) if method == "PUT" else location
    answer = registries.ask(method, target, body=b"x" * 10, headers=chunk(first, last))
    assert (answer.status, answer.header("Range"), answer.code) == (416, "0-99", "RANGE_INVALID")
    rest = registries.ask("PUT", finish(answer.header("Location")), body=CONTENT[100:])
    assert rest.status == 201


@pytest.mark.parametrize("said", [(0, 98), (0, 100)], ids=["more than it says", "less than it says"])
def test_nothing_stays_of_a_chunk_of_another_length(
    registries: Registries, location: str, said: tuple[int, int]
) -> None:
    answer = registries.ask("PATCH", location, body=CONTENT[:100], headers=chunk(*said))
    assert (answer.status, answer.code) == (400, "SIZE_INVALID")
    assert registries.ask("PUT", finish(location), body=CONTENT).status == 201


def test_an_upload_tells_how_much_has_arrived(registries: Registries, location: str) -> None:
    registries.ask("PATCH", location, body=CONTENT[:10])
    answer = registries.ask("GET", location)
    assert (answer.status, answer.header("Range"), answer.body) == (204, "0-9", b"")


def test_what_arrived_before_a_broken_connection_stays(registries: Registries, location: str) -> None:
    registries.ask("PATCH", location, chunks=[CONTENT[:60], CONTENT[60:90]], broken_off=True)
    assert registries.ask("GET", location).header("Range") == "0-89"
    headers = chunk(90, len(CONTENT) - 1)
    assert registries.ask("PUT", finish(location), body=CONTENT[90:], headers=headers).status == 201


def test_nothing_stays_of_a_single_request_that_was_broken_off(registries: Registries) -> None:
    target = f"/v2/app/blobs/uploads/?digest={DIGEST}"
    assert registries.ask("POST", target, chunks=[CONTENT[:60]], broken_off=True).status == 0
    assert registries.state.find(Upload) == []
    assert list(registries.state.uploads.iterdir()) == []


def test_an_upload_is_finished_once(registries: Registries, location: str) -> None:
    target = {"method": "PUT", "target": finish(location), "body": CONTENT}
    answers = registries.ask_at_once([target, target])
    assert sorted(answer.status for answer in answers) == [201, 404]


def test_an_upload_outlives_a_restart(tmp_path: Path, signing_key: bytes) -> None:
    before = Registries(tmp_path / "state", signing_key)
    location = before.ask("POST", "/v2/app/blobs/uploads/").header("Location")
    before.ask("PATCH", location, body=CONTENT[:50])
    before.close()
    after = Registries(tmp_path / "state", signing_key)
    assert after.ask("PUT", finish(location), body=CONTENT[50:]).status == 201
    after.close()


def test_a_cancelled_upload_is_gone(registries: Registries, location: str) -> None:
    assert registries.ask("DELETE", location).status == 204
    for method in ("GET", "PATCH", "DELETE"):
        assert registries.ask(method, location).code == "BLOB_UPLOAD_UNKNOWN"
    assert list(registries.state.uploads.iterdir()) == []


def test_an_upload_of_another_repository_or_registry_is_unknown(
    registries: Registries, location: str
) -> None:
    elsewhere = location.replace("/v2/app/", "/v2/other/")
    assert registries.ask("PATCH", elsewhere, body=CONTENT).code == "BLOB_UPLOAD_UNKNOWN"
    answer = registries.ask("PATCH", location, CONTOSO, body=CONTENT, headers=basic(*ADMIN))
    assert answer.code == "BLOB_UPLOAD_UNKNOWN"


@pytest.mark.parametrize("path", ["finishing", "single"])
def test_another_digest_than_the_content_has_is_refused(
    registries: Registries, location: str, path: str
) -> None:
    target = finish(location, UNKNOWN) if path == "finishing" else f"/v2/app/blobs/uploads/?digest={UNKNOWN}"
    answer = registries.ask("PUT" if path == "finishing" else "POST", target, body=CONTENT)
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert registries.ask("HEAD", f"/v2/app/blobs/{UNKNOWN}").status == 404


@pytest.mark.parametrize("query", ["digest=sha256:x", "mount=sha256:../x&from=other", "digest=md5:0"])
def test_what_is_no_digest_begins_no_upload(registries: Registries, query: str) -> None:
    answer = registries.ask("POST", f"/v2/app/blobs/uploads/?{query}", body=CONTENT)
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert registries.state.find(Upload) == []


MOUNTS = {
    "from its repository": (f"mount={DIGEST}&from=base", 201),
    "without a source: the registry finds one": (f"mount={DIGEST}", 201),
    "from a repository that has it not": (f"mount={DIGEST}&from=empty", 202),
    "of a blob that is nowhere": (f"mount={UNKNOWN}&from=base", 202),
}


@pytest.mark.parametrize(("query", "status"), MOUNTS.values(), ids=MOUNTS)
def test_what_a_mount_gives(registries: Registries, query: str, status: int) -> None:
    registries.push_blob("base", CONTENT)
    answer = registries.ask("POST", f"/v2/app/blobs/uploads/?{query}")
    assert answer.status == status
    assert registries.ask("HEAD", f"/v2/app/blobs/{DIGEST}").status == (200 if status == 201 else 404)


def test_a_refused_mount_goes_on_as_an_upload(registries: Registries) -> None:
    answer = registries.ask("POST", f"/v2/app/blobs/uploads/?mount={DIGEST}&from=base")
    assert registries.ask("PUT", finish(answer.header("Location")), body=CONTENT).status == 201


def test_a_mount_asks_for_a_token_that_names_the_source_too(registries: Registries) -> None:
    registries.push_blob("base", CONTENT, CONTOSO, basic(*ADMIN))
    target, scopes = f"/v2/app/blobs/uploads/?mount={DIGEST}&from=base", ["repository:app:pull,push"]
    headers = registries.bearer(CONTOSO, *scopes, who=principal("pusher"))
    answer = registries.ask("POST", target, CONTOSO, headers=headers)
    assert answer.status == 401
    assert 'scope="repository:app:pull,push repository:base:pull"' in answer.header("WWW-Authenticate")
    headers = registries.bearer(CONTOSO, *scopes, "repository:base:pull", who=principal("pusher"))
    assert registries.ask("POST", target, CONTOSO, headers=headers).status == 201


def test_a_blob_of_another_registry_is_not_mounted(registries: Registries) -> None:
    registries.push_blob("base", CONTENT, OPEN)
    target = f"/v2/app/blobs/uploads/?mount={DIGEST}"
    assert registries.ask("POST", target, CONTOSO, headers=basic(*ADMIN)).status == 202
