"""`acrbridge emulator …`: a local Azure to try things on."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acrbridge.cli.command import Run, command, group
from acrbridge.cli.render import write
from acrbridge.jobs import Notice

if TYPE_CHECKING:
    from acrbridge.operations.local_azure import EmulatorOptions

State = Annotated[
    Path | None,
    typer.Option(
        "--state",
        help="The folder that holds everything; by default beside acrbridge's settings.",
        envvar="ACR_EMULATOR_STATE",
    ),
]
OwnState = Annotated[
    Path | None, typer.Option("--state", help="The folder that holds everything; by default a fresh one.")
]
Port = Annotated[
    int | None,
    typer.Option("--port", help="Port on loopback; by default any that is free.", min=1, max=65535),
]
Seed = Annotated[
    str | None,
    typer.Option(
        "--seed",
        help="What is loaded, also into a state that exists: default, article, a YAML file, or none;"
        " without it, default into a fresh state.",
        autocompletion=lambda: ["default", "article", "none"],
    ),
]
Polls = Annotated[
    int | None, typer.Option("--lro-polls", help="Polls until an import has ended; by default 2.", min=1)
]
RetryAfter = Annotated[
    int | None, typer.Option("--retry-after", help="Seconds between polls; by default 1.", min=0)
]
Faults = Annotated[
    list[str] | None, typer.Option("--fault", help="A fault to play, NAME[=VALUE]. Repeatable.")
]
AnonymousPush = Annotated[
    list[str] | None,
    typer.Option("--anonymous-push", help="A registry host that takes pushes without a token."),
]


class Shell(StrEnum):
    """Whose syntax `emulator env` prints."""

    BASH = "bash"
    PWSH = "pwsh"
    POWERSHELL = "powershell"


def add_to(parent: typer.Typer) -> None:
    """Add the group `emulator`."""
    app = group(parent, "emulator", "Run a local Azure on loopback.")
    command(app, "start", own=True)(start)
    command(app, "stop", own=True)(stop)
    command(app, "status", own=True)(status)
    command(app, "env", own=True)(env)
    command(app, "seed", own=True)(seed)
    command(app, "fault", own=True)(fault)
    # What follows the command's name is the command's, as in `emulator run sh -c …`.
    command(app, "run", own=True, context_settings={"allow_interspersed_args": False})(run_command)


def start(
    run: Run,
    state: State = None,
    port: Port = None,
    seed: Seed = None,
    lro_polls: Polls = None,
    retry_after: RetryAfter = None,
    fault: Faults = None,
    anonymous_push: AnonymousPush = None,
) -> dict[str, Any]:
    """Start an emulator in the background."""
    from acrbridge.operations import local_azure

    options = _options(port, seed, lro_polls, retry_after, fault, anonymous_push)
    folder = _state(run, state)
    _warn_of_ignored(run, folder, options)
    return local_azure.start(folder, options).as_json()


def stop(run: Run, state: State = None) -> None:
    """Stop the emulator; its state stays."""
    from acrbridge.operations import local_azure

    local_azure.stop(local_azure.find(_state(run, state)))


def status(run: Run, state: State = None) -> dict[str, Any]:
    """Show the running emulator."""
    from acrbridge.operations import local_azure

    return local_azure.find(_state(run, state)).as_json()


def env(
    run: Run,
    state: State = None,
    shell: Annotated[Shell, typer.Option("--shell", help="Whose syntax.")] = Shell.BASH,
) -> dict[str, str] | None:
    """Print a client's environment as lines for a shell."""
    from acrbridge.operations import local_azure

    emulator = local_azure.find(_state(run, state))
    variables = local_azure.client_environment(emulator, {})
    if run.output:
        return variables
    form = _export if shell is Shell.BASH else _export_powershell
    write("".join(f"{form(name, value)}\n" for name, value in sorted(variables.items())))
    return None


def seed(
    run: Run,
    name: Annotated[str, typer.Argument(metavar="SEED", help="default, article, or a YAML file.")],
    state: State = None,
) -> None:
    """Add what a seed describes to the emulator's state."""
    from acrbridge.operations import local_azure

    local_azure.seed(_state(run, state), name)


def fault(
    run: Run,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME[=VALUE]]...", help="Faults to play.")
    ] = None,
    state: State = None,
) -> None:
    """Put exactly these faults in force; without names, none."""
    from acrbridge.operations import local_azure

    local_azure.set_faults(_state(run, state), names or [])


def run_command(
    run: Run,
    arguments: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="The command to run.")],
    state: OwnState = None,
    port: Port = None,
    seed: Seed = None,
    lro_polls: Polls = None,
    retry_after: RetryAfter = None,
    fault: Faults = None,
    anonymous_push: AnonymousPush = None,
) -> None:
    """Run a command against an emulator.

    That is the running one of --state, or one for the command alone.
    """
    from acrbridge.operations import local_azure

    options = _options(port, seed, lro_polls, retry_after, fault, anonymous_push)
    folder = state and state.absolute()
    if folder:
        _warn_of_ignored(run, folder, options)
    with local_azure.serving(folder, options) as emulator:
        status = local_azure.run_in(emulator, arguments)
    raise typer.Exit(status)


def _warn_of_ignored(run: Run, folder: Path, options: EmulatorOptions) -> None:
    from acrbridge.operations import local_azure

    ignored = ", ".join(dict.fromkeys(options.arguments()[::2]))
    if ignored and local_azure.running(folder):
        stop = f"acrbridge emulator stop --state {shlex.quote(str(folder))}"
        run.terminal.hear(Notice(f"An emulator runs already: {ignored} is ignored. To have it: {stop} first"))


def _state(run: Run, state: Path | None) -> Path:
    return (state or run.settings.folder / "emulator").absolute()


def _options(
    port: int | None,
    seed: str | None,
    polls: int | None,
    retry_after: int | None,
    faults: list[str] | None,
    anonymous_push: list[str] | None,
) -> EmulatorOptions:
    from acrbridge.operations.local_azure import EmulatorOptions

    return EmulatorOptions(port, seed, polls, retry_after, tuple(faults or ()), tuple(anonymous_push or ()))


def _export(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _export_powershell(name: str, value: str) -> str:
    quoted = value.replace("'", "''")
    return f"$env:{name} = '{quoted}'"
