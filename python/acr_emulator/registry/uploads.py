"""`/v2/<name>/blobs/uploads/`: pushing blobs, whole, in chunks, or by a mount (OCI distribution specification).

What arrives goes to a file in pieces of a mebibyte, hashed on the way; an upload outlives a restart.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import uuid
from collections import defaultdict
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from acr_emulator.records import Upload
from acr_emulator.registry.authorization import challenge
from acr_emulator.registry.errors import RegistryError
from acr_emulator.registry.names import check_digest, check_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from acr_emulator.registry.call import Call

WRITE_SIZE = 1 << 20
"""Bytes that are gathered before they are hashed and written."""
CONTENT_RANGE = re.compile(r"(?:bytes )?(\d+)-(\d+)(?:/(?:\d+|\*))?", re.ASCII)
"""The specification's `<start>-<end>`, and RFC 9110's form, which some clients send."""


class Hashing:
    """SHA-256 of an upload so far, for as many of its bytes as came through this process."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._size = 0

    def update(self, piece: bytes | bytearray) -> None:
        """Take the next bytes in."""
        self._hash.update(piece)
        self._size += len(piece)

    def digest(self, path: Path, algorithm: str) -> str:
        """The digest of the whole file, which is read again for another algorithm or after a restart."""
        if algorithm == "sha256" and self._size == path.stat().st_size:
            return f"sha256:{self._hash.hexdigest()}"
        with path.open("rb") as file:
            return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


class Uploads:
    """The answers to requests for uploads, and what is remembered between them."""

    def __init__(self) -> None:
        self._hashes: defaultdict[str, Hashing] = defaultdict(Hashing)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def start(self, call: Call) -> Response:
        """Begin an upload, or finish it at once: by a mount, or with the whole blob as body."""
        check_name(call.name)
        mount, digest = call.query("mount"), call.query("digest")
        for given in filter(None, (mount, digest)):
            check_digest(given)
        if mount and _mount(call, mount):
            return _created(call, mount)
        upload = Upload(str(uuid.uuid4()), call.host, call.name)
        call.state.put(upload)
        _path(call, upload).touch()
        if digest:
            return await self._finish_at_once(call, upload)
        return _accepted(call, upload, 202)

    async def append(self, call: Call) -> Response:
        """Take the next chunk, or all of a stream."""
        async with self._held(call) as upload:
            await self._receive(call, upload)
            return _accepted(call, upload, 202)

    async def finish(self, call: Call) -> Response:
        """Take the last bytes, if any, and make a blob of what has arrived."""
        async with self._held(call) as upload:
            return await self._finish(call, upload)

    async def show(self, call: Call) -> Response:
        """Say how much has arrived."""
        return _accepted(call, _find(call), 204)

    async def cancel(self, call: Call) -> Response:
        """Forget an upload."""
        async with self._held(call) as upload:
            self._forget(call, upload)
        return Response(status_code=204)

    @asynccontextmanager
    async def _held(self, call: Call) -> AsyncIterator[Upload]:
        """The upload that a request names, for one request at a time."""
        async with self._locks[_find(call).upload_id]:
            yield _find(call)  # again: the request before may have finished it

    async def _finish_at_once(self, call: Call, upload: Upload) -> Response:
        try:
            return await self._finish(call, upload)
        except ClientDisconnect:  # before it could hear where to go on
            self._forget(call, upload)
            raise

    async def _finish(self, call: Call, upload: Upload) -> Response:
        digest = check_digest(call.query("digest"))
        await self._receive(call, upload)
        path = _path(call, upload)
        algorithm = digest.partition(":")[0]
        received = await asyncio.to_thread(self._hashes[upload.upload_id].digest, path, algorithm)
        if received != digest:
            self._forget(call, upload)
            raise RegistryError("DIGEST_INVALID", detail={"digest": digest})
        call.state.adopt_blob(path, digest)
        call.state.link_blobs(call.host, call.name, [digest])
        self._forget(call, upload)
        return _created(call, digest)

    async def _receive(self, call: Call, upload: Upload) -> None:
        """Write the body to the upload's file; what arrived before a broken connection stays.

        Raises:
            RegistryError: RANGE_INVALID for a chunk out of order, SIZE_INVALID for one of another length than it
                says, of which nothing stays.
        """
        path = _path(call, upload)
        size = path.stat().st_size
        expected = _chunk_length(call, upload, size)
        piece = bytearray()
        with await asyncio.to_thread(path.open, "ab", 0) as file:
            try:
                async for data in call.request.stream():
                    piece += data
                    if len(piece) >= WRITE_SIZE:
                        await asyncio.to_thread(self._write, file.fileno(), upload, piece)
            finally:
                self._write(file.fileno(), upload, piece)
            if expected is not None and file.tell() != size + expected:
                file.truncate(size)
                self._hashes.pop(upload.upload_id)  # counts bytes that are gone
                raise RegistryError("SIZE_INVALID", "chunk and Content-Range differ in length", status=400)

    def _write(self, descriptor: int, upload: Upload, piece: bytearray) -> None:
        self._hashes[upload.upload_id].update(piece)
        view = memoryview(piece)
        while view:
            view = view[os.write(descriptor, view) :]
        view.release()
        piece.clear()

    def _forget(self, call: Call, upload: Upload) -> None:
        _path(call, upload).unlink(missing_ok=True)
        call.state.remove(Upload, upload_id=upload.upload_id)
        self._hashes.pop(upload.upload_id, None)
        self._locks.pop(upload.upload_id, None)


