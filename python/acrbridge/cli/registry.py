"""`acrbridge registry …`: logins of registries that are kept for later copies."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from acrbridge.cli.command import Run, command, group
from acrbridge.cli.options import PASSWORD_VARIABLE, Password, PasswordStdin, Username
from acrbridge.errors import UsageError
from acrbridge.jobs import Login

Host = Annotated[str, typer.Argument(metavar="HOST", help="The registry, such as docker.io.")]


def add_to(parent: typer.Typer) -> None:
    """Add the group `registry`."""
    app = group(parent, "registry", "Keep logins of registries for later copies.")
    command(app, "login", own=True)(login)
    command(app, "logout", own=True)(logout)
    command(app, "list", own=True)(list_logins)


def login(
    run: Run,
    host: Host,
    username: Username = None,
    password: Password = None,
    password_stdin: PasswordStdin = False,
) -> dict[str, Any]:
    """Try a login, and keep it in the system's keyring.

    Where there is no keyring, it is kept in a file that only you may read.
    """
    from acrbridge.operations import registry_login

    if not username:
        raise UsageError("CREDENTIALS_INCOMPLETE", f"Who signs in to {host}?", remedy="Add --username USER")
    secret = run.password(password, stdin=password_stdin, variable=PASSWORD_VARIABLE, prompt=True)
    if secret is None:
        raise UsageError(
            "CREDENTIALS_INCOMPLETE",
            f"The password of {username!r} is missing.",
            remedy=f"Set {PASSWORD_VARIABLE}, or pipe it in with --password-stdin",
        )
    with run.session() as session:
        return registry_login.login(session, host, Login(username, secret))


def logout(run: Run, host: Host) -> None:
    """Forget the login that is kept for a registry."""
    from acrbridge.operations import registry_login

    with run.session() as session:
        registry_login.logout(session, host)


def list_logins(run: Run) -> list[dict[str, Any]]:
    """List the logins that are kept: registries and users, no passwords."""
    from acrbridge.operations import registry_login

    with run.session() as session:
        return registry_login.listing(session)
