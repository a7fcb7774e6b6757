"""The public API for copying: one client for many copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from types import NoneType, TracebackType
from typing import Any, TypedDict, Unpack

from acrbridge.jobs import CopyJob, CopyResult, Listener, Login, ignore
from acrbridge.settings import Settings


class CopyOptions(TypedDict, total=False):
    """What `copy` can be told, by keyword; the command's options of the same names say more."""

    all_tags: bool
    """All tags of the source's repository; source and target are then repositories."""
    only: str | Sequence[str]
    """Globs: of all tags only those that match one. This and the next four ask for all tags by themselves."""
    regex: str | None
    """Only tags that match as a whole."""
    semver: str | None
    """Only tags that are versions of this range, such as `>=1.2 <2`."""
    newest: int | None
    """Only so many tags, the highest versions."""
    exclude: str | Sequence[str]
    """Globs: not the tags that match one."""
    tags: str | Sequence[str]
    """Further tags for the target."""
    untagged: bool
    """The target gets the image by its digest only."""
    platforms: str | Sequence[str]
    """`OS/ARCHITECTURE[/VARIANT]`; only these of an index."""
    referrers: bool
    """Signatures, SBOMs and the like come along; by default they do."""
    artifact_types: str | Sequence[str]
    """Only these of what refers to an image."""
    foreign_layers: bool
    """Copy layers that registries do not hold by their licence, too."""
    clobber: bool
    """Move a tag that the target has for another image; by default it moves, and False refuses that."""
    dry_run: bool
    """Read both sides, send nothing, and tell what would be sent."""
    source_login: Login | None
    """For the source's registry."""
    target_login: Login | None
    """For the target's registry."""
    concurrency: int
    """Requests at once, 32 by default, and fewer where a registry throttles or fails."""
    bandwidth: int | None
    """Bytes a second, all blobs of the copy together."""
    requests_per_second: float | None
    """To each host, at the most; it holds for all that the client does from then on."""


class Client:
    """Copies images, and keeps between copies what makes the next one faster: connections, tokens, known blobs.

    Any number of threads may share it. Use it in a `with`, or close it. After Ctrl-C it copies no more.

    Args:
        subscription: ID or name of the subscription whose account signs in to Azure registries; by default the one
            in use.
        ca_file: certificate authorities to trust beside the system's, PEM.
        plain_http: `HOST[:PORT]` of registries that are spoken to without TLS.
        listener: called with the events of all copies, one at a time or, where copies run at once, from several
            threads; it must not raise.
    """

    def __init__(
        self,
        *,
        subscription: str | None = None,
        ca_file: str | Path | None = None,
        plain_http: str | Sequence[str] = (),
        listener: Listener | None = None,
    ) -> None:
        from acrbridge.operations.session import Session

        settings = Settings.read(ca_file=Path(ca_file) if ca_file else None, plain_http=_names(plain_http))
        self._session = Session(settings, subscription=subscription, listener=listener or ignore)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def copy(
        self, source: str, target: str, *, listener: Listener | None = None, **options: Unpack[CopyOptions]
    ) -> CopyResult:
        """Copy an image, or all tags of a repository.

        Args:
            source: `HOST/REPOSITORY[:TAG|@DIGEST]`.
            target: `HOST/REPOSITORY[:TAG]`; without a tag it gets the source's.
            listener: called with the events of this copy, in place of the client's.
            options: as `CopyOptions` describes them.

        Returns:
            What was copied; the target was read back.

        Raises:
            AcrBridgeError: by cause; its `code` is stable, its `remedy` says what to do.
            TypeError: an option is unknown, or of another type.
        """
        from acrbridge.operations.copy_image import copy_image

        session = self._session.heard_by(listener) if listener else self._session
        return copy_image(session, _job(source, target, options))


_SEVERAL = frozenset(field.name for field in fields(CopyJob) if field.default == ())
_TAKES: tuple[tuple[str, tuple[type, ...], tuple[str, ...]], ...] = (
    ("a text", (str,), ("source", "target")),
    ("a text or None", (str, NoneType), ("regex", "semver")),
    ("a whole number", (int,), ("concurrency",)),
    ("a whole number or None", (int, NoneType), ("newest", "bandwidth")),
    ("a number or None", (int, float, NoneType), ("requests_per_second",)),
    ("an acrbridge.Login or None", (Login, NoneType), ("source_login", "target_login")),
)


def _job(source: str, target: str, options: CopyOptions) -> CopyJob:
    """What was asked for, as a job.

    Raises:
        TypeError: there is no such option, or it takes something else; what was given is not shown.
    """
    given: dict[str, Any] = {**options}
    for name in given.keys() - CopyOptions.__annotations__.keys():
        raise TypeError(f"copy has no option {name!r}; acrbridge.CopyOptions lists those that there are")
    given.update({name: _names(given[name] or ()) for name in _SEVERAL & given.keys()})
    job = CopyJob(source, target, **given)
    for words, kinds, names in _TAKES:
        for name in names:
            _check_type(name, getattr(job, name), words, kinds)
    for name in _SEVERAL:
        for one in getattr(job, name):
            _check_type(name, one, "a text or several", (str,))
    return job


def _check_type(name: str, value: object, words: str, kinds: tuple[type, ...]) -> None:
    if not isinstance(value, kinds):
        raise TypeError(f"{name} takes {words}, not {type(value).__name__}")


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several: a lone text is not a sequence of letters."""
    return (given,) if isinstance(given, str) else tuple(given)
