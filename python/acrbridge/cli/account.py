"""`acrbridge login`, `logout` and `account …`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from acrbridge.cli.command import Run, command, group
from acrbridge.cli.options import CLIENT_SECRET_VARIABLE, PasswordStdin
from acrbridge.errors import UsageError
from acrbridge.jobs import Notice, Secret

OneSubscription = Annotated[
    str | None, typer.Option("--subscription", "-s", "--name", "-n", help="Name or ID of the subscription.")
]


class ResourceType(StrEnum):
    """Audiences that az knows by name."""

    AAD_GRAPH = "aad-graph"
    ARM = "arm"
    BATCH = "batch"
    DATA_LAKE = "data-lake"
    MEDIA = "media"
    MS_GRAPH = "ms-graph"
    OSS_RDBMS = "oss-rdbms"


_RESOURCES = {
    ResourceType.AAD_GRAPH: "https://graph.windows.net/",
    ResourceType.ARM: None,
    ResourceType.BATCH: "https://batch.core.windows.net/",
    ResourceType.DATA_LAKE: "https://datalake.azure.net/",
    ResourceType.MEDIA: "https://rest.media.azure.net",
    ResourceType.MS_GRAPH: "https://graph.microsoft.com/",
    ResourceType.OSS_RDBMS: "https://ossrdbms-aad.database.windows.net",
}


def add_to(parent: typer.Typer) -> None:
    """Add the commands, and the group `account`."""
    command(parent, "login")(login)
    command(parent, "logout")(logout)
    app = group(parent, "account", "See and choose the account's subscriptions.")
    command(app, "show")(show)
    command(app, "list", columns=_columns)(list_subscriptions)
    command(app, "set")(set_subscription)
    command(app, "clear")(clear)
    command(app, "get-access-token")(get_access_token)


def login(
    run: Run,
    service_principal: Annotated[
        bool, typer.Option("--service-principal", help="Sign in a service principal.")
    ] = False,
    identity: Annotated[
        bool, typer.Option("--identity", "-i", help="Sign in with a managed identity of this host.")
    ] = False,
    username: Annotated[
        str | None,
        typer.Option(
            "--username", "-u", help="Client ID of the service principal, or any ID of the identity."
        ),
    ] = None,
    password: Annotated[
        str | None, typer.Option("--password", "-p", help="Client secret; or in ACRBRIDGE_CLIENT_SECRET.")
    ] = None,
    password_stdin: PasswordStdin = False,
    tenant: Annotated[str | None, typer.Option("--tenant", "-t", help="Tenant's ID or domain.")] = None,
    client_id: Annotated[str | None, typer.Option("--client-id", help="Client ID of the identity.")] = None,
    object_id: Annotated[str | None, typer.Option("--object-id", help="Object ID of the identity.")] = None,
    resource_id: Annotated[
        str | None, typer.Option("--resource-id", help="Resource ID of the identity.")
    ] = None,
    allow_no_subscriptions: Annotated[
        bool, typer.Option("--allow-no-subscriptions", help="Sign in although no subscription is seen.")
    ] = False,
) -> list[dict[str, Any]]:
    """Sign in to Azure.

    As a service principal, or with a managed identity of this host.
    """
    if service_principal == identity:
        raise _no_one_way(both=identity)
    if identity:
        if password or password_stdin or tenant:
            raise UsageError("OPTIONS_CONFLICT", "--identity takes no --password and no --tenant.")
        return _login_identity(run, username, client_id, object_id, resource_id, allow_no_subscriptions)
    if not username or not tenant:
        raise UsageError(
            "OPTIONS_CONFLICT",
            "usage error: --service-principal --username NAME --password SECRET --tenant TENANT",
            remedy="",
        )
    secret = run.password(password, stdin=password_stdin, variable=CLIENT_SECRET_VARIABLE, prompt=True)
    return _login_service_principal(run, username, secret, tenant, allow_no_subscriptions)


def _no_one_way(*, both: bool) -> UsageError:
    if both:
        return UsageError("OPTIONS_CONFLICT", "Give either --service-principal or --identity.")
    return UsageError(
        "OPTIONS_CONFLICT",
        "Only service principals and managed identities can sign in yet, no users.",
        remedy="On an Azure host with an identity, add --identity; anywhere else:"
        " acrbridge login --service-principal --username APP_ID --tenant TENANT",
    )


def _login_identity(
    run: Run,
    username: str | None,
    client_id: str | None,
    object_id: str | None,
    resource_id: str | None,
    allow_none: bool,
) -> list[dict[str, Any]]:
    from acrbridge.operations import sign_in

    with run.session() as session:
        found = sign_in.managed_identity(
            session,
            username=username,
            client_id=client_id,
            object_id=object_id,
            resource_id=resource_id,
            allow_none=allow_none,
        )
    return [subscription.as_json("environmentName") for subscription in found]


def _login_service_principal(
    run: Run, client_id: str, secret: Secret | None, tenant: str, allow_none: bool
) -> list[dict[str, Any]]:
    from acrbridge.operations import sign_in

    if secret is None:
        raise UsageError(
            "CREDENTIALS_INCOMPLETE",
            "The service principal's secret is missing.",
            remedy=f"Give it with --password-stdin, in {CLIENT_SECRET_VARIABLE}, or with --password.",
        )
    with run.session() as session:
        found = sign_in.service_principal(session, client_id, secret, tenant, allow_none=allow_none)
    return [subscription.as_json() for subscription in found]


def logout(
    run: Run,
    username: Annotated[
        str | None, typer.Option("--username", help="Account to sign out; by default the one in use.")
    ] = None,
) -> None:
    """Sign out, and forget the account's tokens and secrets."""
    from acrbridge.operations import sign_in

    with run.session() as session:
        sign_in.sign_out(session, username)


