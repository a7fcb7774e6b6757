"""`acrbridge serve`: the engine for other programs, over standard input and output."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Annotated

import typer

from acrbridge.cli.command import Run, command

_PIECE = 64 << 10
_LAST = 4.8
"""Seconds after the end of the requests by which the process has ended, whatever still hangs."""


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
    requests, answers = _wire()
    if not os.isatty(requests):
        # A terminal's Ctrl-C comes to the client's whole group: the client says what it is to end.
        signal.signal(signal.SIGINT, lambda *_: None)
    # No buffered reader and writer: their locks would be held when the interpreter ends.
    Server(lambda: _read(requests), lambda line: _write(answers, line), idle_timeout=idle_timeout).run()


def _wire() -> tuple[int, int]:
    """Descriptors of the requests and the answers, which nothing else has: no prompt, no stray print, no child."""
    wire = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdin = None
    return wire


def _read(requests: int) -> bytes:
    piece = os.read(requests, _PIECE)
    if not piece:
        last = threading.Timer(_LAST, os._exit, (0,))
        last.daemon = True
        last.start()
    return piece


def _write(answers: int, line: bytes) -> None:
    left = memoryview(line)
    while left:
        left = left[os.write(answers, left) :]
