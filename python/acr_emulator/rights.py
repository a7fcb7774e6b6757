"""Azure's role-based access: built-in roles, and what an identity may do on a scope.

Role definitions: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles (General,
Containers); how a permission is read: `.../role-based-access-control/role-definitions`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from acr_emulator.records import RoleAssignment

if TYPE_CHECKING:
    from acr_emulator.state import State

ACR = "Microsoft.ContainerRegistry/registries"
READ = f"{ACR}/read"
PULL = f"{ACR}/pull/read"
PUSH = f"{ACR}/push/write"
DELETE = f"{ACR}/artifacts/delete"
IMPORT = f"{ACR}/importImage/action"
LIST_CREDENTIALS = f"{ACR}/listCredentials/action"
CONTENT = f"{ACR}/repositories/content"
METADATA = f"{ACR}/repositories/metadata"


@dataclass(frozen=True)
class Role:
    """A role definition: patterns of actions, where `*` spans slashes and case does not count."""

    role_id: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()

    def allows(self, action: str, *, data: bool = False) -> bool:
        """Whether this role allows an action; its own notActions take away, those of another role do not."""
        granted, taken = (
            (self.data_actions, self.not_data_actions) if data else (self.actions, self.not_actions)
        )
        return _any_matches(granted, action) and not _any_matches(taken, action)


ROLES: dict[str, Role] = {
    "Owner": Role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", actions=("*",)),
    "Contributor": Role(
        "b24988ac-6180-42a0-ab88-20f7382dd24c",
        actions=("*",),
        not_actions=(
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
            "Microsoft.Blueprint/blueprintAssignments/write",
            "Microsoft.Blueprint/blueprintAssignments/delete",
            "Microsoft.Compute/galleries/share/action",
            "Microsoft.Purview/consents/write",
            "Microsoft.Purview/consents/delete",
            "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
        ),
    ),
    "Reader": Role("acdd72a7-3385-48ef-bd42-f606fba81ae7", actions=("*/read",)),
    "Container Registry Configuration Reader and Data Access Configuration Reader": Role(
        "69b07be0-09bf-439a-b9a6-e73de851bd59", actions=(READ, f"{ACR}/listUsages/read")
    ),
    "AcrPull": Role("7f951dda-4ed3-4680-a7ca-43fe172d538d", actions=(PULL,)),
    "AcrPush": Role("8311e382-0749-4cb8-b61a-304f252e45ec", actions=(PULL, PUSH)),
    "AcrDelete": Role("c2f4ef07-c644-48eb-af81-4b1b4947fb11", actions=(DELETE,)),
    "AcrImageSigner": Role(
        "6cef56e8-d556-48e5-a04f-b8e64114680f",
        actions=(f"{ACR}/sign/write",),
        data_actions=(f"{ACR}/trustedCollections/write",),
    ),
    "Container Registry Data Importer and Data Reader": Role(
        "577a9874-89fd-4f24-9dbd-b5034d0ad23a", actions=(IMPORT, READ, PULL)
    ),
    "Container Registry Repository Reader": Role(
        "b93aa761-3e63-49ed-ac28-beffa264f7ac", data_actions=(f"{CONTENT}/read", f"{METADATA}/read")
    ),
    "Container Registry Repository Writer": Role(
        "2a1e307c-b015-4ebd-883e-5b7698a07328",
        data_actions=(f"{CONTENT}/read", f"{CONTENT}/write", f"{METADATA}/read", f"{METADATA}/write"),
    ),
    "Container Registry Repository Contributor": Role(
        "2efddaa5-3f1f-4df3-97df-af3f13818f4c",
        data_actions=(
            f"{CONTENT}/read",
            f"{CONTENT}/write",
            f"{CONTENT}/delete",
            f"{METADATA}/read",
            f"{METADATA}/write",
            f"{METADATA}/delete",
        ),
    ),
    "Container Registry Repository Catalog Lister": Role(
        "bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7", data_actions=(f"{ACR}/catalog/read",)
    ),
}
"""Azure's built-in roles that matter to a registry, by name."""


def permissions(state: State, object_id: str, scope: str) -> list[Role]:
    """Roles that an identity holds on a scope (a resource ID), given there or on any scope above it."""
    held = state.find(RoleAssignment, object_id=object_id)
    return [ROLES[assignment.role] for assignment in held if _covers(assignment.scope, scope)]


def is_allowed(state: State, object_id: str, action: str, scope: str, *, data: bool = False) -> bool:
    """Whether an identity may do an action on a scope.

    Args:
        state: where role assignments are kept.
        object_id: of the identity; one that is not known holds no role.
        action: such as `Microsoft.ContainerRegistry/registries/pull/read`; case does not count.
        scope: a resource ID, or that of a resource group or a subscription; case does not count.
        data: whether the action is one of dataActions, which `*` of Owner and Contributor leaves out.
    """
    return any(role.allows(action, data=data) for role in permissions(state, object_id, scope))


def is_visible(state: State, object_id: str, scope: str) -> bool:
    """Whether an identity holds a role on a scope, above it or below it: what lists of containers show."""
    held = state.find(RoleAssignment, object_id=object_id)
    return any(_covers(a.scope, scope) or _covers(scope, a.scope) for a in held)


def _covers(upper: str, lower: str) -> bool:
    return f"{lower.rstrip('/')}/".lower().startswith(f"{upper.rstrip('/')}/".lower())


def _any_matches(patterns: tuple[str, ...], action: str) -> bool:
    return any(_pattern(pattern).fullmatch(action) for pattern in patterns)


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.IGNORECASE)
