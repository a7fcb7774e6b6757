"""OCI image layouts (image specification v1.1, "Image Layout"): folders that other tools wrote."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from acr_emulator.registry.contents import parse
from acr_emulator.registry.errors import RegistryError
from acr_emulator.registry.names import DIGEST
from acr_emulator.seed.contents import Bundle
from acr_emulator.seed.model import SeedError

if TYPE_CHECKING:
    from pathlib import Path

REF_NAME = "org.opencontainers.image.ref.name"


def read_layout(folder: Path, tags: tuple[str, ...]) -> Bundle:
    """All images of a layout, under their own tags or, where it holds only one image, under the tags given.

    Raises:
        SeedError: it is no layout, a part of it is missing or not what its digest says, or tags are given for
            several images.
    """
    try:
        index = json.loads((folder / "index.json").read_bytes())
        (folder / "oci-layout").read_bytes()
    except (OSError, ValueError) as error:
        raise SeedError(f"{folder} is no OCI image layout: {error}") from None
    roots: list[dict[str, Any]] = index.get("manifests") or []
    if tags and len(roots) != 1:
        raise SeedError(f"{folder} holds {len(roots)} images; leave tags out, to take those of the layout")
    bundle = Bundle()
    for root in roots:
        _add_manifest(bundle, folder, root)
        own = str((root.get("annotations") or {}).get(REF_NAME, "")).rpartition(":")[2]
        bundle.roots[root["digest"]] = tags or ((own,) if own else bundle.roots.get(root["digest"], ()))
    return bundle


def _add_manifest(bundle: Bundle, folder: Path, descriptor: dict[str, Any]) -> None:
    digest = descriptor["digest"]
    if digest in bundle.manifests:
        return
    body = _file(folder, digest).read_bytes()
    try:
        document = parse(body, descriptor["mediaType"])
    except RegistryError as error:
        raise SeedError(f"{digest} in {folder}: {error.message}") from None
    for child in document.children:
        _add_manifest(bundle, folder, child)
    for blob in document.required_blobs:
        bundle.blobs[blob] = _file(folder, blob)
    bundle.manifests[digest] = (document.media_type, body)


def _file(folder: Path, digest: str) -> Path:
    if not DIGEST.fullmatch(digest):
        raise SeedError(f"{digest!r} in {folder} is no digest")
    algorithm, _, encoded = digest.partition(":")
    path = folder / "blobs" / algorithm / encoded
    try:
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, algorithm).hexdigest()
    except OSError:
        raise SeedError(f"{folder} lacks {digest}") from None
    if actual != encoded:
        raise SeedError(f"{path} is not what its digest says")
    return path
