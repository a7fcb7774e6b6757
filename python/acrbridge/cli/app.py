"""All commands, and the way in."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from acrbridge import __version__
from acrbridge.cli.terminal import is_closed_pipe


def main(arguments: Sequence[str]) -> int:
    """Run a command line.

    Args:
        arguments: without the program's name; none shows the help.

    Returns:
        The exit status.
    """
    try:
        app = command_line(*arguments[:2])
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
    root: Any = typer.main.get_command(command_line())
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


_HOMES = {
    "login": "account",
    "logout": "account",
    "explain": "explain",
    "quickstart": "quickstart",
    "acr": "acr",
    "copy": "copy",
    "registry": "registry",
    "account": "account",
    "emulator": "emulator",
    "serve": "serve",
}
"""Which module has the commands that begin with a word."""


def command_line(first: str = "", second: str = "") -> typer.Typer:
    """The command line with the commands that begin with two words; with all, where none does.

    What is not loaded need not be waited for: 20 ms of an import.
    """
    app = typer.Typer(
        help="Import container images into Azure Container Registry, and say why when an import fails.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        callback=_root,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    homes = [_HOMES[first]] if first in _HOMES else dict.fromkeys(_HOMES.values())
    for home in homes:
        import_module(f"acrbridge.cli.{home}").add_to(app, *([second] if home == "acr" else []))
    return app
