"""Runs the emulator: one process, one event loop, until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import secrets
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import uvicorn

from acr_emulator.app import Application
from acr_emulator.certificates import Certificates
from acr_emulator.connection import Connection
from acr_emulator.environment import serving_port, write_endpoint
from acr_emulator.frontdoor import FrontDoor
from acr_emulator.records import Registry
from acr_emulator.request_log import RequestLog
from acr_emulator.tokens import Signer
from acr_emulator.world import Options, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from acr_emulator.state import State

LOOPBACK = "127.0.0.1"
KEEP_ALIVE = 75
"""Seconds that an idle connection is kept."""
GRACE = 2
"""Seconds for requests under way when the emulator is told to end."""
NEW_ADDRESSES = 1.0
"""Seconds between looks for registries that a seed has added, whose addresses are to be listened at."""


class AlreadyRunning(Exception):  # noqa: N818  # says what is so
    """Another emulator serves this state folder."""


def serve(state: State, options: Options, ready: Callable[[World], None]) -> None:
    """Serve a state until a signal ends the process.

    Args:
        state: what to serve; others may change it meanwhile.
        options: how to behave; port 0 means any that is free.
        ready: called once clients can come, with the port in the world's options.

    Raises:
        AlreadyRunning: another emulator answers at the port that the state folder tells.
        OSError: the port is taken.
    """
    _refuse_second(state)
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(_serve(state, options, ready))


async def _serve(state: State, options: Options, ready: Callable[[World], None]) -> None:
    log = RequestLog(state.folder / "requests.jsonl")
    certificates = Certificates(state)
    door = FrontDoor(state, certificates, lambda: _protocol(server), log)
    port = door.listen(LOOPBACK, options.port)
    world = World(state, Signer(state), replace(options, port=port), _identity_header(state))
    server = uvicorn.Server(_configuration(Application(world, log)))
    _end_at_signals(server)
    _listen_at_registries(state, door, port)
    looking = asyncio.create_task(_look_for_registries(state, door, port))
    endpoint = write_endpoint(world, certificates.ca_file)
    ready(world)
    try:
        await server.serve(sockets=[])
    finally:
        endpoint.unlink(missing_ok=True)
        looking.cancel()
        await door.close()
        log.close()


def _end_at_signals(server: uvicorn.Server) -> None:
    """End the server at a signal, also when it comes before the server's own handlers or after them."""

    def end(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


def _configuration(application: Application) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        h11_max_incomplete_event_size=64 << 10,
    )


def _protocol(server: uvicorn.Server) -> asyncio.Protocol:
    """The web server's side of one connection, as uvicorn makes it for its own listeners."""
    return Connection(config=server.config, server_state=server.server_state, app_state={})


def _listen_at_registries(state: State, door: FrontDoor, port: int) -> None:
    addresses = [registry.loopback for registry in state.find(Registry) if registry.loopback]
    door.listen_where_possible(addresses, port)


async def _look_for_registries(state: State, door: FrontDoor, port: int) -> None:
    while True:
        await asyncio.sleep(NEW_ADDRESSES)
        _listen_at_registries(state, door, port)


def _identity_header(state: State) -> str:
    return state.private_file("identity-header", lambda: secrets.token_hex(16).encode()).decode()


def _refuse_second(state: State) -> None:
    port = serving_port(state.folder)
    if port is not None:
        raise AlreadyRunning(f"an emulator serves {state.folder} at port {port}")
