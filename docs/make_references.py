"""Write docs/cli.md, docs/errors.md, the protocol's reference and its schema from the code.

With --check, only say whether they are up to date.

Usage: python docs/make_references.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from protocol_reference import methods_reference, schema

from acrbridge.cli.app import command_line
from acrbridge.errors import CATALOGUE, AcrBridgeError, StoppedError

FOLDER = Path(__file__).parent
MADE = "<!-- Made by docs/make_references.py: do not edit. -->"
GLOBAL = "Global arguments"

CLI = f"""{MADE}

# Commands

`acrbridge COMMAND --help` shows the same. Commands that az has too (`acr …`, `login`, `logout`, `account …`) have
az's options and exit statuses; see [exit statuses](errors.md#exit-statuses).
"""

ERRORS = f"""{MADE}

# Errors

A command that fails ends its standard error with a line `Code: …` (all but a command line that cannot be parsed).
The codes are stable: scripts may compare them.
`acrbridge explain CODE` prints what stands here. In Python the code is `AcrBridgeError.code`.

## Exit statuses

Commands that az has too (`acr …`, `login`, `logout`, `account …`) end as az's do: 0 success; 2 the command line
cannot be parsed; 3 Azure Resource Manager answered 404, or a `show` command found nothing; 1 every other failure.
Two are acrbridge's own there as well: 7, the target does not hold what it should, and 130 or 143, interrupted or
terminated. The commands that az lacks (`copy`, `registry …`, `emulator …`, `explain`, `quickstart`) end with the
status of the error's kind:

| status | kind | meaning |
|---|---|---|
"""


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """All commands below one, each with its full name; groups come before what they hold.

    Args:
        command: a command or group as Typer built it.
        name: its own full name.
    """
    yield name, command
    for child in getattr(command, "commands", {}).values():
        yield from commands(child, f"{name} {child.name}")


def cli_reference() -> str:
    """The text of docs/cli.md."""
    found = list(commands(typer.main.get_command(command_line()), "acrbridge"))
    leaves = [(name, command) for name, command in found if not hasattr(command, "commands")]
    shared = [p for p in leaves[0][1].params if _is_global(p)]
    parts = [CLI, "## Options of every command\n", *_table(shared)]
    for name, command in found:
        parts += _section(name, command)
    return "\n".join(parts)


def error_reference() -> str:
    """The text of docs/errors.md."""
    kinds: list[type[AcrBridgeError]] = [AcrBridgeError, *AcrBridgeError.__subclasses__()]
    rows = [
        f"| {kind.exit_status} | `{kind.__name__}` | {_sentence(kind)} |"
        for kind in kinds
        if kind is not StoppedError
    ]
    codes = [
        f"### {code}\n\n{explanation.cause}\n\nWhat to do: {explanation.remedy}\n"
        for code, explanation in CATALOGUE.items()
    ]
    return "\n".join([ERRORS + "\n".join(rows), "", "## Codes", "", *codes])


def _section(name: str, command: Any) -> list[str]:
    if hasattr(command, "commands"):
        return [f"## {name}\n", f"{command.help}\n", *(_table(command.params) if command.params else [])]
    gone = " Deprecated, as in az; it stays." if command.hidden else ""
    own = [p for p in command.params if not _is_global(p)]
    shared = [p.opts[0] for p in command.params if _is_global(p)]
    few = f" Of the options of every command only: `{'`, `'.join(shared)}`." if len(shared) < 3 else ""
    heading = "##" if name.count(" ") == 1 else "###"
    return [f"{heading} {name}\n", f"{_one_line(command.help)}{gone}{few}\n", *(_table(own) if own else [])]


def _table(parameters: list[Any]) -> list[str]:
    rows = [f"| {_spelling(p)} | {_meaning(p)} |" for p in parameters]
    return ["| option | meaning |", "|---|---|", *rows, ""]


def _spelling(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    names = ", ".join(f"`{name}`" for name in sorted(parameter.opts, key=len))
    return names if parameter.is_flag else f"{names} {_value(parameter)}"


def _value(parameter: Any) -> str:
    choices = getattr(parameter.type, "choices", None)
    if choices:
        return " \\| ".join(f"`{getattr(choice, 'value', choice)}`" for choice in choices)
    return str(parameter.metavar or parameter.opts[0].lstrip("-").upper())


def _meaning(parameter: Any) -> str:
    notes = [
        "Required." if parameter.required else "",
        f"Default {_plain(parameter.default)}." if _shows_default(parameter) else "",
        f"Also from `{parameter.envvar}`." if parameter.envvar else "",
    ]
    return " ".join(text for text in (parameter.help.replace("|", "\\|"), *notes) if text)


def _shows_default(parameter: Any) -> bool:
    return parameter.default is not None and parameter.default is not False


def _plain(value: Any) -> str:
    return str(getattr(value, "value", value))


def _is_global(parameter: Any) -> bool:
    return getattr(parameter, "rich_help_panel", None) == GLOBAL and parameter.name != "subscription"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _sentence(kind: type) -> str:
    text = (kind.__doc__ or "").strip().splitlines()[0]
    return "The work failed." if kind is AcrBridgeError else text


def protocol() -> str:
    """The text of docs/protocol.md: what is written there by hand, and from a line on what is made."""
    return f"{_read('protocol.md').partition(MADE)[0]}{MADE}\n\n{methods_reference()}"


PAGES = {
    "cli.md": cli_reference,
    "errors.md": error_reference,
    "protocol.md": protocol,
    "protocol.schema.json": schema,
}


def main(arguments: list[str]) -> int:
    """Write the pages, or check them; exit status 1 where one is not as it should be."""
    check = arguments == ["--check"]
    stale = [name for name, make in PAGES.items() if _read(name) != make()]
    for name in stale:
        if check:
            sys.stderr.write(f"docs/{name} is not up to date: run python docs/make_references.py\n")
        else:
            (FOLDER / name).write_text(PAGES[name](), encoding="utf-8")
    return 1 if check and stale else 0


def _read(name: str) -> str:
    file = FOLDER / name
    return file.read_text(encoding="utf-8") if file.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
