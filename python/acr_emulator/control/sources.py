"""The source of an import: who may take what from it, and which manifests belong to the image."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from acr_emulator.control import failures
from acr_emulator.hosts import DOCKER_HUB, registry_for_host, split_authority
from acr_emulator.records import Manifest, Registry, Repository, Tag
from acr_emulator.registry import access, contents
from acr_emulator.registry.errors import RegistryError

if TYPE_CHECKING:
    from acr_emulator.control.import_request import Credentials, ImportRequest
    from acr_emulator.records import Attributes
    from acr_emulator.state import State
    from acr_emulator.world import World


def reached_by_host(world: World, request: ImportRequest) -> Registry:
    """The registry that `source.registryUri` names, when it lets the import service pull the image.

    Raises:
        ImportFailed: no such host, kept out by its network rules, or refused by its own access rules.
    """
    registry = _named(world.state, request.registry_uri)
    if not _admits_import_service(registry):
        raise failures.forbidden_address()
    principal = _principal(world, registry, request.credentials, request.image.repository)
    if not access.may(world, principal, registry, request.image.repository, "pull"):
        raise failures.unauthorized(request.image.repository)
    return registry


def reached_by_id(registry: Registry) -> Registry:
    """The registry that `source.resourceId` names, when it lets trusted services pass its network rules.

    Raises:
        ImportFailed: it does not.
    """
    check_network(registry)
    return registry


def check_network(registry: Registry) -> None:
    """Whether a registry that takes part in an import is open, or lets trusted services pass.

    https://learn.microsoft.com/azure/container-registry/allow-access-trusted-services

    Raises:
        ImportFailed: its network rules keep the import service out.
    """
    if not registry.trusted_services_bypass and not _admits_import_service(registry):
        raise failures.forbidden_address()


def manifests_of(state: State, registry: Registry, request: ImportRequest) -> tuple[str, ...]:
    """Digests of the manifests that make up the image, children first, the image itself last.

    Raises:
        ImportFailed: the registry cannot be imported from, or lacks the image or a part of it, or it is too big.
    """
    if not registry.export_enabled:
        raise failures.export_disabled(registry.host)
    if not registry.honours_ranges:
        raise failures.no_ranges()
    repository, digest = request.image.repository, _digest(state, registry, request)
    found: list[str] = []
    _walk(state, registry.host, repository, digest, set(), found)
    return tuple(found)


def manifest(state: State, host: str, repository: str, digest: str) -> Manifest:
    """A manifest that the source holds and lets be read.

    Raises:
        ImportFailed: it does not.
    """
    found = state.get(Manifest, host=host, repository=repository, digest=digest)
    if found is None:
        raise failures.manifest_unknown(host, repository, digest)
    _check_readable(found.attributes)
    return found


def _named(state: State, uri: str) -> Registry:
    try:
        host, port = split_authority(uri)
    except ValueError:
        raise failures.unknown_host(uri) from None
    registry = registry_for_host(state, host, port)
    if registry is None:
        raise failures.unknown_host(host)
    return registry


def _admits_import_service(registry: Registry) -> bool:
    if not registry.public_network_access:
        return False
    address = ipaddress.ip_address(failures.IMPORT_SERVICE)
    allowed = registry.allowed_ips
    return allowed is None or any(address in ipaddress.ip_network(value) for value in allowed)


def _principal(
    world: World, registry: Registry, credentials: Credentials | None, repository: str
) -> access.Principal:
    if credentials is None:
        return access.ANONYMOUS
    principal = access.authenticate_basic(world, registry, credentials.username, credentials.password)
    if principal is None:
        hub = registry.host == DOCKER_HUB
        raise failures.wrong_password() if hub else failures.unauthorized(repository)
    return principal


def _digest(state: State, registry: Registry, request: ImportRequest) -> str:
    image, host = request.image, registry.host
    repository = state.get(Repository, host=host, name=image.repository)
    if repository is None and host == DOCKER_HUB:
        raise failures.unauthorized(image.repository)  # the Hub does not say which names it has
    if repository is not None:
        _check_readable(repository.attributes)
    if image.digest:
        return image.digest
    tag = state.get(Tag, host=host, repository=image.repository, name=image.tag)
    if tag is None:
        raise failures.manifest_unknown(host, image.repository, image.tag)
    _check_readable(tag.attributes)
    return tag.digest


def _walk(state: State, host: str, repository: str, digest: str, seen: set[str], found: list[str]) -> None:
    seen.add(digest)
    if len(seen) > failures.MANIFEST_LIMIT:
        raise failures.too_many_manifests()
    record = manifest(state, host, repository, digest)
    for child in contents.parse(record.body, record.media_type).children:
        if child["digest"] not in seen:
            _walk(state, host, repository, child["digest"], seen, found)
    found.append(digest)


def _check_readable(attributes: Attributes) -> None:
    if not attributes.read_enabled:
        raise failures.refused(RegistryError("REGISTRY_DISALLOWED_OPERATION"))
