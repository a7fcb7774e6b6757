"""What manifests say: their media types, and the descriptors in them (OCI image specification v1.1)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from acr_emulator.registry.errors import RegistryError
from acr_emulator.registry.names import DIGEST

SIZE_LIMIT = 4 << 20
"""Bytes of a manifest."""
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFESTS = (OCI_MANIFEST, DOCKER_MANIFEST)
INDEXES = (OCI_INDEX, DOCKER_LIST)


@dataclass(frozen=True)
class Document:
    """A manifest or index whose form has been checked."""

    media_type: str
    fields: dict[str, Any]

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests, not layers."""
        return self.media_type in INDEXES

    @property
    def children(self) -> list[dict[str, Any]]:
        """Descriptors of an index's manifests."""
        return list(self.fields.get("manifests") or []) if self.is_index else []

    @property
    def blobs(self) -> list[dict[str, Any]]:
        """Descriptors of a manifest's configuration and layers."""
        return [] if self.is_index else [self.fields["config"], *(self.fields.get("layers") or [])]

    @property
    def subject(self) -> str | None:
        """Digest of the manifest that this one refers to."""
        subject = self.fields.get("subject")
        return subject["digest"] if subject else None

    @property
    def artifact_type(self) -> str:
        """Its `artifactType`, or else the media type of its configuration; "" for a plain index."""
        own = self.fields.get("artifactType")
        return str(own or (self.fields.get("config") or {}).get("mediaType", ""))

    @property
    def required_blobs(self) -> list[str]:
        """Digests of the blobs that a registry must hold before it takes this manifest.

        Layers that may not be distributed stay where their `urls` say.
        """
        return [b["digest"] for b in self.blobs if not _is_nondistributable(b["mediaType"])]


def parse(body: bytes, content_type: str) -> Document:
    """Check the form of a manifest.

    Args:
        body: as it was pushed.
        content_type: the request's Content-Type; "" where it is absent, which the body's `mediaType` makes up for.

    Raises:
        RegistryError: MANIFEST_INVALID.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise _invalid("no JSON document") from None
    if not isinstance(fields, dict):
        raise _invalid("no JSON object")
    stated = fields.get("mediaType")
    media_type = content_type.partition(";")[0].strip() or stated
    if media_type not in (*MANIFESTS, *INDEXES):
        raise _invalid(f"media type {str(media_type)[:100]!r} is not supported")
    if stated is not None and stated != media_type:
        raise _invalid("mediaType differs from Content-Type")
    document = Document(media_type, fields)
    _check_fields(document)
    return document


def _check_fields(document: Document) -> None:
    fields = document.fields
    if fields.get("schemaVersion") != 2:
        raise _invalid("schemaVersion is not 2")
    if "layers" in fields and "manifests" in fields:
        raise _invalid("both layers and manifests")  # ambiguous: GHSA-mc8v-mgrf-8f4m
    wanted = ("manifests",) if document.is_index else ("config", "layers")
    missing = [name for name in wanted if name not in fields]
    if missing:
        raise _invalid(f"{missing[0]} is missing")
    for name in ("manifests", "layers"):
        _check_descriptors(fields.get(name) or [], name)
    for name in ("config", "subject"):
        if fields.get(name) is not None:
            _check_descriptors([fields[name]], name)


def _check_descriptors(descriptors: Any, name: str) -> None:
    if not isinstance(descriptors, list) or not all(map(_is_descriptor, descriptors)):
        raise _invalid(f"{name} holds what is no descriptor")


def _is_descriptor(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("mediaType"), str)
        and isinstance(value.get("digest"), str)
        and DIGEST.fullmatch(value["digest"]) is not None
        and type(value.get("size")) is int
        and value["size"] >= 0
    )


def _is_nondistributable(media_type: str) -> bool:
    return "nondistributable" in media_type or ".foreign." in media_type


def _invalid(reason: str) -> RegistryError:
    return RegistryError("MANIFEST_INVALID", f"manifest invalid: {reason}", detail={"reason": reason})
