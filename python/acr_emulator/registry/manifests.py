"""`/v2/<name>/manifests/<reference>` (OCI distribution specification, "Pulling", "Pushing", "Deleting")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from acr_emulator.records import Manifest
from acr_emulator.registry import contents, pull_limit, repositories
from acr_emulator.registry.errors import RegistryError
from acr_emulator.registry.names import TAG, check_reference, is_digest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from acr_emulator.registry.call import Call
    from acr_emulator.registry.contents import Document

TAG_LIMIT = 10
"""Tags that one push by digest may set with `?tag=`; the specification asks for ten at least."""


async def pull(call: Call) -> Response:
    """Give a manifest; HEAD gives the same headers."""
    manifest = repositories.find_manifest(call.state, call.host, call.name, check_reference(call.target))
    headers = {
        "Docker-Content-Digest": manifest.digest,
        "ETag": f'"{manifest.digest}"',
        **pull_limit.headers(call),
    }
    return Response(manifest.body, media_type=manifest.media_type, headers=headers)


async def push(call: Call) -> Response:
    """Take a manifest whose blobs and manifests are here already."""
    reference = check_reference(call.target)
    body = await call.body(contents.SIZE_LIMIT)
    document = contents.parse(body, call.request.headers.get("content-type", ""))
    digest, tags = _names(call, reference, body)
    _check_references(call, document)
    repositories.put_manifest(call.state, call.host, call.name, document, body, tags=tags, digest=digest)
    response = Response(status_code=201)
    response.headers["Location"] = f"/v2/{call.name}/manifests/{digest}"
    response.headers["Docker-Content-Digest"] = digest
    if document.subject:
        response.headers["OCI-Subject"] = document.subject
    for tag in tags if reference == digest else ():
        response.headers.append("OCI-Tag", tag)
    return response


async def delete(call: Call) -> Response:
    """Delete a manifest by its digest with all its tags, or only a tag."""
    reference = check_reference(call.target)
    if is_digest(reference):
        repositories.delete_manifest(call.state, call.host, call.name, reference)
    else:
        repositories.delete_tag(call.state, call.host, call.name, reference)
    return Response(status_code=202)


def _names(call: Call, reference: str, body: bytes) -> tuple[str, list[str]]:
    """Digest and tags of a manifest that is pushed: by tag, or by digest with tags as parameters."""
    if not is_digest(reference):
        return repositories.digest_of(body), [reference]
    if reference != repositories.digest_of(body, reference.partition(":")[0]):
        raise RegistryError("DIGEST_INVALID", detail={"digest": reference})
    tags = call.request.query_params.getlist("tag")
    if len(tags) > TAG_LIMIT:
        raise RegistryError("MANIFEST_INVALID", "manifest invalid: too many tags", status=414)
    return reference, [_check_tag(tag) for tag in tags]


def _check_tag(tag: str) -> str:
    if not TAG.fullmatch(tag):
        raise RegistryError("MANIFEST_INVALID", "manifest invalid: no tag", detail={"tag": tag[:128]})
    return tag


def _check_references(call: Call, document: Document) -> None:
    """Raise MANIFEST_BLOB_UNKNOWN for a blob or child that is not here; a subject need not be."""
    blobs = document.required_blobs
    _refuse_missing(d for d in blobs if not call.state.has_blob(call.host, call.name, d))
    children = [child["digest"] for child in document.children]
    _refuse_missing(d for d in children if not _has_manifest(call, d))


def _has_manifest(call: Call, digest: str) -> bool:
    return call.state.get(Manifest, host=call.host, repository=call.name, digest=digest) is not None


def _refuse_missing(digests: Iterable[str]) -> None:
    missing = next(iter(digests), None)
    if missing is not None:
        raise RegistryError("MANIFEST_BLOB_UNKNOWN", detail={"digest": missing})
