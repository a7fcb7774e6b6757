"""Places in memory to copy from and to, and images to put there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from acrbridge.errors import AcrBridgeError, NetworkError, NotFoundError
from acrbridge.registry.contents import OCI_INDEX, OCI_MANIFEST, Descriptor
from acrbridge.registry.manifests import Manifest
from acrbridge.transfer.blobs import CheckedBody


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


@dataclass
class Bytes:
    """A blob that is read in pieces, and may break off after some of them."""

    body: bytes
    breaks_after: int | None = None

    def readinto(self, view: memoryview) -> int:
        if self.breaks_after == 0:
            raise NetworkError("UNREACHABLE", "broke off")
        limit = len(view) if self.breaks_after is None else min(len(view), self.breaks_after)
        piece, self.body = self.body[:limit], self.body[limit:]
        view[: len(piece)] = piece
        if self.breaks_after is not None:
            self.breaks_after -= len(piece)
        return len(piece)


@dataclass
class Place:
    """Source and target in one."""

    name: str = "memory"
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    tagged: dict[str, str] = field(default_factory=dict)
    referring: dict[str, list[Descriptor]] | None = None
    counts_pulls: bool = False
    mounts: bool = False
    """Whether all blobs of the source can be mounted."""
    log: list[str] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    """After how many bytes the next downloads break off."""
    lost_uploads: int = 0

    # Source

    def manifest(self, version: str) -> Manifest:
        self.log.append(f"get {version}")
        digest = self.tagged.get(version, version)
        if digest not in self.manifests:
            raise NotFoundError("REPOSITORY_NOT_FOUND", f"no {version}")
        return self.manifests[digest]

    def tags(self) -> Iterator[str]:
        return iter(sorted(self.tagged))

    def referrers(self, digest: str) -> list[Descriptor] | None:
        return None if self.referring is None else self.referring.get(digest, [])

    @contextmanager
    def open_blob(self, digest: str, offset: int = 0) -> Iterator[Bytes]:
        self.log.append(f"open {digest} {offset}")
        yield Bytes(self.blobs[digest][offset:], self.breaks.pop(0) if self.breaks else None)

    # Target

    def is_empty(self) -> bool:
        return not self.blobs and not self.manifests

    def digest_of(self, version: str) -> str | None:
        digest = self.tagged.get(version, version)
        return digest if digest in self.manifests else None

    def has_blob(self, digest: str) -> bool:
        self.log.append(f"head {digest}")
        return digest in self.blobs

    def put_blob(self, blob: Descriptor, body: CheckedBody) -> None:
        if self.lost_uploads:
            self.lost_uploads -= 1
            raise AcrBridgeError("UPLOAD_LOST", "BLOB_UPLOAD_UNKNOWN")
        received = b"".join(bytes(piece) for piece in body)
        assert len(received) == len(body)
        self.blobs[blob.digest] = received
        self.log.append(f"put {blob.digest}")

    def can_mount(self, digest: str, source: object) -> bool:
        return self.mounts and isinstance(source, Place) and digest in source.blobs

    def mount(self, digest: str, source: object) -> bool:
        if not self.can_mount(digest, source):
            return False
        assert isinstance(source, Place)
        self.blobs[digest] = source.blobs[digest]
        self.log.append(f"mount {digest}")
        return True

    def put_manifest(self, version: str, manifest: Manifest) -> bool:
        document = json.loads(manifest.body)
        for child in document.get("manifests", []):
            assert child["digest"] in self.manifests, "a child has to be there before its index"
        for blob in [*document.get("layers", []), *([document["config"]] if "config" in document else [])]:
            assert self.has(blob["digest"]), "a blob has to be there before its manifest"
        self.manifests[manifest.digest] = manifest
        if not version.startswith("sha256:"):
            self.tagged[version] = manifest.digest
        self.log.append(f"manifest {version}")
        return self._lists(manifest)

    def has(self, digest: str) -> bool:
        """Whether a manifest may refer to a blob."""
        return digest in self.blobs

    def _lists(self, manifest: Manifest) -> bool:
        """List it among its subject's referrers, where this place has the referrers API."""
        subject = json.loads(manifest.body).get("subject")
        if self.referring is None or not subject:
            return False
        descriptor = Descriptor(manifest.media_type, manifest.digest, len(manifest.body))
        self.referring.setdefault(subject["digest"], []).append(descriptor)
        return True

    # Filling

    def add(self, document: dict[str, Any], media_type: str, tag: str | None = None) -> Descriptor:
        body = json.dumps({"schemaVersion": 2, "mediaType": media_type, **document}).encode()
        manifest = Manifest(digest_of(body), media_type, body, "memory")
        self.manifests[manifest.digest] = manifest
        if tag:
            self.tagged[tag] = manifest.digest
        return Descriptor(media_type, manifest.digest, len(body))

    def blob(self, body: bytes, media_type: str = "application/vnd.oci.image.layer.v1.tar") -> dict[str, Any]:
        self.blobs[digest_of(body)] = body
        return {"mediaType": media_type, "digest": digest_of(body), "size": len(body)}

    def image(self, *layers: bytes, tag: str | None = None, **more: Any) -> Descriptor:
        config = self.blob(b"{}", "application/vnd.oci.image.config.v1+json")
        document = {"config": config, "layers": [self.blob(layer) for layer in layers], **more}
        return self.add(document, OCI_MANIFEST, tag)

    def index(self, *children: tuple[Descriptor, str], tag: str | None = None) -> Descriptor:
        return self.add(
            {"manifests": [as_json(child, platform) for child, platform in children]}, OCI_INDEX, tag
        )


def as_json(descriptor: Descriptor, platform: str = "") -> dict[str, Any]:
    document: dict[str, Any] = {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": descriptor.size,
    }
    if platform:
        system, architecture = platform.split("/")
        document["platform"] = {"os": system, "architecture": architecture}
    return document
