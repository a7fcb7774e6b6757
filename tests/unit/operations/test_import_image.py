from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acrbridge.azure.arm import Registry
from acrbridge.azure.token_store import AccessToken
from acrbridge.errors import (
    AcrBridgeError,
    NetworkError,
    NotFoundError,
    RefusedError,
    SignInError,
    StillRunningError,
    StoppedError,
    TargetExistsError,
    Terminated,
    VerificationError,
)
from acrbridge.http.deadlines import Cancelled
from acrbridge.jobs import ImportJob, ImportResult, Waiting
from acrbridge.operations.import_image import import_image
from acrbridge.operations.read_back import require_verified
from acrbridge.registry.client import RegistryClient
from unit.fakes import ARM, Answer, FakeClock, answer, arm_error
from unit.fakes import DIGEST as OTHER_DIGEST
from unit.operations.offline import (
    ACCEPTED,
    DIGEST,
    DONE,
    RUNNING,
    Azure,
    FakeIdentity,
    OfflineSession,
    registry_document,
    written,
)

EXISTS = arm_error(409, "Conflict", "Tag a:b already exists in target registry.")
OLD = written("2025-12-31T12:00:00Z")
TIMELESS = answer(200, {"tag": {}})
LOOK = "Look whether it has arrived: acrbridge acr repository show --name contoso --image a:b"
LOST = NetworkError("TIMED_OUT", "The answer was lost.")
SOURCE = "h.io/a:b"


def run(azure: Azure, folder: Path, **job: Any) -> tuple[ImportResult, OfflineSession]:
    session = OfflineSession(azure, folder)
    return import_image(session, ImportJob(**{"registry": "contoso", "source": SOURCE, **job})), session


# Success, and how sure it is


def test_an_import_is_waited_for_and_read_back(tmp_path: Path) -> None:
    azure = Azure(polls=[RUNNING, DONE])
    result, _ = run(azure, tmp_path)
    assert result.status == "Succeeded"
    assert result.verified
    assert result.operation_id == "registries-x"
    (image,) = result.images
    assert (image.reference, image.digest, image.media_type) == (
        "contoso.azurecr.io/a:b",
        DIGEST,
        "application/x",
    )
    assert result.elapsed == 10


def test_without_waiting_nothing_is_polled_or_read(tmp_path: Path) -> None:
    azure = Azure(polls=[])
    result, session = run(azure, tmp_path, wait=False)
    assert (result.status, result.images, result.verified) == ("Accepted", (), False)
    assert "failures will not be reflected" in session.notices[0]
    assert not [path for path in azure.wire("GET") if "operationResults" in path]


@pytest.mark.parametrize("status", [200, 201, 204])
def test_an_import_that_ends_at_once_is_read_back(tmp_path: Path, status: int) -> None:
    result, _ = run(Azure(posts=[answer(status)], polls=[]), tmp_path)
    assert result.verified


def test_a_tag_that_is_absent_after_success_is_a_failure_of_verification(tmp_path: Path) -> None:
    with pytest.raises(VerificationError) as error:
        run(Azure(manifest=answer(404)), tmp_path)
    assert error.value.code == "TARGET_TAG_ABSENT"
    assert error.value.exit_status == error.value.drop_in_status == 7


def test_a_target_with_another_digest_than_the_source_is_a_failure_of_verification(tmp_path: Path) -> None:
    with pytest.raises(VerificationError) as error:
        run(Azure(), tmp_path, source=f"h.io/a@{OTHER_DIGEST}")
    assert error.value.code == "DIGEST_MISMATCH"
    assert DIGEST in error.value.message
    assert OTHER_DIGEST in error.value.message


def test_a_target_with_the_sources_digest_is_verified(tmp_path: Path) -> None:
    result, _ = run(Azure(), tmp_path, source=f"h.io/a@{DIGEST}", images=("a:x", "c:d"), repositories=("r",))
    assert [image.reference for image in result.images] == [
        "contoso.azurecr.io/a:x", "contoso.azurecr.io/c:d", f"contoso.azurecr.io/r@{DIGEST}"
    ]  # fmt: skip
    assert result.verified


@pytest.mark.parametrize(
    "hindered",
    [
        {"exchange": answer(401, "no")},
        {"exchange": answer(403, "no")},
        {"exchange": NetworkError("UNREACHABLE", "gone")},
        {"manifest": answer(403, "no")},
        {"manifest": answer(401)},
        {"manifest": answer(500)},
    ],
)
def test_a_target_that_cannot_be_read_from_here_is_a_success_that_is_not_verified(
    tmp_path: Path, hindered: dict[str, Any]
) -> None:
    result, session = run(Azure(**hindered), tmp_path)
    assert result.status == "Succeeded"
    assert not result.verified
    assert result.images[0].digest is None
    assert "could not be read back from here" in session.notices[-1]
    with pytest.raises(VerificationError) as error:
        require_verified(result)
    assert error.value.code == "UNVERIFIED"


