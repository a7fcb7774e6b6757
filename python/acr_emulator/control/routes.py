"""The control side's routes: Entra, managed identities and ARM, the same for their real hosts and for localhost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acr_emulator.control import (
    cloud,
    entra,
    errors,
    import_image,
    managed_identity,
    operations,
    registries,
    subscriptions,
)
from acr_emulator.control.calls import arm_route, open_route

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import Route

    from acr_emulator.control.callers import Caller
    from acr_emulator.control.calls import ArmHandler, Call, Handler
    from acr_emulator.world import World

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/{{group}}"
PROVIDER = "/providers/Microsoft.ContainerRegistry"
REGISTRY = f"{GROUP}{PROVIDER}/registries/{{name}}"
PERMISSIONS = "/providers/Microsoft.Authorization/permissions"

OPEN: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/{tenant}/v2.0/.well-known/openid-configuration", entra.openid_configuration),
    ("GET", "/{tenant}/.well-known/openid-configuration", entra.openid_configuration),
    ("GET", "/{tenant}/discovery/instance", entra.instance_discovery),
    ("GET", "/{tenant}/discovery/v2.0/keys", entra.keys),
    ("GET", "/{tenant}/discovery/keys", entra.keys),
    ("POST", "/{tenant}/oauth2/v2.0/token", entra.token),
    ("GET", "/metadata/identity/oauth2/token", managed_identity.instance_metadata),
    ("GET", "/msi/token", managed_identity.app_service),
    ("GET", "/metadata/endpoints", cloud.endpoints),
)
"""Routes that want no token of ARM."""

ARM: tuple[tuple[str, str, ArmHandler], ...] = (
    ("GET", "/tenants", subscriptions.list_tenants),
    ("GET", "/subscriptions", subscriptions.list_subscriptions),
    ("GET", SUBSCRIPTION, subscriptions.get_subscription),
    ("GET", f"{SUBSCRIPTION}/resources", subscriptions.list_resources),
    ("GET", f"{SUBSCRIPTION}/resourceGroups", subscriptions.list_resource_groups),
    ("GET", GROUP, subscriptions.get_resource_group),
    ("POST", f"{SUBSCRIPTION}{PROVIDER}/checkNameAvailability", registries.check_name),
    ("GET", f"{SUBSCRIPTION}{PROVIDER}/registries", registries.list_registries),
    ("GET", f"{GROUP}{PROVIDER}/registries", registries.list_registries),
    ("GET", REGISTRY, registries.get_registry),
    ("POST", f"{REGISTRY}/listCredentials", registries.list_credentials),
    ("POST", f"{REGISTRY}/importImage", import_image.import_image),
    ("GET", f"{GROUP}{PERMISSIONS}", registries.list_permissions),
    ("GET", f"{REGISTRY}{PERMISSIONS}", registries.list_permissions),
    ("GET", f"{GROUP}{PROVIDER}//registries/{{name}}{PERMISSIONS}", registries.list_permissions),
    (
        "GET",
        f"{SUBSCRIPTION}{PROVIDER}/locations/{{location}}/operationResults/{{operation}}",
        operations.poll,
    ),
)
"""ARM's routes. The doubled slash is that of the SDK, which leaves the parent of a resource empty."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def control_routes(world: World) -> list[Route]:
    """All routes of Entra, managed identities and ARM for one emulator; ARM answers what none of them takes."""
    return [
        *(open_route(world, *route) for route in OPEN),
        *(arm_route(world, *route) for route in ARM),
        *(arm_route(world, method, "/{path:path}", _not_played) for method in METHODS),
    ]


def _not_played(call: Call, caller: Caller) -> Response:  # noqa: ARG001  # every handler of ARM takes its caller
    raise errors.not_played(call.request.method, call.request.url.path)
