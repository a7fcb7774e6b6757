"""Import an image by Azure's importImage, wait for it, and read the target back.

The rules by which a command line becomes a request are az's (azure-cli 2.91, acr/import.py), measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acrbridge.azure import import_failures, operations
from acrbridge.azure.arm import REGISTRIES, Refusal, Registry
from acrbridge.errors import (
    AcrBridgeError,
    NotFoundError,
    StillRunningError,
    StoppedError,
    TargetExistsError,
    UsageError,
    VerificationError,
)
from acrbridge.http.deadlines import Cancelled, Deadline
from acrbridge.http.retry import NEVER
from acrbridge.jobs import ImportedImage, ImportJob, ImportResult, Notice
from acrbridge.operations.session import Session
from acrbridge.references import (
    DOCKER_HUB,
    Image,
    RegistryId,
    image_on_hub,
    is_digest,
    split_source,
)
from acrbridge.registry.acr import AcrMetadata
from acrbridge.registry.client import RegistryClient

_MANAGED = frozenset({"basic", "standard", "premium"})
_ABSENT_POLL = 5.0
"""Seconds between looks at the target where Azure gave no address to ask for the operation."""


@dataclass(frozen=True)
class Source:
    """Where the image comes from, as the request says it."""

    body: Mapping[str, Any]
    """The request's `source` object."""
    registry: str
    """Host, name or resource ID, for messages."""
    image: Image
    default_target: str
    """What the target is called where the job names none."""


def import_image(session: Session, job: ImportJob) -> ImportResult:
    """Import an image.

    Args:
        session: signed in to the target's tenant.
        job: what to import.

    Returns:
        The result, its images read back; without images where the job does not wait.

    Raises:
        AcrBridgeError: the import was refused or failed, by cause.
        StillRunningError: STILL_RUNNING, the timeout passed; Azure goes on.
        StoppedError: INTERRUPTED, Ctrl-C while Azure goes on.
        VerificationError: TARGET_TAG_ABSENT or DIGEST_MISMATCH.
    """
    if job.username and not job.password:
        raise UsageError(
            "CREDENTIALS_INCOMPLETE", "Authentication failed: --username came without --password."
        )
    return _Import(session, job).run()


def require_read_back(result: ImportResult) -> None:
    """Insist that the target was read back.

    Raises:
        VerificationError: UNVERIFIED.
    """
    if not result.verified:
        raise VerificationError(
            "UNVERIFIED", f"The import into {result.registry} could not be verified from here."
        )


