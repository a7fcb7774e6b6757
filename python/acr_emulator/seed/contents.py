"""Small images that are the same each time: their blobs and manifests, and what refers to them."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import tarfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from acr_emulator.registry.contents import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from acr_emulator.seed.model import SeedError

if TYPE_CHECKING:
    from pathlib import Path

    from acr_emulator.seed.model import ImageSeed

MEDIA_TYPES = {
    "oci": {
        "index": OCI_INDEX,
        "manifest": OCI_MANIFEST,
        "config": "application/vnd.oci.image.config.v1+json",
        "layer": "application/vnd.oci.image.layer.v1.tar+gzip",
    },
    "docker": {
        "index": DOCKER_LIST,
        "manifest": DOCKER_MANIFEST,
        "config": "application/vnd.docker.container.image.v1+json",
        "layer": "application/vnd.docker.image.rootfs.diff.tar.gzip",
    },
}
EMPTY = "application/vnd.oci.empty.v1+json"
REFERRERS = {
    "signature": ("application/vnd.cncf.notary.signature", "application/jose+json"),
    "sbom": ("application/spdx+json", "application/spdx+json"),
}
"""Artifact type and layer's media type of what can refer to an image."""

Descriptor = dict[str, Any]


@dataclass
class Bundle:
    """Blobs and manifests by digest, and the images among them.

    Attributes:
        blobs: contents, or the files that hold them.
        manifests: media type and body, children before the indexes that list them.
        roots: digests of images, each with its own tags.
    """

    blobs: dict[str, bytes | Path] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    roots: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add_blob(self, media_type: str, content: bytes) -> Descriptor:
        """Add a blob; its descriptor."""
        digest = sha256(content)
        self.blobs[digest] = content
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def add_manifest(self, document: dict[str, Any]) -> Descriptor:
        """Add a manifest; its descriptor."""
        media_type = str(document["mediaType"])
        body = json.dumps(document, indent=2).encode()
        digest = sha256(body)
        self.manifests[digest] = (media_type, body)
        return {"mediaType": media_type, "digest": digest, "size": len(body)}


def sha256(content: bytes) -> str:
    """The digest of some bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def generate(seed: ImageSeed) -> Bundle:
    """The image that a seed describes: the same seed gives the same digests.

    Raises:
        SeedError: a platform that is none.
    """
    bundle = Bundle()
    if seed.artifact_type:
        image = _artifact(bundle, seed)
    elif seed.manifests:
        image = _index(bundle, seed, [("linux/amd64", str(n)) for n in range(seed.manifests)])
    elif len(seed.platforms) > 1:
        image = _index(bundle, seed, [(platform, "") for platform in seed.platforms])
    else:
        image = _image(bundle, seed, seed.platforms[0], "")
    bundle.roots[image["digest"]] = seed.tags
    for kind in seed.referrers:
        _referrer(bundle, image, *REFERRERS[kind])
    return bundle


def _index(bundle: Bundle, seed: ImageSeed, parts: list[tuple[str, str]]) -> Descriptor:
    children = [
        {**_image(bundle, seed, platform, note), "platform": _platform(platform)} for platform, note in parts
    ]
    media_type = MEDIA_TYPES[seed.format]["index"]
    return bundle.add_manifest({"schemaVersion": 2, "mediaType": media_type, "manifests": children})


def _image(bundle: Bundle, seed: ImageSeed, platform: str, note: str) -> Descriptor:
    kinds = MEDIA_TYPES[seed.format]
    names = [f"{seed.repository} {platform} {note} {n}" for n in range(seed.layers)]
    tars = [_tar(name, seed.layer_bytes) for name in names]
    layers = [bundle.add_blob(kinds["layer"], _gzip(tar)) for tar in tars]
    config = {
        "created": "2024-01-01T00:00:00Z",
        **_platform(platform),
        "config": {
            "Env": ["PATH=/bin"],
            "Cmd": ["/hello"],
            "Labels": {"org.opencontainers.image.title": note},
        },
        "rootfs": {"type": "layers", "diff_ids": [sha256(tar) for tar in tars]},
    }
    described = bundle.add_blob(kinds["config"], json.dumps(config).encode())
    return bundle.add_manifest(
        {"schemaVersion": 2, "mediaType": kinds["manifest"], "config": described, "layers": layers}
    )


def _artifact(bundle: Bundle, seed: ImageSeed) -> Descriptor:
    name = seed.repository.rpartition("/")[2]
    config = bundle.add_blob(seed.artifact_type, json.dumps({"name": name, "version": "0.1.0"}).encode())
    layer = bundle.add_blob(MEDIA_TYPES["oci"]["layer"], _gzip(_tar(name, seed.layer_bytes)))
    return bundle.add_manifest(
        {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer]}
    )


def _referrer(bundle: Bundle, subject: Descriptor, artifact_type: str, layer_type: str) -> None:
    config = bundle.add_blob(EMPTY, b"{}")
    layer = bundle.add_blob(layer_type, json.dumps({"payload": subject["digest"]}).encode())
    bundle.add_manifest(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": artifact_type,
            "config": config,
            "layers": [layer],
            "subject": subject,
        }
    )


def _platform(text: str) -> dict[str, str]:
    name, _, version = text.partition(":")
    parts = name.split("/")
    if not 2 <= len(parts) <= 3 or not all(parts):
        raise SeedError(f"{text!r} is no platform; write os/architecture[/variant][:os.version]")
    named = dict(zip(("os", "architecture", "variant"), parts, strict=False))
    return {**named, "os.version": version} if version else named


def _tar(name: str, size: int) -> bytes:
    """An archive of one file, whose content the name determines and nothing compresses."""
    content = hashlib.shake_256(name.encode()).digest(size)
    entry = tarfile.TarInfo("hello")
    entry.size = size
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()[: 512 + size + -size % 512 + 1024]  # not filled up to a tape's record


def _gzip(content: bytes) -> bytes:
    """A gzip file (RFC 1952) of stored blocks (RFC 1951, 3.2.4): what compressors make differs with their version."""
    parts = [content[start : start + 0xFFFF] for start in range(0, len(content), 0xFFFF)]
    last = len(parts) - 1
    blocks = [
        struct.pack("<BHH", n == last, len(part), ~len(part) & 0xFFFF) + part for n, part in enumerate(parts)
    ]
    end = struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"".join(blocks) + end
