"""The copy itself: manifests and blobs of one registry made visible in another."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from acr_emulator.control import failures
from acr_emulator.control.sources import manifest
from acr_emulator.records import Manifest, Repository, Tag
from acr_emulator.registry import contents
from acr_emulator.registry.errors import RegistryError

if TYPE_CHECKING:
    from acr_emulator.records import Operation
    from acr_emulator.state import State


def copy(state: State, operation: Operation) -> None:
    """Do what an operation was accepted for, in the caller's transaction.

    All target tags are looked at before anything is written, as the service does.

    Raises:
        ImportFailed: a tag exists or is locked, or the source lost what it had when the operation began.
    """
    host = operation.target_host
    for tag in operation.target_tags:
        _check_tag(state, host, tag, force=operation.force)
    for repository in _repositories(operation):
        _check_writable(state, host, repository)
    manifests = [
        manifest(state, operation.source_host, operation.source_repository, digest)
        for digest in operation.manifests
    ]
    blobs = _blobs(state, operation, manifests)
    now = time.time()
    for repository in _repositories(operation):
        _write(state, host, repository, manifests, blobs, now)
    for tag in operation.target_tags:
        _point(state, host, tag, manifests[-1].digest, now)


def _repositories(operation: Operation) -> list[str]:
    tagged = (tag.rpartition(":")[0] for tag in operation.target_tags)
    return list(dict.fromkeys([*tagged, *operation.untagged_repositories]))


def _check_tag(state: State, host: str, target: str, *, force: bool) -> None:
    repository, _, name = target.rpartition(":")
    tag = state.get(Tag, host=host, repository=repository, name=name)
    if tag is None:
        return
    if not force:
        raise failures.tag_exists(target)
    if not tag.attributes.write_enabled:
        raise failures.refused(RegistryError("REGISTRY_DISALLOWED_OPERATION"))


def _check_writable(state: State, host: str, name: str) -> None:
    repository = state.get(Repository, host=host, name=name)
    if repository is not None and not repository.attributes.write_enabled:
        raise failures.refused(RegistryError("REGISTRY_DISALLOWED_OPERATION"))


def _blobs(state: State, operation: Operation, manifests: list[Manifest]) -> list[str]:
    documents = [contents.parse(m.body, m.media_type) for m in manifests]
    wanted = list(dict.fromkeys(digest for document in documents for digest in document.required_blobs))
    source = (operation.source_host, operation.source_repository)
    missing = [digest for digest in wanted if not state.has_blob(*source, digest)]
    if missing:
        raise failures.blobs_missing(missing)
    return wanted


def _write(
    state: State, host: str, name: str, manifests: list[Manifest], blobs: list[str], now: float
) -> None:
    state.link_blobs(host, name, blobs)
    known = state.get(Repository, host=host, name=name) or Repository(host, name, now, now)
    state.put(replace(known, updated=now))
    for source in manifests:
        there = state.get(Manifest, host=host, repository=name, digest=source.digest)
        state.put(there or replace(_copied(source, now), host=host, repository=name))


def _copied(source: Manifest, now: float) -> Manifest:
    """A source's manifest without what only concerns the source: its times and its lock."""
    return Manifest(
        source.host,
        source.repository,
        source.digest,
        source.media_type,
        source.body,
        created=now,
        updated=now,
        subject=source.subject,
    )


def _point(state: State, host: str, target: str, digest: str, now: float) -> None:
    repository, _, name = target.rpartition(":")
    there = state.get(Tag, host=host, repository=repository, name=name)
    tag = there or Tag(host, repository, name, digest, now, now)
    state.put(replace(tag, digest=digest, updated=now))
