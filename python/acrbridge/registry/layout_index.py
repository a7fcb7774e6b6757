"""The list of a layout's images, `index.json`, and their tags (image-spec v1.1, "Image Layout", "Annotations")."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from acrbridge.errors import AcrBridgeError, UsageError
from acrbridge.http import redact, strict_json
from acrbridge.references import check_tag, is_digest
from acrbridge.registry.contents import OCI_INDEX, Descriptor
from acrbridge.registry.manifests import check_kind

REF_NAME = "org.opencontainers.image.ref.name"
_NAMES = (REF_NAME, "io.containerd.image.name")
"""Annotations that name an image; the second one is Docker's, and holds the whole reference."""
MAX_INDEX = 8 << 20
"""Bytes."""


@dataclass(frozen=True)
class Entry:
    """An image that is listed."""

    descriptor: Descriptor
    tag: str | None
    document: dict[str, Any] = field(repr=False, compare=False)
    """As it stands in the list."""

    @classmethod
    def read(cls, document: Any) -> Entry:
        """Check an entry. Raises AcrBridgeError: MANIFEST_INVALID."""
        descriptor = Descriptor.read(document)
        annotations = document.get("annotations")
        name = annotations.get(REF_NAME) if isinstance(annotations, dict) else None
        return cls(descriptor, tag_in(name), document)

    @classmethod
    def new(cls, descriptor: Descriptor, tag: str | None) -> Entry:
        """An entry for an image."""
        plain = {
            "mediaType": descriptor.media_type,
            "digest": descriptor.digest,
            "size": descriptor.size,
        }
        return cls(descriptor, None, plain).named(tag)

    def named(self, tag: str | None) -> Entry:
        """The same image under another tag, or under none."""
        document = {key: value for key, value in self.document.items() if key != "annotations"}
        old = self.document.get("annotations")
        kept = {key: v for key, v in old.items() if key not in _NAMES} if isinstance(old, dict) else {}
        annotations = {**kept, **({REF_NAME: tag} if tag else {})}
        return Entry(
            self.descriptor, tag, {**document, **({"annotations": annotations} if annotations else {})}
        )


@dataclass(frozen=True)
class Index:
    """The images of a layout.

    Args:
        entries: in their order.
        document: what else index.json says.
        where: the layout, for messages.
    """

    entries: tuple[Entry, ...] = ()
    document: dict[str, Any] = field(default_factory=lambda: {"schemaVersion": 2, "mediaType": OCI_INDEX})
    where: str = ""

    @classmethod
    def parse(cls, body: bytes, where: str) -> Index:
        """Read index.json.

        Raises:
            AcrBridgeError: LAYOUT_INVALID.
        """
        document = json_object(body, f"{where}: index.json")
        try:
            check_kind(document, OCI_INDEX, where)
            listed = document.get("manifests")
            if not isinstance(listed, list):
                raise _invalid(where, "index.json lists no manifests")
            entries = tuple(map(Entry.read, listed))
        except AcrBridgeError as error:
            if error.code == "LAYOUT_INVALID":
                raise
            raise _invalid(where, f"index.json: {error.message.rstrip('.')}") from None
        return cls(entries, document, where)

    def as_json(self) -> bytes:
        """The content of index.json."""
        listed = [entry.document for entry in self.entries]
        return json.dumps({**self.document, "manifests": listed}, separators=(",", ":")).encode()

    def tags(self) -> list[str]:
        """All tags, sorted."""
        return sorted({entry.tag for entry in self.entries if entry.tag})

    def find(self, version: str) -> Descriptor | None:
        """The image of a tag or digest; None where none is listed.

        Raises:
            UsageError: REFERENCE_INVALID, several images have the tag, as a `docker save` of several makes it.
        """
        if is_digest(version):
            return next((e.descriptor for e in self.entries if e.descriptor.digest == version), None)
        found = {e.descriptor.digest: e.descriptor for e in self.entries if e.tag == version}
        if len(found) > 1:
            raise UsageError(
                "REFERENCE_INVALID",
                f"{self.where} has {len(found)} images with the tag {version}.",
                remedy=f"Name one by its digest: {', '.join(f'@{digest}' for digest in found)}",
            )
        return next(iter(found.values()), None)

    def with_image(self, descriptor: Descriptor, tag: str | None) -> Index:
        """The index with an image more: its tag is taken from what had it, which stays without one."""
        entries = list(self._without(tag, descriptor.digest) if tag else self.entries)
        same = [n for n, entry in enumerate(entries) if entry.descriptor.digest == descriptor.digest]
        unnamed = [n for n in same if entries[n].tag is None]
        if not same or (tag and not unnamed and tag not in {entries[n].tag for n in same}):
            entries.append(Entry.new(descriptor, tag))
        elif tag and unnamed and tag not in {entries[n].tag for n in same}:
            entries[unnamed[0]] = entries[unnamed[0]].named(tag)
        return replace(self, entries=tuple(entries))

    def _without(self, tag: str, digest: str) -> Iterable[Entry]:
        for entry in self.entries:
            if entry.tag != tag or entry.descriptor.digest == digest:
                yield entry
            elif not any(
                e.descriptor.digest == entry.descriptor.digest and e.tag != tag for e in self.entries
            ):
                yield entry.named(None)


def tag_in(name: Any) -> str | None:
    """The tag that an entry's name is, or that stands at its end where a tool wrote a whole reference."""
    if not isinstance(name, str) or "@" in name:
        return None
    try:
        return check_tag(name.rpartition(":")[2])
    except UsageError:
        return None


def json_object(body: bytes, where: str) -> dict[str, Any]:
    """A file's JSON object.

    Raises:
        AcrBridgeError: LAYOUT_INVALID.
    """
    try:
        return strict_json.load_object(body)
    except (ValueError, RecursionError):
        raise _invalid(where, "it is no JSON object, or one that is not well formed") from None


def _invalid(where: str, reason: str) -> AcrBridgeError:
    return AcrBridgeError("LAYOUT_INVALID", f"{where}: {redact.foreign(reason, 300)}.")
