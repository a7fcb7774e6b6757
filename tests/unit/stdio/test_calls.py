"""Requests at work: what their client hears meanwhile, how they fail, and how they are cancelled."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acrbridge.errors import AcrBridgeError, NetworkError
from acrbridge.http.deadlines import Cancelled
from acrbridge.jobs import Copying, Notice, Waiting
from acrbridge.operations.session import Session
from acrbridge.settings import Settings
from acrbridge.stdio.answers import Answer
from acrbridge.stdio.calls import Call, Calls
from acrbridge.stdio.messages import Copy, Request
from acrbridge.stdio.methods import Method

TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2ln"
Work = Callable[[Session], Any]


class Client:
    """Starts requests whose work is a test's own, and keeps what it hears."""

    def __init__(self, folder: Path) -> None:
        self.heard: list[dict[str, Any]] = []
        self.calls = Calls(self.heard.append)
        self._settings = Settings(folder)

    def begin(self, work: Work, request: int = 1, params: Request | None = None) -> None:
        method = Method(Request, Answer, lambda session, params: work(session))
        self.calls.begin(Call(request, method, params or Request(), self._settings))

    def ask(self, work: Work, params: Request | None = None) -> dict[str, Any]:
        self.begin(work, params=params)
        self.calls.wait(10)
        return self.heard[-1]

    def told(self, method: str) -> list[dict[str, Any]]:
        return [message["params"] for message in self.heard if message.get("method") == method]


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(tmp_path)


def telling(*events: Any) -> Work:
    def work(session: Session) -> dict[str, Any]:
        for event in events:
            session.listener(event)
        return {}

    return work


def failing(error: Exception) -> Work:
    def work(session: Session) -> dict[str, Any]:
        raise error

    return work


def test_progress_of_a_copy_has_all_that_is_known(client: Client) -> None:
    params = Copy(source="a.io/app", target="b.io/app")
    client.ask(telling(Copying(30, 90, 20.0, 1.234)), params)
    assert client.told("progress") == [
        {
            "id": 1,
            "activity": "Copying a.io/app to b.io/app",
            "status": "Copying",
            "percent": 33,
            "sent": 30,
            "total": 90,
            "elapsed": 1.2,
            "remaining": 3.0,
        }
    ]


def test_progress_of_an_import_has_azures_word_and_no_numbers(client: Client) -> None:
    client.ask(telling(Waiting("op", "Running", 2.0)))
    (told,) = client.told("progress")
    assert (told["status"], told["elapsed"]) == ("Running", 2.0)
    assert {told[name] for name in ("percent", "sent", "total", "remaining")} == {None}


def test_progress_is_told_a_few_times_a_second_and_the_end_always(client: Client) -> None:
    client.ask(telling(*(Copying(sent, 1000, 1.0, 0.0) for sent in range(1001))))
    percents = [told["percent"] for told in client.told("progress")]
    assert percents[-1] == 100
    assert len(percents) <= 10
    assert "result" in client.heard[-1]


def test_a_notice_is_a_warning_in_one_clean_line(client: Client) -> None:
    client.ask(telling(Notice(f"one\n\x1b]0;two {TOKEN}")))
    assert client.told("warning") == [{"id": 1, "message": "one  ]0;two REDACTED"}]


def test_who_asks_for_it_gets_the_log_of_all_threads_that_work_for_him(client: Client) -> None:
    def work(session: Session) -> dict[str, Any]:
        log = logging.getLogger("acrbridge.http")
        log.debug("GET %s", TOKEN)
        helping = threading.Thread(target=lambda: log.info("from afar"))
        helping.start()
        helping.join()
        return {}

    client.ask(work, Request(debug=True))
    logging.getLogger("acrbridge.http").debug("after the end")
    assert client.told("log") == [
        {"id": 1, "level": "debug", "message": "acrbridge.http: GET REDACTED"},
        {"id": 1, "level": "verbose", "message": "acrbridge.http: from afar"},
    ]


def test_the_log_of_another_request_is_not_told(client: Client) -> None:
    has_said, may_say = threading.Event(), threading.Event()

    def quiet(session: Session) -> dict[str, Any]:
        may_say.set()
        assert has_said.wait(10)
        return {}

    def loud(session: Session) -> dict[str, Any]:
        assert may_say.wait(10)
        logging.getLogger("acrbridge.http").debug("mine")
        has_said.set()
        return {}

    client.begin(quiet, 1, Request(debug=True))
    client.begin(loud, 2)
    client.calls.wait(10)
    assert client.told("log") == []


def test_a_defect_is_told_in_one_line_and_its_traceback_in_the_log(client: Client) -> None:
    answer = client.ask(failing(ZeroDivisionError(f"by {TOKEN}")), Request(debug=True))
    assert answer["error"]["message"] == "ZeroDivisionError: by REDACTED."
    assert answer["error"]["data"]["code"] == "INTERNAL"
    (told,) = client.told("log")
    assert "Traceback" in told["message"]
    assert TOKEN not in told["message"]


@pytest.mark.parametrize(
    ("error", "category", "retriable"),
    [
        (NetworkError("THROTTLED", "Too often."), "ConnectionError", True),
        (NetworkError("TLS_UNTRUSTED", "Not trusted."), "ConnectionError", False),
        (AcrBridgeError("SERVICE_ERROR", "500."), "NotSpecified", True),
    ],
)
def test_a_failure_says_whether_to_try_again(
    client: Client, error: AcrBridgeError, category: str, retriable: bool
) -> None:
    data = client.ask(failing(error))["error"]["data"]
    assert (data["category"], data["retriable"]) == (category, retriable)
    assert (data["code"], data["remedy"], data["correlationId"]) == (error.code, error.remedy, None)


def waiting(is_there: threading.Event, then: Exception | None = None) -> Work:
    """Wait until cancelled; fail with an error of what was cut off, where there is one."""

    def work(session: Session) -> dict[str, Any]:
        is_there.set()
        try:
            session.http.clock.sleep(10)
        except Cancelled:
            if then:
                raise then from None
            raise
        return {}

    return work


@pytest.mark.parametrize("then", [None, OSError("cut"), NetworkError("UNREACHABLE", "Cut.")])
def test_a_cancelled_request_says_that_and_not_how_it_was_cut_off(
    client: Client, then: Exception | None
) -> None:
    is_there = threading.Event()
    client.begin(waiting(is_there, then))
    assert is_there.wait(10)
    client.calls.cancel(1)
    client.calls.wait(10)
    error = client.heard[-1]["error"]
    assert error["message"] == "The request was cancelled."
    assert (error["data"]["code"], error["data"]["category"]) == ("INTERRUPTED", "OperationStopped")


def test_the_end_cancels_all_and_waits_for_their_answers(client: Client) -> None:
    there = [threading.Event() for _ in range(5)]
    for number, is_there in enumerate(there):
        client.begin(waiting(is_there), number)
    assert all(is_there.wait(10) for is_there in there)
    client.calls.end(10)
    assert sorted(message["id"] for message in client.heard) == [0, 1, 2, 3, 4]


def test_no_more_than_64_requests_are_at_work(client: Client) -> None:
    go_on = threading.Event()

    def work(session: Session) -> dict[str, Any]:
        go_on.wait(10)
        return {}

    for number in range(65):
        client.begin(work, number)
    (refused,) = client.heard
    assert (refused["id"], refused["error"]["data"]["code"]) == (64, "THROTTLED")
    assert refused["error"]["data"]["retriable"]
    go_on.set()
    client.calls.wait(10)
    assert sum("result" in message for message in client.heard) == 64
