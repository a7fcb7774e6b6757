"""Loading a seed into a state: all of it or, where it makes no sense, nothing."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from acr_emulator.records import Attributes, Manifest, Repository, Tag
from acr_emulator.registry.contents import parse
from acr_emulator.registry.names import NAME, TAG
from acr_emulator.seed.contents import generate
from acr_emulator.seed.layout import read_layout
from acr_emulator.seed.model import SeedError
from acr_emulator.seed.names import Names
from acr_emulator.seed.reading import read_seed
from acr_emulator.seed.records import environment, records

if TYPE_CHECKING:
    from acr_emulator.seed.contents import Bundle
    from acr_emulator.seed.model import ImageSeed, Seed
    from acr_emulator.state import State

BUILT_IN = ("default", "article")
"""Seeds that come with the emulator, by name; any other name is that of a file."""
CREATED = 1_704_067_200.0
"""2024-01-01T00:00:00Z: when all images of a seed were pushed."""
LOCKED = Attributes(delete_enabled=False, write_enabled=False)


def load(state: State, name: str) -> None:
    """Load a seed: `default`, `article`, or the path of a YAML file.

    Raises:
        SeedError: no such seed, or it makes no sense; the state is as it was.
    """
    if name in BUILT_IN:
        text = resources.files("acr_emulator.seed").joinpath(f"{name}.yaml").read_text("utf-8")
        load_text(state, text, Path())
        return
    file = Path(name)
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SeedError(f"{name} is no seed: {error}; built in are {', '.join(BUILT_IN)}") from None
    try:
        load_text(state, text, file.parent)
    except SeedError as error:
        raise SeedError(f"{name}: {error}") from None


def load_text(state: State, text: str, folder: Path) -> None:
    """Load a seed from its text.

    Args:
        state: what it is loaded into.
        text: YAML; `model.py` says what may stand there.
        folder: where relative paths of layouts begin.

    Raises:
        SeedError: it makes no sense; the state is as it was.
    """
    seed = read_seed(text)
    names = Names(seed, state)
    with state.transaction():
        state.put(*list(records(names)))
        for number, image in enumerate(seed.images):
            _check(image, f"images[{number}]")
            store(state, names.host(image.registry), image, _bundle(image, folder))
        if seed.environment:
            state.set_setting("environment", environment(names, seed.environment))


def store(state: State, host: str, image: ImageSeed, bundle: Bundle) -> None:
    """Put a bundle's blobs, manifests and tags into a repository, as if it had been pushed."""
    name = image.repository
    if state.get(Repository, host=host, name=name) is None:
        state.put(Repository(host, name, CREATED, CREATED))
    for digest, content in bundle.blobs.items():
        _store_blob(state, digest, content)
    state.link_blobs(host, name, bundle.blobs)
    for digest, (media_type, body) in bundle.manifests.items():
        subject = parse(body, media_type).subject
        state.put(Manifest(host, name, digest, media_type, body, CREATED, CREATED, subject=subject))
    attributes = LOCKED if image.locked else Attributes()
    for digest, tags in bundle.roots.items():
        state.put(*(Tag(host, name, tag, digest, CREATED, CREATED, attributes) for tag in tags))


def _bundle(image: ImageSeed, folder: Path) -> Bundle:
    return read_layout(folder / image.layout, image.tags) if image.layout else generate(image)


def _check(image: ImageSeed, place: str) -> None:
    if not NAME.fullmatch(image.repository):
        raise SeedError(f"{place}.repository: {image.repository!r} is no repository's name")
    for tag in image.tags:
        if not TAG.fullmatch(tag):
            raise SeedError(f"{place}.tags: {tag!r} is no tag")


def _store_blob(state: State, digest: str, content: bytes | Path) -> None:
    if state.blob_path(digest).exists():
        return
    draft = state.uploads / f"seed-{digest.partition(':')[2]}"
    if isinstance(content, Path):
        shutil.copyfile(content, draft)
    else:
        draft.write_bytes(content)
    state.adopt_blob(draft, digest)


def built_in(name: str) -> Seed:
    """A built-in seed as it was read, for whoever wants its names."""
    return read_seed(resources.files("acr_emulator.seed").joinpath(f"{name}.yaml").read_text("utf-8"))
