"""`acrbridge acr manifest …`: manifests by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from acrbridge.cli.command import group
from acrbridge.cli.options import OrderBy, Top
from acrbridge.cli.registry_command import registry_command
from acrbridge.cli.render import write_bytes
from acrbridge.errors import UsageError
from acrbridge.references import Image

if TYPE_CHECKING:
    from acrbridge.registry.client import RegistryClient

Registry = Annotated[str | None, typer.Option("--registry", "-r", help="The name of the container registry.")]
RepositoryName = Annotated[str | None, typer.Option("--name", "-n", help="The name of the repository.")]
ManifestName = Annotated[
    str | None, typer.Option("--name", "-n", help="The artifact, REPOSITORY[:TAG] or REPOSITORY@DIGEST.")
]
Qualified = Annotated[
    list[str] | None, typer.Argument(help="Fully qualified, LOGIN-SERVER/REPOSITORY[:TAG|@DIGEST].")
]


def add_to(parent: typer.Typer) -> None:
    """Add the group `manifest`."""
    app = group(parent, "manifest", "Look at manifests and what refers to them.")
    registry_command(app, "list-metadata", _repository)(list_metadata)
    registry_command(app, "show", _artifact, missing=3)(show)
    registry_command(app, "list-referrers", _artifact)(list_referrers)


def _repository(
    *, repo_id: Qualified = None, registry: Registry = None, name: RepositoryName = None
) -> tuple[str, str]:
    """A registry and a repository in it."""
    registry_name, repository = _named(repo_id, registry, name)
    if Image.parse(repository).repository != repository:
        raise UsageError(
            "REFERENCE_INVALID",
            "Parameter 'name' refers to a repository and should not include a tag or digest.",
        )
    return registry_name, repository


def _artifact(
    *, manifest_id: Qualified = None, registry: Registry = None, name: ManifestName = None
) -> tuple[str, str]:
    """A registry and an artifact in it."""
    return _named(manifest_id, registry, name)


def list_metadata(
    client: RegistryClient, repository: str, *, top: Top = None, orderby: OrderBy = None
) -> list[dict[str, Any]]:
    """List the metadata of a repository's manifests."""
    from acrbridge.operations import listing

    return listing.manifests(client, repository, top=top, order=orderby)


def show(
    client: RegistryClient,
    image: str,
    *,
    raw: Annotated[bool, typer.Option("--raw", help="Print the manifest's exact bytes.")] = False,
) -> dict[str, Any] | None:
    """Show a manifest."""
    from acrbridge.operations import listing

    manifest = listing.manifest(client, image)
    if raw:
        write_bytes(manifest.body)
        return None
    return manifest.document()


def list_referrers(
    client: RegistryClient,
    image: str,
    *,
    artifact_type: Annotated[
        str | None, typer.Option("--artifact-type", help="Only this artifact type.")
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive", help="Referrers of referrers as well.")] = False,
) -> dict[str, Any]:
    """List signatures, SBOMs and the like of a manifest."""
    from acrbridge.operations import listing

    return {"manifests": listing.referrers(client, image, artifact_type, recursive=recursive)}


def _named(qualified: list[str] | None, registry: str | None, name: str | None) -> tuple[str, str]:
    """The registry and what is asked of it: one argument with both, or --registry with --name."""
    if bool(qualified) == bool(registry or name) or bool(registry) != bool(name):
        raise UsageError(
            "OPTIONS_CONFLICT",
            "Give either LOGIN-SERVER/REPOSITORY… or both --registry and --name, but not both.",
        )
    if registry and name:
        return registry, name
    host, slash, rest = (qualified or [""])[0].removeprefix("https://").partition("/")
    if not slash or not rest or "." not in host:
        raise UsageError("REFERENCE_INVALID", f"{(qualified or [''])[0]!r} is not LOGIN-SERVER/REPOSITORY….")
    return host, rest
