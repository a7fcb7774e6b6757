"""Copy images from registry to registry, through this computer."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from acrbridge.errors import (
    AcrBridgeError,
    PartFailedError,
    RefusedError,
    SignInError,
    StoppedError,
    UsageError,
)
from acrbridge.jobs import CopyJob, CopyResult, Login, Notice
from acrbridge.operations.session import Session
from acrbridge.references import Location, check_tag, is_login_server
from acrbridge.registry.auth import Anonymous, Credential, Password
from acrbridge.registry.client import RegistryClient
from acrbridge.registry.contents import Platform
from acrbridge.registry.repository import Repository
from acrbridge.transfer.content import Source, Target
from acrbridge.transfer.copy import Copy, Options
from acrbridge.transfer.journal import FILE, Journal
from acrbridge.transfer.journaled import JournaledTarget
from acrbridge.transfer.progress import told
from acrbridge.transfer.rehearsal import RehearsedSource, RehearsedTarget
from acrbridge.transfer.tags import Selection

_IMAGES_AT_ONCE = 16
"""Images of one repository whose walks go on side by side; their requests share the job's concurrency."""
_GRACE = 0.7
"""Seconds that what is under way has to end by itself when it is interrupted."""


def copy_image(session: Session, job: CopyJob) -> CopyResult:
    """Copy one image, or all tags of a repository.

    Args:
        session: its account signs in to the registries of its cloud, where the job has no login for them.
        job: what to copy.

    Returns:
        The result; the target's digests were read back and agree.

    Raises:
        UsageError: REFERENCE_INVALID, SOURCE_REGISTRY_MISSING, OPTIONS_CONFLICT, PATTERN_INVALID.
        NotFoundError: REPOSITORY_NOT_FOUND, PLATFORM_NOT_FOUND, TAGS_NOT_FOUND.
        PartFailedError: PART_FAILED, some tags could not be copied.
        StoppedError: INTERRUPTED.
        AcrBridgeError: by cause, naming the side.
    """
    source, target = Location.parse(job.source), Location.parse(job.target)
    selection = Selection(job.only, job.regex, job.semver, job.newest, job.exclude)
    many = job.all_tags or bool(selection)
    _check(job, source, target, many=many)
    clock = session.http.clock
    began = clock.now()
    options = Options(tuple(map(Platform.parse, job.platforms)), job.referrers, job.foreign_layers)
    journal = _journal(session, target)
    copy = Copy(
        *_places(session, job, source, target, journal),
        clock,
        options,
        concurrency=job.concurrency,
    )
    try:
        with told(copy.progress, session.listener):
            if many:
                digests = _all(copy, selection, session)
            else:
                tags = _tags(job, source, target)
                digests = dict.fromkeys(tags or [""], copy.image(source.image.version, tags))
    except KeyboardInterrupt as stop:
        _stop(copy, session)
        raise StoppedError(
            "Stopped. What arrived stays, and is not sent again; no tag is half there.", stop
        ) from None
    finally:
        copy.close()
        journal.close()
    counts, items = copy.tally.as_json(), copy.tally.items()
    return CopyResult(str(source), str(target), digests, counts, clock.now() - began, items, job.dry_run)


def _check(job: CopyJob, source: Location, target: Location, *, many: bool) -> None:
    if target.image.digest:
        raise UsageError(
            "REFERENCE_INVALID", f"The target {job.target!r} cannot have a digest: it gets the source's."
        )
    one = source.image.tag or source.image.digest or target.image.tag or job.tags or job.untagged
    if many and one:
        raise UsageError(
            "OPTIONS_CONFLICT",
            "With all tags, or a selection of them, source and target are repositories without a tag,"
            " and neither --tag nor --untagged is given.",
        )
    if job.untagged and (target.image.tag or job.tags):
        raise UsageError("OPTIONS_CONFLICT", "With --untagged the target has no tag, and no --tag is given.")
    for tag in job.tags:
        check_tag(tag)


def _tags(job: CopyJob, source: Location, target: Location) -> list[str]:
    """What the target's image is tagged with."""
    if job.untagged:
        return []
    own = target.image.tag or source.image.tag or (None if source.image.digest else "latest")
    return list(dict.fromkeys([own, *job.tags] if own else job.tags))


def _journal(session: Session, target: Location) -> Journal:
    def tell(message: str) -> None:
        session.listener(Notice(message))

    return Journal(session.settings.folder / FILE, target.api_host, target.image.repository, tell)


def _places(
    session: Session, job: CopyJob, source: Location, target: Location, journal: Journal
) -> tuple[Source, Target]:
    threading.Thread(target=journal.open).start()  # while the first requests are on their way
    origin = _repository(session, source, job.source_login, reading=True)
    repository = _repository(session, target, job.target_login, reading=False)
    destination = JournaledTarget(repository, journal, repository.sibling)
    if job.dry_run:
        return RehearsedSource(origin), RehearsedTarget(destination, origin)
    return origin, destination


def _repository(session: Session, location: Location, login: Login | None, *, reading: bool) -> Repository:
    host = location.api_host
    credential = (
        Password(login.username, login.password) if login else _own(session, location, reading=reading)
    )
    return Repository(RegistryClient(host, session.http, credential), location.image.repository)


def _own(session: Session, location: Location, *, reading: bool) -> Credential:
    """The signed-in account's way in to a registry of its cloud; elsewhere, and where it has none, nobody's.

    Raises:
        RefusedError: REGISTRY_UNAUTHORIZED, the account has no right on a target.
    """
    if not is_login_server(location.host, session.cloud.acr_suffix):
        return Anonymous()
    try:
        return session.refresh_token(location.host)
    except (SignInError, RefusedError) as error:
        if not reading:
            raise
        session.listener(Notice(f"{error.message} {location.host} is read without signing in."))
        return Anonymous()


def _stop(copy: Copy, session: Session) -> None:
    """Let what is under way end by itself and cancel its uploads; what does not is cut off."""
    copy.stop(_GRACE)
    session.http.abort()


def _all(copy: Copy, selection: Selection, session: Session) -> dict[str, str]:
    def one(tag: str) -> str | AcrBridgeError:
        try:
            return copy.image(tag, [tag])
        except AcrBridgeError as error:
            return error

    tags = copy.tags(selection)
    with ThreadPoolExecutor(_IMAGES_AT_ONCE) as pool:
        try:
            results = dict(zip(tags, pool.map(one, tags), strict=True))
        except KeyboardInterrupt:
            _stop(copy, session)  # or the pool would first do all that is left
            raise
    failed = {tag: result for tag, result in results.items() if isinstance(result, AcrBridgeError)}
    for tag, error in failed.items():
        session.listener(Notice(f"{tag}: {error.message} ({error.code})"))
    if failed:
        raise PartFailedError("PART_FAILED", f"{len(failed)} of {len(tags)} tags could not be copied.")
    return {tag: result for tag, result in results.items() if isinstance(result, str)}
