"""The command line within this process: what it says and how it ends, without the start of a Python for each run.

Everything that a process of its own would have is exchanged for the time of a run: environment and streams, signal
handlers and logging. What is about the process itself (signals, pipes, an encoding, its argv) is tried on a real one.
"""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING

from acrbridge.cli.app import main

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def run(words: Sequence[str], variables: Mapping[str, str], stdin: str = "") -> tuple[int, str, str]:
    """Run a command line; gives exit status, standard output and standard error."""
    out, err = _stream(), _stream()
    with ExitStack() as stack:
        for exchange in (environment(variables), _stdin(stdin), redirect_stdout(out), redirect_stderr(err)):
            stack.enter_context(exchange)
        stack.enter_context(_own_handlers())
        status = main(words)
    return status, _written(out), _written(err)


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Make these the variables of the environment, and no others."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _stdin(text: str) -> Iterator[None]:
    before, sys.stdin = sys.stdin, _stream(text)
    try:
        yield
    finally:
        sys.stdin = before


@contextmanager
def _own_handlers() -> Iterator[None]:
    """Take back the signal handlers and the logging that a command line sets up."""
    logger = logging.getLogger("acrbridge")
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers, level = list(logger.handlers), logger.level
    try:
        yield
    finally:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        for number, handler in signals.items():
            signal.signal(number, handler)


def _stream(text: str = "") -> io.TextIOWrapper:
    """A stream as a pipe is: bytes beneath, and no terminal."""
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", write_through=True)


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode().replace("\r\n", "\n")