class _Import:
    def __init__(self, session: Session, job: ImportJob) -> None:
        self._session = session
        self._job = job
        self._clock = session.http.clock
        self._began = self._clock.now()
        self._target = session.find_registry(job.registry, job.resource_group)
        if self._target.sku.lower() not in _MANAGED:
            raise AcrBridgeError(
                "IMPORT_NOT_SUPPORTED",
                f"{self._target.id.name} has SKU {self._target.sku!r}: imports need another.",
            )
        self._source = resolve_source(session, job)
        self._images = job.images or (() if job.repositories else (self._source.default_target,))
        for image in self._images:
            Image.parse(image)
        for repository in job.repositories:
            Image.parse(repository)

    def run(self) -> ImportResult:
        if not self._job.wait:
            self._notify("Import has started. Due to no-wait option, failures will not be reflected.")
        deadline = Deadline(self._job.timeout, self._clock)
        try:
            operation, repeated = self._start(deadline)
            if not self._job.wait:
                return self._result(operation, "Accepted", ())
            self._finish(operation, deadline, repeated=repeated)
        except (KeyboardInterrupt, Cancelled) as stop:
            interrupt = stop if isinstance(stop, KeyboardInterrupt) else KeyboardInterrupt()
            raise StoppedError(
                f"Stopped waiting. What Azure has accepted goes on. {self._how_to_look()}", interrupt
            ) from None
        return self._result(operation, "Succeeded", self._read_back())

    def body(self) -> dict[str, Any]:
        """The request's body, as az composes it."""
        body: dict[str, Any] = {"source": self._source.body}
        if self._images:
            body["targetTags"] = list(self._images)
        if self._job.repositories:
            body["untaggedTargetRepositories"] = list(self._job.repositories)
        return {**body, "mode": "Force" if self._job.force else "NoForce"}

    def _start(self, deadline: Deadline) -> tuple[operations.Operation, bool]:
        body = self.body()
        response, repeated = operations.start(
            lambda: self._session.arm.post(f"{self._target.id}/importImage", REGISTRIES, body, NEVER),
            deadline,
            self._session.listener,
        )
        if response.status >= 400:
            raise self._explained(Refusal.read(response))
        return operations.Operation(self._session.arm, response), repeated

    def _finish(self, operation: operations.Operation, deadline: Deadline, *, repeated: bool) -> None:
        if not operation.can_be_polled:
            return self._await_target(deadline)
        outcome = operation.wait(deadline, self._session.listener)
        if outcome.state == "succeeded":
            return None
        if outcome.refusal is None:
            raise StillRunningError(
                "STILL_RUNNING",
                f"Import {operation.id} is still running after {operation.elapsed:.0f} s ({outcome.status})."
                f" Azure goes on. {self._how_to_look()}",
            )
        error = self._explained(outcome.refusal)
        if repeated and isinstance(error, TargetExistsError) and self._is_ours():
            return None
        raise error

    def _await_target(self, deadline: Deadline) -> None:
        """Azure accepted, and gave no address to ask: look at the target until it is there."""
        with_tags = [Image.parse(image) for image in self._images]
        registry = self._session.open_registry(self._target)
        for image in with_tags:
            while True:
                try:
                    registry.manifest(image.repository, self._version(image))
                    break
                except NotFoundError:
                    if deadline.passed():
                        raise StillRunningError(
                            "STILL_RUNNING",
                            f"{image} has not appeared in {self._target.id.name}. {self._how_to_look()}",
                        ) from None
                    deadline.sleep(_ABSENT_POLL)

    def _is_ours(self) -> bool:
        """After a lost answer the first request's import can be what the second one met: the tags are as new."""
        metadata = AcrMetadata(self._session.open_registry(self._target))
        ages = [metadata.tag_age(self._tagged(Image.parse(image))) for image in self._images]
        return all(age is not None and age <= self._clock.now() - self._began for age in ages)

    def _explained(self, refusal: Refusal) -> AcrBridgeError:
        return import_failures.explain(
            refusal,
            target=self._target.id.name,
            source=self._source.registry,
            image=str(self._source.image),
        )

    def _how_to_look(self) -> str:
        image = self._images[0] if self._images else None
        what = (
            f"show --name {self._target.id.name} --image {image}"
            if image
            else (f"show-manifests --name {self._target.id.name} --repository {self._job.repositories[0]}")
        )
        return f"Look whether it has arrived: acrbridge acr repository {what}"

    # Reading back

    def _read_back(self) -> tuple[ImportedImage, ...]:
        wanted = [self._tagged(Image.parse(image)) for image in self._images]
        digest = self._source.image.digest
        if digest and is_digest(digest):
            wanted += [Image(repository, digest=digest) for repository in self._job.repositories]
        elif self._job.repositories:
            self._notify(
                "The manifest without a tag is not read back: give the source by digest to have it verified."
            )
        if not wanted:
            return ()
        try:
            registry = self._session.open_registry(self._target)
        except AcrBridgeError as error:
            return tuple(self._unread(image, error) for image in wanted)
        return tuple(self._read_one(registry, image) for image in wanted)

    def _read_one(self, registry: RegistryClient, image: Image) -> ImportedImage:
        try:
            manifest = registry.manifest(image.repository, image.version)
        except VerificationError:
            raise
        except NotFoundError as error:
            raise VerificationError(
                "TARGET_TAG_ABSENT",
                f"Azure reported success, but {self._target.login_server} has no {image}.",
            ) from error
        except AcrBridgeError as error:
            return self._unread(image, error)
        expected = self._source.image.digest
        if expected and is_digest(expected) and manifest.digest != expected:
            raise VerificationError(
                "DIGEST_MISMATCH",
                f"{self._target.login_server}/{image} has digest {manifest.digest}, not {expected} as the source.",
            )
        return ImportedImage(f"{registry.host}/{image}", manifest.digest, manifest.media_type, verified=True)

    def _unread(self, image: Image, error: AcrBridgeError) -> ImportedImage:
        self._notify(f"{image} was imported, but could not be read back from here: {error.message}")
        return ImportedImage(f"{self._target.login_server}/{image}", None, None, verified=False)

    def _tagged(self, image: Image) -> Image:
        return Image(image.repository, tag=self._version(image))

    def _version(self, image: Image) -> str:
        """The tag that the service gives a target without one: the source's, else latest."""
        return image.tag or self._source.image.tag or "latest"

    def _result(
        self, operation: operations.Operation, status: str, images: tuple[ImportedImage, ...]
    ) -> ImportResult:
        elapsed = self._clock.now() - self._began
        return ImportResult(
            self._target.id.name, self._target.login_server, operation.id, status, images, elapsed
        )

    def _notify(self, message: str) -> None:
        self._session.listener(Notice(message))


