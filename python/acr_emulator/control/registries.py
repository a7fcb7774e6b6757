"""Registries as ARM shows them: lists, one, its admin user's credentials, and whether a name is free."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from acr_emulator import rights
from acr_emulator.control import errors
from acr_emulator.control.callers import subscription_of
from acr_emulator.control.calls import AzureJSON
from acr_emulator.control.paging import page
from acr_emulator.control.subscriptions import group_named
from acr_emulator.records import Registry
from acr_emulator.world import ARM_HOST

if TYPE_CHECKING:
    from starlette.responses import Response

    from acr_emulator.control.callers import Caller
    from acr_emulator.control.calls import Call
    from acr_emulator.state import State

NAME = re.compile(r"[a-zA-Z0-9]{5,50}")
RESOURCE_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.ContainerRegistry/registries/(?P<name>[^/]+)/?",
    re.IGNORECASE,
)


def list_registries(call: Call, caller: Caller) -> Response:
    """`GET …/registries` of a subscription or of one of its resource groups: those that the caller may read."""
    subscription = subscription_of(call.world, caller, call.named("subscription"))
    scope = f"/subscriptions/{subscription.subscription_id}"
    if "group" in call.request.path_params:
        scope = f"{scope}/resourceGroups/{call.named('group')}"
    if not caller.sees(call.world, scope):
        raise errors.not_authorized(caller, rights.READ, scope)
    if "group" in call.request.path_params:
        group_named(call.world, subscription.subscription_id, call.named("group"))
    prefix = f"{scope}/".lower()
    found = [r for r in _azure(call.world.state) if r.resource_id.lower().startswith(prefix)]
    shown = [r for r in found if caller.may(call.world, rights.READ, r.resource_id)]
    return page(call, [document(call, registry) for registry in shown])


def get_registry(call: Call, caller: Caller) -> Response:
    """`GET …/registries/{name}`."""
    return AzureJSON(document(call, authorized(call, caller, rights.READ)))


def list_credentials(call: Call, caller: Caller) -> Response:
    """`POST …/registries/{name}/listCredentials`: the admin user's name and passwords."""
    registry = authorized(call, caller, rights.LIST_CREDENTIALS)
    if not registry.admin_user_enabled:
        raise errors.admin_user_disabled(registry.resource_id)
    passwords = zip(("password", "password2"), registry.admin_passwords, strict=True)
    return AzureJSON(
        {
            "username": registry.name,
            "passwords": [{"name": name, "value": value} for name, value in passwords],
        }
    )


def check_name(call: Call, caller: Caller) -> Response:
    """`POST …/checkNameAvailability`: whether a registry may be called so; names are unique in all of Azure."""
    subscription = subscription_of(call.world, caller, call.named("subscription"))
    scope = f"/subscriptions/{subscription.subscription_id}"
    caller.must_be_allowed(call.world, "Microsoft.ContainerRegistry/checkNameAvailability/read", scope)
    name = str(call.document().get("name", ""))
    if not NAME.fullmatch(name):
        text = "Registry names may contain alpha numeric characters only and must be between 5 and 50 characters."
        return AzureJSON({"nameAvailable": False, "reason": "Invalid", "message": text})
    if any(name.lower() == registry.name.lower() for registry in _azure(call.world.state)):
        text = f"The registry {name} is already in use."
        return AzureJSON({"nameAvailable": False, "reason": "AlreadyExists", "message": text})
    return AzureJSON({"nameAvailable": True})


def list_permissions(call: Call, caller: Caller) -> Response:
    """`GET …/Microsoft.Authorization/permissions` of a registry or a resource group: what the caller may do."""
    subscription = subscription_of(call.world, caller, call.named("subscription"))
    group = call.named("group")
    scope = f"/subscriptions/{subscription.subscription_id}/resourceGroups/{group}"
    if "name" in call.request.path_params:
        scope = find(call.world.state, subscription.subscription_id, group, call.named("name")).resource_id
    else:
        group_named(call.world, subscription.subscription_id, group)
    held = rights.permissions(call.world.state, caller.object_id, scope)
    return page(
        call,
        [
            {
                "actions": list(role.actions),
                "notActions": list(role.not_actions),
                "dataActions": list(role.data_actions),
                "notDataActions": list(role.not_data_actions),
            }
            for role in held
        ],
    )


