"""Options that several commands share, spelled as az spells them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

RegistryName = Annotated[
    str, typer.Option("--name", "-n", help="The name of the container registry.", metavar="REGISTRY")
]
Suffix = Annotated[
    str | None, typer.Option("--suffix", help="Accepted as az does, and not needed.", hidden=True)
]
Username = Annotated[
    str | None, typer.Option("--username", "-u", help="User to log into the container registry with.")
]
Password = Annotated[
    str | None,
    typer.Option(
        "--password", "-p", help="That user's password; or in ACRBRIDGE_PASSWORD.", metavar="PASSWORD"
    ),
]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
ResourceGroup = Annotated[
    str | None, typer.Option("--resource-group", "-g", help="Name of the resource group.")
]
OldResourceGroup = Annotated[
    str | None, typer.Option("--resource-group", "-g", help="Accepted as az does, and ignored.", hidden=True)
]
Top = Annotated[int | None, typer.Option("--top", help="How many items at the most.", min=0)]


class Order(StrEnum):
    """az's words for the order of a list."""

    TIME_ASC = "time_asc"
    TIME_DESC = "time_desc"


OrderBy = Annotated[Order | None, typer.Option("--orderby", help="Order of the items.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not prompt for confirmation.")]
CLIENT_SECRET_VARIABLE = "ACRBRIDGE_CLIENT_SECRET"  # noqa: S105 - the name of a variable
PASSWORD_VARIABLE = "ACRBRIDGE_PASSWORD"  # noqa: S105 - the name of a variable
SOURCE_PASSWORD_VARIABLE = "ACRBRIDGE_SOURCE_PASSWORD"  # noqa: S105 - the name of a variable
