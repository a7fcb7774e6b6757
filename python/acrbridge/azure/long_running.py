"""Azure's long-running operations, as importImage really behaves (reference: ARM RPC, "Asynchronous operations").

202 with a Location that is opaque, signed, kept verbatim and asked only on ARM's own host; the first poll at
once, the next after Retry-After; the end is a 200, or a 4xx that is the failure. A 200 whose body says Failed is
a failure too, although az takes it for a success. Who is refused the poll itself is not told how it ended.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from acrbridge.azure.arm import ArmClient, Refusal
from acrbridge.errors import AcrBridgeError, NetworkError
from acrbridge.http import redact
from acrbridge.http.client import Response
from acrbridge.http.deadlines import Deadline
from acrbridge.http.retry import LONGEST_WAIT, NEVER, TRANSIENT, Retry, retry_after
from acrbridge.jobs import Listener, Notice, Waiting

_INTERVAL = 5.0
"""Seconds between polls where Azure names no interval."""
_SHORTEST = 0.1
"""Seconds between polls at the least, whatever Azure names."""
_REPLICATION = 10.0
"""Seconds in which 404 means that the operation is not known everywhere yet."""
_FIRST_ANSWER = 10.0
"""Seconds that the request itself may take at the least: who waits for no end still wants it sent."""
_GOOD = frozenset({200, 201, 202, 204})
_ENDED_WELL = frozenset({"", "succeeded"})
_UNREADABLE = frozenset({"ANSWER_UNINTELLIGIBLE", "ANSWER_TOO_LARGE"})
"""Codes of answers that tell nothing of the operation: something between here and Azure gave them."""
_NEVER_SENT = frozenset({"TLS_UNTRUSTED", "PROXY_REFUSED", "HOST_NOT_FOUND"})
_START = Retry(tries=4, base=1.0)
_ENDED_BADLY = frozenset({"failed", "canceled"})
_POLL_REFUSED = frozenset({401, 403, 404})
"""Statuses that are no end of the operation, but a refusal to tell of it."""
_NAMES_ITS_END = re.compile(r"Operation \S+ failed\b")
"""How the message begins where they are its end all the same."""


@dataclass(frozen=True)
class Outcome:
    """What one poll tells."""

    state: Literal["running", "succeeded", "failed", "refused", "unclear"]
    """`refused`: Azure does not tell us; `unclear`: the answer tells nothing."""
    status: str
    """Azure's word for it."""
    refusal: Refusal | None = None
    """The reason of a failure, or why Azure does not tell."""


class Operation:
    """One operation that was accepted.

    Args:
        arm: the client that started it.
        accepted: the answer to the request that started it.

    Raises:
        AcrBridgeError: LOCATION_UNTRUSTED.
    """

    def __init__(self, arm: ArmClient, accepted: Response) -> None:
        self._arm = arm
        self._clock = arm.clock
        self._started = self._clock.now()
        self._outcome = _read(accepted)
        self._interval = _INTERVAL
        self._obey(accepted)
        self._url = self._location(accepted) or self._location(accepted, "Azure-AsyncOperation")
        self.id = redact.foreign(urlsplit(self._url).path.rpartition("/")[2]) if self._url else None

    @property
    def can_be_polled(self) -> bool:
        """Whether its end is known already, or Azure said where to ask for it."""
        return self._url is not None or self._outcome.state in ("succeeded", "failed")

    @property
    def elapsed(self) -> float:
        """Seconds since it was accepted."""
        return self._clock.now() - self._started

    def wait(self, deadline: Deadline, listener: Listener) -> Outcome:
        """Poll until it has ended, or the deadline has passed.

        Args:
            deadline: when to stop waiting; the operation goes on.
            listener: hears of each poll.

        Returns:
            The last outcome: `running` or `unclear` only when the deadline has passed.

        Raises:
            AcrBridgeError: LOCATION_UNTRUSTED; SIGN_IN_EXPIRED and its like, no token for the next poll.
        """
        while self._outcome.state in ("running", "unclear"):
            self._outcome = self._poll(deadline)
            if self._outcome.state not in ("running", "unclear") or deadline.passed():
                break
            listener(Waiting(self.id, self._outcome.status, self.elapsed))
            deadline.sleep(self._interval)
        return self._outcome

    def _poll(self, deadline: Deadline) -> Outcome:
        if self._url is None:
            return self._outcome
        try:
            response = self._arm.send("GET", self._url, deadline=deadline, retry=Retry(tries=3))
        except AcrBridgeError as error:
            if not isinstance(error, NetworkError) and error.code not in _UNREADABLE:
                raise
            return self._outcome if deadline.passed() else Outcome("unclear", error.message)
        self._url = self._location(response) or self._url
        self._obey(response)
        if response.status == 404 and self.elapsed < _REPLICATION:
            return Outcome("running", "Accepted")
        return _read(response)

    def _obey(self, response: Response) -> None:
        asked = retry_after(response.headers)
        if asked is not None:
            self._interval = min(max(asked, _SHORTEST), LONGEST_WAIT)

    def _location(self, response: Response, header: str = "Location") -> str | None:
        """Where to ask next, on ARM's own host. For importImage the latest Location decides."""
        location = response.headers.get(header)
        return self._arm.same_host(location) if location else None


