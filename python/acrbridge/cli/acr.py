"""`acrbridge acr …`: import images, list registries."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer

from acrbridge.cli.command import Run, Subscription, command, group
from acrbridge.cli.options import (
    SOURCE_PASSWORD_VARIABLE,
    Password,
    PasswordStdin,
    RegistryName,
    ResourceGroup,
    Suffix,
    Username,
)
from acrbridge.errors import UsageError
from acrbridge.jobs import ImportJob, ImportResult, Notice


class Via(StrEnum):
    """The roads of an import."""

    SERVICE = "service"
    CLIENT = "client"


def add_to(parent: typer.Typer, wanted: str = "") -> None:
    """Add the group `acr`, and in it the command that is wanted; all commands and groups, where none is."""
    app = group(parent, "acr", "Work with Azure Container Registries.")
    commands: dict[str, Callable[[], object]] = {
        "import": lambda: command(app, "import", columns=_import_columns)(import_image),
        "list": lambda: command(app, "list", columns=_registry_columns)(list_registries),
        "show": lambda: command(app, "show", columns=_registry_columns)(show_registry),
        "login": lambda: command(app, "login")(login),
    }
    for name in [wanted] if wanted in commands else commands:
        commands[name]()
    if wanted not in commands:
        from acrbridge.cli import acr_manifest, acr_repository

        acr_repository.add_to(app)
        acr_manifest.add_to(app)


def import_image(
    run: Run,
    name: RegistryName,
    source: Annotated[
        str, typer.Option("--source", help="Image to import, REGISTRY/REPOSITORY[:TAG|@DIGEST].")
    ],
    image: Annotated[
        list[str] | None,
        typer.Option(
            "--image",
            "-t",
            help="Target image, REPOSITORY[:TAG]; by default named as the source. Repeatable.",
        ),
    ] = None,
    repository: Annotated[
        list[str] | None,
        typer.Option("--repository", help="Target repository of a manifest without tag. Repeatable."),
    ] = None,
    registry: Annotated[
        str | None, typer.Option("--registry", "-r", help="Resource ID, name or login server of the source.")
    ] = None,
    username: Annotated[
        str | None, typer.Option("--username", "-u", help="User of the source registry.")
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(
            "--password",
            "-p",
            help="Password or token of the source registry; with --username also in ACRBRIDGE_SOURCE_PASSWORD.",
        ),
    ] = None,
    password_stdin: PasswordStdin = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing tags.")] = False,
    via: Annotated[
        Via, typer.Option("--via", help="Who copies: service, Azure; client, this computer.")
    ] = Via.SERVICE,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for the import to finish.")] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", help="Minutes to wait for Azure at the most; it goes on.", min=0)
    ] = 60,
    require_verified: Annotated[
        bool, typer.Option("--require-verified", help="Fail when the target cannot be read back.")
    ] = False,
    resource_group: ResourceGroup = None,
    subscription: Subscription = None,
) -> dict[str, Any] | None:
    """Import an image from another registry, without Docker."""
    if no_wait and require_verified:
        raise UsageError(
            "OPTIONS_CONFLICT", "--no-wait leaves nothing to read back: leave out --require-verified."
        )
    # The variable may be left over from another source: without a user it goes nowhere.
    variable = SOURCE_PASSWORD_VARIABLE if username else None
    secret = run.password(password, stdin=password_stdin, variable=variable, prompt=False)
    job = ImportJob(
        registry=name,
        source=source,
        source_registry=registry,
        username=username,
        password=secret,
        images=tuple(image or ()),
        repositories=tuple(repository or ()),
        resource_group=resource_group,
        force=force,
        wait=not no_wait,
        via=via.value,
        timeout=timeout * 60,
    )
    result = _import(run, job, subscription, must_verify=require_verified)
    return result.as_json() if run.output else None


def _import(run: Run, job: ImportJob, subscription: str | None, *, must_verify: bool) -> ImportResult:
    from acrbridge.operations.import_image import import_image
    from acrbridge.operations.read_back import require_verified

    with run.session(subscription) as session:
        result = import_image(session, job)
    if must_verify:
        require_verified(result)
    return result


def list_registries(
    run: Run, resource_group: ResourceGroup = None, subscription: Subscription = None
) -> list[dict[str, Any]]:
    """List the container registries of the subscription."""
    from acrbridge.operations import registries

    with run.session(subscription) as session:
        return registries.registries(session, resource_group)


def show_registry(
    run: Run, name: RegistryName, resource_group: ResourceGroup = None, subscription: Subscription = None
) -> dict[str, Any]:
    """Show a container registry."""
    from acrbridge.operations import registries

    with run.session(subscription) as session:
        return registries.registry(session, name, resource_group)


def login(
    run: Run,
    name: RegistryName,
    expose_token: Annotated[
        bool, typer.Option("--expose-token", "-t", help="Print a token for docker and its like.")
    ] = False,
    username: Username = None,
    password: Password = None,
    resource_group: ResourceGroup = None,
    suffix: Suffix = None,
    subscription: Subscription = None,
) -> dict[str, str]:
    """Get a token for a registry, to hand to docker login."""
    from acrbridge.operations import registries

    del resource_group, suffix
    if username or password:
        raise UsageError(
            "OPTIONS_CONFLICT", "--expose-token gives the account's token: leave out user and password."
        )
    if not expose_token:
        raise UsageError(
            "OPTIONS_CONFLICT",
            "acrbridge does not start docker: add --expose-token.",
            remedy=f"Hand docker a token: {_docker_login(name)}",
        )
    run.terminal.hear(
        Notice("The token is ACR's refresh token: it signs in docker and its like, but is no access token.")
    )
    with run.session(subscription) as session:
        return registries.exposed_token(session, name)


def _docker_login(name: str) -> str:
    """The command line that signs docker in."""
    login_server = name if "." in name else f"{name}.azurecr.io"
    token = f"acrbridge acr login --name {name} --expose-token --query accessToken -o tsv"
    user = "00000000-0000-0000-0000-000000000000"
    return f"{token} | docker login {login_server} --username {user} --password-stdin"


def _import_columns(result: Any) -> list[dict[str, Any]]:
    return [
        {"REFERENCE": image["reference"], "DIGEST": image["digest"], "VERIFIED": image["verified"]}
        for image in result["images"]
    ]


def _registry_columns(result: Any) -> list[dict[str, Any]]:
    return [
        {
            "NAME": registry.get("name"),
            "RESOURCE GROUP": registry.get("resourceGroup"),
            "LOCATION": registry.get("location"),
            "SKU": (registry.get("sku") or {}).get("name"),
            "LOGIN SERVER": registry.get("loginServer"),
            "CREATION DATE": str(registry.get("creationDate") or "")[:19] + "Z",
            "ADMIN ENABLED": registry.get("adminUserEnabled"),
        }
        for registry in (result if isinstance(result, list) else [result])
    ]
