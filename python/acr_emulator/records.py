"""What the emulated world consists of: frozen records, stored by state.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Tenant:
    """An Entra tenant."""

    tenant_id: str
    domain: str


@dataclass(frozen=True)
class Subscription:
    """An Azure subscription; it trusts one tenant."""

    subscription_id: str
    tenant_id: str
    display_name: str


@dataclass(frozen=True)
class Identity:
    """A service principal or a managed identity."""

    object_id: str
    client_id: str
    tenant_id: str
    kind: Literal["servicePrincipal", "userAssigned", "systemAssigned"]
    display_name: str
    secret: str | None = None
    secret_expired: bool = False
    resource_id: str | None = None


@dataclass(frozen=True)
class RoleAssignment:
    """A role given to an identity on a scope (a resource ID or a prefix of one), compared without case."""

    object_id: str
    role: str
    scope: str


@dataclass(frozen=True)
class Registry:
    """One registry host. `kind` tells an ACR from a registry that Azure knows nothing of."""

    host: str
    """Login server in lower case, such as contoso.azurecr.io or docker.io."""
    kind: Literal["azure", "foreign"]
    name: str = ""
    """The ACR's name as its owner wrote it; empty for a foreign registry."""
    tenant_id: str = ""
    subscription_id: str = ""
    resource_group: str = ""
    location: str = "westeurope"
    sku: Literal["Classic", "Basic", "Standard", "Premium"] = "Premium"
    created: str = "2024-01-01T00:00:00.0000000Z"
    loopback: str = ""
    """127.x.y.z: the registry's own address for clients that come without the proxy."""
    admin_user_enabled: bool = False
    admin_passwords: tuple[str, str] = ("", "")
    anonymous_pull: bool = False
    anonymous_push: bool = False
    public_network_access: bool = True
    trusted_services_bypass: bool = True
    allowed_ips: tuple[str, ...] | None = None
    """IPv4 addresses or networks that the firewall lets in; None where there is no firewall."""
    export_enabled: bool = True
    repository_permissions: bool = False
    """Mode "RBAC Registry + ABAC Repository Permissions": data actions count, AcrPull does not."""
    honours_ranges: bool = True
    """False plays a source registry without range requests (RFC 7233), which importImage cannot use."""
    private_repositories: tuple[str, ...] = ()
    """On a foreign registry: repositories that want a user, as patterns of fnmatch."""

    @property
    def resource_id(self) -> str:
        """ARM's ID of an ACR; empty for a foreign registry."""
        if self.kind == "foreign":
            return ""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.ContainerRegistry/registries/{self.name}"
        )


@dataclass(frozen=True)
class Login:
    """A user name and password that one registry knows: a repository-scoped token, or a foreign user."""

    host: str
    username: str
    password: str
    scopes: tuple[tuple[str, tuple[str, ...]], ...] = (("*", ("pull",)),)
    """Pairs of a repository pattern (fnmatch) and the actions granted there (pull, push, metadata_read …)."""


@dataclass(frozen=True)
class Attributes:
    """ACR's changeable attributes: what a lock forbids."""

    delete_enabled: bool = True
    list_enabled: bool = True
    read_enabled: bool = True
    write_enabled: bool = True

    def as_json(self) -> dict[str, bool]:
        """As `/acr/v1` shows them."""
        return {
            "deleteEnabled": self.delete_enabled,
            "listEnabled": self.list_enabled,
            "readEnabled": self.read_enabled,
            "writeEnabled": self.write_enabled,
        }


@dataclass(frozen=True)
class Repository:
    """A repository of one registry."""

    host: str
    name: str
    created: float
    updated: float
    attributes: Attributes = field(default_factory=Attributes)


@dataclass(frozen=True)
class Manifest:
    """A manifest as it was pushed: its bytes are what its digest names."""

    host: str
    repository: str
    digest: str
    media_type: str
    body: bytes
    created: float
    updated: float
    attributes: Attributes = field(default_factory=Attributes)
    subject: str | None = None
    """Digest of the manifest that this one refers to (OCI 1.1 `subject`)."""


@dataclass(frozen=True)
class Tag:
    """A tag and the digest that it points to."""

    host: str
    repository: str
    name: str
    digest: str
    created: float
    updated: float
    attributes: Attributes = field(default_factory=Attributes)


@dataclass(frozen=True)
class Upload:
    """An upload session; what has arrived is in the file of that ID in the state's folder `uploads`."""

    upload_id: str
    host: str
    repository: str


@dataclass(frozen=True)
class Operation:
    """An importImage operation: what it shall copy, and what came of it.

    Nothing of it is at the target before it has ended. Its last poll ends it, or the clock, where nobody polls.
    """

    operation_id: str
    subscription_id: str
    target_host: str
    source_host: str
    source_repository: str
    manifests: tuple[str, ...]
    """Digests of all manifests to copy, children before the indexes that list them, the image itself last."""
    target_tags: tuple[str, ...]
    """`repository:tag` each."""
    untagged_repositories: tuple[str, ...]
    force: bool
    polls_left: int
    """Number of polls that still answer "running"."""
    due: float
    """When it ends by itself, in seconds since 1970; each poll puts this off."""
    ended: bool = False
    error_status: int = 0
    """HTTP status of the final poll of a failed operation; 0 for one that succeeds."""
    error_code: str = ""
    error_message: str = ""
