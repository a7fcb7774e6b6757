"""Copy images between registries and layouts, through this computer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import replace
from typing import TypeVar

from acrbridge.errors import AcrBridgeError, PartFailedError, StoppedError
from acrbridge.http.deadlines import Cancelled
from acrbridge.jobs import CopyItem, CopyJob, CopyResult, Notice
from acrbridge.operations.copy_checks import check
from acrbridge.operations.places import hub_pulls, open_places, with_version
from acrbridge.operations.session import Session
from acrbridge.references import LayoutPath, Location, Place, parse_place
from acrbridge.registry.foreign_layers import ForeignLayers
from acrbridge.registry.platforms import Platform
from acrbridge.transfer.content import Source, Target
from acrbridge.transfer.copy import Copy, Options
from acrbridge.transfer.progress import told
from acrbridge.transfer.tags import Selection

T = TypeVar("T")

Copied = tuple[dict[str, str], dict[str, AcrBridgeError]]
"""By tag: the digests of images that arrived, and why others did not."""

_IMAGES_AT_ONCE = 16
"""Images of one repository whose walks go on side by side; their requests share the job's concurrency."""
_NARROWED = (
    "With some of its platforms only, an index has another digest than at the source: what names the source's,"
    " a signature or a deployment, does not mean it."
)
_FAR = 0.01
"""Seconds to an answer from which on a registry is far. On loopback it is 1 to 3 ms."""
_MOVED_NAMED = 3
"""Tags that a notice names."""
_STOPPED = {
    False: "Stopped. Blobs that arrived whole stay, and are not sent again; no tag is half there.",
    True: "Stopped. The archive was not whole, and nothing of it stays.",
}
"""By whether the target is an archive."""
_LOOK = 0.2
"""Seconds between two looks for a signal."""
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
        UsageError: REFERENCE_INVALID, OPTIONS_CONFLICT, PATTERN_INVALID, PLATFORM_INVALID, RATE_INVALID.
        TargetExistsError: TARGET_TAG_EXISTS, TARGET_FILE_EXISTS.
        NotFoundError: REPOSITORY_NOT_FOUND, PLATFORM_NOT_FOUND, TAGS_NOT_FOUND.
        PartFailedError: PART_FAILED, some tags could not be copied.
        StoppedError: INTERRUPTED.
        AcrBridgeError: by cause, naming the side.
    """
    source, target = parse_place(job.source, "source"), parse_place(job.target, "target")
    selection = Selection(job.only, job.regex, job.semver, job.newest, job.exclude)
    many = job.all_tags or bool(selection)
    check(job, source, target, many=many)
    if isinstance(source, LayoutPath) and not many:
        source = with_version(source)
    with open_places(session, job, source, target) as places:
        return _copied(session, job, source, target, selection if many else None, places)


def _copied(
    session: Session,
    job: CopyJob,
    source: Place,
    target: Place,
    selection: Selection | None,
    places: tuple[Source, Target],
) -> CopyResult:
    clock, asked = session.http.clock, session.http.counts
    if job.requests_per_second:
        session.http.pace.requests_per_second = job.requests_per_second
    began, requests, retries = clock.now(), asked.requests, asked.retries
    options = Options(
        tuple(map(Platform.parse, job.platforms)),
        job.referrers,
        job.artifact_types,
        job.foreign_layers,
        job.clobber,
    )
    known = _known(session, job, target)
    copy = Copy(
        *places,
        clock,
        options,
        concurrency=job.concurrency,
        bandwidth=job.bandwidth,
        is_far=lambda: _is_far(session, source, target),
        known=known,
        elsewhere=ForeignLayers(session.http).open,
    )
    session.http.on_trouble.append(copy.trouble)
    try:
        progress = nullcontext() if job.dry_run else told(copy.progress, session.listener)
        with progress, session.stopped_by(lambda: copy.stop(_GRACE)):
            digests, failed = _attended(
                lambda: _all(copy, selection) if selection is not None else _one(copy, job, source, target),
                stop=lambda: _stop(copy, session),
            )
    except (KeyboardInterrupt, Cancelled) as stop:
        interrupt = stop if isinstance(stop, KeyboardInterrupt) else KeyboardInterrupt()
        raise StoppedError(
            _STOPPED[isinstance(target, LayoutPath) and target.is_archive], interrupt
        ) from None
    except AcrBridgeError as error:
        if error.code == "DISK_FULL":
            error.advised(f"The copy still needs {copy.progress.left:,} bytes. {error.remedy}")
        raise
    finally:
        copy.close()
        session.http.on_trouble.remove(copy.trouble)
    counts, items = copy.tally.as_json(), copy.tally.items()
    narrowed = _NARROWED if copy.has_narrowed else None
    for message in filter(None, (narrowed, copy.missed, _moved(items, dry_run=job.dry_run))):
        session.listener(Notice(message))
    result = CopyResult(
        str(source),
        str(target),
        digests,
        counts,
        clock.now() - began,
        items,
        job.dry_run,
        asked.requests - requests,
        asked.retries - retries,
        {tag: error.as_json() for tag, error in failed.items()},
        hub_pulls(session).left,
    )
    if failed:
        raise _failure(failed, result, session, target)
    return result


def _is_far(session: Session, *places: Place) -> bool:
    """Whether a registry never answered within a few milliseconds: what is on its way to it costs nothing here."""
    hosts = [place.api_host for place in places if isinstance(place, Location)]
    return any(session.http.quickest.get(host, _FAR) >= _FAR for host in hosts)


def _moved(items: Sequence[CopyItem], *, dry_run: bool) -> str | None:
    """A sentence about tags that stood for other images."""
    moved = [item for item in items if item.replaced]
    named = "; ".join(f"{i.tag} from {i.replaced} to {i.digest}" for i in moved[:_MOVED_NAMED])
    more = f"; and {len(moved) - _MOVED_NAMED} more" if len(moved) > _MOVED_NAMED else ""
    verb = "A copy would move" if dry_run else "Moved"
    return f"{verb} the tag {named}{more}." if moved else None


def _tags(job: CopyJob, source: Place, target: Place) -> list[str]:
    """What the target's image is tagged with."""
    if job.untagged:
        return []
    own = target.tag or source.tag or (None if source.digest else "latest")
    return list(dict.fromkeys([own, *job.tags] if own else job.tags))


