"""Long-running operations: what Azure really sends, and what it never should."""

from __future__ import annotations

from typing import Any

import pytest

from acrbridge.azure.arm import ArmClient
from acrbridge.azure.long_running import Operation, Outcome, start
from acrbridge.errors import AcrBridgeError, NetworkError
from acrbridge.http.client import Request, Response
from acrbridge.http.deadlines import Deadline
from acrbridge.jobs import Notice, Waiting
from unit.azure.test_arm import ELSEWHERE
from unit.fakes import (
    ARM,
    BIDI_AND_CONTROL,
    Answer,
    FakeClock,
    Heard,
    ScriptedHttp,
    answer,
    arm_client,
    arm_error,
    is_fit_to_print,
)

URL = f"{ARM}/subscriptions/s/providers/Microsoft.ContainerRegistry/locations/WESTUS/operationResults/registries-x"
SIGNED = f"{URL}?api-version=v&t=1&c=MII&s=a%2Fb&h=_x"
ACCEPTED = answer(202, "null", {"Location": SIGNED, "Retry-After": "10"})
RUNNING = answer(202, {"a:b": "Pending", "status": "Accepted"})
DONE = answer(200, {"status": "Succeeded"})


class Play:
    """One operation played to its end."""

    def __init__(self, accepted: Response, *polls: Answer, timeout: float = 3600) -> None:
        self.clock = FakeClock()
        self.http = ScriptedHttp(polls, self.clock)
        self.heard = Heard()
        self.operation = Operation(arm_client(self.http), accepted)
        self.outcome = self.operation.wait(Deadline(timeout, self.clock), self.heard)


# The usual course


def test_it_is_polled_at_once_and_then_as_often_as_azure_asks() -> None:
    play = Play(ACCEPTED, RUNNING, RUNNING, DONE)
    assert play.outcome == Outcome("succeeded", "Succeeded")
    assert play.clock.slept == [10, 10]
    assert play.heard == [Waiting("registries-x", "Accepted", 0.0), Waiting("registries-x", "Accepted", 10.0)]


def test_the_signed_address_is_asked_letter_for_letter() -> None:
    assert Play(ACCEPTED, DONE).http.urls == [SIGNED]


def test_a_new_address_takes_the_place_of_the_old_one() -> None:
    moved = answer(202, {"status": "Running"}, {"Location": f"{URL}?second"})
    assert Play(ACCEPTED, moved, RUNNING, DONE).http.urls == [SIGNED, f"{URL}?second", f"{URL}?second"]


def test_a_new_interval_takes_the_place_of_the_old_one() -> None:
    slower = answer(202, {"status": "Running"}, {"Retry-After": "30"})
    assert Play(ACCEPTED, RUNNING, slower, RUNNING, DONE).clock.slept == [10, 30, 30]


