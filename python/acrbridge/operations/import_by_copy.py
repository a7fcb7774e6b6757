"""Import by the client road: this computer copies what Azure's importImage would."""

from __future__ import annotations

from collections.abc import Iterator

from acrbridge.azure import exchange
from acrbridge.azure.token_store import AccessToken
from acrbridge.errors import CATALOGUE, NotFoundError, RefusedError, TargetExistsError, UsageError
from acrbridge.http import jwt
from acrbridge.jobs import CopyJob, CopyResult, ImportedImage, ImportJob, ImportResult, Login, Secret
from acrbridge.operations.copy_image import copy_image
from acrbridge.operations.import_plan import ImportPlan, make_plan
from acrbridge.operations.places import open_repository
from acrbridge.operations.session import Session
from acrbridge.references import Image, Location, RegistryId, is_login_server
from acrbridge.registry.repository import Repository

_NOBODY = "00000000-0000-0000-0000-000000000000"
"""The user name that goes with ACR's refresh token in place of a password (Azure/acr docs, AAD-OAuth.md)."""


def import_by_copy(session: Session, job: ImportJob) -> ImportResult:
    """Import an image without Azure's import service: no right to import is needed, but one to push.

    Args:
        session: signed in to the target's tenant.
        job: what to import.

    Returns:
        The result, its images read back.

    Raises:
        UsageError: OPTIONS_CONFLICT, CREDENTIALS_INCOMPLETE, and what makes a plan impossible.
        TargetExistsError: TARGET_TAG_EXISTS; nothing was copied then.
        AcrBridgeError: by cause, naming the side.
    """
    if not job.wait:
        raise UsageError("OPTIONS_CONFLICT", "With --via client this computer copies: leave out --no-wait.")
    clock = session.http.clock
    began = clock.now()
    plan = make_plan(session, job)
    host = _source_host(session, plan)
    login = _source_login(session, job, plan, host)
    if not plan.force:
        _refuse_existing(session, plan)
    copies = [_copied(session, copy) for copy in _copies(plan, f"{host}/{plan.source.image}", login)]
    return ImportResult(
        registry=plan.target.id.name,
        login_server=plan.target.login_server,
        operation_id=None,
        status="Succeeded",
        images=tuple(_read_back(session, plan, copies)),
        elapsed=clock.now() - began,
        copied=_counts(copies),
    )


def _copied(session: Session, job: CopyJob) -> CopyResult:
    """A copy, whose refusals name this command's options."""
    try:
        return copy_image(session, job)
    except RefusedError as error:
        raise error.advised(CATALOGUE[error.code].remedy) from error.__cause__


def _counts(copies: list[CopyResult]) -> dict[str, int]:
    """What several copies did together."""
    each = [{**copy.counts, "requests": copy.requests, "retries": copy.retries} for copy in copies]
    return {name: sum(counts[name] for counts in each) for name in each[0]}


def _source_host(session: Session, plan: ImportPlan) -> str:
    """Where the source answers; a registry that Resource Manager does not show is asked at its usual name."""
    found = RegistryId.parse(plan.source.body.get("resourceId", ""))
    if found is None:
        return plan.source.registry
    try:
        return session.arm.registry(found).login_server
    except (NotFoundError, RefusedError):
        return f"{found.name.lower()}{session.cloud.acr_suffix}"


def _source_login(session: Session, job: ImportJob, plan: ImportPlan, host: str) -> Login | None:
    """What was given for the source; None: the signed-in account reads it."""
    if job.password is None or "credentials" not in plan.source.body:
        return None
    return Login(job.username, job.password) if job.username else _exchanged(session, host, job.password)


def _exchanged(session: Session, host: str, token: Secret) -> Login:
    """A login made of an Entra access token of the source's tenant."""
    if not is_login_server(host, session.cloud.acr_suffix):
        raise UsageError(
            "CREDENTIALS_INCOMPLETE",
            f"--password without --username is an access token for an Azure registry, which {host} is not.",
        )
    tenant = jwt.claims(token.reveal()).get("tid")
    refresh = exchange.refresh_token(session.http, host, AccessToken(token, 0), str(tenant))
    return Login(_NOBODY, refresh)


def _refuse_existing(session: Session, plan: ImportPlan) -> None:
    """Refuse, before anything is sent, to overwrite a tag, even with what it has already, as Azure does."""
    for image in plan.tagged():
        if _repository(session, plan, image).digest_of(image.version) is not None:
            raise TargetExistsError(
                "TARGET_TAG_EXISTS",
                f"The tag is already in {plan.target.id.name}: Tag {image} already exists in target registry.",
            )


def _repository(session: Session, plan: ImportPlan, image: Image) -> Repository:
    return open_repository(session, Location(plan.target.login_server, image), None, reading=False)


def _copies(plan: ImportPlan, source: str, login: Login | None) -> Iterator[CopyJob]:
    """A copy for each target repository with its tags, and for each that gets the manifest without one."""
    tags: dict[str, list[str]] = {}
    for image in plan.tagged():
        tags.setdefault(image.repository, []).append(image.version)
    for repository, (first, *more) in tags.items():
        target = f"{plan.target.login_server}/{repository}:{first}"
        yield CopyJob(source, target, tags=tuple(more), source_login=login)
    for repository in plan.repositories:
        yield CopyJob(source, f"{plan.target.login_server}/{repository}", untagged=True, source_login=login)


def _read_back(session: Session, plan: ImportPlan, copies: list[CopyResult]) -> Iterator[ImportedImage]:
    """The targets, whose digests the copies read back; here their kinds."""
    for copy in copies:
        repository = Location.parse(copy.target).image.repository
        for tag, digest in copy.digests.items():
            image = Image(repository, tag=tag) if tag else Image(repository, digest=digest)
            media_type = _repository(session, plan, image).manifest(digest).media_type
            yield ImportedImage(f"{plan.target.login_server}/{image}", digest, media_type, verified=True)