def authorized(call: Call, caller: Caller, action: str) -> Registry:
    """The registry that a path names, for a caller who may do this action on it.

    Raises:
        ArmError: not authorized, which ARM says first, whether it exists or not; or not found.
    """
    subscription = subscription_of(call.world, caller, call.named("subscription"))
    group, name = call.named("group"), call.named("name")
    scope = (
        f"/subscriptions/{subscription.subscription_id}/resourceGroups/{group}"
        f"/providers/{errors.REGISTRIES}/{name}"
    )
    caller.must_be_allowed(call.world, action, scope)
    group_named(call.world, subscription.subscription_id, group)
    return find(call.world.state, subscription.subscription_id, group, name)


def find(state: State, subscription_id: str, group: str, name: str) -> Registry:
    """A registry by subscription, resource group and name, all compared without case.

    Raises:
        ArmError: there is none.
    """
    wanted = (subscription_id.lower(), group.lower(), name.lower())
    for registry in _azure(state):
        if (
            registry.subscription_id.lower(),
            registry.resource_group.lower(),
            registry.name.lower(),
        ) == wanted:
            return registry
    raise errors.registry_not_found(name, group)


def login_server(call: Call, registry: Registry) -> str:
    """The login server that a client can reach: Azure's name through the proxy, else the loopback address."""
    if call.host.partition(":")[0] == ARM_HOST:
        return registry.host
    return f"{registry.loopback}:{call.world.options.port}"


def document(call: Call, registry: Registry) -> dict[str, Any]:
    """A registry as ARM's API shows it."""
    return {
        "sku": {"name": registry.sku, "tier": registry.sku},
        "type": errors.REGISTRIES,
        "id": registry.resource_id,
        "name": registry.name,
        "location": registry.location,
        "tags": {},
        "properties": {
            "loginServer": login_server(call, registry),
            "creationDate": registry.created,
            "provisioningState": "Succeeded",
            "adminUserEnabled": registry.admin_user_enabled,
            "networkRuleSet": _network_rules(registry),
            "policies": _policies(registry),
            "encryption": {"status": "disabled"},
            "dataEndpointEnabled": False,
            "dataEndpointHostNames": [],
            "privateEndpointConnections": [],
            "publicNetworkAccess": "Enabled" if registry.public_network_access else "Disabled",
            "networkRuleBypassOptions": "AzureServices" if registry.trusted_services_bypass else "None",
            "zoneRedundancy": "Disabled",
            "anonymousPullEnabled": registry.anonymous_pull,
            "metadataSearch": "Disabled",
            "roleAssignmentMode": (
                "AbacRepositoryPermissions"
                if registry.repository_permissions
                else "LegacyRegistryPermissions"
            ),
        },
    }


def _network_rules(registry: Registry) -> dict[str, Any]:
    allowed = registry.allowed_ips
    return {
        "defaultAction": "Allow" if allowed is None else "Deny",
        "ipRules": [{"action": "Allow", "value": value} for value in allowed or ()],
    }


def _policies(registry: Registry) -> dict[str, Any]:
    return {
        "quarantinePolicy": {"status": "disabled"},
        "trustPolicy": {"type": "Notary", "status": "disabled"},
        "retentionPolicy": {"days": 7, "status": "disabled"},
        "exportPolicy": {"status": "enabled" if registry.export_enabled else "disabled"},
        "azureADAuthenticationAsArmPolicy": {"status": "enabled"},
        "softDeletePolicy": {"retentionDays": 7, "status": "disabled"},
    }


def _azure(state: State) -> list[Registry]:
    return [registry for registry in state.find(Registry) if registry.kind == "azure"]
