from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from acrbridge.errors import NetworkError, RefusedError
from acrbridge.transfer.content import Source, Target
from acrbridge.transfer.copy import Copy
from acrbridge.transfer.journal import FILE, Journal
from acrbridge.transfer.journaled import JournaledTarget
from acrbridge.transfer.rehearsal import RehearsedSource, RehearsedTarget
from unit.fakes import FakeClock
from unit.transfer.places import Place


class Repository(Place):
    """Mounts from others of its kind only."""

    def can_mount(self, digest: str, source: object) -> bool:
        return isinstance(source, Repository) and digest in source.blobs


@dataclass
class Registry:
    """A target registry, with the journal of whoever copies there."""

    folder: Path
    repositories: dict[str, Place] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Repositories that something was to be mounted from."""

    def place(self, repository: str) -> Place:
        return self.repositories.setdefault(repository, Repository(repository))

    def sibling(self, repository: str) -> Place:
        self.asked.append(repository)
        return self.place(repository)

    def copy(self, source: Place, repository: str, *tags: str, rehearsed: bool = False) -> Copy:
        journal = Journal(self.folder / FILE, "contoso.azurecr.io", repository, pytest.fail)
        target = JournaledTarget(self.place(repository), journal, self.sibling)
        if rehearsed:
            sides: tuple[Source, Target] = RehearsedSource(source), RehearsedTarget(target, source)
        else:
            sides = source, target
        copy = Copy(*sides, FakeClock(), concurrency=1)
        try:
            copy.image("v1", tags)
        finally:
            copy.close()
            journal.close()
        return copy


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path)


@pytest.fixture
def source() -> Place:
    source = Place("source")
    source.image(b"layer" * 100, b"other", tag="v1")
    return source


def test_what_was_put_elsewhere_in_the_registry_is_mounted(registry: Registry, source: Place) -> None:
    registry.copy(source, "a", "v1")
    counts = registry.copy(source, "b", "v1").tally.as_json()
    assert (counts["blobsMounted"], counts["blobsSent"]) == (3, 0)
    assert registry.place("b").blobs == registry.place("a").blobs


def test_what_was_mounted_can_be_mounted_from(registry: Registry, source: Place) -> None:
    for repository in ("a", "b", "c"):
        registry.copy(source, repository, "v1")
    assert registry.asked == ["a"] * 3 + ["b"] * 3


def test_what_was_found_there_can_be_mounted_from(registry: Registry, source: Place) -> None:
    registry.place("a").blobs.update(source.blobs)
    registry.copy(source, "a", "v1")
    assert registry.copy(source, "b", "v1").tally.as_json()["blobsMounted"] == 3


def test_what_is_no_longer_there_is_sent(registry: Registry, source: Place) -> None:
    registry.copy(source, "a", "v1")
    registry.place("a").blobs.clear()
    assert registry.copy(source, "b", "v1").tally.as_json()["blobsSent"] == 3
    assert registry.copy(source, "c", "v1").tally.as_json()["blobsMounted"] == 3


def test_a_repository_that_refuses_is_asked_once(registry: Registry, source: Place) -> None:
    registry.copy(source, "a", "v1")
    registry.repositories["b"] = Refusing("b")
    assert registry.copy(source, "b", "v1").tally.as_json()["blobsSent"] == 3
    assert registry.asked == ["a"]


class Refusing(Repository):
    def mount(self, digest: str, source: object) -> bool:
        if self.can_mount(digest, source):
            raise RefusedError("REGISTRY_UNAUTHORIZED", "a may not be read")
        return False


class Dying(Repository):
    """A target whose connection ends for good with its third blob."""

    def put_blob(self, *args: object) -> None:
        if len(self.blobs) == 2:
            raise NetworkError("PROXY_REFUSED", "gone")
        super().put_blob(*args)  # type: ignore[arg-type]


def test_a_copy_that_died_is_gone_on_with(registry: Registry, source: Place) -> None:
    registry.repositories["a"] = Dying("a")
    with pytest.raises(NetworkError):
        registry.copy(source, "a", "v1")
    left = registry.repositories["a"].blobs
    registry.repositories["a"] = again = LooksEmpty("a", blobs=left)
    counts = registry.copy(source, "a", "v1").tally.as_json()
    assert (counts["blobsThere"], counts["blobsSent"]) == (2, 1)
    assert again.tagged.keys() == {"v1"}


class LooksEmpty(Repository):
    """A target that tells of no repository before there is a tag in it."""

    def is_empty(self) -> bool:
        return not self.tagged


def test_what_came_to_its_tag_was_not_left_half_done(registry: Registry, source: Place) -> None:
    registry.copy(source, "a", "v1")
    registry.repositories["a"] = deleted = LooksEmpty("a")
    registry.copy(source, "a", "v1")
    assert not any(line.startswith("head") for line in deleted.log)


def test_a_rehearsal_knows_what_will_be_mounted_and_notes_nothing(registry: Registry, source: Place) -> None:
    registry.copy(source, "a", "v1")
    rehearsed = registry.copy(source, "b", "v1", rehearsed=True)
    assert registry.place("b").blobs == {}
    assert rehearsed.tally.items() == registry.copy(source, "b", "v1").tally.items()
    assert not any(line.startswith("head") for line in registry.repositories["b"].log)
