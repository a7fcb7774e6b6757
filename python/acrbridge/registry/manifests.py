"""Manifests as a registry serves them: read, checked, never trusted for what they say of themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from acrbridge.errors import AcrBridgeError, VerificationError
from acrbridge.http import redact
from acrbridge.http.client import Response
from acrbridge.registry.contents import ARTIFACT_TYPES, IMAGE_TYPES, INDEX_TYPES

ACCEPT = ", ".join(sorted(IMAGE_TYPES | INDEX_TYPES | ARTIFACT_TYPES))
"""The Accept header that asks for a manifest of any kind."""
_OF_IMAGES = frozenset({"config", "layers", "fsLayers"})
"""Keys that a manifest of an image has and an index has not."""


@dataclass(frozen=True)
class Manifest:
    """A manifest as it was read, its digest computed from its bytes."""

    digest: str
    media_type: str
    body: bytes = field(repr=False)
    url: str
    """Where it was read."""

    def with_body(self, body: bytes) -> Manifest:
        """A manifest of the same media type that says something else."""
        return replace(self, digest=f"sha256:{hashlib.sha256(body).hexdigest()}", body=body)

    def document(self) -> dict[str, Any]:
        """The manifest as a JSON object.

        Raises:
            AcrBridgeError: ANSWER_UNINTELLIGIBLE.
        """
        return Response(200, {}, self.body, self.url).json_object()


def read(response: Response, where: str, digest: str | None) -> Manifest:
    """Take a manifest out of an answer.

    Args:
        response: of status 200.
        where: registry and repository, for messages.
        digest: the one that was asked for; None where a tag was.

    Raises:
        VerificationError: DIGEST_MISMATCH, the registry's bytes are not what it says they are.
        AcrBridgeError: MANIFEST_AMBIGUOUS; ANSWER_UNINTELLIGIBLE, no JSON object.
    """
    said = response.headers.get("Docker-Content-Digest") or digest
    kind = response.headers.get("Content-Type", "")
    return checked(response.body, kind, where, said, digest, url=response.url)


def checked(body: bytes, media_type: str, where: str, *digests: str | None, url: str = "") -> Manifest:
    """A manifest, of whose bytes is known what they should be.

    Args:
        body: its bytes.
        media_type: that it was found under; parameters do not count.
        where: what has it, for messages.
        digests: that it should have, by the first one's algorithm; None for one that is not known.
        url: where it was read.

    Raises:
        VerificationError: DIGEST_MISMATCH.
        AcrBridgeError: MANIFEST_AMBIGUOUS; ANSWER_UNINTELLIGIBLE, no JSON object.
    """
    first = digests[0] or ""
    algorithm = "sha512" if first.startswith("sha512:") else "sha256"
    computed = f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"
    wanted = {digest for digest in digests if digest}
    if wanted - {computed}:
        raise VerificationError(
            "DIGEST_MISMATCH",
            f"{where}: the manifest's bytes have digest {computed},"
            f" not {redact.foreign(', '.join(sorted(wanted)), 200)}.",
        )
    media_type = media_type.partition(";")[0].strip()
    manifest = Manifest(computed, media_type, body, url)
    check_kind(manifest.document(), media_type, where)
    return manifest


def check_kind(document: Mapping[str, Any], media_type: str, where: str) -> None:
    """Refuse what one reader takes for an image and another for an index (CVE-2021-41190)."""
    named = document.get("mediaType", media_type)
    is_index, is_image = "manifests" in document, not _OF_IMAGES.isdisjoint(document)
    if named != media_type:
        reason = f"calls itself {str(named)[:100]!a}, and was served as {media_type[:100]!a}"
    elif (is_index or media_type in INDEX_TYPES) and (is_image or media_type in IMAGE_TYPES):
        reason = "could be read as an image or as an index"
    else:
        return
    raise AcrBridgeError("MANIFEST_AMBIGUOUS", f"{where}: the manifest {reason}.")
