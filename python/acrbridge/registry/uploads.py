"""How blobs get into a repository: whole in one PUT, or in chunks that go on where they broke off.

OCI distribution-spec v1.1, "Pushing Blobs".
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from acrbridge.errors import AcrBridgeError, NetworkError, NotFoundError, VerificationError
from acrbridge.http import redact
from acrbridge.http.client import Response
from acrbridge.http.deadlines import Cancelled
from acrbridge.http.origins import origin, resolve
from acrbridge.http.retry import TRANSIENT, Retry
from acrbridge.http.streams import Body
from acrbridge.registry.client import RegistryClient
from acrbridge.registry.contents import Descriptor

_BINARY = {"Content-Type": "application/octet-stream"}
_NO_CHUNKS = frozenset({400, 404, 405, 411, 415, 416, 501})
"""Answers to a first chunk by which a registry says that it takes none."""
_COMMIT, _COMMITTED = 60.0, 16 << 20
"""Seconds that a commit may take, and bytes for which it may take a second more: some registries copy the blob then."""
_UNFIT = _NO_CHUNKS | TRANSIENT | {413}
"""Answers to a chunk after which the upload may yet go on."""
_LOST = frozenset({400, 404, 405, 416, 501})
"""Answers to the question how much a registry has of an upload by which it has none."""
_RECEIVED = re.compile(r"(?:bytes=)?0-(\d{1,19})")


class Parts(Protocol):
    """A blob that can be sent part by part, and again from an earlier offset on."""

    fault: AcrBridgeError | None
    """The source's part in why it could not be sent."""

    def __len__(self) -> int: ...

    def part(self, begin: int, end: int) -> Body:
        """The bytes between two offsets."""


@dataclass
class Upload:
    """An upload that was begun. Its address changes with each answer, and can hold a secret.

    Args:
        location: where it goes on.
        least: bytes that each chunk but the last must have.
        received: bytes that the registry has.
    """

    location: str
    least: int = 0
    received: int = 0


class _FormRefused(Exception):  # noqa: N818 - it is no error: the next form may do
    """A registry refused a blob whole, or in chunks."""


