"""The tags under which clients look for referrers in a registry that does not list them itself.

Distribution-spec v1.1, "Referrers Tag Schema" and "Pushing Manifests with Subject".
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from typing import Any

from acrbridge.errors import AcrBridgeError, NotFoundError, VerificationError
from acrbridge.registry.contents import IMAGE_TYPES, INDEX_TYPES, OCI_INDEX, read_contents
from acrbridge.registry.manifests import Manifest
from acrbridge.transfer.content import Target
from acrbridge.transfer.tally import Tally

_TRIES = 3
"""Times that a tag is written where others write it, too."""


def fallback_tag(digest: str) -> str:
    """The tag of the index of what refers to a manifest."""
    return digest.replace(":", "-")


class FallbackTags:
    """Keeps the target's fallback tags, where it needs them. Threads may share it.

    Args:
        target: where.
        tally: counts.
    """

    def __init__(self, target: Target, tally: Tally) -> None:
        self._target = target
        self._tally = tally
        self._lists: bool | None = None
        self._lock = threading.Lock()

    def learn(self, *, lists: bool) -> None:
        """The target said whether it lists referrers itself."""
        self._lists = lists

    def add(self, subject: str, referrers: Sequence[Manifest]) -> None:
        """Add to the index of what refers to a manifest, unless the target lists that itself.

        Raises:
            AcrBridgeError: MANIFEST_INVALID, something else than an index has the tag.
            VerificationError: DIGEST_MISMATCH, somebody else goes on writing the tag.
        """
        with self._lock:  # or two images of one run would each write what the other has not read
            if self._lists is None:
                self._lists = self._target.referrers(subject) is not None
            if not self._lists:
                self._write(fallback_tag(subject), [_descriptor(manifest) for manifest in referrers])

    def _write(self, tag: str, entries: Sequence[dict[str, Any]]) -> None:
        for _ in range(_TRIES):
            listed = self._listed(tag)
            known = {entry.get("digest") for entry in listed}
            index = _index([*listed, *(entry for entry in entries if entry["digest"] not in known)])
            is_new = any(entry["digest"] not in known for entry in entries)
            if is_new:
                self._target.put_manifest(tag, index)
            if not is_new or self._target.digest_of(tag) == index.digest:
                self._tally.manifest(index, "sent" if is_new else "there", tag)
                return
        raise VerificationError(
            "DIGEST_MISMATCH", f"{self._target.name}:{tag} has another digest than what was put there."
        )

    def _listed(self, tag: str) -> list[dict[str, Any]]:
        try:
            manifest = self._target.manifest(tag)
        except NotFoundError:
            return []
        if manifest.media_type not in INDEX_TYPES:
            raise AcrBridgeError(
                "MANIFEST_INVALID",
                f"{self._target.name}:{tag} is no index, so what refers to the image cannot be listed there.",
            )
        read_contents(manifest.body, manifest.media_type)  # or what is wrong there would be put back
        return list(manifest.document().get("manifests") or [])


def _index(entries: Sequence[dict[str, Any]]) -> Manifest:
    body = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    return Manifest(f"sha256:{hashlib.sha256(body).hexdigest()}", OCI_INDEX, body, "")


def _descriptor(manifest: Manifest) -> dict[str, Any]:
    """A referrer as its subject's list names it: an image without an artifact type goes by its config's."""
    contents = read_contents(manifest.body, manifest.media_type)
    config = contents.blobs[0].media_type if manifest.media_type in IMAGE_TYPES else None
    further = {
        "artifactType": contents.artifact_type or config,
        "annotations": manifest.document().get("annotations"),
    }
    return {
        "mediaType": manifest.media_type,
        "digest": manifest.digest,
        "size": len(manifest.body),
        **{key: value for key, value in further.items() if value},
    }
