"""What the names in a seed stand for: parts of the seed itself, or of the state that it is loaded into."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from acr_emulator.records import Identity, Registry, Subscription, Tenant
from acr_emulator.seed.model import SeedError
from acr_emulator.seed.reading import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acr_emulator.seed.model import Seed
    from acr_emulator.state import State

Meaning = TypeVar("Meaning")
NAMESPACE = uuid.UUID("ac000000-0000-4000-8000-000000000000")
SUFFIX = "azurecr.io"


def made_id(kind: str, name: str) -> str:
    """The ID of a part that has none of its own: the same for the same kind and name."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}/{name}"))


@dataclass(frozen=True)
class Names:
    """Resolves names; each method raises SeedError for a name that stands for nothing."""

    seed: Seed
    state: State

    def tenant(self, name: str) -> str:
        """The ID of a tenant; without a name the seed's first one, or else that of the state's environment."""
        name = name or next(iter(self.seed.tenants), "")
        if name in self.seed.tenants:
            return self.seed.tenants[name].id.lower() or made_id("tenant", name)
        if not name:
            return self._usual("tenant", "AZURE_TENANT_ID")
        tenants = self.state.find(Tenant)
        return _among(
            "tenant", name, {word: t.tenant_id for t in tenants for word in (t.domain, t.tenant_id)}
        )

    def subscription(self, name: str) -> str:
        """The ID of a subscription; without a name as for `tenant`."""
        name = name or next(iter(self.seed.subscriptions), "")
        if name in self.seed.subscriptions:
            return self.seed.subscriptions[name].id.lower() or made_id("subscription", name)
        if not name:
            return self._usual("subscription", "AZURE_SUBSCRIPTION_ID")
        known: dict[str, str] = {}
        for found in self.state.find(Subscription):
            known |= dict.fromkeys((found.display_name, found.subscription_id), found.subscription_id)
        return _among("subscription", name, known)

    def tenant_of(self, subscription_id: str) -> str:
        """The ID of the tenant that a subscription trusts."""
        for name, subscription in self.seed.subscriptions.items():
            if self.subscription(name) == subscription_id:
                return self.tenant(subscription.tenant)
        found = self.state.get(Subscription, subscription_id=subscription_id)
        return found.tenant_id if found else ""

    def host(self, name: str) -> str:
        """The host of a registry: an ACR's name or login server, or another registry's host."""
        known = {host.lower(): host.lower() for host in self.seed.hosts}
        for registry in self.state.find(Registry):
            known |= dict.fromkeys((registry.host, registry.name.lower() or registry.host), registry.host)
        for own in self.seed.registries:
            login_server = f"{own.lower()}.{SUFFIX}"
            known |= dict.fromkeys((own.lower(), login_server), login_server)
        return _among("registry", name.lower(), known)

    def registry_scope(self, name: str) -> str:
        """The resource ID of a registry of Azure."""
        known = {r.name.lower(): r.resource_id for r in self.state.find(Registry) if r.name}
        for own, registry in self.seed.registries.items():
            subscription = f"/subscriptions/{self.subscription(registry.subscription)}"
            group = f"{subscription}/resourceGroups/{registry.resource_group}"
            known[own.lower()] = f"{group}/providers/Microsoft.ContainerRegistry/registries/{own}"
        return _among("registry", name.lower(), known)

    def identity(self, name: str) -> tuple[str, str]:
        """Client ID and object ID of an identity."""
        known = {i.display_name: (i.client_id, i.object_id) for i in self.state.find(Identity)}
        for own, identity in self.seed.identities.items():
            known[own] = (
                identity.client_id.lower() or made_id("client", own),
                identity.object_id.lower() or made_id("object", own),
            )
        return _among("identity", name, known)

    def _usual(self, what: str, variable: str) -> str:
        environment = json.loads(self.state.setting("environment") or "{}")
        if variable not in environment:
            raise SeedError(f"the seed needs a {what}, because the state has none")
        return str(environment[variable])


def _among(what: str, name: str, known: Mapping[str, Meaning]) -> Meaning:
    if name not in known:
        raise SeedError(f"{name!r} is no {what}; {did_you_mean(name, known)}")
    return known[name]
