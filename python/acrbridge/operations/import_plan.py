"""From an import job to the request that asks Azure for it.

The rules are az's (azure-cli 2.91, acr/import.py), measured; where az misleads, a notice says what is done instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acrbridge.azure.arm import Registry
from acrbridge.errors import AcrBridgeError, NotFoundError, UsageError
from acrbridge.jobs import ImportJob, Notice
from acrbridge.operations.session import Session
from acrbridge.references import (
    DOCKER_HUB,
    Image,
    RegistryId,
    check_repository,
    image_on_hub,
    is_digest,
    registry_name,
    split_source,
)

_MANAGED = frozenset({"basic", "standard", "premium"})


@dataclass(frozen=True)
class Source:
    """Where the image comes from."""

    body: Mapping[str, Any] = field(repr=False)
    """The request's `source` object; it can hold a password."""
    registry: str
    """Host or name, for messages."""
    image: Image
    default_target: str
    """What the target is called where the job names none."""

    @property
    def digest(self) -> str | None:
        """The digest that the image was asked for by, where it is a complete one."""
        return self.image.digest if self.image.digest and is_digest(self.image.digest) else None


@dataclass(frozen=True)
class ImportPlan:
    """An import, ready to be asked for."""

    target: Registry
    source: Source
    images: tuple[str, ...]
    repositories: tuple[str, ...]
    force: bool

    def body(self) -> dict[str, Any]:
        """The request's body."""
        body: dict[str, Any] = {"source": self.source.body}
        if self.images:
            body["targetTags"] = list(self.images)
        if self.repositories:
            body["untaggedTargetRepositories"] = list(self.repositories)
        return {**body, "mode": "Force" if self.force else "NoForce"}

    def tagged(self) -> list[Image]:
        """The target images, each with the tag that the service gives it: its own, else the source's, else latest."""
        parsed = [Image.parse(image) for image in self.images]
        return [Image(i.repository, tag=i.tag or self.source.image.tag or "latest") for i in parsed]

    def untagged(self, digest: str | None) -> list[Image]:
        """The target manifests without a tag.

        Args:
            digest: of the image that is imported; None where it is not known.
        """
        return [Image(name, digest=digest) for name in self.repositories]

    def how_to_look(self) -> str:
        """What to do to see whether the import has arrived: a sentence that ends with the command."""
        name = self.target.id.name
        if self.images:
            command = f"repository show --name {name} --image {self.tagged()[0]}"
        else:
            command = f"manifest list-metadata --registry {name} --name {self.repositories[0]}"
        return f"Look whether it has arrived: acrbridge acr {command}"


def summary(job: ImportJob) -> dict[str, Any]:
    """What a job asks for, as far as it tells by itself: nobody is asked.

    Raises:
        UsageError: REFERENCE_INVALID.
    """
    targets = [str(_checked_target(image)) for image in job.images]
    targets += [check_repository(repository) for repository in job.repositories]
    host, slash, image = job.source.partition("/")
    own = job.source if job.source_registry or not slash or "." not in host else image
    source = f"{job.source_registry}/{job.source}" if job.source_registry else job.source
    targets = targets or [_up_to_digest(own)]
    road = ", through this computer" if job.via == "client" else ""
    replacing = "; what has that name is replaced" if job.force else ""
    return {
        "registry": job.registry,
        "source": source,
        "targets": targets,
        "force": job.force,
        "text": f"Import {source} into {job.registry} as {', '.join(targets)}{road}{replacing}.",
    }


def make_plan(session: Session, job: ImportJob) -> ImportPlan:
    """Find both registries, and decide how the request names source and target.

    Raises:
        UsageError: REFERENCE_INVALID, SOURCE_REGISTRY_MISSING, SOURCE_HOST_LOCAL, CREDENTIALS_INCOMPLETE, …
        NotFoundError: TARGET_REGISTRY_NOT_FOUND, SOURCE_REGISTRY_NOT_FOUND.
        AcrBridgeError: IMPORT_NOT_SUPPORTED.
    """
    if job.username and not job.password:
        raise UsageError(
            "CREDENTIALS_INCOMPLETE", "Authentication failed: --username came without --password."
        )
    for repository in job.repositories:
        check_repository(repository)
    targets = [_checked_target(image) for image in job.images]
    target = _target(session, job)
    source = _resolve_source(session, job)
    images = job.images or (() if job.repositories else (source.default_target,))
    _remark_on_login_server(session, target, targets)
    return ImportPlan(target, source, images, job.repositories, job.force)


def _target(session: Session, job: ImportJob) -> Registry:
    """The target; on the client road its login server alone will do: who may push need not see the registry."""
    if job.via == "client" and not job.resource_group:
        login_server, shown = session.locate(job.registry)
        return shown or Registry.unseen(registry_name(job.registry, session.cloud.acr_suffix), login_server)
    target = session.find_registry(job.registry, job.resource_group)
    if target.sku.lower() not in _MANAGED:
        raise AcrBridgeError(
            "IMPORT_NOT_SUPPORTED",
            f"{target.id.name} has SKU {target.sku!r}: imports need another.",
            remedy=f"Move it to Basic, Standard or Premium: az acr update --name {target.id.name} --sku Standard",
        )
    return target


