"""Verify an import: the target is read back, and its digest compared where the source was named by digest."""

from __future__ import annotations

from acrbridge.errors import AcrBridgeError, NotFoundError, VerificationError
from acrbridge.jobs import ImportedImage, ImportResult, Notice
from acrbridge.operations.import_plan import ImportPlan
from acrbridge.operations.session import Session
from acrbridge.references import Image
from acrbridge.registry.client import RegistryClient


def read_back(session: Session, plan: ImportPlan) -> tuple[ImportedImage, ...]:
    """Read the targets of an import that Azure reported to have succeeded.

    A target that cannot be read from here is no failure, but not verified.

    Raises:
        VerificationError: TARGET_TAG_ABSENT or DIGEST_MISMATCH.
    """
    wanted = plan.readable()
    if plan.repositories and not plan.source.digest:
        session.listener(
            Notice(
                "The manifest without a tag is not read back: give the source by digest to have it verified."
            )
        )
    if not wanted:
        return ()
    try:
        registry = session.open_registry(plan.target)
    except AcrBridgeError as error:
        return tuple(_unread(session, plan, image, error) for image in wanted)
    return tuple(_read(session, registry, plan, image) for image in wanted)


def require_verified(result: ImportResult) -> None:
    """Insist that the target was read back.

    Raises:
        VerificationError: UNVERIFIED.
    """
    if not result.verified:
        raise VerificationError(
            "UNVERIFIED", f"The import into {result.registry} could not be verified from here."
        )


def _read(session: Session, registry: RegistryClient, plan: ImportPlan, image: Image) -> ImportedImage:
    try:
        manifest = registry.manifest(image.repository, image.version)
    except VerificationError:
        raise
    except NotFoundError as error:
        raise VerificationError(
            "TARGET_TAG_ABSENT", f"Azure reported success, but {registry.host} has no {image}."
        ) from error
    except AcrBridgeError as error:
        return _unread(session, plan, image, error)
    if plan.source.digest not in (None, manifest.digest):
        raise VerificationError(
            "DIGEST_MISMATCH",
            f"{registry.host}/{image} has digest {manifest.digest}, not {plan.source.digest} as the source.",
        )
    return ImportedImage(f"{registry.host}/{image}", manifest.digest, manifest.media_type, verified=True)


def _unread(session: Session, plan: ImportPlan, image: Image, error: AcrBridgeError) -> ImportedImage:
    session.listener(Notice(f"{image} was imported, but could not be read back from here: {error.message}"))
    return ImportedImage(f"{plan.target.login_server}/{image}", None, None, verified=False)
