"""What of a copy makes no sense as it was asked for: told before any request."""

from __future__ import annotations

import math

from acrbridge.errors import UsageError
from acrbridge.jobs import CopyJob
from acrbridge.references import LayoutPath, Place, check_tag
from acrbridge.registry.platforms import Platform

_MOST_AT_ONCE = 64
_COMPRESSED = (".gz", ".tgz", ".bz2", ".xz", ".zst")


def check(job: CopyJob, source: Place, target: Place, *, many: bool) -> None:
    """Refuse what makes no sense.

    Args:
        job: as it was asked for.
        source: the job's, parsed.
        target: the job's, parsed.
        many: whether tags are selected, instead of one image named.

    Raises:
        UsageError: REFERENCE_INVALID, OPTIONS_CONFLICT, PATTERN_INVALID, PLATFORM_INVALID, RATE_INVALID.
    """
    _check_target(job, target)
    _check_tags(job, source, target, many=many)
    _check_logins(job, source, target)
    _check_referrers(job)
    _check_pace(job)
    for platform in job.platforms:
        Platform.parse(platform)


def _check_target(job: CopyJob, target: Place) -> None:
    if target.digest:
        raise UsageError(
            "REFERENCE_INVALID",
            f"The target {job.target!r} cannot have a digest: it gets the source's.",
            remedy=f"Leave out @{target.digest}",
        )
    if isinstance(target, LayoutPath) and target.is_archive and target.path.lower().endswith(_COMPRESSED):
        raise UsageError(
            "REFERENCE_INVALID",
            f"The target {job.target!a} is named like a compressed file: archives are written uncompressed.",
            remedy="Name it .tar: its layers are compressed already.",
        )


def _check_tags(job: CopyJob, source: Place, target: Place, *, many: bool) -> None:
    one = source.tag or source.digest or target.tag or job.tags or job.untagged
    if many and one:
        raise UsageError(
            "OPTIONS_CONFLICT",
            "With all tags, or a selection of them, source and target are repositories without a tag,"
            " and neither --tag nor --untagged is given.",
        )
    if job.newest is not None and job.newest < 1:
        raise UsageError(
            "PATTERN_INVALID", f"The newest {job.newest} tags are none.", remedy="Give 1 or more."
        )
    if job.untagged and (target.tag or job.tags):
        raise UsageError("OPTIONS_CONFLICT", "With --untagged the target has no tag, and no --tag is given.")
    for tag in job.tags:
        check_tag(tag)


def _check_logins(job: CopyJob, source: Place, target: Place) -> None:
    for side, place, login in (("source", source, job.source_login), ("target", target, job.target_login)):
        if login and isinstance(place, LayoutPath):
            raise UsageError(
                "OPTIONS_CONFLICT", f"--{side}-username is for registries: {str(place)!a} needs no login."
            )


def _check_referrers(job: CopyJob) -> None:
    if job.artifact_types and not job.referrers:
        raise UsageError("OPTIONS_CONFLICT", "--artifact-type and --no-referrers exclude each other.")
    if "" in job.artifact_types:
        raise UsageError(
            "OPTIONS_CONFLICT", "An --artifact-type is empty.", remedy="Leave it out for all types."
        )


def _check_pace(job: CopyJob) -> None:
    if not 1 <= job.concurrency <= _MOST_AT_ONCE:
        raise UsageError(
            "RATE_INVALID",
            f"The concurrency {job.concurrency} is not from 1 to {_MOST_AT_ONCE}.",
            remedy="Leave it out, for the usual one.",
        )
    for name, rate in (("bandwidth", job.bandwidth), ("requests per second", job.requests_per_second)):
        if rate is not None and not (rate > 0 and math.isfinite(rate)):
            raise UsageError(
                "RATE_INVALID",
                f"The {name} {rate} is not a number above 0.",
                remedy="Give one, or leave it out for no limit.",
            )
