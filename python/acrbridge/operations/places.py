"""Opens what a copy reads and writes: repositories of registries, and OCI layouts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from acrbridge.errors import NotFoundError, RefusedError
from acrbridge.http import redact
from acrbridge.jobs import CopyJob, Login, Notice
from acrbridge.operations.hub_pulls import HubPulls
from acrbridge.operations.registry_credentials import is_acr, registry_credential
from acrbridge.operations.remedies import remedies
from acrbridge.operations.session import Session
from acrbridge.references import HUB_API, LayoutPath, Location, Place, is_digest
from acrbridge.registry.client import RegistryClient
from acrbridge.registry.repository import Repository
from acrbridge.transfer.content import Source, Target
from acrbridge.transfer.journal import FILE, Journal
from acrbridge.transfer.journaled import JournaledTarget
from acrbridge.transfer.rehearsal import RehearsedSource, RehearsedTarget

if TYPE_CHECKING:
    from acrbridge.registry.archive_target import ArchiveTarget
    from acrbridge.registry.layout import Layout
    from acrbridge.registry.layout_target import LayoutTarget


@contextmanager
def open_places(
    session: Session, job: CopyJob, source: Place, target: Place
) -> Iterator[tuple[Source, Target]]:
    """Open both places of a copy: an error that leaves this gives up what cannot be left half done.

    Raises:
        NotFoundError: SOURCE_IMAGE_NOT_FOUND, there is no such layout.
        TargetExistsError: TARGET_FILE_EXISTS, of an archive.
        AcrBridgeError: LAYOUT_INVALID; FILE_UNREADABLE; by cause, what signing in comes to.
    """
    origin: Source
    destination: Target
    with ExitStack() as opened:
        if isinstance(source, LayoutPath):
            origin = opened.enter_context(_layout(source))
        else:
            origin = open_repository(session, source, job.source_login, reading=True)
        if isinstance(target, LayoutPath):
            destination = opened.enter_context(_layout_target(target))
        else:
            destination = _journaled(session, job, target, opened)
        if job.dry_run:
            origin, destination = RehearsedSource(origin), RehearsedTarget(destination, origin)
        yield origin, destination


def open_repository(
    session: Session, location: Location, login: Login | None, *, reading: bool
) -> Repository:
    """A repository; its registry's client, tokens and all, is kept in the session."""
    pulls = hub_pulls(session)

    def client() -> RegistryClient:
        side = "source" if reading else "target"
        mended = remedies(location.host, side, given=login is not None, azure=is_acr(location.host))
        try:
            credential = registry_credential(session, location.host, login, reading=reading)
        except RefusedError as error:
            raise error.at(side).advised(mended.get(error.code, error.remedy)) from error.__cause__
        made = RegistryClient(location.api_host, session.http, credential, side, mended)
        made.on_pull_limit = pulls.hear if reading and location.api_host == HUB_API else None
        return made

    key = (location.api_host, login, reading)
    actions = "pull" if reading else "pull,push"
    return Repository(session.kept.get(key, client), location.image.repository, actions)


def hub_pulls(session: Session) -> HubPulls:
    """What the session learns of Docker Hub's limit."""
    return session.kept.get(HubPulls, lambda: HubPulls(session.listener))


def with_version(place: LayoutPath) -> LayoutPath:
    """The place with the tag or digest of the one image in it, where it names none.

    Raises:
        UsageError: REFERENCE_INVALID, there are several.
        NotFoundError: SOURCE_IMAGE_NOT_FOUND.
    """
    if place.version:
        return place
    with _layout(place) as layout:
        version = layout.sole_version()
    return replace(place, digest=version) if is_digest(version) else replace(place, tag=version)


def _journaled(session: Session, job: CopyJob, target: Location, opened: ExitStack) -> JournaledTarget:
    def tell(message: str) -> None:
        session.listener(Notice(message))

    journal = Journal(session.settings.folder / FILE, target.api_host, target.image.repository, tell)
    opened.callback(journal.close)
    threading.Thread(target=journal.open).start()  # while the first requests are on their way
    repository = open_repository(session, target, job.target_login, reading=False)
    return JournaledTarget(repository, journal, repository.sibling)


@contextmanager
def _layout(place: LayoutPath) -> Iterator[Layout]:
    from acrbridge.registry.archive import Archive
    from acrbridge.registry.files import disk_errors
    from acrbridge.registry.folder import Folder
    from acrbridge.registry.layout import Layout

    path, name = _path(place), _name(place)
    with disk_errors(name):
        is_there = path.exists()
    if not is_there:
        raise NotFoundError("SOURCE_IMAGE_NOT_FOUND", f"{name} is not there.", remedy="Check the path.")
    if place.is_archive:
        yield Layout.read(Archive(path, name))
        return
    with closing(Folder(path, name)) as folder:
        yield Layout.read(folder)


@contextmanager
def _layout_target(place: LayoutPath) -> Iterator[LayoutTarget | ArchiveTarget]:
    from acrbridge.registry.archive_target import ArchiveTarget
    from acrbridge.registry.layout_target import LayoutTarget

    path, name = _path(place), _name(place)
    with ArchiveTarget(path, name) if place.is_archive else LayoutTarget(path, name) as target:
        yield target


def _path(place: LayoutPath) -> Path:
    """Where it is; a shell leaves the tilde after `oci:` to us."""
    path = Path(place.path)
    return path.expanduser() if path.parts[:1] == ("~",) else path


def _name(place: LayoutPath) -> str:
    return redact.printable(str(replace(place, tag=None, digest=None)))
