"""The logins of a copy's two sides: each its user, with a password from standard input, the environment or a prompt."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from acrbridge.cli.command import Run
from acrbridge.errors import UsageError
from acrbridge.jobs import Login, Notice

SourceUsername = Annotated[str | None, typer.Option("--source-username", help="User of the source.")]
SourcePasswordStdin = Annotated[
    bool,
    typer.Option("--source-password-stdin", help="Read that user's password from standard input."),
]
TargetUsername = Annotated[str | None, typer.Option("--target-username", help="User of the target.")]
TargetPasswordStdin = Annotated[
    bool,
    typer.Option("--target-password-stdin", help="Read that user's password from standard input."),
]


def logins(
    run: Run,
    source_username: str | None,
    source_stdin: bool,
    target_username: str | None,
    target_stdin: bool,
) -> tuple[Login | None, Login | None]:
    """The source's login and the target's; None where no user is given.

    Raises:
        UsageError: OPTIONS_CONFLICT, both passwords from standard input; CREDENTIALS_INCOMPLETE.
    """
    if source_stdin and target_stdin:
        raise UsageError(
            "OPTIONS_CONFLICT",
            "--source-password-stdin and --target-password-stdin exclude each other.",
            remedy="Give the other password in ACRBRIDGE_SOURCE_PASSWORD or ACRBRIDGE_TARGET_PASSWORD.",
        )
    return (
        _login(run, "source", source_username, stdin=source_stdin),
        _login(run, "target", target_username, stdin=target_stdin),
    )


def _login(run: Run, side: str, username: str | None, *, stdin: bool) -> Login | None:
    option, variable = f"--{side}-password-stdin", f"ACRBRIDGE_{side.upper()}_PASSWORD"
    if not username:
        if stdin or username is not None:
            raise UsageError(
                "CREDENTIALS_INCOMPLETE",
                f"{option if stdin else f'--{side}-username'} was given without a user.",
                remedy=f"Add --{side}-username USER",
            )
        if os.environ.get(variable):
            run.terminal.hear(Notice(f"{variable} is set, but not used without --{side}-username."))
        return None
    secret = run.password(
        None, stdin=stdin, variable=variable, prompt=True, option=option, question=f"Password of the {side}: "
    )
    if secret is None:
        raise UsageError(
            "CREDENTIALS_INCOMPLETE",
            f"The password of {username!r} is missing.",
            remedy=f"Set {variable}, or pipe it in with {option}",
        )
    return Login(username, secret)
