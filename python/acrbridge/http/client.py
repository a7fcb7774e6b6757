"""One HTTP client for all: requests beneath, our trust, our deadlines, our errors above."""

from __future__ import annotations

import itertools
import logging
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.util import Url, parse_url

from acrbridge.errors import AcrBridgeError, NetworkError, UsageError
from acrbridge.http import redact, strict_json
from acrbridge.http.deadlines import Cancelled, Clock, Deadline, SystemClock
from acrbridge.http.failures import our_errors, tries
from acrbridge.http.pace import Pace
from acrbridge.http.proxies import is_near, proxies
from acrbridge.http.punctual import POOLS, cut_all
from acrbridge.http.retry import DEFAULT, TRANSIENT, Retry, retry_after
from acrbridge.http.streams import PATIENCE, Body, Stream
from acrbridge.http.trust import trust

log = logging.getLogger("acrbridge.http")

MEBIBYTE = 1 << 20
_CONNECTIONS = 64
"""Connections that are kept for each host."""


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
    parting: bool = False
    """Whether it is sent even after an abort, to tidy up what that left."""


@dataclass(frozen=True)
class Response:
    """An answer, read whole."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names are compared without case."""
    body: bytes = field(repr=False)
    url: str

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
        requests_per_second: that each host gets at most; None: any number.
        plain_http: HOST[:PORT], in lower case, of those that plain HTTP may go to.
    """

    def __init__(
        self,
        *,
        ca_files: tuple[Path, ...] = (),
        timeouts: Timeouts | None = None,
        clock: Clock | None = None,
        user_agent: str = "acrbridge",
        requests_per_second: float | None = None,
        plain_http: frozenset[str] = frozenset(),
    ) -> None:
        self.clock = clock or SystemClock()
        self.timeouts = timeouts or Timeouts()
        self.counts = Counts()
        self.pace = Pace(self.clock, requests_per_second)
        self.on_trouble: Callable[[str], None] = lambda _: None
        """Hears of the host, with its port, of each transient answer and each connection that failed."""
        self.plain_http = plain_http
        self._aborted = False
        self._session = _Session()
        self._session.trust_env = False
        # Identity: a compressed answer could unfold to any size (urllib3 CVE-2025-66471).
        self._session.headers = requests.structures.CaseInsensitiveDict(
            {"User-Agent": user_agent, "Accept-Encoding": "identity", "Accept": "*/*"}
        )
        adapter = _TrustingAdapter(trust(ca_files))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def abort(self) -> None:
        """End what is under way in other threads, and let nothing begin: it fails, or raises Cancelled."""
        self._aborted = True
        self.clock.cancel()
        cut_all()

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
        host = self._checked_host(request.url)
        self.pace.wait(host, deadline)
        deadline = deadline or Deadline(self.timeouts.total, self.clock)
        for failures in itertools.count(1):
            try:
                response = self._send_once(request, deadline, again=failures > 1)
            except NetworkError as error:
                self.on_trouble(host)
                if failures >= tries(error, request.retry.tries) or not self._wait(
                    request, host, failures, None, deadline
                ):
                    raise
            else:
                if not self._goes_again(request, host, failures, response, deadline):
                    return response
        raise AssertionError("count() does not end")

    @contextmanager
    def stream(self, request: Request) -> Iterator[Stream]:
        """Send a request, again where the answer's status is transient, and leave its body to be read.

        Raises:
            NetworkError: no answer came; that is not tried again.
            UsageError: PLAIN_HTTP_REFUSED.
        """
        host = self._checked_host(request.url)
        self.pace.wait(host)
        deadline = Deadline(self.timeouts.total, self.clock)
        timeout = urllib3.Timeout(connect=self.timeouts.connect, read=PATIENCE)
        for failures in itertools.count(1):
            try:
                with our_errors(request.url):
                    answer = self._open(request, timeout, again=failures > 1)
            except NetworkError:
                self.on_trouble(host)
                raise
            with answer:
                opened = Stream(answer, self.clock, lambda: self.on_trouble(host))
                if not self._goes_again(request, host, failures, opened, deadline):
                    yield opened
                    return

    def base(self, host: str) -> str:
        """`https://HOST`, or `http://HOST` where plain HTTP may go to it."""
        return f"{'http' if host.lower() in self.plain_http else 'https'}://{host}"

    def _open(self, request: Request, timeout: urllib3.Timeout, *, again: bool) -> requests.Response:
        if self._aborted and not request.parting:
            raise Cancelled
        self.counts.add(again=again)
        return self._session.request(
            request.method,
            request.url,
            headers=dict(request.headers),
            data=request.body,  # type: ignore[arg-type] # memoryviews go to the socket as they are
            timeout=timeout,  # type: ignore[arg-type] # requests takes urllib3's own, too
            allow_redirects=False,
            stream=True,
            proxies=proxies(request.url),
        )

    def _goes_again(
        self, request: Request, host: str, failures: int, answer: Response | Stream, deadline: Deadline
    ) -> bool:
        """After a transient answer, wait until the request may go again; False where it is not to."""
        if answer.status not in TRANSIENT:
            return False
        self.on_trouble(host)
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

    def _checked_host(self, url: str) -> str:
        r"""Host and port of a URL that is https, or plain HTTP where that is allowed.

        That is to hosts that were named for it, to this computer, and to link-local addresses, where managed
        identities are. The URL is taken apart by urllib3, which is what opens the connection: urlsplit sees another
        host in `http://a\@b`.
        """
        try:
            parts = parse_url(url)
        except urllib3.exceptions.LocationParseError:
            parts = Url()
        if parts.host and (parts.scheme == "https" or (parts.scheme == "http" and self._may_be_plain(parts))):
            return parts.netloc or ""
        raise UsageError("PLAIN_HTTP_REFUSED", f"{redact.url(url)!r} is not an https address.")

    def _may_be_plain(self, parts: Url) -> bool:
        return is_near(parts.host or "") or parts.netloc in self.plain_http

    def _send_once(self, request: Request, deadline: Deadline, *, again: bool) -> Response:
        started = self.clock.now()
        with our_errors(request.url):
            held = request.body is None or isinstance(request.body, bytes | str)
            timeout = urllib3.Timeout(
                connect=self.timeouts.connect,
                read=self.timeouts.read,
                total=deadline.remaining() + 0.001 if held else None,  # a blob takes as long as it takes
            )
            answer = self._open(request, timeout, again=again)
            with answer:
                body = self._read(answer, request)
        log.debug(
            "%s %s -> %d, %d bytes, %.0f ms",
            request.method,
            redact.url(request.url),
            answer.status_code,
            len(body),
            1000 * (self.clock.now() - started),
        )
        return Response(answer.status_code, answer.headers, body, request.url)

    @staticmethod
    def _read(answer: requests.Response, request: Request) -> bytes:
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise AcrBridgeError(
                "ANSWER_UNINTELLIGIBLE",
                f"{_host(request.url)} compressed its answer although it was asked not to.",
            )
        parts, size = [], 0
        # read1 gives what has come: read would wait for all of its bytes, however slowly they drip.
        while part := answer.raw.read1(64 << 10, decode_content=False):
            size += len(part)
            if size > request.limit:
                raise AcrBridgeError(
                    "ANSWER_TOO_LARGE",
                    f"The answer of {_host(request.url)} to {request.method}"
                    f" {parse_url(request.url).path} is over the limit of {request.limit:,} bytes.",
                )
            parts.append(part)
        return b"".join(parts)


class _Session(requests.Session):
    """A session that does not look at redirects: requests would read their bodies whole, to prepare the next hop."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None for every answer."""
        del resp


class _TrustingAdapter(HTTPAdapter):
    """Verifies with one TLS context of ours, instead of requests' own bundle."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_maxsize=_CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> urllib3.ProxyManager:
        manager: urllib3.ProxyManager = super().proxy_manager_for(
            proxy,
            **kwargs,
            ssl_context=self._context,
            proxy_ssl_context=self._context,
            # urllib3 turns Nagle's algorithm on for proxies: 40 ms for each request with a body.
            socket_options=HTTPConnection.default_socket_options,
        )
        manager.pool_classes_by_scheme = POOLS
        return manager

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """Leave the context's trust as it is: requests would add its bundle to it."""
        conn.cert_reqs = "CERT_REQUIRED"


def _host(url: str) -> str:
    """Host and port of a URL, for messages."""
    return parse_url(url).netloc or ""
