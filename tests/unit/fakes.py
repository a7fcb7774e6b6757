"""Fakes for the engine's two seams: time, and the HTTP client that everything is asked through."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import parse_qs

from urllib3 import HTTPHeaderDict

from acrbridge.azure.arm import ArmClient
from acrbridge.errors import AcrBridgeError
from acrbridge.http.client import Counts, HttpClient, Request, Response
from acrbridge.http.deadlines import Clock, Deadline
from acrbridge.http.pace import Pace
from acrbridge.jobs import Event

ARM = "https://management.azure.com"
TENANT = "00000000-0000-0000-0000-0000000000aa"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"
BIDI_AND_CONTROL = "\x1b]0;pwned\x07\r\n\x9b31m\u202eevil\u2066\u061c\u200b\u2028"

Answer = Response | Exception
T = TypeVar("T")


@dataclass
class FakeClock:
    """A clock on which waiting takes no time."""

    time: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def cancel(self) -> None:
        raise AssertionError("nothing that is tried with this clock is cancelled")


class ScriptedHttp(HttpClient):
    """Answers requests from a script, and remembers them; nothing is sent.

    Args:
        answers: one after the other, or a function that makes the answer to a request.
        clock: for waits.
        plain_http: as HttpClient takes it.
    """

    def __init__(
        self,
        answers: Callable[[Request], Answer] | Iterable[Answer],
        clock: Clock | None = None,
        plain_http: frozenset[str] = frozenset(),
    ) -> None:
        self.clock = clock or FakeClock()
        self.counts = Counts()
        self.pace = Pace(self.clock)
        self.on_trouble = []
        self.quickest = {}
        self.plain_http = plain_http
        self.requests: list[Request] = []
        self._answer = answers if callable(answers) else _in_turn(answers)

    def send(self, request: Request, deadline: Deadline | None = None) -> Response:
        self.requests.append(request)
        found = self._answer(request)
        if isinstance(found, Exception):
            raise found
        return replace(found, url=request.url)

    def close(self) -> None:
        """Nothing is open."""

    @property
    def urls(self) -> list[str]:
        """What was asked, in order."""
        return [request.url for request in self.requests]

    def forms(self) -> list[dict[str, list[str]]]:
        """The form fields of each request."""
        return [parse_qs(str(request.body or "")) for request in self.requests]


def _in_turn(answers: Iterable[Answer]) -> Callable[[Request], Answer]:
    script = iter(answers)

    def answer(request: Request) -> Answer:
        found = next(script, None)
        assert found is not None, f"the script has no answer to {request.method} {request.url}"
        return found

    return answer


def by_url(table: Mapping[str, Answer]) -> Callable[[Request], Answer]:
    """A script that answers each URL, without its query, from a table."""

    def answer(request: Request) -> Answer:
        url = request.url.partition("?")[0]
        assert url in table, f"the table has no answer to {request.method} {request.url}"
        return table[url]

    return answer


def answer(status: int = 200, body: Any = b"", headers: Mapping[str, str] | None = None) -> Response:
    """An answer; a body that is neither bytes nor text is sent as JSON."""
    if not isinstance(body, bytes | str):
        body = json.dumps(body)
    content = body.encode() if isinstance(body, str) else body
    return Response(status, HTTPHeaderDict(headers or {}), content, "")


def arm_error(status: int, code: str, message: str) -> Response:
    """ARM's error envelope."""
    return answer(status, {"error": {"code": code, "message": message}})


def arm_client(http: HttpClient) -> ArmClient:
    """A client of the public cloud's ARM, with tokens named after whether they are new."""
    return ArmClient(ARM, http, lambda renew: "new-token" if renew else "old-token")


class Heard(list[Event]):
    """A listener that remembers."""

    def __call__(self, event: Event) -> None:
        self.append(event)


def attempt(call: Callable[[], T]) -> T | AcrBridgeError:
    """What a call gives, or the error of ours that it raises; any other error passes."""
    try:
        return call()
    except AcrBridgeError as error:
        return error


def is_fit_to_print(text: str) -> bool:
    """Whether a text is one line without control, bidi or other invisible characters."""
    return text.isprintable()
