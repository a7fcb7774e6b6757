"""Layouts to read and to look into, made without the code that is tried."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from acrbridge.registry.contents import Descriptor
from unit.transfer.places import Place, as_json

REF_NAME = "org.opencontainers.image.ref.name"
MARKER = {"imageLayoutVersion": "1.0.0"}


def listed(descriptor: Descriptor, name: str | None = None) -> dict[str, Any]:
    """An entry of index.json."""
    return {**as_json(descriptor), **({"annotations": {REF_NAME: name}} if name else {})}


def write_layout(folder: Path, place: Place, *entries: dict[str, Any]) -> Path:
    """Write all of a place into a folder; without entries its tags are listed."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    bodies = {**place.blobs, **{digest: manifest.body for digest, manifest in place.manifests.items()}}
    for digest, body in bodies.items():
        (blobs / digest.partition(":")[2]).write_bytes(body)
    of_tags = [listed(descriptor(place, digest), tag) for tag, digest in place.tagged.items()]
    write_json(folder / "index.json", {"schemaVersion": 2, "manifests": list(entries) or of_tags})
    write_json(folder / "oci-layout", MARKER)
    return folder


def descriptor(place: Place, digest: str) -> Descriptor:
    manifest = place.manifests[digest]
    return Descriptor(manifest.media_type, digest, len(manifest.body))


def write_json(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document))


def pack(folder: Path, archive: Path, change: Callable[[tarfile.TarInfo], None] = lambda _: None) -> Path:
    """Write an archive of a layout as tar does it, each member changed as wanted."""
    with tarfile.open(archive, "w") as tar:
        for path in sorted(folder.rglob("*")):
            info = tar.gettarinfo(path, f"./{path.relative_to(folder)}")
            change(info)
            tar.addfile(info, io.BytesIO(path.read_bytes()) if path.is_file() else None)
    return archive


def unpack(archive: Path, folder: Path) -> Path:
    """What Python's own tar reads of an archive."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder


def entries(folder: Path) -> list[tuple[str, str | None]]:
    """Digests and names in index.json."""
    found = json.loads((folder / "index.json").read_bytes())["manifests"]
    return [(item["digest"], item.get("annotations", {}).get(REF_NAME)) for item in found]


def check_sound(folder: Path) -> int:
    """Insist that each file of a layout is what its name says, and that no other is there; gives how many blobs."""
    assert json.loads((folder / "oci-layout").read_bytes()) == MARKER
    assert {path.name for path in folder.iterdir()} <= {"oci-layout", "index.json", "blobs"}
    blobs = [path for path in (folder / "blobs").rglob("*") if not path.is_dir()]
    for path in blobs:
        assert path.name == hashlib.new(path.parent.name, path.read_bytes()).hexdigest()
    return len(blobs)


def all_bytes(paths: Iterable[Path]) -> dict[str, bytes]:
    """What is in files, by their names."""
    return {path.name: path.read_bytes() for path in paths if path.is_file()}
