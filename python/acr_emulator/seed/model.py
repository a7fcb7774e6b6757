"""What a seed's YAML may say. Every key is a field here; `reading.py` refuses all others.

Names in a seed (of a tenant, a subscription …) are its own words, by which its other parts refer to them. IDs that
are left out are made from these names, so that the same seed always gives the same IDs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


class SeedError(ValueError):
    """A seed that makes no sense; the message says where and what would."""


@dataclass(frozen=True)
class TenantSeed:
    """An Entra tenant."""

    id: str = ""
    domain: str = ""
    """Such as contoso.onmicrosoft.com; made from the tenant's name where it is left out."""


@dataclass(frozen=True)
class SubscriptionSeed:
    """A subscription; without `tenant` it is of the seed's first tenant."""

    id: str = ""
    tenant: str = ""
    name: str = ""
    """As `az account list` shows it; the seed's own name where it is left out."""


@dataclass(frozen=True)
class RoleSeed:
    """A role on a registry, or else on a resource group of a subscription, or else on the subscription."""

    role: str
    registry: str = ""
    subscription: str = ""
    resource_group: str = ""


@dataclass(frozen=True)
class IdentitySeed:
    """A service principal or a managed identity."""

    kind: Literal["servicePrincipal", "userAssigned", "systemAssigned"] = "servicePrincipal"
    tenant: str = ""
    client_id: str = ""
    object_id: str = ""
    secret: str | None = None
    secret_expired: bool = False
    subscription: str = ""
    """Where a managed identity is, for its resource ID."""
    resource_group: str = "rg1"
    roles: tuple[RoleSeed, ...] = ()


@dataclass(frozen=True)
class RegistrySeed:
    """A registry of Azure; without `subscription` it is in the seed's first one."""

    subscription: str = ""
    resource_group: str = "rg1"
    location: str = "westeurope"
    sku: Literal["Classic", "Basic", "Standard", "Premium"] = "Premium"
    admin_passwords: tuple[str, ...] = ()
    """Two passwords switch the admin user on."""
    anonymous_pull: bool = False
    anonymous_push: bool = False
    public_network_access: bool = True
    trusted_services_bypass: bool = True
    allowed_ips: tuple[str, ...] | None = None
    export_enabled: bool = True
    repository_permissions: bool = False
    loopback: str = ""


@dataclass(frozen=True)
class HostSeed:
    """A registry that is not Azure's."""

    private_repositories: tuple[str, ...] = ()
    """Patterns of names that want a user; all others may be pulled by everybody."""
    anonymous_push: bool = False
    honours_ranges: bool = True
    loopback: str = ""


@dataclass(frozen=True)
class LoginSeed:
    """A repository-scoped token of a registry of Azure, or a user of another one."""

    registry: str
    username: str
    password: str
    scopes: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"*": ("pull",)})
    """Actions by repository pattern."""


@dataclass(frozen=True)
class ImageSeed:
    """An image or artifact: from an OCI layout, or generated, small, and the same each time."""

    registry: str
    repository: str
    tags: tuple[str, ...] = ()
    layout: str = ""
    """Folder of an OCI image layout, relative to the seed's file; its own tags count where `tags` is left out."""
    platforms: tuple[str, ...] = ("linux/amd64",)
    """`os/architecture[/variant][:os.version]`. Several make an index, one makes an image without an index."""
    manifests: int = 0
    """An index of this many images in place of `platforms`."""
    format: Literal["oci", "docker"] = "oci"
    artifact_type: str = ""
    """Makes an OCI artifact in place of an image: the media type of its configuration."""
    layers: int = 1
    layer_bytes: int = 256
    referrers: tuple[Literal["signature", "sbom"], ...] = ()
    locked: bool = False
    """Whether its tags may neither be overwritten nor deleted."""


@dataclass(frozen=True)
class SourceLoginSeed:
    """Which login the environment shall name."""

    registry: str
    username: str


@dataclass(frozen=True)
class EnvironmentSeed:
    """Whom `emulator env` makes a client: names of other parts of the seed."""

    subscription: str
    resource_group: str
    service_principal: str
    managed_identity: str
    source_login: SourceLoginSeed


@dataclass(frozen=True)
class Seed:
    """A whole seed."""

    tenants: dict[str, TenantSeed] = field(default_factory=dict)
    subscriptions: dict[str, SubscriptionSeed] = field(default_factory=dict)
    identities: dict[str, IdentitySeed] = field(default_factory=dict)
    registries: dict[str, RegistrySeed] = field(default_factory=dict)
    """Registries of Azure by name."""
    hosts: dict[str, HostSeed] = field(default_factory=dict)
    """Registries that are not Azure's, by host."""
    logins: tuple[LoginSeed, ...] = ()
    images: tuple[ImageSeed, ...] = ()
    environment: EnvironmentSeed | None = None
