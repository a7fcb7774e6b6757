"""Requests at work: each on a thread of its own, with a session of its own, to be cancelled by its id."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from acrbridge.errors import AcrBridgeError, StoppedError
from acrbridge.http import redact
from acrbridge.http.deadlines import Cancelled
from acrbridge.jobs import Copying, Event, Notice, Waiting
from acrbridge.operations.session import Session
from acrbridge.settings import Settings
from acrbridge.stdio import errors
from acrbridge.stdio.messages import Request
from acrbridge.stdio.methods import Method

log = logging.getLogger("acrbridge.stdio")

Send = Callable[[dict[str, Any]], None]

_MOST = 64
"""Requests at once."""
_BETWEEN = 0.2
"""Seconds between two `progress` notifications of a request."""


@dataclass
class Call:
    """A request at work."""

    id: int | str
    method: Method
    params: Request
    session: Session | None = None
    is_cancelled: bool = False
    told: float = 0.0
    """When progress was last told of, on time.monotonic's scale."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def cancel(self) -> None:
        """Have it end soon."""
        with self.lock:
            self.is_cancelled = True
            if self.session:
                self.session.cancel()

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
        self._changed = threading.Condition()

    def any(self) -> bool:
        """Whether there are any."""
        return bool(self._at_work)

    def may_begin(self, request: int | str) -> bool:
        """Whether one with that id can begin: none has it, and there are not too many."""
        return request not in self._at_work and len(self._at_work) < _MOST

    def begin(self, call: Call) -> None:
        """Put a request to work."""
        with self._changed:
            self._at_work[call.id] = call
        threading.Thread(target=self._work, args=(call,), name=f"acrbridge-{call.id}", daemon=True).start()

    def cancel(self, request: int | str) -> None:
        """Have a request end; one that is not there has ended already."""
        call = self._at_work.get(request)
        if call:
            call.cancel()

    def end(self, grace: float) -> None:
        """Cancel all, and wait so many seconds for their end."""
        for call in list(self._at_work.values()):
            call.cancel()
        with self._changed:
            self._changed.wait_for(lambda: not self._at_work, grace)

    def _work(self, call: Call) -> None:
        answer = self._answer(call)
        with self._changed:
            del self._at_work[call.id]
            self._changed.notify_all()
        self._send({"id": call.id, **answer})

    def _answer(self, call: Call) -> dict[str, Any]:
        try:
            return {"result": self._result(call)}
        except Cancelled:
            return {"error": errors.failure(_stopped())}
        except StoppedError as error:
            return {"error": errors.failure(error)}
        except AcrBridgeError as error:
            # What was cut off fails in many ways; who asked for that need not be told how.
            return {"error": errors.failure(_stopped() if call.is_cancelled else error)}
        except Exception as error:
            log.debug("a defect", exc_info=True)
            defect = AcrBridgeError("INTERNAL", f"{type(error).__name__}: {redact.foreign(str(error), 200)}.")
            return {"error": errors.failure(defect)}

    def _result(self, call: Call) -> dict[str, Any]:
        given = call.params.tokens
        with Session(
            Settings.read(),
            subscription=call.params.subscription,
            listener=lambda event: self._tell(call, event),
            given=given.sign_in() if given else None,
        ) as session:
            call.use(session)
            return call.method.run(session, call.params)

    def _tell(self, call: Call, event: Event) -> None:
        match event:
            case Notice(message):
                self._notify("warning", call, message=redact.foreign(message, 2000))
            case Waiting() | Copying():
                now = time.monotonic()
                if now - call.told >= _BETWEEN:
                    call.told = now
                    self._notify("progress", call, **_progress(event))

    def _notify(self, method: str, call: Call, **params: Any) -> None:
        self._send({"method": method, "params": {"id": call.id, **params}})


def _progress(event: Waiting | Copying) -> dict[str, Any]:
    if isinstance(event, Waiting):
        return {"status": redact.foreign(event.status, 200), "elapsed": round(event.elapsed, 1)}
    return {
        "status": "Copying",
        "sent": event.sent,
        "total": event.total,
        "elapsed": round(event.elapsed, 1),
        "remaining": None if event.remaining is None else round(event.remaining, 1),
    }


def _stopped() -> StoppedError:
    return StoppedError("The request was cancelled.", KeyboardInterrupt())