def _find(call: Call) -> Upload:
    upload = call.state.get(Upload, upload_id=call.target)
    if upload is None or (upload.host, upload.repository) != (call.host, call.name):
        raise RegistryError("BLOB_UPLOAD_UNKNOWN")
    return upload


def _path(call: Call, upload: Upload) -> Path:
    return call.state.uploads / upload.upload_id


def _mount(call: Call, digest: str) -> bool:
    """Show a blob of another repository in this one, where the sender may pull it; `from` need not be given.

    Raises:
        RegistryError: UNAUTHORIZED, when a token that also named the source would do.
    """
    source = call.query("from")
    holders = call.state.repositories_of_blob(call.host, digest)
    if not any(call.access.could(name, "pull") for name in holders if source in ("", name)):
        return False
    if source and not call.access.may(source, "pull"):
        raise challenge(call.registry, call.login_server, call.name, "pull,push", source)
    call.state.link_blobs(call.host, call.name, [digest])
    return True


def _chunk_length(call: Call, upload: Upload, size: int) -> int | None:
    """Number of bytes that Content-Range announces; None without that header.

    Raises:
        RegistryError: RANGE_INVALID where the chunk does not start right after what has arrived.
    """
    header = call.request.headers.get("content-range")
    if header is None:
        return None
    match = CONTENT_RANGE.fullmatch(header.strip())
    first, last = (int(match[1]), int(match[2])) if match else (-1, -1)
    if first != size or last < first - 1:
        headers = {"Location": _location(upload), "Range": _range(size)}
        raise RegistryError("RANGE_INVALID", detail={"received": size}, headers=headers)
    return last - first + 1


def _accepted(call: Call, upload: Upload, status: int) -> Response:
    headers = {
        "Location": _location(upload),
        "Range": _range(_path(call, upload).stat().st_size),
        "Docker-Upload-UUID": upload.upload_id,
    }
    return Response(status_code=status, headers=headers)


def _created(call: Call, digest: str) -> Response:
    headers = {"Location": f"/v2/{call.name}/blobs/{digest}", "Docker-Content-Digest": digest}
    return Response(status_code=201, headers=headers)


def _location(upload: Upload) -> str:
    # ACR's own has a state in its query too: a client must send it back as it is.
    state = secrets.token_urlsafe(16)
    return f"/v2/{upload.repository}/blobs/uploads/{upload.upload_id}?_nouploadcache=false&_state={state}"


def _range(size: int) -> str:
    return f"0-{max(size - 1, 0)}"
