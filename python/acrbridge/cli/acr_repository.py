"""`acrbridge acr repository …`: what is in a registry."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acrbridge.cli.command import Run, Subscription, command, group
from acrbridge.cli.options import (
    PASSWORD_VARIABLE,
    OldResourceGroup,
    OrderBy,
    Password,
    PasswordStdin,
    RegistryName,
    Suffix,
    Top,
    Username,
    Yes,
)
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
    command(app, "list")(list_repositories)
    command(app, "show", missing=3)(show)
    command(app, "show-tags")(show_tags)
    command(
        app,
        "show-manifests",
        hidden=True,
        warning="This command has been deprecated and will be removed in a future release."
        " Use 'acr manifest list-metadata' instead.",
    )(show_manifests)
    command(app, "delete")(delete)
    command(app, "untag")(untag)


def list_repositories(
    run: Run,
    name: RegistryName,
    top: Top = None,
    username: Username = None,
    password: Password = None,
    password_stdin: PasswordStdin = False,
    suffix: Suffix = None,
    resource_group: OldResourceGroup = None,
    subscription: Subscription = None,
) -> list[str]:
    """List the repositories of a registry."""
    from acrbridge.operations import listing

    del suffix, resource_group
    with opened(run, name, username, password, password_stdin, subscription) as client:
        return listing.repositories(client, top)


def show(
    run: Run,
    name: RegistryName,
    repository: OneRepository = None,
    image: OneImage = None,
    username: Username = None,
    password: Password = None,
    password_stdin: PasswordStdin = False,
    suffix: Suffix = None,
    resource_group: OldResourceGroup = None,
    subscription: Subscription = None,
) -> dict[str, Any]:
    """Show the attributes of a repository or an image."""
    from acrbridge.operations import listing

    del suffix, resource_group
    with opened(run, name, username, password, password_stdin, subscription) as client:
        return listing.repository_or_image(client, repository, image)


def show_tags(
    run: Run,
    name: RegistryName,
    repository: Repository,
    top: Top = None,
    orderby: OrderBy = None,
    detail: Detail = False,
    username: Username = None,
    password: Password = None,
    password_stdin: PasswordStdin = False,
    suffix: Suffix = None,
    resource_group: OldResourceGroup = None,
    subscription: Subscription = None,
) -> list[Any]:
    """Show the tags of a repository."""
    from acrbridge.operations import listing

    del suffix, resource_group
    with opened(run, name, username, password, password_stdin, subscription) as client:
        return listing.tags(
            client, repository, top=top, order=orderby.wire if orderby else None, detail=detail
        )


def show_manifests(
    run: Run,
    name: RegistryName,
    repository: Repository,
    top: Top = None,
    orderby: OrderBy = None,
    detail: Detail = False,
    username: Username = None,
    password: Password = None,
    password_stdin: PasswordStdin = False,
    suffix: Suffix = None,
    resource_group: OldResourceGroup = None,
    subscription: Subscription = None,
) -> list[dict[str, Any]]:
    """Show the manifests of a repository."""
    from acrbridge.operations import listing

    del suffix, resource_group
    with opened(run, name, username, password, password_stdin, subscription) as client:
        found = listing.manifests(client, repository, top=top, order=orderby.wire if orderby else None)
    return found if detail else [listing.summary(manifest) for manifest in found]


def delete(
    run: Run,
    name: RegistryName,
    repository: OneRepository = None,
    image: OneImage = None,
    yes: Yes = False,
    username: Username = None,
    password: Password = None,
    password_stdin: PasswordStdin = False,
    suffix: Suffix = None,
    resource_group: OldResourceGroup = None,
    subscription: Subscription = None,
) -> dict[str, Any] | None:
    """Delete a repository, or an image's manifest with all its tags."""
    from acrbridge.operations import listing

    del suffix, resource_group
    listing.check_only_one(repository, image)
    with opened(run, name, username, password, password_stdin, subscription) as client:
        if repository:
            confirm(yes, f"This operation will delete the repository '{repository}' and all images under it.")
            return listing.delete_repository(client, repository) or None
        parsed, digest, gone = listing.image_digest(client, image or "")
        affected = ", ".join(f"'{parsed.repository}:{tag}'" for tag in gone) or "none"
        confirm(yes, f"This operation will delete the manifest '{digest}' and all these images: {affected}.")
        listing.delete_manifest(client, parsed.repository, digest)
        return None


def untag(
    run: Run,
    name: RegistryName,
    image: Annotated[str, typer.Option("--image", "-t", help="The tag to delete, REPOSITORY:TAG.")],
    username: Username = None,
    password: Password = None,
    password_stdin: PasswordStdin = False,
    suffix: Suffix = None,
    resource_group: OldResourceGroup = None,
    subscription: Subscription = None,
) -> None:
    """Delete a tag; its manifest stays."""
    from acrbridge.operations import listing

    del suffix, resource_group
    with opened(run, name, username, password, password_stdin, subscription) as client:
        listing.untag(client, image)


def opened(
    run: Run, name: str, username: str | None, password: str | None, stdin: bool, subscription: str | None
) -> AbstractContextManager[RegistryClient]:
    """A client of a registry, for as long as a command runs.

    Raises:
        UsageError: CREDENTIALS_INCOMPLETE.
    """
    if password and not username:
        raise UsageError("CREDENTIALS_INCOMPLETE", "Please also specify username if password is specified.")

    @contextmanager
    def open_client() -> Iterator[RegistryClient]:
        secret = (
            run.password(password, stdin=stdin, variable=PASSWORD_VARIABLE, prompt=True) if username else None
        )
        if username and not secret:
            raise UsageError("CREDENTIALS_INCOMPLETE", "Please specify both username and password.")
        with run.session(subscription) as session:
            yield session.open_registry_named(name, username, secret)

    return open_client()


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
