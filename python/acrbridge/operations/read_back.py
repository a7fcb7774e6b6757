"""Verify an import: its targets are read back from the registry.

A manifest has to be there, with the digest that the registry states and, where the source was named by digest, with
the source's. A tag has to have been written since the import was asked for, by the registry's own clock: else it can
be the one that was there before.
"""

from __future__ import annotations

from acrbridge.errors import AcrBridgeError, NotFoundError, VerificationError
from acrbridge.http.deadlines import Clock
from acrbridge.jobs import ImportedImage, ImportResult, Notice
from acrbridge.operations.import_plan import ImportPlan
from acrbridge.operations.session import Session
from acrbridge.references import Image
from acrbridge.registry.acr import AcrMetadata
from acrbridge.registry.client import RegistryClient

_ACTIONS = "pull,metadata_read"
"""What reading back needs: asked for at once, so that one token serves."""


def read_back(session: Session, plan: ImportPlan, requested: float) -> tuple[ImportedImage, ...]:
    """Read the targets of an import that Azure reported to have succeeded.

    A target that cannot be read from here, or that is not known to be new, is no failure, but not verified.

    Args:
        session: signed in to the target's tenant.
        plan: what was asked for.
        requested: when, on the session's clock.

    Returns:
        Every target: those with a tag, then those without.

    Raises:
        VerificationError: TARGET_TAG_ABSENT or DIGEST_MISMATCH.
    """
    try:
        registry = session.open_registry(plan.target)
    except AcrBridgeError as error:
        targets = [*plan.tagged(), *plan.untagged(plan.source.digest)]
        return tuple(_unread(session, plan, image, error.message) for image in targets)
    tagged = tuple(_read(session, registry, plan, image, requested) for image in plan.tagged())
    digest = plan.source.digest or next((image.digest for image in tagged if image.verified), None)
    untagged = (_read(session, registry, plan, image, requested) for image in plan.untagged(digest))
    return tagged + tuple(untagged)


def require_verified(result: ImportResult) -> None:
    """Insist that every target was read back, and is new.

    Raises:
        VerificationError: UNVERIFIED.
    """
    if not result.verified:
        raise VerificationError("UNVERIFIED", f"The import into {result.registry} could not be verified.")


def written_since(registry: RegistryClient, image: Image, moment: float, clock: Clock) -> bool | None:
    """Whether a tag was written after a moment on our clock; how long ago, the registry's clock tells.

    Returns:
        None where the registry does not say when.

    Raises:
        AcrBridgeError: it cannot be read.
    """
    age = AcrMetadata(registry).tag_age(image, _ACTIONS)
    return None if age is None else age <= clock.now() - moment


def _read(
    session: Session, registry: RegistryClient, plan: ImportPlan, image: Image, requested: float
) -> ImportedImage:
    if not image.tag and not image.digest:
        return _unread(session, plan, image, "give the source by digest to have it verified.")
    try:
        manifest = registry.manifest(image.repository, image.version, _ACTIONS)
    except VerificationError:
        raise
    except NotFoundError as error:
        raise VerificationError(
            "TARGET_TAG_ABSENT", f"Azure reported success, but {registry.host} has no {image}."
        ) from error
    except AcrBridgeError as error:
        return _unread(session, plan, image, error.message)
    if plan.source.digest not in (None, manifest.digest):
        raise VerificationError(
            "DIGEST_MISMATCH",
            f"{registry.host}/{image} has digest {manifest.digest}, not {plan.source.digest} as the source.",
            remedy="Import again with --force; tell us if it stays.",
        )
    doubt = _doubt(registry, image, requested, session.http.clock) if image.tag else None
    if doubt:
        session.listener(Notice(f"{image} is in {plan.target.id.name}, but {doubt}"))
    return ImportedImage(f"{registry.host}/{image}", manifest.digest, manifest.media_type, verified=not doubt)


def _doubt(registry: RegistryClient, image: Image, requested: float, clock: Clock) -> str | None:
    """Why a tag that is there may not be this import's doing; None where it is."""
    try:
        is_new = written_since(registry, image, requested, clock)
    except AcrBridgeError as error:
        return f"since when cannot be read from here: {error.message}"
    if is_new is None:
        return "the registry does not say since when: it may be what was there before."
    return None if is_new else "was not written by this import: it is what was there before."


def _unread(session: Session, plan: ImportPlan, image: Image, reason: str) -> ImportedImage:
    session.listener(Notice(f"{image} was imported, but could not be read back from here: {reason}"))
    return ImportedImage(f"{plan.target.login_server}/{image}", None, None, verified=False)
