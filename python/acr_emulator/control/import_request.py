"""The body of importImage, read and checked.

Schema: Azure/azure-rest-api-specs, containerregistry.json 2023-07-01, ImportImageParameters. The service wants
`targetTags` or `untaggedTargetRepositories`, which the schema does not say (Azure/azure-powershell#24546).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acr_emulator.control import errors
from acr_emulator.control.references import SourceImage, source_image, target_repository, target_tag

if TYPE_CHECKING:
    from acr_emulator.records import Registry

MODES = ("NoForce", "Force")


@dataclass(frozen=True)
class Credentials:
    """What the source registry shall be shown; without a user name the password is an Entra access token."""

    username: str
    password: str


@dataclass(frozen=True)
class ImportRequest:
    """What shall be imported: from a registry of Azure by resource ID, or from any by its host."""

    image: SourceImage
    resource_id: str
    registry_uri: str
    credentials: Credentials | None
    target_tags: tuple[str, ...]
    untagged_repositories: tuple[str, ...]
    force: bool


def read(body: dict[str, Any], target: Registry) -> ImportRequest:
    """Read the body of importImage.

    Raises:
        ArmError: something is missing or makes no sense.
    """
    source = _object(body, "source") or {}
    resource_id, uri = _text(source, "resourceId"), _text(source, "registryUri")
    if not resource_id and not uri:
        raise errors.missing_property("Source.RegistryUri", target.name)
    if resource_id and uri:
        raise errors.invalid_parameters("Give either source.resourceId or source.registryUri, not both.")
    if not _text(source, "sourceImage"):
        raise errors.missing_property("Source.SourceImage", target.name)
    tags, untagged = _list(body, "targetTags"), _list(body, "untaggedTargetRepositories")
    if not tags and not untagged:
        raise errors.missing_property("TargetTags", target.name)
    image = source_image(_in_namespace(uri, _text(source, "sourceImage")))
    return ImportRequest(
        image=image,
        resource_id=resource_id,
        registry_uri=uri.partition("/")[0],
        credentials=_credentials(source, target),
        target_tags=tuple(target_tag(tag, image) for tag in tags),
        untagged_repositories=tuple(target_repository(name) for name in untagged),
        force=_mode(body) == "Force",
    )


def _in_namespace(uri: str, image: str) -> str:
    """Put a path that follows the host (the article writes `docker.io/sourcerepo`) before the image's name."""
    _, _, namespace = uri.partition("/")
    return f"{namespace.strip('/')}/{image}" if namespace.strip("/") else image


def _credentials(source: dict[str, Any], target: Registry) -> Credentials | None:
    given = _object(source, "credentials")
    if given is None:
        return None
    if not _text(given, "password"):
        raise errors.missing_property("Source.Credentials.Password", target.name)
    return Credentials(_text(given, "username"), _text(given, "password"))


def _mode(body: dict[str, Any]) -> str:
    mode = _text(body, "mode") or MODES[0]
    if mode not in MODES:
        raise errors.invalid_parameters(f"The import mode '{mode}' is invalid.")
    return mode


def _object(body: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise errors.invalid_content(f"An object was expected. Path '{name}'.")
    return value


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise errors.invalid_content(f"A string was expected. Path '{name}'.")
    return value or ""


def _list(body: dict[str, Any], name: str) -> list[str]:
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise errors.invalid_content(f"An array of strings was expected. Path '{name}'.")
    return value