def resolve_source(session: Session, job: ImportJob) -> Source:
    """Decide how the request names the source: by resource ID, by host, with or without credentials.

    Raises:
        UsageError: REFERENCE_INVALID, SOURCE_REGISTRY_MISSING, SOURCE_HOST_LOCAL.
        NotFoundError: SOURCE_REGISTRY_NOT_FOUND.
    """
    if job.source_registry:
        if job.username or job.password:
            session.listener(
                Notice(
                    "--username and --password are not sent: a source given by --registry is read with the rights"
                    " of the signed-in account. To use them, put the login server into --source instead."
                )
            )
        if RegistryId.parse(job.source_registry) or job.source_registry.startswith("/"):
            return _by_resource_id(session, job.source_registry, job.source)
        return _by_name(session, job.source_registry, job.source)
    host, image = split_source(job.source)
    if job.password:
        return _by_host(session, host, image, job)
    found = _find(session, host)
    if found:
        return _by_resource_id(session, str(found.document["id"]), image)
    return _by_host(session, host, image, job)


def _by_resource_id(session: Session, resource_id: str, image: str) -> Source:
    parsed = _parse(session, image)
    return Source(
        {"resourceId": resource_id, "sourceImage": image}, resource_id, parsed, _default_target(image)
    )


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
    return _by_resource_id(session, str(found.document["id"]), image)


def _by_host(session: Session, host: str, image: str, job: ImportJob) -> Source:
    default_target = _default_target(image)
    if host.lower() == DOCKER_HUB and image_on_hub(image) != image:
        image = image_on_hub(image)
        session.listener(
            Notice(f"{DOCKER_HUB}/{default_target} is an official image: {DOCKER_HUB}/{image} is used.")
        )
    body: dict[str, Any] = {"registryUri": host, "sourceImage": image}
    if job.password:
        user = {"username": job.username} if job.username else {}
        body["credentials"] = {"password": job.password.reveal(), **user}
    return Source(body, host, _parse(session, image), default_target)


def _find(session: Session, text: str) -> Registry | None:
    """The subscription's registry with that login server or name, regional login servers included."""
    host = text.lower()
    labels = host.removesuffix(session.cloud.acr_suffix).split(".")
    if host.endswith(session.cloud.acr_suffix) and len(labels) == 3 and labels[2] == "geo":
        host = f"{labels[0]}{session.cloud.acr_suffix}"
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


def _default_target(image: str) -> str:
    """az: the source image up to its digest."""
    return image.partition("@")[0]