class Uploads:
    """The uploads to one repository.

    Args:
        client: of its registry.
        repository: its name.
    """

    def __init__(self, client: RegistryClient, repository: str) -> None:
        self._client = client
        self._path = f"/v2/{repository}/blobs"
        self._scope = f"repository:{repository}:pull,push"
        self._name = f"{client.name}/{repository}"

    def begin(self, *, mount: str | None = None, source: str | None = None) -> Upload | None:
        """Begin an upload, or have a blob mounted from another repository of this registry.

        Args:
            mount: digest of the blob to mount.
            source: the repository that has it.

        Returns:
            The upload; None where the blob was mounted.
        """
        query, scope = "", self._scope
        if mount and source:
            query = "?" + urlencode({"mount": mount, "from": source})
            scope = f"{scope} repository:{source}:pull"
        response = self._client.call("POST", f"{self._path}/uploads/{query}", scope)
        if response.status == 201:
            return None
        least = response.headers.get("OCI-Chunk-Min-Length", "")
        return Upload(self._location(response), int(least) if re.fullmatch(r"[0-9]{1,12}", least) else 0)

    def put(self, blob: Descriptor, body: Parts) -> None:
        """Store a blob.

        Raises:
            AcrBridgeError: UPLOAD_LOST, it has to begin anew; others by status, as RegistryClient.call.
            VerificationError: DIGEST_MISMATCH, the registry committed something else.
        """
        while not self._sent(blob, body):
            pass

    def _sent(self, blob: Descriptor, body: Parts) -> bool:
        """Send a blob; False where the registry refused the form in which it came, and gets another one next."""
        upload = self.begin()
        if upload is None:
            return True
        try:
            if self._client.chunking.wants(blob.size):
                self._send_chunks(upload, body)
                self._commit(upload, blob.digest, b"")
            else:
                self._commit(upload, blob.digest, body.part(0, blob.size))
        except _FormRefused:
            self.cancel(upload)
            return False
        except (AcrBridgeError, Cancelled):
            self.cancel(upload)
            raise
        return True

    def cancel(self, upload: Upload) -> None:
        """Give an upload up if that can be done; a registry drops those that nobody goes on with."""
        self._client.abandon(upload.location, self._scope)

    # Whole, or the end

    def _commit(self, upload: Upload, digest: str, body: Body | bytes) -> None:
        mark = "&" if "?" in upload.location else "?"
        path = f"{upload.location}{mark}{urlencode({'digest': digest})}"
        patience = _COMMIT + upload.received / _COMMITTED
        response = self._client.ask("PUT", path, self._scope, headers=_BINARY, body=body, patience=patience)
        if response.status == 413 and self._client.chunking.too_large(len(body)):
            raise _FormRefused
        if response.status == 404 or (upload.received and response.status in (400, 416)):
            if self._has(digest):  # by an earlier request, whose answer was lost
                return
            raise self._lost("PUT", upload, response)
        self._client.check("PUT", path, response)
        said = response.headers.get("Docker-Content-Digest", digest)
        if said != digest:
            raise VerificationError(
                "DIGEST_MISMATCH", f"{self._name} stored {redact.foreign(said, 100)} instead of {digest}."
            )

    def _has(self, digest: str) -> bool:
        with suppress(NotFoundError):
            self._client.call("HEAD", f"{self._path}/{digest}", self._scope)
            return True
        return False

    # In chunks

    def _send_chunks(self, upload: Upload, body: Parts) -> None:
        """Send all chunks; one that breaks off goes on from what the registry has, as often as that grows."""
        retry, failures = Retry(), 0
        while upload.received < len(body):
            before = upload.received
            end = min(len(body), before + self._client.chunking.size(upload.least))
            if fault := self._send_chunk(upload, body, end):
                failures += 1
                if failures >= retry.tries:
                    raise fault.after(failures)
                self._client.clock.sleep(retry.wait(failures))
                self._ask_received(upload, end)
            if upload.received > before:
                failures = 0

    def _send_chunk(self, upload: Upload, body: Parts, end: int) -> AcrBridgeError | None:
        """Send the next chunk; gives what broke it off, if that is no reason to end."""
        begin = upload.received
        headers = {**_BINARY, "Content-Range": f"{begin}-{end - 1}"}
        began = self._client.clock.now()
        try:
            response = self._client.ask(
                "PATCH", upload.location, self._scope, headers=headers, body=body.part(begin, end)
            )
        except NetworkError as fault:
            if body.fault:
                raise
            return fault
        if response.status in _UNFIT:
            return self._unfit(upload, response, end - begin)
        self._client.check("PATCH", upload.location, response)
        self._client.chunking.took(end - begin, self._client.clock.now() - began)
        upload.location = self._location(response)
        upload.received = min(end, _received(response, end))
        return None if upload.received > begin else self._stuck(upload)

    def _unfit(self, upload: Upload, response: Response, count: int) -> AcrBridgeError:
        fault = self._client.refusal("PATCH", upload.location, response)
        if response.status == 413 and not self._client.chunking.too_large(count):
            raise fault
        is_no = response.status in _NO_CHUNKS and "BLOB_UPLOAD_UNKNOWN" not in fault.message
        if is_no and upload.received == 0 and self._client.chunking.refuse():
            raise _FormRefused
        return fault

    def _ask_received(self, upload: Upload, sent: int) -> None:
        """Ask how much of what was sent the registry has ("Pushing a blob in chunks", an upload's status)."""
        response = self._client.ask("GET", upload.location, self._scope)
        if response.status in _LOST:
            raise self._lost("GET", upload, response)
        self._client.check("GET", upload.location, response)
        if "Location" in response.headers:
            upload.location = self._location(response)
        upload.received = _received(response, -1)
        if upload.received not in range(sent + 1):
            raise self._lost("GET", upload, response)

    def _lost(self, method: str, upload: Upload, response: Response) -> AcrBridgeError:
        return AcrBridgeError("UPLOAD_LOST", self._client.refusal(method, upload.location, response).message)

    def _stuck(self, upload: Upload) -> AcrBridgeError:
        said = f"{self._name} takes chunks, and has no more than {upload.received:,} bytes afterwards."
        return AcrBridgeError("UPLOAD_LOST", said)

    def _location(self, response: Response) -> str:
        """Where an upload goes on: on this registry's own origin, or nowhere (GHSA-jxpm-75mh-9fp7)."""
        absolute = resolve(response.url, response.headers.get("Location", ""))
        if origin(absolute) != origin(self._client.base):
            raise AcrBridgeError(
                "LOCATION_UNTRUSTED",
                f"{self._client.name} wants the blob at {redact.foreign(redact.url(absolute), 100)!r}:"
                " nothing was sent there.",
            )
        parts = urlsplit(absolute)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _received(response: Response, otherwise: int) -> int:
    """Bytes that an answer says the registry has; `0-0` says none, although it could mean one."""
    last = _RECEIVED.fullmatch(response.headers.get("Range", ""))
    return int(last[1]) + (last[1] != "0") if last else otherwise
