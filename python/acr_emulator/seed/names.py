"""What the names in a seed stand for: parts of the seed itself, or of the state that it is loaded into."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acr_emulator.records import Identity, Registry, Subscription, Tenant
from acr_emulator.seed.model import SeedError
from acr_emulator.seed.reading import did_you_mean

if TYPE_CHECKING:
    from acr_emulator.seed.model import Seed
    from acr_emulator.state import State

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
        if name in self.seed.tenants:
            return self.seed.tenants[name].id.lower() or made_id("tenant", name)
        if not name:
            return self._first("tenants", "AZURE_TENANT_ID")
        known = {t.domain: t.tenant_id for t in self.state.find(Tenant)}
        known |= {t.tenant_id: t.tenant_id for t in self.state.find(Tenant)}
        return _among("tenant", name, known, self.seed.tenants)

    def subscription(self, name: str) -> str:
        """The ID of a subscription; without a name as for `tenant`."""
        if name in self.seed.subscriptions:
            return self.seed.subscriptions[name].id.lower() or made_id("subscription", name)
        if not name:
            return self._first("subscriptions", "AZURE_SUBSCRIPTION_ID")
        known = {s.display_name: s.subscription_id for s in self.state.find(Subscription)}
        known |= {s.subscription_id: s.subscription_id for s in self.state.find(Subscription)}
        return _among("subscription", name, known, self.seed.subscriptions)

    def tenant_of(self, subscription_id: str) -> str:
        """The ID of the tenant that a subscription trusts."""
        for name, subscription in self.seed.subscriptions.items():
            if self.subscription(name) == subscription_id:
                return self.tenant(subscription.tenant)
        found = self.state.get(Subscription, subscription_id=subscription_id)
        return found.tenant_id if found else ""

    def host(self, name: str) -> str:
        """The host of a registry: an ACR's name or login server, or another registry's host."""
        known = {r.host: r.host for r in self.state.find(Registry)}
        known |= {r.name.lower(): r.host for r in self.state.find(Registry) if r.name}
        known |= {host.lower(): host.lower() for host in self.seed.hosts}
        for own in self.seed.registries:
            login_server = f"{own.lower()}.{SUFFIX}"
            known |= {own.lower(): login_server, login_server: login_server}
        return _among("registry", name.lower(), known, ())

    def registry_scope(self, name: str) -> str:
        """The resource ID of a registry of Azure."""
        own = {n.lower(): (n, r) for n, r in self.seed.registries.items()}
        if name.lower() in own:
            written, registry = own[name.lower()]
            subscription = f"/subscriptions/{self.subscription(registry.subscription)}"
            group = f"{subscription}/resourceGroups/{registry.resource_group}"
            return f"{group}/providers/Microsoft.ContainerRegistry/registries/{written}"
        known = {r.name.lower(): r.resource_id for r in self.state.find(Registry) if r.name}
        return _among("registry", name.lower(), known, self.seed.registries)

    def identity(self, name: str) -> tuple[str, str]:
        """Client ID and object ID of an identity."""
        if name in self.seed.identities:
            own = self.seed.identities[name]
            return (
                own.client_id.lower() or made_id("client", name),
                own.object_id.lower() or made_id("object", name),
            )
        found = {i.display_name: (i.client_id, i.object_id) for i in self.state.find(Identity)}
        return found[_among("identity", name, {n: n for n in found}, self.seed.identities)]

    def _first(self, section: str, variable: str) -> str:
        for name in getattr(self.seed, section):
            return str(getattr(self, section.removesuffix("s"))(name))
        environment = json.loads(self.state.setting("environment") or "{}")
        if variable not in environment:
            raise SeedError(f"the seed needs one of {section}, because the state has none")
        return str(environment[variable])


def _among(what: str, name: str, known: dict[str, str], others: object) -> str:
    if name in known:
        return known[name]
    words = [*known, *(others if isinstance(others, (dict, tuple)) else ())]
    raise SeedError(f"{name!r} is no {what}; {did_you_mean(name, words)}")
