"""The loop: a line in, a request at work on a thread of its own, answers and notifications out."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import pydantic

from acrbridge import __version__
from acrbridge.errors import AcrBridgeError
from acrbridge.settings import Settings
from acrbridge.stdio import errors
from acrbridge.stdio.answers import Engine, Initialized
from acrbridge.stdio.calls import Call, Calls
from acrbridge.stdio.errors import ProtocolError
from acrbridge.stdio.framing import MAX_LINE, Lines, LineTooLong, line, parse
from acrbridge.stdio.inbox import Inbox, Line
from acrbridge.stdio.messages import PROTOCOL_VERSION, Cancel, Initialize
from acrbridge.stdio.methods import METHODS

P = TypeVar("P", bound=pydantic.BaseModel)

ENVIRONMENT = (
    "ACRBRIDGE_CONFIG_DIR",
    "ACR_EMULATOR_STATE",
    "ALL_PROXY",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "DOCKER_CONFIG",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "MSI_ENDPOINT",
    "MSI_SECRET",
    "NO_PROXY",
    "REGISTRY_AUTH_FILE",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    *(() if os.name == "nt" else ("all_proxy", "http_proxy", "https_proxy", "no_proxy")),
)
"""What of a client's environment matters here; it tells with each request. Windows knows no case."""
_GRACE = 4.0
"""Seconds that requests have to end by themselves when nobody is there any more."""


class Server:
    """Serves one client.

    Args:
        read: gives the next bytes of its requests; none at their end. Called from a thread of its own.
        write: sends bytes to it.
        idle_timeout: seconds without a request after which it ends.
    """

    def __init__(
        self, read: Callable[[], bytes], write: Callable[[bytes], object], *, idle_timeout: float
    ) -> None:
        self._read = read
        self._write = write
        self._idle_timeout = idle_timeout
        self._inbox = Inbox()
        self._calls = Calls(self._send)
        self._writing = threading.Lock()
        self._is_initialized = False
        self._is_lost = False
        """Whether the client no longer reads."""

    def run(self) -> None:
        """Serve until the client's end, or until it has asked nothing for long."""
        threading.Thread(target=self._read_on, name="acrbridge-read", daemon=True).start()
        try:
            while found := self._next():
                self._take(found)
        finally:
            self._calls.end(_GRACE)

    def _next(self) -> Line | None:
        """The next line; None at the end of all, or when there has been nothing to do for long."""
        patience = self._idle_timeout
        while patience > 0 and not self._is_lost:
            try:
                return self._inbox.take(patience)
            except TimeoutError:
                patience = self._idle_timeout - self._calls.idle()
        return None

    def _read_on(self) -> None:
        lines = Lines()
        with suppress(OSError):  # as good as its end
            while piece := self._read():
                for found in lines.feed(piece):
                    self._inbox.put(found)
        self._inbox.close()

    def _send(self, message: dict[str, Any]) -> None:
        sent = _line(message)
        with self._writing:
            if self._is_lost:
                return
            try:
                self._write(sent)
            except OSError:  # nobody hears us any more
                self._is_lost = True
                self._inbox.close()  # so that the loop sees it

    def _take(self, found: Line) -> None:
        try:
            self._answer(found)
        except ProtocolError as error:
            self._send({"id": error.request, "error": error.as_json()})

    def _answer(self, found: Line) -> None:
        message = _parsed(found)
        method, params, request = _envelope(message)
        if request is not None and self._calls.has(request):
            # Without its id, or it would pass for the answer to the one that is at work.
            raise _invalid(f"A request {request!a} is at work already.", None)
        if method == "initialize" and request is not None:
            self._initialize(request, params)
        elif not self._is_initialized:
            raise _invalid("The first request has to be initialize.", request)
        elif request is None:
            self._notice(method, params)
        elif method not in METHODS:
            raise ProtocolError(
                errors.METHOD_NOT_FOUND, "METHOD_UNKNOWN", f"There is no method {method!a}.", request
            )
        else:
            self._begin(method, params, request)

    def _initialize(self, request: int | str, params: Any) -> None:
        if self._is_initialized:
            raise _invalid("initialize was sent already.", request)
        asked = _checked(Initialize, params, request)
        if asked.protocol_version != PROTOCOL_VERSION:
            raise ProtocolError(
                errors.INVALID_REQUEST,
                "PROTOCOL_MISMATCH",
                f"{asked.client.name} {asked.client.version} speaks protocol {asked.protocol_version},"
                f" acrbridge {__version__} speaks {PROTOCOL_VERSION}.",
                request,
            )
        self._is_initialized = True
        self._send({"id": request, "result": _who_we_are().as_json()})

    def _notice(self, method: str, params: Any) -> None:
        """Hear a notification; JSON-RPC leaves those that nobody knows without an answer."""
        if method == "cancel":
            self._calls.cancel(_checked(Cancel, params, None).id)

    def _begin(self, method: str, params: Any, request: int | str) -> None:
        asked = _checked(METHODS[method].params, params, request)
        try:
            _apply(asked.environment)
        except ValueError:
            raise ProtocolError(
                errors.INVALID_PARAMS,
                "PARAMETERS_INVALID",
                "environment has what no variable can be.",
                request,
            ) from None
        settings = Settings.read(plain_http=asked.plain_http)
        self._calls.begin(Call(request, METHODS[method], asked, settings))


