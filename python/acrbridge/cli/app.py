"""All commands, and the way in."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Annotated

import typer

from acrbridge import __version__
from acrbridge.cli import account, acr, acr_manifest, acr_repository, emulator, explain, quickstart
from acrbridge.errors import Terminated


def main(arguments: Sequence[str]) -> int:
    """Run a command line.

    Args:
        arguments: without the program's name; none shows the help.

    Returns:
        The exit status.
    """
    try:
        status = app(list(arguments) or ["--help"], prog_name="acrbridge", standalone_mode=False)
    except typer.TyperException as error:
        where = getattr(error, "ctx", None)  # a usage error knows the command that it met
        command = where.command_path if where else "acrbridge"
        sys.stderr.write(f"ERROR: {error.format_message()} See {command} --help.\n")
        return error.exit_code
    except typer.Abort:
        return 1
    return status if isinstance(status, int) else 0


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version
    signal.signal(signal.SIGTERM, _terminate)


def _terminate(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise Terminated


app = typer.Typer(
    help="Import container images into Azure Container Registry, and say why when an import fails.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    callback=_root,
)
_acr = acr.add_to(app)
acr_repository.add_to(_acr)
acr_manifest.add_to(_acr)
account.add_to(app)
explain.add_to(app)
emulator.add_to(app)
quickstart.add_to(app, main)