@pytest.mark.parametrize(
    ("asked", "slept"),
    [({}, 5.0), ({"Retry-After": "garbage"}, 5.0), ({"Retry-After": "-1"}, 5.0), ({"Retry-After": "0"}, 0.1),
     ({"x-ms-retry-after-ms": "1"}, 0.1), ({"Retry-After": "1000000000"}, 120.0),
     ({"Retry-After": "Thu, 01 Jan 2099 00:00:00 GMT", "Date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 120.0)],
)  # fmt: skip
def test_an_interval_is_kept_between_reason_and_reason(asked: dict[str, str], slept: float) -> None:
    play = Play(answer(202, "", {"Location": URL, **asked}), RUNNING, DONE)
    assert play.clock.slept == [slept]


def test_a_token_that_expires_meanwhile_is_renewed() -> None:
    play = Play(ACCEPTED, arm_error(401, "ExpiredAuthenticationToken", "x"), DONE)
    assert play.outcome.state == "succeeded"
    assert play.http.requests[1].headers["Authorization"] == "Bearer new-token"


# Where to ask


@pytest.mark.parametrize("header", ["Location", "Azure-AsyncOperation"])
@pytest.mark.parametrize("url", ELSEWHERE)
def test_an_address_elsewhere_is_refused_and_nothing_is_sent(header: str, url: str) -> None:
    http = ScriptedHttp([])
    with pytest.raises(AcrBridgeError) as error:
        Operation(arm_client(http), answer(202, "", {header: url}))
    assert error.value.code == "LOCATION_UNTRUSTED"
    assert is_fit_to_print(error.value.message)
    assert http.requests == []


@pytest.mark.parametrize("url", ["https://evil.example/x", "https://management.azure.com.evil.example/"])
def test_an_address_that_moves_elsewhere_is_refused_and_nothing_is_sent(url: str) -> None:
    clock = FakeClock()
    http = ScriptedHttp([answer(202, "", {"Location": url})], clock)
    operation = Operation(arm_client(http), ACCEPTED)
    with pytest.raises(AcrBridgeError) as error:
        operation.wait(Deadline(60, clock), Heard())
    assert error.value.code == "LOCATION_UNTRUSTED"
    assert http.urls == [SIGNED]


def test_where_both_headers_are_there_the_location_decides() -> None:
    play = Play(answer(202, "", {"Location": SIGNED, "Azure-AsyncOperation": f"{URL}?other"}), DONE)
    assert play.http.urls == [SIGNED]


def test_azure_asyncoperation_alone_is_asked() -> None:
    play = Play(answer(202, "", {"Azure-AsyncOperation": f"{URL}?other"}), DONE)
    assert play.http.urls == [f"{URL}?other"]


def test_without_any_address_it_cannot_be_polled() -> None:
    operation = Operation(arm_client(ScriptedHttp([])), answer(202))
    assert not operation.can_be_polled
    assert operation.id is None


def test_its_id_is_fit_to_print() -> None:
    operation = Operation(
        arm_client(ScriptedHttp([])), answer(202, "", {"Location": f"{ARM}/x/\x1b[31m\u202ereg"})
    )
    assert is_fit_to_print(operation.id or "")


# Ends


@pytest.mark.parametrize(
    "body", ["", "null", {"status": "Succeeded"}, {"status": "succeeded"}, {"status": None}, {}]
)
@pytest.mark.parametrize("status", [200, 201, 204])
def test_an_answer_of_success_ends_it_at_once(status: int, body: Any) -> None:
    play = Play(answer(status, body, {"Location": SIGNED}))
    assert play.outcome == Outcome("succeeded", "Succeeded")
    assert play.http.requests == []


@pytest.mark.parametrize("word", ["Failed", "Canceled", "failed", "CANCELED"])
@pytest.mark.parametrize("status", [200, 202])
def test_a_word_of_failure_is_a_failure_whatever_the_status(status: int, word: str) -> None:
    play = Play(ACCEPTED, answer(status, {"status": word, "error": {"code": "C", "message": "m"}}))
    assert play.outcome.state == "failed"
    assert play.outcome.refusal is not None
    assert (play.outcome.refusal.code, play.outcome.refusal.message) == ("C", "m")


@pytest.mark.parametrize("status", [400, 409, 410, 412])
def test_a_refused_poll_is_the_failure_itself(status: int) -> None:
    play = Play(ACCEPTED, arm_error(status, "InvalidParameters", "m"))
    assert play.outcome.state == "failed"
    assert len(play.http.requests) == 1


@pytest.mark.parametrize("body", [arm_error(400, "AuthorizationFailed", "m").body, b"<html>no</html>", b""])
@pytest.mark.parametrize("status", [401, 403])
def test_who_may_not_poll_is_not_told_how_it_ends(status: int, body: bytes) -> None:
    play = Play(ACCEPTED, *[answer(status, body)] * 2)
    assert play.outcome.state == "refused"
    assert play.outcome.refusal is not None


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_in_the_operations_name_is_its_end(status: int) -> None:
    said = arm_error(status, "InvalidParameters", "Operation registries-x failed. Resource R Forbidden")
    play = Play(ACCEPTED, RUNNING, *[said] * 2)
    assert play.outcome.state == "failed"


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308, 203, 206, 400, 407, 411])
def test_a_poll_that_somebody_else_answers_tells_nothing_and_is_repeated(status: int) -> None:
    play = Play(ACCEPTED, answer(status, "", {"Retry-After": "10"}), DONE)
    assert play.outcome.state == "succeeded"
    assert len(play.http.requests) == 2


def test_a_failure_in_the_first_answer_is_not_polled() -> None:
    play = Play(answer(200, {"status": "Failed", "error": {"code": "C"}}, {"Location": SIGNED}))
    assert play.outcome.state == "failed"
    assert play.http.requests == []


# Running on


@pytest.mark.parametrize(
    "word", ["Running", "Accepted", "InProgress", "Frobnicating", "Succeeded?", 5, ["x"], True]
)
def test_an_unknown_word_means_that_it_runs(word: Any) -> None:
    play = Play(ACCEPTED, answer(200, {"status": word}), DONE)
    assert play.outcome.state == "succeeded"
    assert len(play.http.requests) == 2


def test_a_word_of_azures_is_fit_to_print() -> None:
    play = Play(ACCEPTED, answer(200, {"status": BIDI_AND_CONTROL * 100}), timeout=0)
    assert is_fit_to_print(play.outcome.status)
    assert len(play.outcome.status) < 200


@pytest.mark.parametrize(
    "body", ["<html>please log in</html>", "{", b"\xff", "[" * 10_000, '{"status": NaN}']
)
def test_an_answer_that_is_no_json_tells_nothing_and_is_asked_for_again(body: Any) -> None:
    play = Play(ACCEPTED, answer(200, body), DONE)
    assert play.outcome.state == "succeeded"
    assert isinstance(play.heard[0], Waiting)
    assert is_fit_to_print(play.heard[0].status)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_busy_service_tells_nothing_and_is_asked_again(status: int) -> None:
    assert Play(ACCEPTED, answer(status, "busy"), DONE).outcome.state == "succeeded"


@pytest.mark.parametrize(
    "failure",
    [
        NetworkError("TIMED_OUT", "slow"),
        NetworkError("UNREACHABLE", "gone"),
        NetworkError("HOST_NOT_FOUND", "gone"),
        AcrBridgeError("ANSWER_UNINTELLIGIBLE", "compressed"),
        AcrBridgeError("ANSWER_TOO_LARGE", "endless"),
    ],
)
def test_a_poll_without_a_decent_answer_tells_nothing_and_is_repeated(failure: Exception) -> None:
    assert Play(ACCEPTED, failure, DONE).outcome.state == "succeeded"


def test_404_within_the_first_ten_seconds_means_that_it_is_not_known_everywhere_yet() -> None:
    missing = arm_error(404, "NotFound", "m")
    accepted = answer(202, "", {"Location": URL, "Retry-After": "4"})
    assert Play(accepted, missing, missing, missing, DONE).outcome.state == "succeeded"


def test_404_later_tells_no_end() -> None:
    missing = arm_error(404, "NotFound", "m")
    play = Play(ACCEPTED, RUNNING, missing)
    assert play.outcome.state == "refused"


def test_an_operation_that_never_ends_is_left_at_the_deadline() -> None:
    play = Play(ACCEPTED, *[RUNNING] * 20, timeout=65)
    assert play.outcome.state == "running"
    assert play.clock.now() == 1065
    assert len(play.http.requests) == 8


def test_a_service_that_asks_to_be_left_alone_for_years_is_asked_until_the_deadline() -> None:
    busy = answer(429, "", {"Retry-After": "1000000000"})
    play = Play(ACCEPTED, *[busy] * 20, timeout=600)
    assert play.outcome.state == "unclear"
    assert len(play.http.requests) >= 5


# Starting


def started(*answers: Answer, timeout: float = 600) -> tuple[Response, bool, ScriptedHttp, Heard, FakeClock]:
    clock = FakeClock()
    http = ScriptedHttp(answers, clock)
    heard = Heard()
    response, repeated = start(arm_client(http), "/x", "v", {}, Deadline(timeout, clock), heard)
    return response, repeated, http, heard, clock


def test_a_request_that_is_accepted_is_sent_once() -> None:
    response, repeated, http, heard, _ = started(ACCEPTED)
    assert (response.status, repeated, len(http.requests), heard) == (202, False, 1, [])


def test_a_lost_answer_is_asked_for_again_and_told_of() -> None:
    response, repeated, _, heard, _ = started(NetworkError("TIMED_OUT", "x took too long."), ACCEPTED)
    assert (response.status, repeated) == (202, True)
    assert heard == [Notice("x took too long. Asking again.")]


def test_a_throttled_request_was_not_accepted() -> None:
    response, repeated, _, _, clock = started(answer(429, "", {"Retry-After": "7"}), ACCEPTED)
    assert (response.status, repeated) == (202, False)
    assert clock.slept == [7.0]


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_request_that_failed_inside_may_have_been_accepted(status: int) -> None:
    _, repeated, _, _, _ = started(answer(status), answer(429), ACCEPTED)
    assert repeated


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
def test_a_refusal_is_an_answer(status: int) -> None:
    response, repeated, _, _, _ = started(*[answer(status)] * 2)
    assert (response.status, repeated) == (status, False)


def test_a_busy_service_is_given_up_after_four_tries() -> None:
    response, _, http, heard, _ = started(*[answer(503)] * 4)
    assert (response.status, len(http.requests), len(heard)) == (503, 4, 3)


def test_answers_lost_four_times_are_a_failure() -> None:
    with pytest.raises(NetworkError):
        started(*[NetworkError("UNREACHABLE", "gone")] * 4)


@pytest.mark.parametrize("code", ["TLS_UNTRUSTED", "PROXY_REFUSED", "HOST_NOT_FOUND"])
def test_what_never_reached_azure_is_not_repeated(code: str) -> None:
    with pytest.raises(NetworkError):
        started(NetworkError(code, "no"))


def test_a_request_is_not_repeated_after_the_deadline() -> None:
    response, _, http, _, clock = started(*[answer(429, "", {"Retry-After": "1000"})] * 4, timeout=30)
    assert response.status == 429
    assert len(http.requests) == 1
    assert clock.now() <= 1030


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 203])
def test_what_is_not_azures_answer_is_none(status: int) -> None:
    with pytest.raises(AcrBridgeError) as error:
        started(answer(status, "", {"Location": URL}))
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"


