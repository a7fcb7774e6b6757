"""A network with latency: passes TCP connections on to loopback ports, each byte later by half a round trip.

Usage: python benchmarks/delay.py LISTEN:UPSTREAM:SECONDS...

A new connection waits one round trip more, as TCP's handshake would have it. Prints a line when it listens.
"""

from __future__ import annotations

import asyncio
import sys

HOST = "127.0.0.1"
PIECE = 256 << 10
"""Bytes that are read at a time."""


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Pass everything on, so many seconds after it came."""
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    now = asyncio.get_running_loop().time

    async def deliver() -> None:
        while True:
            due, piece = await under_way.get()
            await asyncio.sleep(due - now())
            if not piece:
                return writer.close()
            writer.write(piece)
            await writer.drain()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(deliver())
        while piece := await reader.read(PIECE):
            under_way.put_nowait((now() + seconds, piece))
        under_way.put_nowait((now() + seconds, b""))


async def listen(port: int, upstream: int, seconds: float) -> None:
    """Serve one port, with so many seconds for a round trip."""

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        far_reader, far_writer = await asyncio.open_connection(HOST, upstream)
        ways = ((reader, far_writer), (far_reader, writer))
        await asyncio.gather(*(carry(*way, seconds / 2) for way in ways), return_exceptions=True)

    await asyncio.start_server(connect, HOST, port)


async def main(rules: list[str]) -> None:
    """Serve all rules until the process is ended."""
    for rule in rules:
        port, upstream, seconds = rule.split(":")
        await listen(int(port), int(upstream), float(seconds))
    print("listening", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
