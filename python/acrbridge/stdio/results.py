"""What each method answers; the attributes of what a registry holds are as it gives them."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from acrbridge.stdio.answers import Answer


class ImportedImage(Answer):
    """One target of an import."""

    reference: str
    """LOGIN-SERVER/REPOSITORY:TAG; with @DIGEST where no tag was asked for."""
    digest: str | None
    """Null where it could not be read back."""
    media_type: str | None
    verified: bool
    """Whether it was read back, agrees with what was to come, and was written by this import."""


class Imported(Answer):
    """What an import came to."""

    registry: str
    login_server: str
    operation_id: str | None
    """Azure's."""
    status: str
    """Succeeded, or Accepted where nobody waited."""
    images: tuple[ImportedImage, ...]
    """None where nobody waited."""
    verified: bool
    """Whether all of them are."""
    elapsed_seconds: float
    copied: dict[str, int] | None = None
    """What this computer did, with `via: "client"`."""


class Plan(Answer):
    """What an import would do."""

    registry: str
    source: str
    targets: tuple[str, ...]
    force: bool
    text: str
    """The same in a sentence."""


class CopiedItem(Answer):
    """A blob or manifest of a copy."""

    kind: str
    """blob or manifest."""
    digest: str
    size: int
    """Bytes."""
    outcome: str
    """sent or there; of a blob also mounted, or skipped as a layer that registries do not hold."""
    tag: str | None
    """Under which a manifest was stored; null by its digest."""
    replaced: str | None
    """Digest that the tag stood for until then."""


class Copied(Answer):
    """What a copy came to, or with `dryRun` would come to."""

    source: str
    target: str
    digests: dict[str, str]
    """By tag; by "" for an image without one."""
    items: tuple[CopiedItem, ...]
    dry_run: bool
    blobs_sent: int
    blobs_mounted: int
    blobs_there: int
    """Found at the target."""
    blobs_skipped: int
    bytes_sent: int
    bytes_there: int
    manifests_sent: int
    manifests_there: int
    pulls: int
    """Manifests that were read: what Docker Hub counts."""
    docker_hub_pulls_left: int | None
    requests: int
    retries: int
    elapsed_seconds: float


class Registries(Answer):
    """A subscription's registries."""

    registries: tuple[str, ...]


class Repositories(Answer):
    """A registry's repositories."""

    repositories: tuple[str, ...]


class Repository(Answer):
    """Attributes of a repository, and whatever else the registry says of it."""

    model_config = ConfigDict(extra="allow")

    registry: str
    """Its login server."""
    image_name: str
    """The repository."""


class Attributes(Answer):
    """Attributes of a tag or manifest."""

    registry: str
    """Its login server."""
    image_name: str
    """The repository."""
    attributes: dict[str, Any]


class Tags(Answer):
    """A repository's tags with their attributes."""

    registry: str
    image_name: str
    tags: tuple[dict[str, Any], ...]


class Manifests(Answer):
    """A repository's manifests with their attributes."""

    registry: str
    image_name: str
    manifests: tuple[dict[str, Any], ...]


class Referrers(Answer):
    """What refers to an image: descriptors of the OCI image specification."""

    registry: str
    image_name: str
    referrers: tuple[dict[str, Any], ...]


class Subscription(Answer):
    """A subscription, as `az account show` shows it."""

    id: str
    name: str
    state: str
    tenant_id: str
    home_tenant_id: str
    environment_name: str
    """The cloud."""
    is_default: bool
    managed_by_tenants: tuple[dict[str, str], ...]
    user: dict[str, Any]


class AccessToken(Answer):
    """An access token."""

    access_token: str
    expires_on_local: str = Field(alias="expiresOn")
    """In this computer's local time, as az has it."""
    expires_on: int = Field(alias="expires_on")
    """Seconds since 1970."""
    subscription: str | None = None
    """Missing where a tenant was asked for."""
    tenant: str
    token_type: str
    user_id: str
    """Name of the account."""


class Subscriptions(Answer):
    """The subscriptions that an account, or all accounts, see."""

    subscriptions: tuple[Subscription, ...]


class SignedOut(Answer):
    """Who was signed out."""

    username: str


class RunningEmulator(Answer):
    """A local Azure."""

    pid: int
    port: int
    """On 127.0.0.1."""
    state: str
    """Its folder."""
    url: str


class StartedEmulator(RunningEmulator):
    """A local Azure, and what its clients need."""

    environment: dict[str, str]
    """Variables of its clients' environment; the secrets in it are made up."""
