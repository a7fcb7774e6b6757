"""Layers that registries do not hold by their licence, from where a manifest says that they are.

image-spec v1.1, "Non-Distributable Layers", and Docker's schema 2, "urls". A manifest is a stranger's word: no
credential goes there, only https to public addresses, and what comes has to have the layer's digest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from acrbridge.errors import AcrBridgeError, NetworkError, NotFoundError, VerificationError
from acrbridge.http import redact
from acrbridge.http.client import HttpClient, Request
from acrbridge.http.origins import origin, resolve
from acrbridge.http.streams import REDIRECTS, Stream, begins_at
from acrbridge.registry.contents import Descriptor

_HOPS = 5


class ForeignLayers:
    """Opens layers at the URLs of their descriptors.

    Args:
        http: the HTTP client.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    @contextmanager
    def open(self, layer: Descriptor, offset: int = 0) -> Iterator[Stream]:
        """Open a layer, from an offset where a broken download goes on, at the first of its URLs that has it.

        Args:
            layer: its `urls` count only if its media type says that registries do not hold it.
            offset: in bytes.

        Raises:
            NotFoundError: SOURCE_BLOB_MISSING, it has no URL.
            AcrBridgeError: LOCATION_UNTRUSTED, a URL leads to where nobody may be sent by a stranger;
                SOURCE_BLOB_MISSING; NetworkError and VerificationError as for any blob.
        """
        with ExitStack() as stack:
            yield self._first(layer, offset, stack)

    def _first(self, layer: Descriptor, offset: int, stack: ExitStack) -> Stream:
        failures: list[AcrBridgeError] = []
        for url in layer.urls if layer.is_foreign else ():
            try:
                return self._opened(url, offset, stack)
            except AcrBridgeError as error:
                stack.close()
                failures.append(type(error)(error.code, f"Layer {layer.digest}: {error.message}"))
        if failures:
            raise failures[0]
        raise NotFoundError("SOURCE_BLOB_MISSING", f"Layer {layer.digest} has no URL to be fetched from.")

    def _opened(self, url: str, offset: int, stack: ExitStack) -> Stream:
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        for _ in range(_HOPS):
            _check(url)
            answer = stack.enter_context(self._http.stream(Request("GET", url, headers, by_stranger=True)))
            if answer.status not in REDIRECTS:
                return _checked(answer, offset)
            stack.close()
            url = resolve(answer.url, answer.headers.get("Location", ""))
        raise AcrBridgeError("LOCATION_UNTRUSTED", f"{_shown(url)} comes after too many redirects.")


def _check(url: str) -> None:
    found = origin(url)
    if not found.startswith("https://") or "@" in found:
        raise AcrBridgeError(
            "LOCATION_UNTRUSTED", f"{_shown(url)} is no https address without a user: nothing was sent there."
        )


def _checked(answer: Stream, offset: int) -> Stream:
    if answer.status >= 500:
        raise NetworkError("SERVICE_ERROR", f"{_shown(answer.url)} answered {answer.status}.")
    if answer.status not in (200, 206):
        raise AcrBridgeError("SOURCE_BLOB_MISSING", f"{_shown(answer.url)} answered {answer.status}.")
    if not begins_at(answer, offset):
        raise VerificationError(
            "RANGE_NOT_HONOURED", f"{_shown(answer.url)} does not begin at byte {offset}."
        )
    return answer


def _shown(url: str) -> str:
    return repr(redact.foreign(redact.url(url), 200))
