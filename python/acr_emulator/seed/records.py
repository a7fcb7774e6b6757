"""A seed's parts as the records that the state holds."""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING

from acr_emulator.records import Identity, Login, Registry, RoleAssignment, Subscription, Tenant
from acr_emulator.rights import ROLES
from acr_emulator.seed.model import SeedError
from acr_emulator.seed.names import SUFFIX
from acr_emulator.seed.reading import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from acr_emulator.seed.model import EnvironmentSeed, IdentitySeed, RegistrySeed, RoleSeed
    from acr_emulator.seed.names import Names

RESOURCE_TYPES = {
    "userAssigned": "Microsoft.ManagedIdentity/userAssignedIdentities",
    "systemAssigned": "Microsoft.Compute/virtualMachines",
}
"""What a managed identity's resource ID is of: itself, or the machine that it belongs to."""
FIRST_LOOPBACK = 11
"""127.0.0.11 is the first registry's own address; those below are left for the machine's own uses."""


def records(names: Names) -> Iterator[object]:
    """All records of a seed but those of its images.

    Raises:
        SeedError: a name in it stands for nothing.
    """
    seed = names.seed
    for name, tenant in seed.tenants.items():
        yield Tenant(names.tenant(name), tenant.domain or f"{name}.onmicrosoft.com")
    for name, subscription in seed.subscriptions.items():
        tenant_id = names.tenant(subscription.tenant)
        yield Subscription(names.subscription(name), tenant_id, subscription.name or name)
    for name, identity in seed.identities.items():
        yield _identity(names, name, identity)
        yield from (_role(names, name, role) for role in identity.roles)
    yield from _registries(names)
    for login in seed.logins:
        scopes = tuple(login.scopes.items())
        yield Login(names.host(login.registry), login.username, login.password, scopes)


def environment(names: Names, seed: EnvironmentSeed) -> str:
    """The environment that makes a client the seed's own user, as a JSON object; its records are in the state."""
    subscription_id = names.subscription(seed.subscription)
    principal = names.state.get(Identity, client_id=names.identity(seed.service_principal)[0])
    if principal is None or principal.secret is None:
        raise SeedError(f"environment.service_principal: {seed.service_principal!r} has no secret")
    source = seed.source_login
    login = names.state.get(Login, host=names.host(source.registry), username=source.username)
    if login is None:
        raise SeedError(f"environment.source_login: {source.username!r} is no login of {source.registry}")
    return json.dumps(
        {
            "AZURE_TENANT_ID": names.tenant_of(subscription_id),
            "AZURE_CLIENT_ID": principal.client_id,
            "AZURE_CLIENT_SECRET": principal.secret,
            "AZURE_SUBSCRIPTION_ID": subscription_id,
            "ACR_EMULATOR_RESOURCE_GROUP": seed.resource_group,
            "ACR_EMULATOR_IDENTITY_CLIENT_ID": names.identity(seed.managed_identity)[0],
            "ACR_EMULATOR_SOURCE_USERNAME": login.username,
            "ACR_EMULATOR_SOURCE_PASSWORD": login.password,
        }
    )


def _identity(names: Names, name: str, seed: IdentitySeed) -> Identity:
    client_id, object_id = names.identity(name)
    return Identity(
        object_id=object_id,
        client_id=client_id,
        tenant_id=names.tenant(seed.tenant),
        kind=seed.kind,
        display_name=name,
        secret=seed.secret,
        secret_expired=seed.secret_expired,
        resource_id=_identity_resource(names, name, seed),
    )


def _identity_resource(names: Names, name: str, seed: IdentitySeed) -> str | None:
    kind = RESOURCE_TYPES.get(seed.kind)
    if kind is None:
        return None
    group = f"/subscriptions/{names.subscription(seed.subscription)}/resourcegroups/{seed.resource_group}"
    return f"{group}/providers/{kind}/{name}"


def _role(names: Names, name: str, seed: RoleSeed) -> RoleAssignment:
    if seed.role not in ROLES:
        raise SeedError(f"identities.{name}: {seed.role!r} is no role; {did_you_mean(seed.role, ROLES)}")
    scope = f"/subscriptions/{names.subscription(seed.subscription)}" if not seed.registry else ""
    if seed.registry:
        scope = names.registry_scope(seed.registry)
    elif seed.resource_group:
        scope = f"{scope}/resourceGroups/{seed.resource_group}"
    return RoleAssignment(names.identity(name)[1], seed.role, scope)


def _registries(names: Names) -> Iterator[Registry]:
    loopbacks = _free_loopbacks(names)
    for name, azure in names.seed.registries.items():
        host = f"{name.lower()}.{SUFFIX}"
        yield _azure_registry(names, name, azure, azure.loopback or _loopback(names, host, loopbacks))
    for host, foreign in names.seed.hosts.items():
        yield Registry(
            host=host.lower(),
            kind="foreign",
            loopback=foreign.loopback or _loopback(names, host.lower(), loopbacks),
            anonymous_push=foreign.anonymous_push,
            honours_ranges=foreign.honours_ranges,
            private_repositories=foreign.private_repositories,
        )


def _azure_registry(names: Names, name: str, seed: RegistrySeed, loopback: str) -> Registry:
    if len(seed.admin_passwords) not in (0, 2):
        raise SeedError(f"registries.{name}.admin_passwords must be two, or none")
    _check_networks(f"registries.{name}.allowed_ips", seed.allowed_ips or ())
    subscription_id = names.subscription(seed.subscription)
    first, second = seed.admin_passwords or ("", "")
    return Registry(
        host=f"{name.lower()}.{SUFFIX}",
        kind="azure",
        name=name,
        tenant_id=names.tenant_of(subscription_id),
        subscription_id=subscription_id,
        resource_group=seed.resource_group,
        location=seed.location,
        sku=seed.sku,
        loopback=loopback,
        admin_user_enabled=bool(seed.admin_passwords),
        admin_passwords=(first, second),
        anonymous_pull=seed.anonymous_pull,
        anonymous_push=seed.anonymous_push,
        public_network_access=seed.public_network_access,
        trusted_services_bypass=seed.trusted_services_bypass,
        allowed_ips=seed.allowed_ips,
        export_enabled=seed.export_enabled,
        repository_permissions=seed.repository_permissions,
    )


def _check_networks(place: str, networks: tuple[str, ...]) -> None:
    for network in networks:
        try:
            ipaddress.IPv4Network(network)
        except ValueError as error:
            raise SeedError(f"{place}: {error}") from None


def _loopback(names: Names, host: str, free: Iterator[str]) -> str:
    known = names.state.get(Registry, host=host)
    return known.loopback if known and known.loopback else next(free)


def _free_loopbacks(names: Names) -> Iterator[str]:
    seed = names.seed
    taken = {r.loopback for r in names.state.find(Registry)}
    taken |= {r.loopback for r in seed.registries.values()} | {h.loopback for h in seed.hosts.values()}
    numbers = range(FIRST_LOOPBACK, 255 * 256)
    addresses = (f"127.0.{n // 255}.{n % 255}" for n in numbers if n % 255)
    return (address for address in addresses if address not in taken)