def _known(session: Session, job: CopyJob, target: Place) -> set[str]:
    """Blobs that copies of this session found in the target, or put there; what is rehearsed does not count."""
    if job.dry_run or isinstance(target, LayoutPath):
        return set()
    return session.kept.get((target.api_host, target.image.repository), set)


def _stop(copy: Copy, session: Session) -> None:
    """Let what is under way end by itself and cancel its uploads; what does not is cut off."""
    try:
        copy.stop(_GRACE)
    finally:  # for who presses Ctrl-C again
        session.http.abort()


def _attended(work: Callable[[], T], stop: Callable[[], None]) -> T:
    """Have work done by another thread, and hear signals in this one.

    Python misses one that comes just before a wait without end, until that ends: this waits a moment at a time.
    """
    with ThreadPoolExecutor(1, "acrbridge-work") as pool:
        future = pool.submit(work)
        try:
            while wait([future], _LOOK).not_done:
                pass
        except KeyboardInterrupt:
            stop()
            raise
    return future.result()


def _one(copy: Copy, job: CopyJob, source: Place, target: Place) -> Copied:
    """Copy one image."""
    tags = _tags(job, source, target)
    return dict.fromkeys(tags or [""], copy.image(source.version or "latest", tags)), {}


def _all(copy: Copy, selection: Selection) -> Copied:
    """Copy tags."""

    def one(tag: str) -> str | AcrBridgeError:
        try:
            return copy.image(tag, [tag])
        except AcrBridgeError as error:
            return error

    tags = copy.tags(selection)
    with ThreadPoolExecutor(_IMAGES_AT_ONCE) as pool:
        results = dict(zip(tags, pool.map(one, tags), strict=True))
    failed = {tag: result for tag, result in results.items() if isinstance(result, AcrBridgeError)}
    return {tag: result for tag, result in results.items() if isinstance(result, str)}, failed


def _failure(
    failed: Mapping[str, AcrBridgeError], result: CopyResult, session: Session, target: Place
) -> AcrBridgeError:
    """What the failures of some tags come to: of all tags for the same cause, that cause."""
    first = next(iter(failed.values()))
    if not result.digests and {error.code for error in failed.values()} == {first.code}:
        return first
    for tag, error in failed.items():
        session.listener(Notice(f"{tag}: {error.message} ({error.code})"))
    is_left_out = isinstance(target, LayoutPath) and target.is_archive
    more = f", so that {target} was not written" if is_left_out else ""
    return PartFailedError(
        "PART_FAILED",
        f"{len(failed)} of {len(failed) + len(result.digests)} tags could not be copied{more}.",
        result=replace(result, digests={}) if is_left_out else result,
    )
