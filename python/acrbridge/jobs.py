"""Frozen records of what is to be done, what happened, and what is happening; each has one JSON form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class Secret:
    """A password or token that shows itself to nobody but `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for a request's body or header."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


def _secret(given: Secret | str) -> Secret:
    return Secret(given) if isinstance(given, str) else given


@dataclass(frozen=True)
class ImportJob:
    """One import, in the words of `az acr import`."""

    registry: str
    """Name or login server of the target registry."""
    source: str
    """The source image, with its registry host unless `source_registry` gives it."""
    source_registry: str | None = None
    """Resource ID, name or login server of the source registry."""
    username: str | None = None
    password: Secret | None = None
    images: tuple[str, ...] = ()
    """Target images, `repository[:tag]`. Neither images nor repositories: named as the source is."""
    repositories: tuple[str, ...] = ()
    """Target repositories that receive the manifest without a tag."""
    resource_group: str | None = None
    force: bool = False
    wait: bool = True
    timeout: float = 3600.0
    """Seconds after which waiting ends; Azure goes on."""
    via: str = "service"
    """The road: `service`, Azure copies; `client`, this computer does."""


@dataclass(frozen=True)
class ImportedImage:
    """One target of an import, as it was read back."""

    reference: str
    """`login-server/repository:tag`; where no tag was asked for with `@digest`, if that is known."""
    digest: str | None
    """None where the target could not be read."""
    media_type: str | None
    verified: bool
    """Whether it was read back, agrees with what the import was to bring, and was written by it."""

    def as_json(self) -> dict[str, Any]:
        """The image as a JSON object."""
        return {
            "digest": self.digest,
            "mediaType": self.media_type,
            "reference": self.reference,
            "verified": self.verified,
        }


@dataclass(frozen=True)
class ImportResult:
    """What an import came to."""

    registry: str
    login_server: str
    operation_id: str | None
    status: str
    """Succeeded, or Accepted where nobody waited."""
    images: tuple[ImportedImage, ...]
    elapsed: float
    """Seconds, the reading back included."""
    copied: Mapping[str, int] | None = None
    """What this computer did, where it copied: blobs and manifests sent and found, requests, and so on."""

    @property
    def verified(self) -> bool:
        """Whether every target was read back and agrees."""
        return bool(self.images) and all(image.verified for image in self.images)

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON object."""
        return {
            "elapsedSeconds": round(self.elapsed, 3),
            "images": [image.as_json() for image in self.images],
            "loginServer": self.login_server,
            "operationId": self.operation_id,
            "registry": self.registry,
            "status": self.status,
            "verified": self.verified,
            **({} if self.copied is None else {"copied": dict(self.copied)}),
        }


@dataclass(frozen=True)
class Login:
    """A user and password for one side of a copy."""

    username: str
    password: Secret
    """A plain text becomes a Secret, so that nothing shows it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "password", _secret(self.password))


@dataclass(frozen=True)
class CopyJob:
    """A copy from registry to registry, through this computer."""

    source: str
    """`HOST/REPOSITORY[:TAG|@DIGEST]`, `oci:PATH[:TAG|@DIGEST]` or `oci-archive:PATH[:TAG|@DIGEST]`."""
    target: str
    """`HOST/REPOSITORY[:TAG]`, `oci:PATH[:TAG]` or `oci-archive:PATH[:TAG]`; without a tag it gets the source's."""
    all_tags: bool = False
    """All tags of the source's repository; source and target are then repositories."""
    only: tuple[str, ...] = ()
    """Globs: of all tags only those that match one. This and the next four ask for all tags by themselves."""
    regex: str | None = None
    """Only tags that match as a whole."""
    semver: str | None = None
    """Only tags that are versions of this range, such as `>=1.2 <2`."""
    newest: int | None = None
    """Only so many tags, the highest versions."""
    exclude: tuple[str, ...] = ()
    """Globs: not the tags that match one."""
    tags: tuple[str, ...] = ()
    """Further tags for the target."""
    untagged: bool = False
    """The target gets the image by its digest only."""
    platforms: tuple[str, ...] = ()
    """`OS/ARCHITECTURE[/VARIANT]`; only these of an index."""
    referrers: bool = True
    """Signatures, SBOMs and the like come along."""
    artifact_types: tuple[str, ...] = ()
    """Only these of them."""
    foreign_layers: bool = False
    clobber: bool = True
    """A tag that the target has moves to the image; else that is refused."""
    dry_run: bool = False
    """Read both sides, send nothing, and tell what would be sent."""
    source_login: Login | None = None
    target_login: Login | None = None
    concurrency: int = 32
    """Requests at once, at most: fewer where a registry throttles or fails, or is near."""
    bandwidth: int | None = None
    """Bytes a second, all blobs together."""
    requests_per_second: float | None = None
    """That each host gets at most."""


@dataclass(frozen=True)
class CopyItem:
    """A blob or manifest of a copy, and what came of it."""

    kind: str
    """`blob` or `manifest`."""
    digest: str
    size: int
    """Bytes."""
    outcome: str
    """`sent`, `there`; of a blob also `mounted`, or `skipped` as a layer that registries do not hold."""
    tag: str | None = None
    """Under which a manifest was stored; None by its digest."""
    replaced: str | None = None
    """Digest that the tag stood for until then."""

    def as_json(self) -> dict[str, Any]:
        """The item as a JSON object."""
        return {
            "digest": self.digest,
            "kind": self.kind,
            "outcome": self.outcome,
            "replaced": self.replaced,
            "size": self.size,
            "tag": self.tag,
        }


@dataclass(frozen=True)
class CopyResult:
    """What a copy came to. The target was read back: its digests agree."""

    source: str
    target: str
    digests: Mapping[str, str]
    """By tag; by "" for an image without one."""
    counts: Mapping[str, int]
    """Blobs and manifests sent, mounted and found at the target, and their bytes."""
    elapsed: float
    items: tuple[CopyItem, ...] = ()
    dry_run: bool = False
    """Nothing was sent: this is what would have come of it."""
    requests: int = 0
    """Requests that it took; where a client copies several images at once, those of the others count, too."""
    retries: int = 0
    """Requests among them that were sent again."""
    failed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By tag, why it could not be copied: code, message and remedy. Such a result is a PartFailedError's."""
    docker_hub_pulls_left: int | None = None
    """None where Docker Hub was not asked, or does not limit them."""

    def as_json(self) -> dict[str, Any]:
        """The result as a JSON object."""
        return {
            **self.counts,
            "digests": dict(self.digests),
            "dockerHubPullsLeft": self.docker_hub_pulls_left,
            "dryRun": self.dry_run,
            "elapsedSeconds": round(self.elapsed, 3),
            "items": [item.as_json() for item in self.items],
            "requests": self.requests,
            "retries": self.retries,
            "source": self.source,
            "target": self.target,
            **({"failed": {tag: dict(error) for tag, error in self.failed.items()}} if self.failed else {}),
        }


@dataclass(frozen=True)
class BlobAtWork:
    """A blob on its way."""

    digest: str
    size: int
    """Bytes."""
    sent: int
    """Bytes so far; a blob that is begun anew begins at 0."""


@dataclass(frozen=True)
class Copying:
    """A copy is under way."""

    sent: int
    """Bytes so far."""
    total: int
    """Bytes to be sent in all, as far as is known: grows as manifests are read, shrinks by what is there."""
    rate: float
    """Bytes a second, of late."""
    elapsed: float
    """Seconds since the copy began."""
    blobs: tuple[BlobAtWork, ...] = ()
    """In the order in which they began."""

    @property
    def remaining(self) -> float | None:
        """Seconds to go at this rate; None where nothing moves."""
        return (self.total - self.sent) / self.rate if self.rate > 0 else None


@dataclass(frozen=True)
class Notice:
    """Something that a person should know, in one line."""

    message: str


@dataclass(frozen=True)
class Waiting:
    """A long-running operation is still running."""

    operation_id: str | None
    status: str
    elapsed: float
    """Seconds since the operation began."""


Event = Notice | Waiting | Copying
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener of those who listen to nothing."""
    del event
