"""`acrbridge acr manifest …`: manifests by name."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from acrbridge.cli.acr_repository import opened
from acrbridge.cli.command import Run, Subscription, command, group
from acrbridge.cli.options import OrderBy, Password, PasswordStdin, Suffix, Top, Username
from acrbridge.cli.render import write_bytes
from acrbridge.errors import UsageError
from acrbridge.references import Image

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
    command(app, "list-metadata")(list_metadata)
    command(app, "show", missing=3)(show)
    command(app, "list-referrers")(list_referrers)


def list_metadata(
    run: Run,
    repo_id: Qualified = None,
    registry: Registry = None,
    name: RepositoryName = None,
    top: Top = None,
    orderby: OrderBy = None,
    username: Username = None,
    password: Password = None,
    password_stdin: PasswordStdin = False,
    suffix: Suffix = None,
    subscription: Subscription = None,
) -> list[dict[str, Any]]:
    """List the metadata of a repository's manifests."""
    from acrbridge.operations import listing

    del suffix
    registry_name, repository = _named(repo_id, registry, name)
    if Image.parse(repository).repository != repository:
        raise UsageError(
            "REFERENCE_INVALID",
            "Parameter 'name' refers to a repository and should not include a tag or digest.",
        )
    with opened(run, registry_name, username, password, password_stdin, subscription) as client:
        return listing.manifests(client, repository, top=top, order=orderby.wire if orderby else None)


def show(
    run: Run,
    manifest_id: Qualified = None,
    registry: Registry = None,
    name: ManifestName = None,
    raw: Annotated[bool, typer.Option("--raw", help="Print the manifest's exact bytes.")] = False,
    username: Username = None,
    password: Password = None,
    password_stdin: PasswordStdin = False,
    suffix: Suffix = None,
    subscription: Subscription = None,
) -> Any:
    """Show a manifest."""
    from acrbridge.operations import listing

    del suffix
    registry_name, image = _named(manifest_id, registry, name)
    with opened(run, registry_name, username, password, password_stdin, subscription) as client:
        manifest = listing.manifest(client, image)
    if raw:
        write_bytes(manifest.body)
        return None
    return manifest.document()


def list_referrers(
    run: Run,
    manifest_id: Qualified = None,
    registry: Registry = None,
    name: ManifestName = None,
    artifact_type: Annotated[
        str | None, typer.Option("--artifact-type", help="Only this artifact type.")
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive", help="Referrers of referrers as well.")] = False,
    username: Username = None,
    password: Password = None,
    password_stdin: PasswordStdin = False,
    suffix: Suffix = None,
    subscription: Subscription = None,
) -> dict[str, Any]:
    """List what refers to a manifest: signatures, SBOMs and the like."""
    from acrbridge.operations import listing

    del suffix
    registry_name, image = _named(manifest_id, registry, name)
    with opened(run, registry_name, username, password, password_stdin, subscription) as client:
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
