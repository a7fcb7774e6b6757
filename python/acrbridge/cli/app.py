"""All commands, and the way in."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from acrbridge import __version__
from acrbridge.cli import account, acr, acr_manifest, acr_repository, emulator, explain, quickstart
from acrbridge.cli.terminal import is_closed_pipe


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
        sys.stderr.write(f"ERROR: {_in_plain_words(error.format_message())}{_where_else(arguments)}\n")
        return error.exit_code
    except typer.Abort:
        return 1
    except OSError as error:
        if not is_closed_pipe(error):
            raise
        return 1
    return status if isinstance(status, int) else 0


def _in_plain_words(message: str) -> str:
    message = re.sub(r"a valid float( range)?", "a number", message)
    message = re.sub(r"a valid int(eger)?( range)?", "a whole number", message)
    return message if message.endswith((".", "?", "!")) else f"{message}."


def _where_else(arguments: Sequence[str]) -> str:
    """Where to look after a command line that cannot be read: a command of that name elsewhere, and the help."""
    root: Any = typer.main.get_command(app)
    command, path, wrong = root, "acrbridge", ""
    for word in arguments:
        children = getattr(command, "commands", {})
        if word not in children:
            wrong = word if children else ""
            break
        command, path = children[word], f"{path} {word}"
    named = [found for found in _paths(root, "acrbridge") if wrong and found.endswith(f" {wrong}")]
    hint = f" Did you mean {' or '.join(named)}?" if named else ""
    return f"{hint} See: {path} --help"


def _paths(command: Any, path: str) -> Iterator[str]:
    """The whole names of all commands below one, groups left out."""
    for name, child in getattr(command, "commands", {}).items():
        yield from _paths(child, f"{path} {name}") if hasattr(child, "commands") else [f"{path} {name}"]


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


app = typer.Typer(
    help="Import container images into Azure Container Registry, and say why when an import fails.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    callback=_root,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_acr = acr.add_to(app)
acr_repository.add_to(_acr)
acr_manifest.add_to(_acr)
account.add_to(app)
explain.add_to(app)
emulator.add_to(app)
quickstart.add_to(app, main)