def test_to_verify_an_import_nobody_asks_for_the_admin_users_password(tmp_path: Path) -> None:
    azure = Azure(registry_document("contoso", adminUserEnabled=True), exchange=answer(401))
    result, session = run(azure, tmp_path)
    assert not result.verified
    assert "could not be read back from here" in session.notices[-1]
    assert [path for path in azure.wire("POST") if path.endswith("/listCredentials")] == []


def test_a_manifest_without_a_tag_is_not_read_back_unless_its_digest_is_known(tmp_path: Path) -> None:
    result, session = run(Azure(), tmp_path, repositories=("r",))
    (image,) = result.images
    assert (image.reference, image.digest, image.verified) == ("contoso.azurecr.io/r", None, False)
    assert not result.verified
    assert "give the source by digest" in session.notices[-1]


def test_a_manifest_without_a_tag_has_the_digest_of_the_tag_that_came_with_it(tmp_path: Path) -> None:
    result, _ = run(Azure(), tmp_path, images=("a:x",), repositories=("r",))
    assert [(image.reference, image.digest) for image in result.images] == [
        ("contoso.azurecr.io/a:x", DIGEST),
        (f"contoso.azurecr.io/r@{DIGEST}", DIGEST),
    ]
    assert result.verified


def test_a_manifest_without_a_tag_is_not_sought_by_the_digest_of_an_old_tag(tmp_path: Path) -> None:
    result, _ = run(Azure(tag=OLD), tmp_path, images=("a:x",), repositories=("r",), force=True)
    assert [image.verified for image in result.images] == [False, False]
    assert result.images[1].digest is None


@pytest.mark.parametrize("hindered", [{"exchange": answer(403, "no")}, {"manifest": answer(403, "no")}])
def test_every_target_is_listed_even_where_none_can_be_read(tmp_path: Path, hindered: dict[str, Any]) -> None:
    result, _ = run(Azure(**hindered), tmp_path, images=("a:x",), repositories=("r",))
    assert [image.reference for image in result.images] == ["contoso.azurecr.io/a:x", "contoso.azurecr.io/r"]


@pytest.mark.parametrize("source", [SOURCE, f"h.io/a@{DIGEST}"])
@pytest.mark.parametrize(
    ("tag", "why"),
    [
        (OLD, "was not written by this import"),
        (TIMELESS, "does not say since when"),
        (answer(403, "no"), "cannot be read from here"),
        (answer(404), "cannot be read from here"),
    ],
)
def test_a_tag_that_may_have_been_there_before_is_not_verified(
    tmp_path: Path, tag: Answer, why: str, source: str
) -> None:
    result, session = run(Azure(tag=tag), tmp_path, source=source, images=("a:b",), force=True)
    assert (result.status, result.verified) == ("Succeeded", False)
    assert result.images[0].digest == DIGEST
    assert why in session.notices[-1]
    with pytest.raises(VerificationError):
        require_verified(result)


# Failures of the request and of the operation


