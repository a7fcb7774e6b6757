"""The long-running operation of an import: accepted, polled, ended, and its faults."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from acr_emulator import faults
from acr_emulator.control import operations
from acr_emulator.control.calls import AnswerLost
from acr_emulator.records import Operation
from acr_emulator.state import State
from emulator.in_process import ARM, CONTOSO, VERSION, WINGTIP, registry_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.in_process import Answer, Azure

TARGET = "contoso.azurecr.io"
IMPORT = {
    "source": {"registryUri": "docker.io", "sourceImage": "library/hello-world:latest"},
    "targetTags": ["hello:v1"],
    "mode": "NoForce",
}
MISSING = {**IMPORT, "source": {"registryUri": "docker.io", "sourceImage": "library/hello-world:nosuch"}}
REQUEST_ID = "50000000-0000-0000-0000-000000000001"


def arrived(azure: Azure) -> bool:
    return azure.digest(TARGET, "hello", "v1") != ""


def polls_until_the_end(azure: Azure, accepted: Answer) -> int:
    for number in range(1, 10):
        if azure.poll(accepted).status != 202:
            return number
    raise AssertionError("the import does not end")


def overdue(azure: Azure) -> None:
    """Let the time of all operations be over."""
    for operation in azure.state.find(Operation):
        azure.state.put(replace(operation, due=0.0))


def test_the_post_is_accepted_with_an_empty_body_a_location_and_retry_after(azure: Azure) -> None:
    answer = azure.post_import(IMPORT)
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (202, b"", "1")
    location = urlsplit(answer.headers["location"])
    assert location.netloc == "management.azure.com"
    assert re.fullmatch(
        f"/subscriptions/{CONTOSO}/providers/Microsoft.ContainerRegistry/locations/WESTEUROPE"
        "/operationResults/registries-[0-9a-f-]{36}",
        location.path,
    )
    assert re.fullmatch(f"{VERSION}&t=[0-9]{{18}}&c=[^&]+&s=[^&]+&h=[^&]+", location.query)
    assert 2500 < len(location.query) < 4500
    assert "azure-asyncoperation" not in answer.headers


def test_the_operation_has_the_clients_request_id(azure: Azure) -> None:
    first = azure.post_import(IMPORT, headers={"x-ms-client-request-id": REQUEST_ID})
    assert f"/registries-{REQUEST_ID}?" in first.headers["location"]
    again = azure.post_import(IMPORT, headers={"x-ms-client-request-id": REQUEST_ID})
    assert REQUEST_ID not in again.headers["location"]


def test_the_location_stays_where_the_client_came(azure: Azure) -> None:
    url = f"https://localhost:8443{registry_id('contoso')}/importImage?{VERSION}"
    answer = azure.ask("POST", url, body=IMPORT, token=azure.token("importer"))
    assert answer.headers["location"].startswith("https://localhost:8443/subscriptions/")


@pytest.mark.parametrize("polls", [1, 2, 5])
def test_the_outcome_is_told_by_the_poll_of_that_number(
    start_azure: Callable[..., Azure], polls: int
) -> None:
    azure = start_azure(polls=polls)
    accepted = azure.post_import(IMPORT)
    assert polls_until_the_end(azure, accepted) == polls
    assert azure.poll(accepted).json() == {"status": "Succeeded"}


def test_a_running_operation_shows_its_tags_and_a_new_location(start_azure: Callable[..., Azure]) -> None:
    azure = start_azure(polls=3, retry_after=7)
    accepted = azure.post_import({**IMPORT, "targetTags": ["hello:v1", "hello:v2"]})
    running = azure.poll(accepted)
    assert running.status == 202
    assert running.json() == {"hello:v1": "Pending", "hello:v2": "Pending", "status": "Accepted"}
    assert running.headers["retry-after"] == "7"
    assert running.headers["location"] != accepted.headers["location"]
    assert azure.poll(running).status == 202


def test_nothing_arrives_before_the_end(start_azure: Callable[..., Azure]) -> None:
    azure = start_azure(polls=3)
    accepted = azure.post_import(IMPORT)
    seen = [(azure.poll(accepted).status, arrived(azure)) for _ in range(3)]
    assert seen == [(202, False), (202, False), (200, True)]


def test_with_one_poll_the_work_is_done_at_the_post(azure: Azure) -> None:
    azure.post_import(IMPORT)
    assert arrived(azure)


def test_a_failure_is_told_at_the_end_too(start_azure: Callable[..., Azure]) -> None:
    azure = start_azure(polls=2)
    accepted = azure.post_import(MISSING)
    assert accepted.status == 202
    assert [azure.poll(accepted).status for _ in range(3)] == [202, 400, 400]


def test_two_imports_of_one_tag_do_not_both_succeed(start_azure: Callable[..., Azure]) -> None:
    azure = start_azure(polls=2)
    first, second = azure.post_import(IMPORT), azure.post_import(IMPORT)
    assert [azure.poll(a).status for a in (first, second)] == [202, 202]
    assert [azure.poll(a).status for a in (first, second)] == [200, 409]


def test_who_does_not_wait_gets_the_image_all_the_same(start_azure: Callable[..., Azure]) -> None:
    azure = start_azure(polls=3)
    accepted = azure.post_import(IMPORT)
    operations.settle(azure.world)
    assert not arrived(azure)
    overdue(azure)
    operations.settle(azure.world)
    assert arrived(azure)
    assert polls_until_the_end(azure, accepted) == 3


def test_a_restart_forgets_no_operation(start_azure: Callable[..., Azure]) -> None:
    azure = start_azure(polls=2)
    azure.post_import(IMPORT)
    azure.state.close()
    again = State(azure.state.folder)
    azure.world.state = again
    azure.state = again
    overdue(azure)
    operations.settle(azure.world)
    assert arrived(azure)


@pytest.mark.parametrize(
    ("part", "other"),
    [("&t=", "&t=1"), ("&c=", "&c=A"), ("&s=", "&s=A"), ("&h=", "&h=A"), ("WESTEUROPE", "westeurope")],
)
def test_a_location_is_taken_back_only_as_it_was(azure: Azure, part: str, other: str) -> None:
    location = azure.post_import(IMPORT).headers["location"]
    answer = azure.ask("GET", location.replace(part, other), token=azure.token("importer"))
    assert (answer.status, answer.code) == (403, "AuthorizationFailed")


def test_a_location_is_not_taken_back_with_more(azure: Azure) -> None:
    location = azure.post_import(IMPORT).headers["location"]
    assert azure.ask("GET", f"{location}&x=1", token=azure.token("importer")).status == 403
    bare = f"{location.partition('?')[0]}?{VERSION}"
    assert azure.ask("GET", bare, token=azure.token("importer")).status == 403


def test_a_poll_wants_a_token_of_the_subscriptions_tenant(azure: Azure) -> None:
    accepted = azure.post_import(IMPORT)
    assert azure.ask("GET", accepted.headers["location"]).code == "AuthenticationFailed"
    assert azure.poll(accepted, "wingtip").code == "InvalidAuthenticationTokenTenant"


def test_an_unknown_operation_is_not_found(azure: Azure) -> None:
    path = f"/subscriptions/{CONTOSO}/providers/Microsoft.ContainerRegistry/locations/WESTEUROPE/operationResults"
    answer = azure.arm("GET", f"{path}/registries-{REQUEST_ID}")
    assert (answer.status, answer.code) == (404, "NotFound")
    assert azure.arm("GET", f"{path.replace(CONTOSO, WINGTIP)}/x").status == 401


# Faults


def play(azure: Azure, *texts: str) -> None:
    faults.set_faults(azure.state, faults.parse(texts))


def test_fault_operation_never_ends(azure: Azure) -> None:
    play(azure, "operation-never-ends")
    accepted = azure.post_import(IMPORT)
    assert {azure.poll(accepted).status for _ in range(5)} == {202}
    overdue(azure)
    operations.settle(azure.world)
    assert not arrived(azure)
    play(azure)
    assert azure.poll(accepted).status == 200


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("operation-fails", 400, "InvalidParameters"),
        ("operation-fails=Conflict", 409, "Conflict"),
        ("operation-fails=TooManyRequests", 400, "TooManyRequests"),
    ],
)
def test_fault_operation_fails(azure: Azure, text: str, status: int, code: str) -> None:
    play(azure, text)
    answer = azure.run_import(IMPORT)
    assert (answer.status, answer.code) == (status, code)
    assert not arrived(azure)


def test_fault_operation_status_failed(azure: Azure) -> None:
    play(azure, "operation-status-failed")
    answer = azure.run_import(IMPORT)
    assert (answer.status, answer.json()["status"], answer.code) == (200, "Failed", "InvalidParameters")
    assert not arrived(azure)


@pytest.mark.parametrize(
    ("text", "host"),
    [("operation-location-elsewhere", "attacker.example"), ("operation-location-elsewhere=a.b", "a.b")],
)
def test_fault_operation_location_elsewhere(azure: Azure, text: str, host: str) -> None:
    play(azure, text)
    assert urlsplit(azure.post_import(IMPORT).headers["location"]).netloc == host


def test_fault_operation_without_location(azure: Azure) -> None:
    play(azure, "operation-without-location")
    answer = azure.post_import(IMPORT)
    assert (answer.status, "location" in answer.headers) == (202, False)


def test_fault_operation_poll_errors(azure: Azure) -> None:
    play(azure, "operation-poll-errors=4")
    accepted = azure.post_import(IMPORT)
    answers = [azure.poll(accepted) for _ in range(5)]
    assert sorted({a.status for a in answers[:4]}) == [429, 500, 503]
    assert answers[0].headers["retry-after"] == "1"
    assert answers[4].json() == {"status": "Succeeded"}


def test_fault_operation_not_found(azure: Azure) -> None:
    play(azure, "operation-not-found=1")
    accepted = azure.post_import(IMPORT)
    assert [azure.poll(accepted).status for _ in range(2)] == [404, 200]


def test_fault_import_answer_lost(azure: Azure) -> None:
    play(azure, "import-answer-lost=1")
    with pytest.raises(AnswerLost):
        azure.post_import(IMPORT)
    assert arrived(azure)
    assert azure.run_import(IMPORT).code == "Conflict"


def test_fault_import_lies(azure: Azure) -> None:
    play(azure, "import-lies")
    assert azure.run_import(IMPORT).json() == {"status": "Succeeded"}
    assert not arrived(azure)


def test_fault_arm_garbage(azure: Azure) -> None:
    play(azure, "arm-garbage=1")
    answer = azure.arm("GET", "/subscriptions")
    assert (answer.status, answer.body[:6]) == (200, b"<html>")
    assert azure.arm("GET", "/subscriptions").status == 200


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [("arm-throttled=2", 429, "TooManyRequests"), ("arm-server-error=2", 500, "InternalServerError")],
)
def test_fault_of_arm_ends_after_its_count(azure: Azure, text: str, status: int, code: str) -> None:
    play(azure, text)
    answers = [azure.arm("GET", "/subscriptions") for _ in range(3)]
    assert [a.status for a in answers] == [status, status, 200]
    assert answers[0].code == code


def test_fault_arm_throttled_says_when_to_come_back(azure: Azure) -> None:
    play(azure, "arm-throttled")
    answers = [azure.ask("GET", f"{ARM}/subscriptions?{VERSION}") for _ in range(5)]
    assert {(a.status, a.headers["retry-after"]) for a in answers} == {(429, "1")}