def _apply(environment: dict[str, str] | None) -> None:
    """Take over the client's environment, as far as it matters: it can have changed since it started us.

    Raises:
        ValueError: a value is none that a variable can have.
    """
    if environment is None:
        return
    for name in ENVIRONMENT:
        if name in environment:
            os.environ[name] = environment[name]
        else:
            os.environ.pop(name, None)


def _who_we_are() -> Initialized:
    import platform
    import sys

    engine = Engine(
        name="acrbridge",
        version=__version__,
        python=platform.python_version(),
        executable=sys.executable,
    )
    return Initialized(protocol_version=PROTOCOL_VERSION, engine=engine, environment_names=ENVIRONMENT)


def _parsed(found: Line) -> dict[str, Any]:
    if isinstance(found, LineTooLong):
        raise _invalid(f"A line has over {MAX_LINE:,} bytes.", None)
    try:
        message = parse(found)
    except (ValueError, RecursionError):
        raise ProtocolError(errors.PARSE_ERROR, "MESSAGE_INVALID", "A line is no JSON in UTF-8.") from None
    if not isinstance(message, dict):
        raise _invalid("A message is one JSON object.", None)
    return message


def _envelope(message: dict[str, Any]) -> tuple[str, Any, int | str | None]:
    """The method, parameters and id of a message; no id is a notification's."""
    request = message.get("id")
    if isinstance(request, bool) or not isinstance(request, int | str | None) or _is_huge(request):
        raise _invalid("An id is a text of up to 200 characters or an integer.", None)
    method = message.get("method")
    if message.get("jsonrpc") != "2.0" or not isinstance(method, str):
        raise _invalid('A message has "jsonrpc":"2.0" and a method.', request)
    if "id" in message and request is None:
        raise _invalid("An id is not null.", None)
    return method, message.get("params", {}), request


def _is_huge(request: int | str | None) -> bool:
    return (isinstance(request, int) and abs(request) >= 1 << 53) or len(str(request)) > 200


def _checked(model: type[P], params: Any, request: int | str | None) -> P:
    try:
        return model.model_validate(params)
    except pydantic.ValidationError as error:
        wrong = [f"{'.'.join(map(str, e['loc'])) or 'params'} ({e['msg']})" for e in error.errors()]
        raise ProtocolError(
            errors.INVALID_PARAMS, "PARAMETERS_INVALID", f"{'; '.join(wrong)}.", request
        ) from None


def _invalid(message: str, request: int | str | None) -> ProtocolError:
    return ProtocolError(errors.INVALID_REQUEST, "MESSAGE_INVALID", message, request)


def _line(message: dict[str, Any]) -> bytes:
    """A message as a line; where none can hold it, an error in its place."""
    try:
        sent = line(message)
    except (TypeError, ValueError, RecursionError) as error:
        defect = AcrBridgeError("INTERNAL", f"The answer is no JSON: {type(error).__name__}.")
        return line({"id": message.get("id"), "error": errors.failure(defect)})
    if len(sent) <= MAX_LINE:
        return sent
    too_long = AcrBridgeError(
        "ANSWER_TOO_LARGE", f"The answer has over {MAX_LINE:,} bytes.", remedy="Ask for less at once."
    )
    return line({"id": message.get("id"), "error": errors.failure(too_long)})
