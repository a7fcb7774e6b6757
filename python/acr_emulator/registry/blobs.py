"""`/v2/<name>/blobs/<digest>`: blobs, whole or in ranges (RFC 9110, 14), never whole in memory."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from starlette.responses import Response

from acr_emulator.registry.errors import RegistryError
from acr_emulator.registry.names import check_digest

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from acr_emulator.registry.call import Call

READ_SIZE = 1 << 20
"""Bytes that are read from a file at once."""
RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


class FileResponse(Response):
    """Part of a file as a body.

    Args:
        path: of the file.
        first: offset of the first byte.
        length: number of bytes.
        status: HTTP status.
        headers: beside length and type.
    """

    def __init__(self, path: Path, first: int, length: int, status: int, headers: dict[str, str]) -> None:
        super().__init__(status_code=status, media_type="application/octet-stream", headers=headers)
        self.headers["Content-Length"] = str(length)
        self.path, self.first, self.length = path, first, length

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it; only the headers when the request is HEAD."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            await self._send_content(send)
        await send({"type": "http.response.body", "body": b""})

    async def _send_content(self, send: Send) -> None:
        left = self.length
        with await asyncio.to_thread(self.path.open, "rb", 0) as file:
            file.seek(self.first)
            while left:
                chunk = await asyncio.to_thread(file.read, min(left, READ_SIZE))
                left -= len(chunk)
                await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def pull(call: Call) -> Response:
    """Give a blob, or the range of it that was asked for."""
    digest = check_digest(call.target)
    if not call.state.has_blob(call.host, call.name, digest):
        raise RegistryError("BLOB_UNKNOWN", detail={"digest": digest})
    path = call.state.blob_path(digest)
    size = path.stat().st_size
    headers = {"Docker-Content-Digest": digest, "ETag": f'"{digest}"'}
    if not call.registry.honours_ranges:
        return FileResponse(path, 0, size, 200, headers)
    headers["Accept-Ranges"] = "bytes"
    wanted = None if call.request.method == "HEAD" else call.request.headers.get("range")
    part = wanted and read_range(wanted, size)
    if not part:
        return FileResponse(path, 0, size, 200, headers)
    first, last = part
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return FileResponse(path, first, last - first + 1, 206, headers)


async def delete(call: Call) -> Response:
    """Make a blob unknown in this repository."""
    digest = check_digest(call.target)
    if not call.state.has_blob(call.host, call.name, digest):
        raise RegistryError("BLOB_UNKNOWN", detail={"digest": digest})
    call.state.unlink_blob(call.host, call.name, digest)
    return Response(status_code=202)


def read_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte of the part that a Range header asks for; None where it asks for no single part.

    Raises:
        RegistryError: RANGE_INVALID where no byte of the content lies in the range.
    """
    match = RANGE.fullmatch(header.strip())
    if match is None or match[0] == "bytes=-":
        return None
    if match[1]:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
    else:
        first, last = max(size - int(match[2]), 0), size - 1
    if first > last:
        raise RegistryError("RANGE_INVALID", headers={"Content-Range": f"bytes */{size}"})
    return first, last
