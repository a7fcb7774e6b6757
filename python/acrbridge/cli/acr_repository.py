"""`acrbridge acr repository …`: what is in a registry."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acrbridge.cli.command import group
from acrbridge.cli.options import OldResourceGroup, OrderBy, RegistryName, Top, Yes
from acrbridge.cli.registry_command import registry_command
from acrbridge.errors import UsageError
from acrbridge.http import redact

if TYPE_CHECKING:
    from acrbridge.registry.client import RegistryClient

Repository = Annotated[str, typer.Option("--repository", help="The name of the repository.")]
OneRepository = Annotated[str | None, typer.Option("--repository", help="The name of the repository.")]
OneImage = Annotated[
    str | None, typer.Option("--image", "-t", help="The image, REPOSITORY:TAG or REPOSITORY@DIGEST.")
]
Detail = Annotated[bool, typer.Option("--detail", help="Show detailed information.")]


def add_to(parent: typer.Typer) -> None:
    """Add the group `repository`."""
    app = group(parent, "repository", "Look at repositories, tags and manifests, and delete them.")
    registry_command(app, "list")(list_repositories)
    registry_command(app, "show", _repository_or_image, missing=3)(show)
    registry_command(app, "show-tags")(show_tags)
    registry_command(
        app,
        "show-manifests",
        hidden=True,
        warning="This command has been deprecated and will be removed in a future release."
        " Use 'acr manifest list-metadata' instead.",
    )(show_manifests)
    registry_command(app, "delete", _repository_or_image)(delete)
    registry_command(app, "untag")(untag)


def _repository_or_image(
    *,
    name: RegistryName,
    repository: OneRepository = None,
    image: OneImage = None,
    resource_group: OldResourceGroup = None,
) -> tuple[str, str | None, str | None]:
    """The registry, and either a repository or an image in it."""
    del resource_group
    if bool(repository) == bool(image):
        raise UsageError(
            "OPTIONS_CONFLICT",
            "Usage error: give either --image IMAGE or --repository REPOSITORY, but not both.",
        )
    return name, repository, image


def list_repositories(client: RegistryClient, *, top: Top = None) -> list[str]:
    """List the repositories of a registry."""
    from acrbridge.operations import listing

    return listing.repositories(client, top)


def show(client: RegistryClient, repository: str | None, image: str) -> dict[str, Any]:
    """Show the attributes of a repository or an image."""
    from acrbridge.operations import listing

    return listing.repository(client, repository) if repository else listing.image(client, image)


def show_tags(
    client: RegistryClient,
    *,
    repository: Repository,
    top: Top = None,
    orderby: OrderBy = None,
    detail: Detail = False,
) -> list[Any]:
    """Show the tags of a repository."""
    from acrbridge.operations import listing

    return listing.tags(client, repository, top=top, order=orderby, detail=detail)


def show_manifests(
    client: RegistryClient,
    *,
    repository: Repository,
    top: Top = None,
    orderby: OrderBy = None,
    detail: Detail = False,
) -> list[dict[str, Any]]:
    """Show the manifests of a repository."""
    from acrbridge.operations import listing

    found = listing.manifests(client, repository, top=top, order=orderby)
    return found if detail else [listing.summary(manifest) for manifest in found]


def delete(
    client: RegistryClient, repository: str | None, image: str, *, yes: Yes = False
) -> dict[str, Any] | None:
    """Delete a repository, or an image's manifest with all its tags."""
    from acrbridge.operations import deleting

    if repository:
        confirm(yes, f"This operation will delete the repository '{repository}' and all images under it.")
        return deleting.delete_repository(client, repository) or None
    doomed = deleting.find_manifest(client, image)
    affected = ", ".join(f"'{doomed.repository}:{tag}'" for tag in doomed.tags) or "none"
    confirm(
        yes, f"This operation will delete the manifest '{doomed.digest}' and all these images: {affected}."
    )
    deleting.delete_manifest(client, doomed)
    return None


def untag(
    client: RegistryClient,
    *,
    image: Annotated[str, typer.Option("--image", "-t", help="The tag to delete, REPOSITORY:TAG.")],
) -> None:
    """Delete a tag; its manifest stays."""
    from acrbridge.operations import deleting

    deleting.untag(client, image)


def confirm(yes: bool, text: str) -> None:
    """Ask before something is deleted.

    Raises:
        UsageError: CONFIRMATION_MISSING, there is nobody to ask.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "CONFIRMATION_MISSING",
            "Unable to prompt for confirmation as no tty available. Use --yes.",
            remedy="",
        )
    typer.confirm(f"{redact.printable(text)} Are you sure you want to continue?", abort=True, err=True)
