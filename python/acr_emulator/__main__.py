"""Command line of the emulator: `python -m acr_emulator serve | seed | fault`."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from acr_emulator import faults
from acr_emulator.environment import refresh_endpoint
from acr_emulator.records import Registry
from acr_emulator.seed.load import load
from acr_emulator.serve import AlreadyRunning, serve
from acr_emulator.state import State
from acr_emulator.world import Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acr_emulator.world import World

DEFAULT_SEED = "default"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; gives the exit status.

    Args:
        arguments: those of the command line, without the program's name; None for the process's own.
    """
    options = _parser().parse_args(arguments)
    try:
        with closing(State(options.state)) as state:
            options.command(state, options)
    except (AlreadyRunning, OSError, ValueError) as error:
        sys.stderr.write(f"acr_emulator: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m acr_emulator", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="serve a state folder until SIGTERM or SIGINT"))
    seed = commands.add_parser("seed", help="load a seed into a state folder, also while it is served")
    seed.add_argument("seed", metavar="default|article|FILE")
    seed.set_defaults(command=_seed)
    fault = commands.add_parser("fault", help="put exactly these faults in force; without names, none")
    fault.add_argument("faults", nargs="*", metavar="NAME[=ARGUMENT]", help=", ".join(faults.FAULTS))
    fault.set_defaults(command=_fault)
    for command in commands.choices.values():
        command.add_argument("--state", type=Path, required=True, metavar="DIR", help="the state folder")
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="0 (default): any that is free")
    parser.add_argument(
        "--seed", metavar="default|article|FILE|none", help="what is loaded; into a fresh folder, default"
    )
    parser.add_argument("--lro-polls", type=int, default=Options.polls, metavar="N")
    parser.add_argument("--retry-after", type=int, default=Options.retry_after, metavar="SECONDS")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME[=ARGUMENT]")
    parser.add_argument("--anonymous-push", action="append", default=[], metavar="HOST")
    parser.set_defaults(command=_serve)


def _serve(state: State, options: argparse.Namespace) -> None:
    if options.seed not in (None, "none"):
        load(state, options.seed)
    elif options.seed is None and not state.find(Registry):
        load(state, DEFAULT_SEED)
    faults.set_faults(state, faults.parse(options.fault))
    behaviour = Options(
        port=options.port,
        polls=options.lro_polls,
        retry_after=options.retry_after,
        anonymous_push=tuple(options.anonymous_push),
    )
    serve(state, behaviour, _say_ready)


def _say_ready(world: World) -> None:
    sys.stdout.write(f"acr_emulator: https://localhost:{world.options.port} ({world.state.folder})\n")
    sys.stdout.flush()


def _seed(state: State, options: argparse.Namespace) -> None:
    load(state, options.seed)
    refresh_endpoint(state)


def _fault(state: State, options: argparse.Namespace) -> None:
    faults.set_faults(state, faults.parse(options.faults))


if __name__ == "__main__":
    sys.exit(main())
