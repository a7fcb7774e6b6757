"""`acrbridge serve`: the engine for other programs, over standard input and output."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from acrbridge.cli.command import Run, command

_PIECE = 64 << 10


def add_to(parent: typer.Typer) -> None:
    """Add the command."""
    command(parent, "serve", own=True)(serve)


def serve(
    run: Run,
    idle_timeout: Annotated[
        float, typer.Option("--idle-timeout", help="Seconds without a request after which it ends.", min=0.1)
    ] = 600.0,
) -> None:
    """Serve another program, such as the PowerShell module.

    JSON-RPC 2.0, one object a line, over standard input and output; see docs/protocol.md.
    """
    from acrbridge.stdio.server import Server

    del run
    requests = os.dup(0)
    answers = os.dup(1)
    os.dup2(2, 1)  # no stray print can come between the answers
    sys.stdin = None  # nor can a prompt eat a request
    with open(answers, "wb", buffering=0) as out:  # noqa: PTH123 - a descriptor
        # Not through a buffered reader: its lock would be held when the interpreter ends.
        server = Server(lambda: os.read(requests, _PIECE), out.write, idle_timeout=idle_timeout)
        server.run()
