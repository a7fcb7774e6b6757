"""ACR's own `/acr/v1`: attributes of repositories, tags and manifests, and their locks.

Source: Azure/azure-rest-api-specs, containerregistry data plane, 2021-07-01.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.responses import JSONResponse, Response

from acr_emulator.records import Manifest, Repository, Tag
from acr_emulator.registry import contents, repositories
from acr_emulator.registry.errors import RegistryError
from acr_emulator.registry.names import check_digest
from acr_emulator.registry.pages import page

if TYPE_CHECKING:
    from acr_emulator.registry.call import Call
    from acr_emulator.registry.contents import Document

Holder = TypeVar("Holder", Repository, Tag, Manifest)

PAGE = 100
"""Items of a page where `n` is absent."""
CONFIGURATION_LIMIT = 4 << 20
"""Bytes of a configuration that is looked into."""
FIELDS = {
    "deleteEnabled": "delete_enabled",
    "listEnabled": "list_enabled",
    "readEnabled": "read_enabled",
    "writeEnabled": "write_enabled",
}
"""Changeable attributes on the wire, and the fields of the record that holds them."""


async def show_repository(call: Call) -> Response:
    """Attributes of a repository."""
    return JSONResponse(_repository(call, _find_repository(call)))


async def change_repository(call: Call) -> Response:
    """Change a repository's locks."""
    changed = await _changed(call, _find_repository(call))
    return JSONResponse(_repository(call, changed))


async def delete_repository(call: Call) -> Response:
    """Delete a repository and all that is in it."""
    digests, tags = repositories.delete_repository(call.state, call.host, call.name)
    return JSONResponse({"manifestsDeleted": digests, "tagsDeleted": tags}, status_code=202)


async def list_tags(call: Call) -> Response:
    """Attributes of a repository's tags, by name or by time, of one digest where that is given."""
    _find_repository(call)
    digest = call.query("digest")
    found = [
        tag
        for tag in call.state.find(Tag, host=call.host, repository=call.name)
        if tag.attributes.list_enabled and digest in ("", tag.digest)
    ]
    shown, headers = page(call, _by_time(call, found), lambda tag: tag.name, PAGE)
    return JSONResponse({**_head(call), "tags": [_tag(tag) for tag in shown]}, headers=headers)


async def show_tag(call: Call) -> Response:
    """Attributes of a tag."""
    return JSONResponse({**_head(call), "tag": _tag(_find_tag(call))})


async def change_tag(call: Call) -> Response:
    """Change a tag's locks."""
    changed = await _changed(call, _find_tag(call))
    return JSONResponse({**_head(call), "tag": _tag(changed)})


async def delete_tag(call: Call) -> Response:
    """Delete a tag; its manifest stays."""
    _find_repository(call)
    repositories.delete_tag(call.state, call.host, call.name, call.target)
    return Response(status_code=202)


async def list_manifests(call: Call) -> Response:
    """Attributes of a repository's manifests, by digest or by time."""
    _find_repository(call)
    found = call.state.find(Manifest, host=call.host, repository=call.name)
    listed = [m for m in found if m.attributes.list_enabled]
    shown, headers = page(call, _by_time(call, listed), lambda m: m.digest, PAGE)
    return JSONResponse({**_head(call), "manifests": [_manifest(call, m) for m in shown]}, headers=headers)


async def show_manifest(call: Call) -> Response:
    """Attributes of a manifest, and of an index what it lists."""
    manifest = _find_manifest(call)
    document = contents.parse(manifest.body, manifest.media_type)
    shown = _manifest(call, manifest)
    if document.is_index:
        shown["references"] = [_reference(child) for child in document.children]
    return JSONResponse({**_head(call), "manifest": shown})


async def change_manifest(call: Call) -> Response:
    """Change a manifest's locks."""
    changed = await _changed(call, _find_manifest(call))
    return JSONResponse({**_head(call), "manifest": _manifest(call, changed)})


