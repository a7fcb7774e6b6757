"""Requests at work: each on a thread of its own, with a session of its own, to be cancelled by its id."""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from acrbridge.errors import AcrBridgeError, NetworkError, StoppedError
from acrbridge.http import redact
from acrbridge.http.deadlines import Cancelled
from acrbridge.operations.session import Session
from acrbridge.settings import Settings
from acrbridge.stdio import errors
from acrbridge.stdio.messages import Request
from acrbridge.stdio.methods import Method
from acrbridge.stdio.telling import THREAD, Send, Teller

log = logging.getLogger("acrbridge.stdio")

_MOST = 64
"""Requests at once."""


@dataclass
class Call:
    """A request at work."""

    id: int | str
    method: Method
    params: Request
    settings: Settings
    """As the environment was when it came."""
    session: Session | None = None
    is_cancelled: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def cancel(self) -> None:
        """Have it end soon."""
        with self.lock:
            self.is_cancelled = True
            session = self.session
        if session:
            # On a thread of its own: it gives uploads some time to end, and other requests are waiting.
            threading.Thread(target=session.cancel, daemon=True).start()

    def use(self, session: Session) -> None:
        """Work with a session. Raises Cancelled where it is too late for that."""
        with self.lock:
            if self.is_cancelled:
                raise Cancelled
            self.session = session


class Calls:
    """The requests at work.

    Args:
        send: sends a message to the client.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._at_work: dict[int | str, Call] = {}
        self._threads: set[threading.Thread] = set()
        self._ended = -math.inf
        """When the last one ended, on time.monotonic's scale."""

    def idle(self) -> float:
        """Seconds for which there has been none."""
        return 0.0 if self._at_work else time.monotonic() - self._ended

    def has(self, request: int | str) -> bool:
        """Whether one with that id is at work."""
        return request in self._at_work

    def begin(self, call: Call) -> None:
        """Put a request to work; where too many are, answer that."""
        if len(self._at_work) >= _MOST:
            error = NetworkError("THROTTLED", f"{_MOST} requests are at work already.")
            self._send({"id": call.id, "error": errors.failure(error)})
            return
        self._at_work[call.id] = call
        thread = threading.Thread(target=self._work, args=(call,), name=f"{THREAD}{call.id}", daemon=True)
        self._threads.add(thread)
        thread.start()

    def cancel(self, request: int | str) -> None:
        """Have a request end; one that is not there has ended already."""
        call = self._at_work.get(request)
        if call:
            call.cancel()

    def end(self, grace: float) -> None:
        """Cancel all, and wait so many seconds for their end."""
        for call in list(self._at_work.values()):
            call.cancel()
        self.wait(grace)

    def wait(self, seconds: float) -> None:
        """Wait so long for the end of all."""
        deadline = time.monotonic() + seconds
        for thread in list(self._threads):
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self, call: Call) -> None:
        answer = self._answer(call)
        self._ended = time.monotonic()
        del self._at_work[
            call.id
        ]  # before the answer: the client may use the id again as soon as it has that
        self._send({"id": call.id, **answer})
        self._threads.discard(threading.current_thread())

    def _answer(self, call: Call) -> dict[str, Any]:
        teller = Teller(call.id, call.params.activity, self._send)
        with teller.logging(wanted=call.params.debug):
            try:
                return {"result": _result(call, teller)}
            except Exception as error:  # noqa: BLE001 - it is the client's to know
                return {"error": errors.failure(_told(call, error))}
            finally:
                teller.tell_kept()


def _result(call: Call, teller: Teller) -> dict[str, Any]:
    given = call.params.tokens
    with Session(
        call.settings,
        subscription=call.params.subscription,
        listener=teller.hear,
        given=given.sign_in() if given else None,
    ) as session:
        call.use(session)
        return call.method.run(session, call.params)


def _told(call: Call, error: Exception) -> AcrBridgeError:
    """An error as the client is told of it."""
    if isinstance(error, StoppedError):
        return error
    if call.is_cancelled or isinstance(error, Cancelled):
        # What was cut off fails in many ways; who asked for that need not be told how.
        return StoppedError("The request was cancelled.", KeyboardInterrupt())
    if isinstance(error, AcrBridgeError):
        return error
    log.debug("a defect", exc_info=error)
    return AcrBridgeError("INTERNAL", f"{type(error).__name__}: {redact.foreign(str(error), 200)}.")
