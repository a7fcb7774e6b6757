"""What a registry lists: repositories, the tags of one, and what refers to a manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from acr_emulator.records import Manifest, Repository, Tag
from acr_emulator.registry import contents
from acr_emulator.registry.names import check_digest
from acr_emulator.registry.pages import PAGE_LIMIT, order, page
from acr_emulator.registry.repositories import find_repository

if TYPE_CHECKING:
    from starlette.responses import Response

    from acr_emulator.registry.call import Call

CATALOG_PAGE = 100
"""Repositories of a page where `n` is absent."""


async def catalog(call: Call) -> Response:
    """All repositories that no lock hides."""
    found = call.state.find(Repository, host=call.host)
    names = [r.name for r in found if r.attributes.list_enabled]
    shown, headers = page(call, names, str, CATALOG_PAGE)
    return JSONResponse({"repositories": shown}, headers=headers)


async def tags(call: Call) -> Response:
    """Tags of a repository that no lock hides."""
    find_repository(call.state, call.host, call.name)
    found = call.state.find(Tag, host=call.host, repository=call.name)
    names = sorted((t.name for t in found if t.attributes.list_enabled), key=order)
    shown, headers = page(call, names, str, PAGE_LIMIT)
    return JSONResponse({"name": call.name, "tags": shown}, headers=headers)


async def referrers(call: Call) -> Response:
    """Manifests whose `subject` is this digest, as an index; one that is not here has none."""
    subject = check_digest(call.target)
    found = call.state.find(Manifest, host=call.host, repository=call.name, subject=subject)
    descriptors = [_descriptor(m) for m in found]
    headers = {}
    wanted = call.query("artifactType")
    if wanted:
        descriptors = [d for d in descriptors if d.get("artifactType") == wanted]
        headers["OCI-Filters-Applied"] = "artifactType"
    index = {"schemaVersion": 2, "mediaType": contents.OCI_INDEX, "manifests": descriptors}
    return JSONResponse(index, headers=headers, media_type=contents.OCI_INDEX)


def _descriptor(manifest: Manifest) -> dict[str, Any]:
    document = contents.parse(manifest.body, manifest.media_type)
    descriptor: dict[str, Any] = {
        "mediaType": manifest.media_type,
        "digest": manifest.digest,
        "size": len(manifest.body),
    }
    if document.artifact_type:
        descriptor["artifactType"] = document.artifact_type
    annotations = document.fields.get("annotations")
    if annotations:
        descriptor["annotations"] = annotations
    return descriptor
