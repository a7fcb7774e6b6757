"""Import an image by Azure's importImage, and wait for it."""

from __future__ import annotations

from acrbridge.azure import import_failures, operations
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
    operation = _run(session, plan, job)
    images = read_back(session, plan) if job.wait else ()
    return ImportResult(
        registry=plan.target.id.name,
        login_server=plan.target.login_server,
        operation_id=operation.id,
        status="Succeeded" if job.wait else "Accepted",
        images=images,
        elapsed=session.http.clock.now() - began,
    )


def _run(session: Session, plan: ImportPlan, job: ImportJob) -> operations.Operation:
    """Have the operation started, and ended where the job waits."""
    if not job.wait:
        session.listener(Notice("Import has started. Due to no-wait option, failures will not be reflected."))
    began = session.http.clock.now()
    deadline = Deadline(job.timeout, session.http.clock)
    try:
        operation, repeated = _start(session, plan, deadline)
        if job.wait:
            _finish(session, plan, operation, deadline, began, repeated=repeated)
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
    return operation


def _start(session: Session, plan: ImportPlan, deadline: Deadline) -> tuple[operations.Operation, bool]:
    body = plan.body()
    response, repeated = operations.start(
        lambda: session.arm.post(f"{plan.target.id}/importImage", REGISTRIES, body, NEVER),
        deadline,
        session.listener,
    )
    if response.status >= 400:
        raise _explained(plan, Refusal.read(response))
    return operations.Operation(session.arm, response), repeated


def _finish(
    session: Session,
    plan: ImportPlan,
    operation: operations.Operation,
    deadline: Deadline,
    since: float,
    *,
    repeated: bool,
) -> None:
    """Wait for the end.

    Args:
        session: the session.
        plan: what was asked for.
        operation: that was accepted.
        deadline: when to stop waiting.
        since: when the first request was sent.
        repeated: whether that request's answer was lost, and it may have been accepted too.
    """
    if not operation.can_be_polled:
        return _await_target(session, plan, deadline)
    outcome = operation.wait(deadline, session.listener)
    if outcome.state == "succeeded":
        return None
    if outcome.refusal is None:
        raise StillRunningError(
            "STILL_RUNNING",
            f"Import {operation.id} is still running after {operation.elapsed:.0f} s ({outcome.status}). Azure"
            f" goes on; look whether it has arrived: {plan.how_to_look()}",
            remedy="",
        )
    error = _explained(plan, outcome.refusal)
    met_own_tag = repeated and isinstance(error, TargetExistsError)
    if met_own_tag and _is_newer(session, plan, session.http.clock.now() - since):
        return None
    raise error


def _await_target(session: Session, plan: ImportPlan, deadline: Deadline) -> None:
    """Azure accepted, and gave no address to ask: look at the target until all tags are there."""
    registry = session.open_registry(plan.target)
    for image in plan.tagged():
        while True:
            try:
                registry.manifest(image.repository, image.version)
                break
            except NotFoundError:
                if deadline.passed():
                    raise StillRunningError(
                        "STILL_RUNNING",
                        f"{image} has not appeared in {plan.target.id.name}; look again: {plan.how_to_look()}",
                        remedy="",
                    ) from None
                deadline.sleep(_LOOK_AGAIN)


def _is_newer(session: Session, plan: ImportPlan, seconds: float) -> bool:
    """Whether all tags were written in the last seconds: then the lost request's import did it."""
    metadata = AcrMetadata(session.open_registry(plan.target))
    ages = [metadata.tag_age(image) for image in plan.tagged()]
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
