"""Import an image by Azure's importImage, and wait for it."""

from __future__ import annotations

from acrbridge.azure import import_failures, long_running
from acrbridge.azure.arm import REGISTRIES, Refusal
from acrbridge.errors import (
    AcrBridgeError,
    NotFoundError,
    RefusedError,
    StillRunningError,
    StoppedError,
    TargetExistsError,
)
from acrbridge.http.deadlines import Cancelled, Deadline
from acrbridge.http.retry import NEVER
from acrbridge.jobs import ImportJob, ImportResult, Notice
from acrbridge.operations.import_plan import ImportPlan, make_plan
from acrbridge.operations.read_back import read_back
from acrbridge.operations.session import Session
from acrbridge.registry.acr import AcrMetadata

_LOOK_AGAIN = 5.0
"""Seconds between looks at the target where Azure gave no address to ask for the operation."""


def import_image(session: Session, job: ImportJob) -> ImportResult:
    """Import an image.

    Args:
        session: signed in to the target's tenant.
        job: what to import.

    Returns:
        The result, its images read back; without images where the job does not wait.

    Raises:
        AcrBridgeError: the import was refused or failed, by cause.
        StillRunningError: STILL_RUNNING, the timeout passed; Azure goes on.
        StoppedError: INTERRUPTED, Ctrl-C while Azure goes on.
        VerificationError: TARGET_TAG_ABSENT or DIGEST_MISMATCH.
    """
    began = session.http.clock.now()
    plan = make_plan(session, job)
    operation_id = _run(session, plan, job)
    images = read_back(session, plan) if job.wait else ()
    return ImportResult(
        registry=plan.target.id.name,
        login_server=plan.target.login_server,
        operation_id=operation_id,
        status="Succeeded" if job.wait else "Accepted",
        images=images,
        elapsed=session.http.clock.now() - began,
    )


def _run(session: Session, plan: ImportPlan, job: ImportJob) -> str | None:
    """Have the operation started, and ended where the job waits; gives its ID."""
    if not job.wait:
        session.listener(Notice("Import has started. Due to no-wait option, failures will not be reflected."))
    try:
        return _request(session, plan, job)
    except (KeyboardInterrupt, Cancelled) as stop:
        raise StoppedError(
            "Stopped waiting. What Azure has accepted goes on; look whether it has arrived:"
            f" {plan.how_to_look()}",
            stop if isinstance(stop, KeyboardInterrupt) else KeyboardInterrupt(),
        ) from None
    except AcrBridgeError as error:
        if error.code != "LOCATION_UNTRUSTED":
            raise
        raise AcrBridgeError(
            error.code,
            f"{error.message} The import itself was accepted; look whether it has arrived: {plan.how_to_look()}",
            remedy="",
        ) from error


def _request(session: Session, plan: ImportPlan, job: ImportJob) -> str | None:
    began = session.http.clock.now()
    deadline = Deadline(job.timeout, session.http.clock)
    body = plan.body()
    response, repeated = long_running.start(
        lambda: session.arm.post(f"{plan.target.id}/importImage", REGISTRIES, body, NEVER),
        deadline,
        session.listener,
    )
    try:
        if response.status >= 400:
            raise _explained(plan, Refusal.read(response))
        operation = long_running.Operation(session.arm, response)
        if job.wait:
            _finish(session, plan, operation, deadline)
    except TargetExistsError:
        # The answer to an earlier request was lost: the tag can be what that one imported.
        if repeated and _is_newer(session, plan, session.http.clock.now() - began):
            return None
        raise
    return operation.id


def _finish(session: Session, plan: ImportPlan, operation: long_running.Operation, deadline: Deadline) -> None:
    """Wait for the end of an operation that was accepted."""
    if not operation.can_be_polled:
        return _await_target(session, plan, deadline)
    outcome = operation.wait(deadline, session.listener)
    if outcome.state == "succeeded":
        return None
    if outcome.refusal is None:
        raise _still_running(
            plan,
            f"Import {operation.id} is still running after {operation.elapsed:.0f} s ({outcome.status}).",
        )
    raise _explained(plan, outcome.refusal)


def _await_target(session: Session, plan: ImportPlan, deadline: Deadline) -> None:
    """Azure accepted, and gave no address to ask: look at the target until all is there."""
    wanted = plan.readable()
    if not wanted:
        raise _still_running(plan, "Azure accepted the import, and gave no address to ask for it.")
    registry = session.open_registry(plan.target)
    for image in wanted:
        while True:
            try:
                registry.manifest(image.repository, image.version)
                break
            except NotFoundError:
                if deadline.passed():
                    raise _still_running(
                        plan, f"{image} has not appeared in {plan.target.id.name}."
                    ) from None
                deadline.sleep(_LOOK_AGAIN)


def _still_running(plan: ImportPlan, message: str) -> StillRunningError:
    return StillRunningError(
        "STILL_RUNNING",
        f"{message} Azure goes on; look whether it has arrived: {plan.how_to_look()}",
        remedy="",
    )


def _is_newer(session: Session, plan: ImportPlan, seconds: float) -> bool:
    """Whether all tags are known to have been written in the last seconds."""
    try:
        metadata = AcrMetadata(session.open_registry(plan.target))
        ages = [metadata.tag_age(image) for image in plan.tagged()]
    except AcrBridgeError:
        return False
    return all(age is not None and age <= seconds for age in ages)


def _explained(plan: ImportPlan, refusal: Refusal) -> AcrBridgeError:
    target = plan.target.id.name
    error = import_failures.explain(
        refusal, target=target, source=plan.source.registry, image=str(plan.source.image)
    )
    if error.code == "SOURCE_FIREWALL" and plan.target.keeps_imports_out:
        return RefusedError(
            "TARGET_FIREWALL",
            f"The firewall of {target} keeps Azure's import service out.",
            remedy=f"Let trusted services in: az acr update --name {target} --allow-trusted-services true.",
            correlation_id=error.correlation_id,
        )
    return error