@pytest.mark.parametrize(
    ("azure", "kind", "code"),
    [
        ({"posts": [EXISTS]}, TargetExistsError, "TARGET_TAG_EXISTS"),
        ({"posts": [arm_error(404, "ResourceNotFound", "x")]}, NotFoundError, "RESOURCE_NOT_FOUND"),
        ({"posts": [answer(403, "<html>Access denied</html>")]}, AcrBridgeError, "ANSWER_UNINTELLIGIBLE"),
        ({"posts": [answer(302, "", {"Location": ARM})]}, AcrBridgeError, "ANSWER_UNINTELLIGIBLE"),
        ({"posts": [answer(200, "<html>")]}, AcrBridgeError, "ANSWER_UNINTELLIGIBLE"),
        ({"polls": [arm_error(403, "AuthorizationFailed", "x")]}, StillRunningError, "OUTCOME_UNKNOWN"),
        ({"polls": [RUNNING, arm_error(404, "NotFound", "x")]}, StillRunningError, "OUTCOME_UNKNOWN"),
        ({"polls": [arm_error(401, "Expired", "x")] * 2}, StillRunningError, "OUTCOME_UNKNOWN"),
        ({"posts": [arm_error(403, "AuthorizationFailed", "x")]}, RefusedError, "TARGET_FORBIDDEN"),
        ({"posts": [answer(503)] * 4}, AcrBridgeError, "SERVICE_ERROR"),
        ({"posts": [answer(429)] * 4}, NetworkError, "THROTTLED"),
        ({"posts": [LOST] * 4}, NetworkError, "TIMED_OUT"),
        ({"polls": [EXISTS]}, TargetExistsError, "TARGET_TAG_EXISTS"),
        (
            {"polls": [answer(200, {"status": "Failed", "error": {"code": "X", "message": "unauthorized"}})]},
            RefusedError,
            "SOURCE_UNAUTHORIZED",
        ),
        ({"polls": [answer(200, {"status": "Canceled"})]}, AcrBridgeError, "IMPORT_FAILED"),
        (
            {"polls": [answer(202, "", {"Location": "https://evil.example/"})]},
            AcrBridgeError,
            "LOCATION_UNTRUSTED",
        ),
        (
            {"posts": [answer(202, "", {"Location": "https://evil.example/"})]},
            AcrBridgeError,
            "LOCATION_UNTRUSTED",
        ),
    ],
)
def test_a_failure_has_the_code_of_its_cause(
    tmp_path: Path, azure: dict[str, Any], kind: type[AcrBridgeError], code: str
) -> None:
    played = Azure(**azure)
    with pytest.raises(kind) as error:
        run(played, tmp_path)
    assert error.value.code == code
    assert not [url for url in played.http.urls if "evil" in url]


def test_a_closed_target_is_told_from_a_closed_source(tmp_path: Path) -> None:
    closed = registry_document(
        "contoso", publicNetworkAccess="Disabled", networkRuleBypassOptions="None", networkRuleSet=None
    )
    firewall = arm_error(400, "X", "client with IP '1.2.3.4' is not allowed access.")
    for document, code in ((registry_document("contoso"), "SOURCE_FIREWALL"), (closed, "TARGET_FIREWALL")):
        with pytest.raises(RefusedError) as error:
            run(Azure(document, polls=[firewall]), tmp_path)
        assert error.value.code == code


def test_an_import_that_does_not_end_is_left_running_at_the_deadline(tmp_path: Path) -> None:
    with pytest.raises(StillRunningError) as error:
        run(Azure(polls=[RUNNING] * 20), tmp_path, timeout=65.0)
    assert error.value.exit_status == 9
    assert "registries-x" in error.value.message
    assert error.value.remedy == LOOK


@pytest.mark.parametrize("code", ["AuthorizationFailed", "NotFound"])
def test_who_may_not_ask_how_it_goes_on_is_told_how_to_look(tmp_path: Path, code: str) -> None:
    with pytest.raises(StillRunningError) as error:
        run(Azure(polls=[arm_error(403, code, "no")]), tmp_path)
    assert "accepted" in error.value.message
    assert "goes on" in error.value.message
    assert error.value.remedy == LOOK


def test_a_sign_in_that_ends_while_azure_works_is_no_failure_of_the_import(tmp_path: Path) -> None:
    azure = Azure(polls=[RUNNING, DONE])

    class Expiring(FakeIdentity):
        def token(self, *arguments: Any, **more: Any) -> AccessToken:
            if azure.clock.now() > 1000:
                raise SignInError("SIGN_IN_EXPIRED", "It is over.")
            return super().token(*arguments, **more)

    session = OfflineSession(azure, tmp_path, identity=Expiring())
    with pytest.raises(StillRunningError) as error:
        import_image(session, ImportJob("contoso", SOURCE))
    assert error.value.code == "OUTCOME_UNKNOWN"
    assert error.value.remedy == LOOK


# A request whose answer was lost


def test_a_request_is_not_sent_twice_where_it_was_answered(tmp_path: Path) -> None:
    azure = Azure()
    run(azure, tmp_path)
    assert len([path for path in azure.wire("POST") if path.endswith("/importImage")]) == 1


@pytest.mark.parametrize("phase", ["post", "poll"])
def test_a_tag_that_the_lost_request_made_is_a_success(tmp_path: Path, phase: str) -> None:
    second = {"posts": [LOST, EXISTS]} if phase == "post" else {"posts": [LOST, ACCEPTED], "polls": [EXISTS]}
    result, _ = run(Azure(**second), tmp_path)
    assert result.status == "Succeeded"
    assert result.verified


@pytest.mark.parametrize(
    "tag",
    [OLD, written("garbage"), answer(404), answer(403), answer(500), answer(200, {})],
)
def test_a_tag_that_was_there_before_is_the_failure_that_it_is(tmp_path: Path, tag: Answer) -> None:
    with pytest.raises(TargetExistsError):
        run(Azure(posts=[LOST, ACCEPTED], polls=[EXISTS], tag=tag), tmp_path)