def _checked_target(text: str) -> Image:
    image = Image.parse(text)
    if image.digest:
        raise UsageError(
            "REFERENCE_INVALID",
            f"{text!r} has a digest: a target takes a tag alone, its digest is the source's.",
            remedy="Write --image REPOSITORY:TAG, or --repository REPOSITORY for a manifest without a tag.",
        )
    return image


def _remark_on_login_server(session: Session, target: Registry, images: list[Image]) -> None:
    for image in images:
        if image.repository.startswith(f"{target.login_server}/"):
            session.listener(
                Notice(
                    f"{image} goes into the repository {image.repository!r} of {target.id.name}:"
                    " leave the login server out of --image if that is not meant."
                )
            )


def _resolve_source(session: Session, job: ImportJob) -> Source:
    """By resource ID where the subscription knows the registry, else by host, with or without credentials."""
    if job.source_registry:
        if job.username or job.password:
            session.listener(
                Notice(
                    "--username and --password are not sent: a source given by --registry is read with the rights"
                    " of the signed-in account. To use them, put the login server into --source instead."
                )
            )
        if job.source_registry.startswith("/"):
            return _by_resource_id(session, _checked_id(job.source_registry), job.source)
        return _by_name(session, job.source_registry, job.source)
    host, image = split_source(job.source)
    if job.password:
        return _by_host(session, host, image, job)
    found = _find(session, host)
    if found:
        return _by_resource_id(session, found.document["id"], image)
    return _by_host(session, host, image, job)


def _checked_id(text: str) -> str:
    """A resource ID as it was typed, when it is one of a registry."""
    if RegistryId.parse(text) is None:
        raise UsageError(
            "REFERENCE_INVALID",
            f"--registry {text!a} is not the resource ID of a registry.",
            remedy="It is /subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.ContainerRegistry"
            "/registries/NAME; or give the registry's name.",
        )
    return text


def _by_resource_id(session: Session, resource_id: str, image: str) -> Source:
    body = {"resourceId": resource_id, "sourceImage": image}
    parsed = RegistryId.parse(resource_id)
    return Source(body, parsed.name if parsed else resource_id, _parse(session, image), _up_to_digest(image))


def _by_name(session: Session, name: str, image: str) -> Source:
    found = _find(session, name)
    if found is None:
        raise NotFoundError(
            "SOURCE_REGISTRY_NOT_FOUND",
            f"The source registry {name!r} can not be found in the current subscription.",
        )
    prefix = f"{found.login_server}/"
    if image.lower().startswith(prefix):
        session.listener(
            Notice(f"{found.login_server!r} in --source is ignored: --registry already says the same.")
        )
        image = image[len(prefix) :]
    return _by_resource_id(session, found.document["id"], image)


def _by_host(session: Session, host: str, image: str, job: ImportJob) -> Source:
    default_target = _up_to_digest(image)
    official = host.lower() == DOCKER_HUB and image_on_hub(image) != image
    if official:
        image = image_on_hub(image)
    parsed = _parse(session, image)
    if official:
        session.listener(
            Notice(f"{DOCKER_HUB}/{default_target} is an official image: {DOCKER_HUB}/{image} is used.")
        )
    body: dict[str, Any] = {"registryUri": host, "sourceImage": image}
    if job.password:
        user = {"username": job.username} if job.username else {}
        body["credentials"] = {"password": job.password.reveal(), **user}
    return Source(body, host, parsed, default_target)


def _find(session: Session, text: str) -> Registry | None:
    """The subscription's registry with that login server or name, regional login servers included."""
    if session.subscription.is_tenant_level:
        return None
    host, suffix = text.lower(), session.cloud.acr_suffix
    labels = host.removesuffix(suffix).split(".")
    if host.endswith(suffix) and len(labels) == 3 and labels[2] == "geo":
        host = f"{labels[0]}{suffix}"
        session.listener(Notice(f"{text!r} is a regional endpoint; Azure chooses the region itself."))
    found = [r for r in session.registries() if host in (r.login_server, r.id.name.lower())]
    return found[0] if len(found) == 1 else None


def _parse(session: Session, image: str) -> Image:
    parsed = Image.parse(image)
    if parsed.digest and not is_digest(parsed.digest):
        session.listener(
            Notice(
                f"{parsed.digest!r} is no complete digest (sha256: and 64 hexadecimal digits): Azure may refuse it."
            )
        )
    return parsed


def _up_to_digest(image: str) -> str:
    """What az calls the target where nobody names it."""
    return image.partition("@")[0]