async def _changed(call: Call, holder: Holder) -> Holder:
    """The record with the locks that the body sets; those that it does not name stay."""
    body = await call.json()
    if not isinstance(body, dict) or not all(isinstance(body.get(name, True), bool) for name in FIELDS):
        raise RegistryError("UNSUPPORTED", "attributes are no booleans", status=400)
    given = {field: body[name] for name, field in FIELDS.items() if name in body}
    changed = replace(holder, attributes=replace(holder.attributes, **given), updated=time.time())
    call.state.put(changed)
    return changed


def _find_repository(call: Call) -> Repository:
    return repositories.find_repository(call.state, call.host, call.name)


def _find_tag(call: Call) -> Tag:
    _find_repository(call)
    tag = call.state.get(Tag, host=call.host, repository=call.name, name=call.target)
    if tag is None:
        raise RegistryError("TAG_UNKNOWN")
    return tag


def _find_manifest(call: Call) -> Manifest:
    _find_repository(call)
    digest = check_digest(call.target)
    manifest = call.state.get(Manifest, host=call.host, repository=call.name, digest=digest)
    if manifest is None:
        raise RegistryError("MANIFEST_UNKNOWN", f"manifest {digest} is not found")
    return manifest


def _by_time(call: Call, found: list[Holder]) -> list[Holder]:
    """In the order asked for: `timeasc`, `timedesc`, or else by key, as they come."""
    wanted = call.query("orderby")
    if wanted not in ("timeasc", "timedesc"):
        return found
    return sorted(found, key=lambda holder: holder.updated, reverse=wanted == "timedesc")


def _head(call: Call) -> dict[str, str]:
    return {"registry": call.login_server, "imageName": call.name}


def _times(holder: Repository | Tag | Manifest) -> dict[str, str]:
    return {"createdTime": timestamp(holder.created), "lastUpdateTime": timestamp(holder.updated)}


def timestamp(seconds: float) -> str:
    """A time as ACR writes it: UTC with seven digits of a second."""
    whole = datetime.fromtimestamp(seconds, tz=UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{whole.microsecond:06d}0Z"


def _repository(call: Call, repository: Repository) -> dict[str, Any]:
    key = {"host": call.host, "repository": call.name}
    return {
        **_head(call),
        **_times(repository),
        "manifestCount": len(call.state.find(Manifest, **key)),
        "tagCount": len(call.state.find(Tag, **key)),
        "changeableAttributes": repository.attributes.as_json(),
    }


def _tag(tag: Tag) -> dict[str, Any]:
    return {
        "name": tag.name,
        "digest": tag.digest,
        **_times(tag),
        "signed": False,
        "changeableAttributes": tag.attributes.as_json(),
    }


def _manifest(call: Call, manifest: Manifest) -> dict[str, Any]:
    document = contents.parse(manifest.body, manifest.media_type)
    found = call.state.find(Tag, host=call.host, repository=call.name, digest=manifest.digest)
    tags = {"tags": [tag.name for tag in found]} if found else {}
    return {
        "digest": manifest.digest,
        "imageSize": sum(blob["size"] for blob in document.blobs),
        **_times(manifest),
        "mediaType": manifest.media_type,
        **_configuration(call, document),
        **tags,
        "changeableAttributes": manifest.attributes.as_json(),
    }


def _configuration(call: Call, document: Document) -> dict[str, str]:
    """Platform and media type of a manifest's configuration; an artifact's tells no platform."""
    if document.is_index:
        return {}
    descriptor = document.fields["config"]
    shown = {"configMediaType": descriptor["mediaType"]}
    path = call.state.blob_path(descriptor["digest"])
    if descriptor["size"] > CONFIGURATION_LIMIT or not path.exists():
        return shown
    try:
        configuration = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return shown
    fields = configuration if isinstance(configuration, dict) else {}
    platform = {name: fields[name] for name in ("architecture", "os") if isinstance(fields.get(name), str)}
    return {**platform, **shown}


def _reference(child: dict[str, Any]) -> dict[str, Any]:
    platform = child.get("platform") or {}
    shown = {name: platform[name] for name in ("architecture", "os") if name in platform}
    return {"digest": child["digest"], **shown}