@pytest.mark.parametrize("body", ["<html>please log in</html>", b"\xff"])
def test_a_page_in_place_of_azures_answer_is_none(body: Any) -> None:
    with pytest.raises(AcrBridgeError) as error:
        started(answer(200, body))
    assert error.value.code == "ANSWER_UNINTELLIGIBLE"


def test_without_a_token_nothing_is_sent_or_repeated() -> None:
    def no_token(renew: bool) -> str:
        raise NetworkError("TIMED_OUT", "login.microsoftonline.com took too long.")

    clock, heard = FakeClock(), Heard()
    http = ScriptedHttp([], clock)
    with pytest.raises(NetworkError):
        start(ArmClient(ARM, http, no_token), "/x", "v", {}, Deadline(600, clock), heard)
    assert (http.requests, heard) == ([], [])


@pytest.mark.parametrize(("timeout", "given"), [(60.0, 60.0), (0.0, 10.0)])
def test_the_request_has_until_the_deadline_and_some_seconds_at_the_least(
    timeout: float, given: float
) -> None:
    class Timed(ScriptedHttp):
        def send(self, request: Request, deadline: Deadline | None = None) -> Response:
            assert deadline
            remaining.append(deadline.remaining())
            return super().send(request, deadline)

    clock, remaining = FakeClock(), list[float]()
    http = Timed([ACCEPTED], clock)
    start(arm_client(http), "/x", "v", {}, Deadline(timeout, clock), Heard())
    assert remaining == [given]