def test_a_tag_that_cannot_be_looked_at_is_the_failure_that_it_is(tmp_path: Path) -> None:
    with pytest.raises(TargetExistsError):
        run(Azure(posts=[LOST, ACCEPTED], polls=[EXISTS], exchange=answer(401)), tmp_path)


def test_after_an_answer_that_was_not_lost_a_tag_that_exists_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(TargetExistsError):
        run(Azure(polls=[EXISTS]), tmp_path)


# Accepted, without an address to ask


def test_without_an_address_the_target_is_looked_at(tmp_path: Path) -> None:
    result, _ = run(Azure(posts=[answer(202)]), tmp_path)
    assert result.verified


def test_without_an_address_a_tag_that_does_not_appear_is_left_at_the_deadline(tmp_path: Path) -> None:
    azure = Azure(posts=[answer(202)], tag=answer(404))
    session = OfflineSession(azure, tmp_path)
    with pytest.raises(StillRunningError) as error:
        import_image(session, ImportJob("contoso", SOURCE, timeout=20.0))
    assert error.value.code == "STILL_RUNNING"
    assert azure.clock.now() == 1020
    waits = [event for event in session.heard if isinstance(event, Waiting)]
    assert [event.elapsed for event in waits] == [0.0, 5.0, 10.0, 15.0]


def test_without_an_address_a_tag_that_was_there_before_has_not_arrived(tmp_path: Path) -> None:
    with pytest.raises(StillRunningError) as error:
        run(Azure(posts=[answer(202)], tag=OLD), tmp_path, timeout=20.0, force=True)
    assert error.value.code == "STILL_RUNNING"


@pytest.mark.parametrize(
    "hindered",
    [
        {"exchange": answer(403)},
        {"exchange": NetworkError("UNREACHABLE", "gone")},
        {"tag": answer(403)},
        {"tag": TIMELESS},
        {"tag": NetworkError("UNREACHABLE", "gone")},
    ],
)
def test_without_an_address_and_without_a_view_of_the_target_its_outcome_is_unknown(
    tmp_path: Path, hindered: dict[str, Any]
) -> None:
    with pytest.raises(StillRunningError) as error:
        run(Azure(posts=[answer(202)], **hindered), tmp_path)
    assert error.value.code == "OUTCOME_UNKNOWN"
    assert "was accepted" in error.value.message
    assert error.value.remedy == LOOK


def test_without_an_address_a_manifest_by_digest_is_waited_for_too(tmp_path: Path) -> None:
    azure = Azure(posts=[answer(202)], manifest=answer(404))
    with pytest.raises(StillRunningError):
        run(azure, tmp_path, source=f"h.io/a@{DIGEST}", repositories=("r",), timeout=20.0)


def test_without_an_address_and_without_anything_to_look_at_it_is_not_said_to_have_succeeded(
    tmp_path: Path,
) -> None:
    with pytest.raises(StillRunningError):
        run(Azure(posts=[answer(202)]), tmp_path, repositories=("r",))


# Stopped


class StoppingClock(FakeClock):
    def __init__(self, stop: BaseException) -> None:
        super().__init__()
        self.stop = stop

    def sleep(self, seconds: float) -> None:
        raise self.stop


@pytest.mark.parametrize(
    ("stop", "status"), [(KeyboardInterrupt(), 130), (Terminated(), 143), (Cancelled(), 130)]
)
def test_who_stops_waiting_is_told_that_azure_goes_on(
    tmp_path: Path, stop: BaseException, status: int
) -> None:
    azure = Azure(polls=[RUNNING])
    azure.http.clock = StoppingClock(stop)
    with pytest.raises(StoppedError) as error:
        run(azure, tmp_path)
    assert error.value.exit_status == error.value.drop_in_status == status
    assert "goes on" in error.value.message
    assert error.value.remedy == LOOK


@pytest.mark.parametrize(("stop", "status"), [(KeyboardInterrupt(), 130), (Terminated(), 143)])
def test_who_stops_the_reading_back_is_told_that_the_import_succeeded(
    tmp_path: Path, stop: BaseException, status: int
) -> None:
    session = OfflineSession(Azure(), tmp_path)

    def interrupted(registry: Registry) -> RegistryClient:
        raise stop

    session.open_registry = interrupted  # type: ignore[method-assign]
    with pytest.raises(StoppedError) as error:
        import_image(session, ImportJob("contoso", SOURCE))
    assert error.value.exit_status == status
    assert "succeeded" in error.value.message
    assert error.value.remedy == LOOK