def show(run: Run, subscription: OneSubscription = None) -> dict[str, Any]:
    """Show the subscription in use."""
    with run.session(subscription) as session:
        return session.subscription.as_json("environmentName")


def list_subscriptions(
    run: Run,
    all_: Annotated[bool, typer.Option("--all", help="Also subscriptions that are not enabled.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask Azure again.")] = False,
) -> list[dict[str, Any]]:
    """List the subscriptions of the signed-in accounts."""
    from acrbridge.operations import subscriptions

    with run.session() as session:
        found = subscriptions.subscriptions(session, refresh=refresh)
    if not found:
        run.terminal.hear(Notice('Please run "acrbridge login" to access your accounts.'))
    return [s.as_json() for s in found if all_ or s.state == "Enabled"]


def set_subscription(
    run: Run,
    subscription: Annotated[
        str, typer.Option("--subscription", "-s", "--name", "-n", help="Name or ID of the subscription.")
    ],
) -> None:
    """Choose the subscription in use."""
    from acrbridge.operations import subscriptions

    with run.session() as session:
        subscriptions.select(session, subscription)


def clear(run: Run) -> None:
    """Sign out all accounts."""
    from acrbridge.operations import sign_in

    with run.session() as session:
        sign_in.sign_out_all(session)


def get_access_token(
    run: Run,
    subscription: OneSubscription = None,
    resource: Annotated[str | None, typer.Option("--resource", help="The token's audience.")] = None,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="The token's scope, AUDIENCE/.default.")
    ] = None,
    resource_type: Annotated[
        ResourceType | None, typer.Option("--resource-type", help="A known audience.")
    ] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", "-t", help="Tenant's ID or domain.")] = None,
) -> dict[str, str | int]:
    """Get an access token.

    Such as to hand it to another tenant's import.
    """
    from acrbridge.operations.access_tokens import access_token

    if subscription and tenant:
        raise UsageError("OPTIONS_CONFLICT", "Please specify only one of subscription and tenant, not both")
    audience = _audience(resource, scope, resource_type)
    with run.session(subscription) as session:
        return access_token(session, resource=audience, tenant=tenant)


def _columns(result: Any) -> list[dict[str, Any]]:
    return [
        {
            "Name": subscription["name"],
            "CloudName": subscription["cloudName"],
            "SubscriptionId": subscription["id"],
            "TenantId": subscription["tenantId"],
            "State": subscription["state"],
            "IsDefault": subscription["isDefault"],
        }
        for subscription in result
    ]


def _audience(
    resource: str | None, scope: list[str] | None, resource_type: ResourceType | None
) -> str | None:
    """The audience: --scope wins over --resource, and that over --resource-type, as az has it."""
    if scope:
        if len(scope) > 1 or not scope[0].endswith("/.default"):
            raise UsageError(
                "OPTIONS_CONFLICT", "--scope takes one AUDIENCE/.default: applications get no other."
            )
        return scope[0].removesuffix("/.default")
    return resource or (_RESOURCES[resource_type] if resource_type else None)
