"""Imports as long-running operations: how they end, when they do not, and who stops waiting."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from acr_emulator.records import Tag
from emulated.local_azure import HELLO, SMALL, TARGET, Acrbridge, Command, LocalAzure

if TYPE_CHECKING:
    from emulated.conftest import SignedIn


def test_result_as_json_is_verified(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    result = acrbridge.imports(SMALL, image, "-o", "json").json()
    assert (result["status"], result["verified"], result["registry"]) == ("Succeeded", True, "contoso")
    assert result["operationId"].startswith("registries-")
    (imported,) = result["images"]
    assert imported["reference"] == f"contoso.azurecr.io/{image}"
    assert imported["digest"] == azure.tag(image) == azure.tag("single:v1", "fabrikam.azurecr.io")


def test_without_output_format_nothing_is_printed(acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge.imports(SMALL, image).succeeded()
    assert (ended.stdout, ended.stderr) == ("", "")


def test_manifest_without_a_tag_is_verified_by_its_digest(
    azure: LocalAzure, acrbridge: Acrbridge, image: str
) -> None:
    digest = azure.tag("single:v1", "fabrikam.azurecr.io")
    repository = image.partition(":")[0]
    words = ("--repository", repository, "--source", f"fabrikam.azurecr.io/single@{digest}", "-o", "json")
    result = acrbridge("acr", "import", "-n", "contoso", *words).json()
    assert result["images"][0]["reference"] == f"contoso.azurecr.io/{repository}@{digest}"
    assert result["verified"] is True


ENDS = {
    "operation-fails": ("IMPORT_FAILED", "(InvalidParameters) Error copying blobs"),
    "operation-fails=Conflict": ("IMPORT_FAILED", "(Conflict) Error copying blobs"),
    "operation-status-failed": ("IMPORT_FAILED", "Error copying blobs"),
}


@pytest.mark.parametrize("fault", ENDS)
def test_operation_fails(azure: LocalAzure, acrbridge: Acrbridge, image: str, fault: str) -> None:
    azure.play(fault)
    code, words = ENDS[fault]
    acrbridge.imports(SMALL, image).refused(1, code, "import into contoso failed", words)
    assert azure.tag(image) is None


def test_operation_that_lies_is_found_out(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    azure.play("import-lies")
    acrbridge.imports(SMALL, image).refused(7, "TARGET_TAG_ABSENT", "contoso.azurecr.io has no", image)


def test_operation_that_lies_about_a_tag_that_was_there_is_found_out(
    azure: LocalAzure, acrbridge: Acrbridge, image: str
) -> None:
    acrbridge.imports(HELLO, image).succeeded()
    before = azure.tag(image)
    make_older(azure, image)
    azure.play("import-lies")
    ended = acrbridge.imports(SMALL, image, "--force", "-o", "json", "--require-verified")
    ended.refused(7, "UNVERIFIED", "contoso", warnings=1)
    assert "was not written by this import" in ended.warnings[0]
    result = acrbridge.imports(SMALL, image, "--force", "-o", "json").json()
    assert (result["status"], result["verified"]) == ("Succeeded", False)
    assert result["images"][0]["digest"] == before


def test_image_that_is_imported_again_is_verified(acrbridge: Acrbridge, image: str) -> None:
    acrbridge.imports(SMALL, image).succeeded()
    again = acrbridge.imports(SMALL, image, "--force", "-o", "json")
    assert (again.json()["verified"], again.stderr) == (True, "")


@pytest.mark.parametrize("minutes", ["0", "0.005"])
def test_operation_that_never_ends(azure: LocalAzure, acrbridge: Acrbridge, image: str, minutes: str) -> None:
    azure.play("operation-never-ends")
    ended = acrbridge.imports(SMALL, image, "--timeout", minutes)
    look = f"acrbridge acr repository show --name contoso --image {image}"
    line = ended.refused(1, "STILL_RUNNING", "Import registries-", "(Accepted)", "Azure goes on", look)
    assert line.count("Look") + line.count("look") == 1
    assert ended.seconds < 5


ELSEWHERE = ["attacker.example", "management.azure.com.evil.example", "management.azure.com@evil.example"]


@pytest.mark.parametrize("host", ELSEWHERE)
def test_location_on_another_host_gets_no_token(
    azure: LocalAzure, acrbridge: Acrbridge, image: str, host: str
) -> None:
    azure.play(f"operation-location-elsewhere={host}")
    since = azure.log_size()
    line = acrbridge.imports(SMALL, image).refused(1, "LOCATION_UNTRUSTED", "was accepted", image)
    assert host.rpartition("@")[2] in line
    assert "token was not sent" in line
    assert not any(host in request["host"] for request in azure.requests(since))


def test_no_location_at_all(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    azure.play("operation-without-location")
    result = acrbridge.imports(SMALL, image, "-o", "json").json()
    assert (result["operationId"], result["verified"]) == (None, True)


def test_no_location_and_a_tag_that_was_there(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    acrbridge.imports(SMALL, image).succeeded()
    make_older(azure, image)
    azure.play("operation-without-location", "import-lies")
    ended = acrbridge.imports(HELLO, image, "--force", "--timeout", "0.02")
    ended.refused(1, "STILL_RUNNING", image, "Azure goes on")


def test_polls_that_fail_are_repeated(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    azure.play("operation-poll-errors=1")
    acrbridge.imports(SMALL, image).succeeded()
    assert azure.tag(image)


def test_operation_that_is_not_known_everywhere_yet(
    azure: LocalAzure, acrbridge: Acrbridge, image: str
) -> None:
    azure.play("operation-not-found=2")
    acrbridge.imports(SMALL, image).succeeded()
    assert azure.tag(image)


def test_answer_that_is_lost_is_asked_for_again(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    azure.play("import-answer-lost=1")
    since = azure.log_size()
    ended = acrbridge.imports(SMALL, image, "-o", "json")
    assert ended.json()["verified"] is True
    assert len(ended.warnings) == len(ended.lines) == 1
    assert "Asking again" in ended.warnings[0]
    assert len(import_requests(azure, since)) == 2


def test_answer_that_is_lost_does_not_excuse_a_tag_that_was_there(
    azure: LocalAzure, acrbridge: Acrbridge
) -> None:
    before = azure.tag("sealed:v1")
    azure.play("import-answer-lost=1")
    acrbridge.imports(SMALL, "sealed:v1").refused(1, "TARGET_TAG_EXISTS", "sealed:v1", warnings=1)
    assert azure.tag("sealed:v1") == before


def test_throttled_resource_manager(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    azure.play("arm-throttled=1")
    acrbridge.imports(SMALL, image).succeeded()


def test_resource_manager_that_stumbles(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    azure.play("arm-server-error=1")
    acrbridge.imports(SMALL, image).succeeded()


def test_throttled_registry(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    azure.play("registry-throttled=1")
    assert acrbridge.imports(SMALL, image, "-o", "json").json()["verified"] is True


def test_garbage_from_resource_manager(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    azure.play("arm-garbage")
    acrbridge.imports(SMALL, image).refused(1, "ANSWER_UNINTELLIGIBLE", "management.azure.com")


def test_garbage_from_the_target_leaves_it_unverified(
    azure: LocalAzure, acrbridge: Acrbridge, image: str
) -> None:
    azure.play("registry-garbage")
    ended = acrbridge.imports(SMALL, image, "-o", "json")
    assert ended.json()["verified"] is False
    assert len(ended.warnings) == len(ended.lines) == 1
    assert azure.tag(image)


def test_garbage_from_a_registry_that_is_looked_at(azure: LocalAzure, acrbridge: Acrbridge) -> None:
    azure.play("registry-garbage")
    ended = acrbridge("acr", "repository", "list", "-n", "contoso")
    ended.refused(1, "ANSWER_UNINTELLIGIBLE", "contoso.azurecr.io")


def test_not_waiting(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    azure.play("operation-never-ends")
    ended = acrbridge.imports(SMALL, image, "--no-wait", "-o", "json")
    assert ended.lines == [
        "WARNING: Import has started. Due to no-wait option, failures will not be reflected."
    ]
    result = ended.json()
    assert (result["status"], result["verified"], result["images"]) == ("Accepted", False, [])
    assert result["operationId"].startswith("registries-")


def test_not_waiting_shows_what_is_refused_at_once(signed_in: SignedIn, image: str) -> None:
    ended = signed_in("reader").imports(SMALL, image, "--no-wait")
    ended.refused(1, "TARGET_FORBIDDEN", "contoso", warnings=1)


def test_not_waiting_cannot_be_verified(acrbridge: Acrbridge, image: str) -> None:
    ended = acrbridge.imports(SMALL, image, "--no-wait", "--require-verified")
    ended.refused(1, "OPTIONS_CONFLICT", "--no-wait", "--require-verified")


SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


@pytest.mark.parametrize(("number", "status"), SIGNALS, ids=["Ctrl-C", "SIGTERM"])
def test_interrupted_while_waiting(
    azure: LocalAzure, acrbridge: Acrbridge, image: str, number: int, status: int
) -> None:
    azure.play("operation-never-ends")
    since = azure.log_size()
    command = acrbridge.start("acr", "import", "-n", "contoso", "--source", SMALL, "--image", image)
    await_request(azure, since, "/operationResults/")
    ended = interrupt(command, number)
    look = f": acrbridge acr repository show --name contoso --image {image}"
    assert ended.refused(status, "INTERRUPTED", "What Azure has accepted goes on").endswith(look)


def test_interrupted_while_reading_back(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    since = azure.log_size()
    azure.play("slow=0.7")
    command = acrbridge.start("acr", "import", "-n", "contoso", "--source", SMALL, "--image", image)
    await_request(azure, since, "contoso.azurecr.io:443")
    ended = interrupt(command, signal.SIGINT)
    ended.refused(130, "INTERRUPTED", "The import succeeded, but was not read back", image)


def test_interrupted_import_goes_on(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    azure.play("operation-never-ends")
    since = azure.log_size()
    command = acrbridge.start("acr", "import", "-n", "contoso", "--source", SMALL, "--image", image)
    await_request(azure, since, "/operationResults/")
    assert interrupt(command, signal.SIGINT).status == 130
    azure.play()
    deadline = time.monotonic() + 10
    while acrbridge("acr", "repository", "show", "-n", "contoso", "--image", image).status:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_interrupted_before_anything_was_sent(azure: LocalAzure, acrbridge: Acrbridge, image: str) -> None:
    azure.play("slow=2")
    since = azure.log_size()
    command = acrbridge.start("acr", "import", "-n", "contoso", "--source", SMALL, "--image", image)
    await_request(azure, since, "management.azure.com:443")
    ended = interrupt(command, signal.SIGINT)
    assert (ended.status, ended.stdout, ended.stderr) == (130, "", "")
    azure.play()
    time.sleep(2.2)  # what was under way, if anything was, is in the log by then: slow=2
    assert import_requests(azure, since) == []


def make_older(azure: LocalAzure, image: str) -> None:
    """Have a tag written a minute earlier than it was."""
    repository, _, name = image.partition(":")
    tag = azure.state.get(Tag, host=f"{TARGET}.azurecr.io", repository=repository, name=name)
    assert tag
    azure.state.put(replace(tag, updated=tag.updated - 60))


def interrupt(command: Command, number: int) -> Any:
    """Send a signal to a command; it has to end within two seconds."""
    began = time.monotonic()
    command.process.send_signal(number)
    ended = command.end()
    assert time.monotonic() - began < 2
    return ended


def await_request(azure: LocalAzure, since: int, part: str) -> None:
    """Wait until a request whose host and path hold a text has come, since the log had that size."""
    deadline = time.monotonic() + 20
    while not any(part in f"{r['host']}{r['path']}" for r in azure.requests(since)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def import_requests(azure: LocalAzure, since: int) -> list[Any]:
    """Return the bodies of the import requests since the log had that size."""
    return [r.get("body") for r in azure.requests(since) if r["path"].endswith("/importImage")]