def _read(response: Response) -> Outcome:
    """What an answer says of the operation."""
    if response.status >= 400:
        return _read_refusal(response)
    if response.status not in _GOOD:
        return _unclear(response)
    try:
        document = response.json() if response.body.strip() else None
    except AcrBridgeError as error:
        return Outcome("unclear", error.message)
    status = redact.foreign(str(document.get("status") or ""), 80) if isinstance(document, dict) else ""
    if status.lower() in _ENDED_BADLY:
        return Outcome("failed", status, Refusal.read(response))
    if response.status != 202 and status.lower() in _ENDED_WELL:
        return Outcome("succeeded", "Succeeded")
    return Outcome("running", status or "Accepted")


def _read_refusal(response: Response) -> Outcome:
    refusal = Refusal.read(response)
    if response.status in _POLL_REFUSED and not _NAMES_ITS_END.match(refusal.message):
        return Outcome("refused", f"Azure answers {response.status}", refusal)
    if response.status in TRANSIENT or not refusal.in_envelope:
        return _unclear(response)
    return Outcome("failed", "Failed", refusal)


def _unclear(response: Response) -> Outcome:
    return Outcome("unclear", f"Azure answers {response.status}.")


def start(
    arm: ArmClient,
    path: str,
    api_version: str,
    body: Mapping[str, Any],
    deadline: Deadline,
    listener: Listener,
) -> tuple[Response, bool]:
    """Send the POST that starts an operation, again where its answer was lost or the service was too busy.

    Args:
        arm: the client to send it with.
        path: of the POST.
        api_version: of the resource's provider.
        body: of the POST.
        deadline: when to give up.
        listener: hears why it is sent again.

    Returns:
        The answer, and whether an earlier request may have been accepted too.

    Raises:
        NetworkError: no answer came.
        AcrBridgeError: no token for the request; ANSWER_UNINTELLIGIBLE, the answer is not Azure's.
    """
    maybe_accepted = False
    for failures in itertools.count(1):
        arm.sign_in()  # not within the try: what fails here was not sent
        try:
            response = arm.post(path, api_version, body, NEVER, _time_for_an_answer(deadline))
        except NetworkError as error:
            wait = _wait(failures, None, deadline)
            if wait is None or error.code in _NEVER_SENT:
                raise
            maybe_accepted, reason = True, error.message
        else:
            wait = _wait(failures, retry_after(response.headers), deadline)
            if wait is None or response.status not in TRANSIENT:
                _check_answer(response)
                return response, maybe_accepted
            maybe_accepted = maybe_accepted or response.status != 429
            reason = f"Azure answered {response.status}."
        listener(Notice(f"{reason} Asking again."))
        deadline.sleep(wait)
    raise AssertionError("count() does not end")


def _check_answer(response: Response) -> None:
    """Refuse what neither accepts nor refuses: a redirect, or a page of somebody between here and Azure."""
    outcome = _read(response)
    if outcome.state == "unclear" and response.status < 400 and response.status != 202:
        raise AcrBridgeError(
            "ANSWER_UNINTELLIGIBLE", f"The request was not answered as Azure answers it. {outcome.status}"
        )


def _time_for_an_answer(deadline: Deadline) -> Deadline:
    return Deadline(max(deadline.remaining(), _FIRST_ANSWER), deadline.clock)


def _wait(failures: int, asked: float | None, deadline: Deadline) -> float | None:
    """Seconds before the request is sent again; None where it is not to be."""
    wait = _START.wait(failures, asked)
    return wait if failures < _START.tries and wait < deadline.remaining() else None
