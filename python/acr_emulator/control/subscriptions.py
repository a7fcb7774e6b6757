"""Subscriptions, tenants, resource groups and resources: what ARM knows beside registries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from acr_emulator.control import errors
from acr_emulator.control.callers import subscription_of
from acr_emulator.control.calls import AzureJSON
from acr_emulator.control.paging import page
from acr_emulator.records import Identity, Registry, Subscription, Tenant

if TYPE_CHECKING:
    from starlette.responses import Response

    from acr_emulator.control.callers import Caller
    from acr_emulator.control.calls import Call
    from acr_emulator.world import World

IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
CLAUSE = re.compile(r"\s*(\w+)\s+eq\s+'([^']*)'\s*", re.IGNORECASE)
FILTERED = {"resourcetype": "type", "name": "name", "location": "location"}
"""Names in `$filter`, in lower case, and the field that each is compared with."""


def list_subscriptions(call: Call, caller: Caller) -> Response:
    """`GET /subscriptions`: those of the caller's tenant in which the caller holds a role."""
    found = call.world.state.find(Subscription)
    return page(call, [_subscription(s) for s in found if _may_see(call.world, caller, s)])


def get_subscription(call: Call, caller: Caller) -> Response:
    """`GET /subscriptions/{subscription}`."""
    subscription = _visible(call, caller, "Microsoft.Resources/subscriptions/read")
    return AzureJSON(_subscription(subscription))


def list_tenants(call: Call, caller: Caller) -> Response:
    """`GET /tenants`: the one that the caller's token is of."""
    return page(call, [_tenant(t) for t in call.world.state.find(Tenant, tenant_id=caller.tenant_id)])


def list_resource_groups(call: Call, caller: Caller) -> Response:
    """`GET /subscriptions/{subscription}/resourceGroups`."""
    action = "Microsoft.Resources/subscriptions/resourceGroups/read"
    subscription = _visible(call, caller, action)
    scope = f"/subscriptions/{subscription.subscription_id}/resourceGroups"
    groups = sorted(groups_of(call.world, subscription.subscription_id).values())
    return page(call, [_group(scope, name) for name in groups if caller.sees(call.world, f"{scope}/{name}")])


def get_resource_group(call: Call, caller: Caller) -> Response:
    """`GET /subscriptions/{subscription}/resourceGroups/{group}`."""
    subscription = subscription_of(call.world, caller, call.named("subscription"))
    scope = f"/subscriptions/{subscription.subscription_id}/resourceGroups"
    action = "Microsoft.Resources/subscriptions/resourceGroups/read"
    caller.must_be_allowed(call.world, action, f"{scope}/{call.named('group')}")
    return AzureJSON(
        _group(scope, group_named(call.world, subscription.subscription_id, call.named("group")))
    )


def list_resources(call: Call, caller: Caller) -> Response:
    """`GET /subscriptions/{subscription}/resources`: registries and user-assigned identities, by `$filter`."""
    action = "Microsoft.Resources/subscriptions/resources/read"
    subscription = _visible(call, caller, action)
    wanted = _filter(call.query("$filter"))
    found = _resources(call.world, subscription.subscription_id)
    return page(
        call,
        [r for r in found if _matches(r, wanted) and caller.may(call.world, f"{r['type']}/read", r["id"])],
    )


def groups_of(world: World, subscription_id: str) -> dict[str, str]:
    """Resource groups of a subscription: those that something is in, by their names in lower case."""
    ids = [resource["id"] for resource in _resources(world, subscription_id)]
    names = [resource_id.split("/")[4] for resource_id in ids]
    return {name.lower(): name for name in names}


def group_named(world: World, subscription_id: str, name: str) -> str:
    """A resource group's name as it was first written.

    Raises:
        ArmError: there is no such group.
    """
    found = groups_of(world, subscription_id).get(name.lower())
    if found is None:
        raise errors.resource_group_not_found(name)
    return found


def _visible(call: Call, caller: Caller, action: str) -> Subscription:
    subscription = subscription_of(call.world, caller, call.named("subscription"))
    if not _may_see(call.world, caller, subscription):
        raise errors.not_authorized(caller, action, f"/subscriptions/{subscription.subscription_id}")
    return subscription


def _may_see(world: World, caller: Caller, subscription: Subscription) -> bool:
    scope = f"/subscriptions/{subscription.subscription_id}"
    return subscription.tenant_id == caller.tenant_id and caller.sees(world, scope)


def _filter(text: str | None) -> dict[str, str]:
    if not text:
        return {}
    clauses = [CLAUSE.fullmatch(part) for part in re.split(r"\s+and\s+", text, flags=re.IGNORECASE)]
    wanted = {FILTERED.get(c[1].lower(), ""): c[2].lower() for c in clauses if c}
    if None in clauses or "" in wanted:
        raise errors.invalid_filter(text)
    return wanted


def _matches(resource: dict[str, Any], wanted: dict[str, str]) -> bool:
    return all(str(resource[field]).lower() == value for field, value in wanted.items())


def _resources(world: World, subscription_id: str) -> list[dict[str, Any]]:
    prefix = f"/subscriptions/{subscription_id}/".lower()
    registries = [_registry(r) for r in world.state.find(Registry) if r.kind == "azure"]
    identities = [
        _identity(i) for i in world.state.find(Identity) if i.kind == "userAssigned" and i.resource_id
    ]
    return [r for r in (*registries, *identities) if r["id"].lower().startswith(prefix)]


def _registry(registry: Registry) -> dict[str, Any]:
    return {
        "id": registry.resource_id,
        "name": registry.name,
        "type": errors.REGISTRIES,
        "sku": {"name": registry.sku, "tier": registry.sku},
        "location": registry.location,
        "tags": {},
    }


def _identity(identity: Identity) -> dict[str, Any]:
    resource_id = identity.resource_id or ""
    return {
        "id": resource_id,
        "name": resource_id.rsplit("/", 1)[-1],
        "type": IDENTITIES,
        "location": "westeurope",
        "tags": {},
    }


def _subscription(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{subscription.subscription_id}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription.subscription_id,
        "tenantId": subscription.tenant_id,
        "displayName": subscription.display_name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


def _tenant(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": f"/tenants/{tenant.tenant_id}",
        "tenantId": tenant.tenant_id,
        "countryCode": "NL",
        "displayName": tenant.domain.split(".")[0],
        "domains": [tenant.domain],
        "tenantCategory": "Home",
        "defaultDomain": tenant.domain,
        "tenantType": "AAD",
    }


def _group(scope: str, name: str) -> dict[str, Any]:
    return {
        "id": f"{scope}/{name}",
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": "westeurope",
        "tags": {},
        "properties": {"provisioningState": "Succeeded"},
    }
