"""A command that looks into one registry: its options for signing in there, and the client that it is handed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import typer

from acrbridge.cli.command import Run, Subscription, command
from acrbridge.cli.options import (
    PASSWORD_VARIABLE,
    OldResourceGroup,
    Password,
    PasswordStdin,
    RegistryName,
    Suffix,
    Username,
)
from acrbridge.errors import UsageError
from acrbridge.jobs import Secret

Address = Callable[..., tuple[str | None, ...]]
"""Takes, by keyword, the options that name the registry and what is in it; gives the registry's name, then the rest."""


def by_name(*, name: RegistryName, resource_group: OldResourceGroup = None) -> tuple[str]:
    """The registry alone, by --name."""
    del resource_group
    return (name,)


def _access(
    *,
    username: Username = None,
    password: Password = None,
    password_stdin: PasswordStdin = False,
    suffix: Suffix = None,
    subscription: Subscription = None,
) -> None:
    """The options of every such command, as Typer reads them."""
    del username, password, password_stdin, suffix, subscription


def registry_command(
    app: typer.Typer, name: str, address: Address = by_name, **more: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function a command that works on one registry.

    The function is handed an open RegistryClient, then what `address` gives beside the registry's name; its
    parameters that are passed by keyword only are its own options.

    Args:
        app: the group.
        name: of the command.
        address: reads more options; what makes no sense it refuses before anybody is asked.
        more: as `command` takes it.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        addressing, own, access = _options(address), _options(function), _options(_access)

        def look(run: Run, **arguments: Any) -> Any:
            registry, *within = address(**{p.name: arguments.pop(p.name) for p in addressing})
            given = {p.name: arguments.pop(p.name) for p in access}
            secret = _secret(run, given["username"], given["password"], given["password_stdin"])
            with run.session(given["subscription"]) as session:
                client = session.open_registry_named(str(registry), given["username"], secret)
                return function(client, *within, **arguments)

        run = inspect.Parameter("run", inspect.Parameter.POSITIONAL_ONLY)
        look.__signature__ = inspect.Signature([run, *addressing, *own, *access])  # type: ignore[attr-defined]
        look.__doc__, look.__name__ = function.__doc__, function.__name__
        command(app, name, **more)(look)
        return function

    return decorate


def _options(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters that are options: those that are passed by keyword only."""
    # The client's class is named for type checkers: to import it would load requests for every --help.
    unloaded = {"RegistryClient": object}
    found = inspect.signature(function, locals=unloaded, eval_str=True).parameters.values()
    return [p for p in found if p.kind is inspect.Parameter.KEYWORD_ONLY]


def _secret(run: Run, username: str | None, password: str | None, stdin: bool) -> Secret | None:
    """The password that goes with a user; asked for on a terminal.

    Raises:
        UsageError: CREDENTIALS_INCOMPLETE.
    """
    if password and not username:
        raise UsageError("CREDENTIALS_INCOMPLETE", "Please also specify username if password is specified.")
    if not username:
        return None
    secret = run.password(password, stdin=stdin, variable=PASSWORD_VARIABLE, prompt=True)
    if not secret:
        raise UsageError("CREDENTIALS_INCOMPLETE", "Please specify both username and password.")
    return secret
