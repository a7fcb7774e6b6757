"""One HTTP client for all: urllib3 beneath, our trust, our deadlines, our errors above."""

from __future__ import annotations

import itertools
import logging
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import urllib3
from urllib3.util import Url, parse_url

from acrbridge.errors import AcrBridgeError, NetworkError, UsageError
from acrbridge.http import redact, strict_json
from acrbridge.http.addresses import MayReach, is_public
from acrbridge.http.connections import Connections
from acrbridge.http.deadlines import Cancelled, Clock, Deadline, SystemClock
from acrbridge.http.failures import our_errors, tries
from acrbridge.http.pace import Pace
from acrbridge.http.proxies import is_near
from acrbridge.http.punctual import waited
from acrbridge.http.retry import DEFAULT, TRANSIENT, Retry, is_used_up, retry_after
from acrbridge.http.streams import PATIENCE, Body, Stream
from acrbridge.http.trust import trust

log = logging.getLogger("acrbridge.http")

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Timeouts:
    """Seconds that parts of one request may take."""

    connect: float = 10.0
    read: float = 60.0
    """From the request's last byte to the answer's last."""
    total: float = 120.0
    """One request with all its tries, where the caller has no deadline of its own."""


@dataclass(frozen=True)
class Request:
    """An HTTP request whose body is small enough to be held."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | str | Body | None = field(default=None, repr=False)
    """A Body is sent as it is read; with `retry` NEVER, because it is not held."""
    limit: int = 4 * MEBIBYTE
    """Bytes that the answer may have."""
    retry: Retry = DEFAULT
    """retry.NEVER for a request that must not be sent twice."""
    patience: float | None = None
    """Seconds that its answer may take, where that is more than the read timeout."""
    parting: bool = False
    """Whether it is sent even after an abort, to tidy up what that left."""
    by_stranger: bool = False
    """Whether somebody else chose the URL, as in a manifest: it may lead by https to public addresses only."""


@dataclass(frozen=True)
class Response:
    """An answer, read whole."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names are compared without case."""
    body: bytes = field(repr=False)
    url: str
    tries: int = 1
    """Requests of which this answers the last."""

    def text(self) -> str:
        """The body as text, for showing; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            AcrBridgeError: ANSWER_UNINTELLIGIBLE.
        """
        try:
            return strict_json.loads(self.body)
        except (ValueError, RecursionError):
            start = redact.foreign(self.text(), 80)
            raise AcrBridgeError(
                "ANSWER_UNINTELLIGIBLE",
                f"{_host(self.url)} answered {self.status} with something that is not JSON: {start!r}.",
            ) from None

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            AcrBridgeError: ANSWER_UNINTELLIGIBLE.
        """
        document = self.json()
        if not isinstance(document, dict):
            raise AcrBridgeError(
                "ANSWER_UNINTELLIGIBLE",
                f"{_host(self.url)} answered {self.status} with JSON that is not an object.",
            )
        return document


class Counts:
    """Requests so far, those that were sent again included; each number only grows."""

    def __init__(self) -> None:
        self.requests = 0
        self.retries = 0
        self._lock = threading.Lock()

    def add(self, *, again: bool) -> None:
        """Count a request."""
        with self._lock:
            self.requests += 1
            self.retries += again


class HttpClient:
    """Sends requests. Proxies come from the environment; redirects are not followed; .netrc is not read.

    A host that answers 429 gets no request from any thread until the time that it asked for is over.

    Args:
        ca_files: certificate authorities to trust beside the operating system's, PEM.
        timeouts: in seconds.
        clock: for waits between tries.
        user_agent: what servers are told.
        plain_http: HOST[:PORT], in lower case, of those that plain HTTP may go to.
        may_reach: which IP addresses a stranger's URL may lead to.
    """

    def __init__(
        self,
        *,
        ca_files: tuple[Path, ...] = (),
        timeouts: Timeouts | None = None,
        clock: Clock | None = None,
        user_agent: str = "acrbridge",
        plain_http: frozenset[str] = frozenset(),
        may_reach: MayReach = is_public,
    ) -> None:
        self.clock = clock or SystemClock()
        self.timeouts = timeouts or Timeouts()
        self.counts = Counts()
        self.pace = Pace(self.clock)
        self.on_trouble: list[Callable[[str], None]] = []
        """Each hears of the host, with its port, of each transient answer and each connection that failed."""
        self.quickest: dict[str, float] = {}
        """Seconds that each host, with its port, took at least to answer: near ones take a few milliseconds."""
        self.plain_http = plain_http
        self._aborted = False
        context = trust(ca_files)
        self._connections = Connections(context)
        self._public = Connections(context, may_reach)
        # Identity: a compressed answer could unfold to any size (urllib3 CVE-2025-66471).
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "identity", "Accept": "*/*"}

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()
        self._public.close()

    def abort(self) -> None:
        """End what is under way in other threads, and let nothing begin: it fails, or raises Cancelled."""
        self._aborted = True
        self.clock.cancel()
        self._connections.cut()
        self._public.cut()

    def send(self, request: Request, deadline: Deadline | None = None) -> Response:
        """Send a request, again after a transient failure, and read the answer whole.

        Args:
            request: what to send.
            deadline: when to give up; by default the total of `timeouts`.

        Returns:
            The last answer, whatever its status.

        Raises:
            NetworkError: no answer came.
            AcrBridgeError: ANSWER_TOO_LARGE, ANSWER_UNINTELLIGIBLE.
            UsageError: PLAIN_HTTP_REFUSED.
        """
        url = self._checked(request)
        host = url.netloc or ""
        self.pace.wait(host, deadline)
        deadline = deadline or Deadline(max(self.timeouts.total, request.patience or 0.0), self.clock)
        for failures in itertools.count(1):
            try:
                response = self._send_once(request, url, deadline, again=failures > 1)
            except NetworkError as error:
                self._trouble(host)
                if failures >= tries(error, request.retry.tries) or not self._wait(
                    request, host, failures, None, deadline
                ):
                    raise error.after(failures) from error.__cause__
            else:
                if not self._goes_again(request, host, failures, response, deadline):
                    return replace(response, tries=failures)
        raise AssertionError("count() does not end")

    @contextmanager
    def stream(self, request: Request) -> Iterator[Stream]:
        """Send a request, again where the answer's status is transient, and leave its body to be read.

        Raises:
            NetworkError: no answer came; that is not tried again.
            UsageError: PLAIN_HTTP_REFUSED.
        """
        url = self._checked(request)
        host = url.netloc or ""
        self.pace.wait(host)
        deadline = Deadline(self.timeouts.total, self.clock)
        timeout = urllib3.Timeout(connect=self.timeouts.connect, read=PATIENCE)
        for failures in itertools.count(1):
            try:
                with our_errors(request.url):
                    answer = self._open(request, url, timeout, again=failures > 1)
            except NetworkError as error:
                self._trouble(host)
                raise error.after(failures) from error.__cause__
            with closing(Stream(answer, request.url, self.clock, lambda: self._trouble(host))) as opened:
                if not self._goes_again(request, host, failures, opened, deadline):
                    opened.tries = failures
                    yield opened
                    return

    def base(self, host: str) -> str:
        """`https://HOST`, or `http://HOST` where plain HTTP may go to it."""
        return f"{'http' if host.lower() in self.plain_http else 'https'}://{host}"

    def _trouble(self, host: str) -> None:
        for hear in tuple(self.on_trouble):
            hear(host)

    def _open(
        self, request: Request, url: Url, timeout: urllib3.Timeout, *, again: bool
    ) -> urllib3.BaseHTTPResponse:
        if self._aborted and not request.parting:
            raise Cancelled
        self.counts.add(again=again)
        headers = {**self._headers, **request.headers}
        connections = self._public if request.by_stranger else self._connections
        answer = connections.open(request.method, url, headers, request.body, timeout)
        host = url.netloc or ""
        self.quickest[host] = min(waited(answer), self.quickest.get(host, math.inf))
        return answer

    def _goes_again(
        self, request: Request, host: str, failures: int, answer: Response | Stream, deadline: Deadline
    ) -> bool:
        """After a transient answer, wait until the request may go again; False where it is not to."""
        if answer.status not in TRANSIENT or (answer.status == 429 and is_used_up(answer.headers)):
            return False
        self._trouble(host)
        asked = retry_after(answer.headers)
        if answer.status == 429:
            self.pace.pause(host, request.retry.wait(failures, asked))
        return self._wait(request, host, failures, asked, deadline)

    def _wait(
        self, request: Request, host: str, failures: int, asked: float | None, deadline: Deadline
    ) -> bool:
        """Wait before the next try; False where there is to be none."""
        wait = request.retry.wait(failures, asked)
        if failures >= request.retry.tries or wait >= deadline.remaining():
            return False
        log.debug("try %d of %d in %.1f s", failures + 1, request.retry.tries, wait)
        self.clock.sleep(wait)
        self.pace.wait(host, deadline)
        return True

    def _checked(self, request: Request) -> Url:
        r"""The parts of a request's URL that is https, or plain HTTP where that is allowed.

        That is to hosts that were named for it, to this computer, and to link-local addresses, where managed
        identities are. The URL is taken apart by urllib3, which is what opens the connection: urlsplit sees another
        host in `http://a\@b`.
        """
        try:
            parts = parse_url(request.url)
        except urllib3.exceptions.LocationParseError:
            parts = Url()
        plain = parts.scheme == "http" and not request.by_stranger and self._may_be_plain(parts)
        if parts.host and (parts.scheme == "https" or plain):
            return parts
        raise UsageError("PLAIN_HTTP_REFUSED", f"{redact.url(request.url)!r} is not an https address.")

    def _may_be_plain(self, parts: Url) -> bool:
        return is_near(parts.host or "") or parts.netloc in self.plain_http

    def _send_once(self, request: Request, url: Url, deadline: Deadline, *, again: bool) -> Response:
        started = self.clock.now()
        with our_errors(request.url):
            held = request.body is None or isinstance(request.body, bytes | str)
            timeout = urllib3.Timeout(
                connect=self.timeouts.connect,
                read=max(self.timeouts.read, request.patience or 0.0),
                total=deadline.remaining() + 0.001 if held else None,  # a blob takes as long as it takes
            )
            with closing(self._open(request, url, timeout, again=again)) as answer:
                body = self._read(answer, request)
        if log.isEnabledFor(logging.DEBUG):
            log.debug(
                "%s %s -> %d, %d bytes, %.0f ms",
                request.method,
                redact.url(request.url),
                answer.status,
                len(body),
                1000 * (self.clock.now() - started),
            )
        return Response(answer.status, answer.headers, body, request.url)

    @staticmethod
    def _read(answer: urllib3.BaseHTTPResponse, request: Request) -> bytes:
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise AcrBridgeError(
                "ANSWER_UNINTELLIGIBLE",
                f"{_host(request.url)} compressed its answer although it was asked not to.",
            )
        parts, size = [], 0
        # read1 gives what has come: read would wait for all of its bytes, however slowly they drip.
        while part := answer.read1(64 << 10, decode_content=False):
            size += len(part)
            if size > request.limit:
                raise AcrBridgeError(
                    "ANSWER_TOO_LARGE",
                    f"The answer of {_host(request.url)} to {request.method}"
                    f" {parse_url(request.url).path} is over the limit of {request.limit:,} bytes.",
                )
            parts.append(part)
        return b"".join(parts)


def _host(url: str) -> str:
    """Host and port of a URL, for messages."""
    return parse_url(url).netloc or ""
