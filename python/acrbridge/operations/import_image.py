"""Import an image by Azure's importImage, and wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from acrbridge.azure.arm import REGISTRIES, Refusal
from acrbridge.azure.long_running import Operation, Outcome, start
from acrbridge.errors import (
    AcrBridgeError,
    NotFoundError,
    RefusedError,
    StillRunningError,
    StoppedError,
    TargetExistsError,
)
from acrbridge.http.client import Response
from acrbridge.http.deadlines import Cancelled, Deadline
from acrbridge.jobs import ImportJob, ImportResult, Notice, Waiting
from acrbridge.operations.import_plan import ImportPlan, make_plan
from acrbridge.operations.read_back import read_back, written_since
from acrbridge.operations.session import Session
from acrbridge.references import Image
from acrbridge.registry.client import RegistryClient

_LOOK_AGAIN = 5.0
"""Seconds between looks at the target where Azure gave no address to ask for the operation."""


def import_image(session: Session, job: ImportJob) -> ImportResult:
    """Import an image, by the road that the job names.

    Args:
        session: signed in to the target's tenant.
        job: what to import.

    Returns:
        The result, its images read back; without images where the job does not wait.

    Raises:
        AcrBridgeError: the import was refused or failed, by cause.
        StillRunningError: STILL_RUNNING, the timeout passed, or OUTCOME_UNKNOWN, Azure cannot be asked; it goes on.
        StoppedError: INTERRUPTED, Ctrl-C while Azure goes on, or before the targets were read back.
        VerificationError: TARGET_TAG_ABSENT or DIGEST_MISMATCH.
    """
    if job.via == "client":
        from acrbridge.operations.import_by_copy import import_by_copy

        return import_by_copy(session, job)
    clock = session.http.clock
    began = clock.now()
    plan = make_plan(session, job)
    if not job.wait:
        session.listener(Notice("Import has started. Due to no-wait option, failures will not be reflected."))
    under_way = _Import(session, plan, job.wait, Deadline(job.timeout, clock), clock.now())
    with _stopped_with(plan, "Stopped waiting. What Azure has accepted goes on."):
        operation_id = under_way.run()
    with _stopped_with(plan, "The import succeeded, but was not read back: stopped."):
        images = read_back(session, plan, under_way.requested) if job.wait else ()
    return ImportResult(
        registry=plan.target.id.name,
        login_server=plan.target.login_server,
        operation_id=operation_id,
        status="Succeeded" if job.wait else "Accepted",
        images=images,
        elapsed=clock.now() - began,
    )


@contextmanager
def _stopped_with(plan: ImportPlan, message: str) -> Iterator[None]:
    """Say how things stand to who stops us."""
    try:
        yield
    except (KeyboardInterrupt, Cancelled) as stop:
        interrupt = stop if isinstance(stop, KeyboardInterrupt) else KeyboardInterrupt()
        raise StoppedError(message, interrupt, remedy=plan.how_to_look()) from None


@dataclass(frozen=True)
class _Import:
    """One import under way."""

    session: Session
    plan: ImportPlan
    wait: bool
    deadline: Deadline
    requested: float
    """When Azure was first asked for it, on the session's clock."""

    def run(self) -> str | None:
        """Have the operation started, and ended where somebody waits; gives its ID."""
        response, repeated = start(
            self.session.arm,
            f"{self.plan.target.id}/importImage",
            REGISTRIES,
            self.plan.body(),
            self.deadline,
            self.session.listener,
        )
        try:
            if response.status >= 400:
                raise _explained(self.plan, Refusal.read(response), ended=False)
            return self._follow(response)
        except TargetExistsError:
            # The answer to an earlier request was lost: the tag can be what that one imported.
            if repeated and self._is_all_new():
                return None
            raise

    def _follow(self, accepted: Response) -> str | None:
        """Wait for the end of an operation that was accepted."""
        outcome = None
        try:
            operation = Operation(self.session.arm, accepted)
            if self.wait and operation.can_be_polled:
                outcome = operation.wait(self.deadline, self.session.listener)
        except AcrBridgeError as error:
            raise _out_of_sight(self.plan, error) from error
        if outcome:
            _check_end(self.plan, operation, outcome)
        elif self.wait:
            self._await_targets()
        return operation.id

    def _await_targets(self) -> None:
        """Azure accepted, and gave no address to ask: look at the target until all is there."""
        targets = [*self.plan.tagged(), *self.plan.untagged(self.plan.source.digest)]
        wanted = [image for image in targets if image.tag or image.digest]
        if not wanted:
            error = AcrBridgeError("OUTCOME_UNKNOWN", "A manifest without tag and digest cannot be found.")
            raise _out_of_sight(self.plan, error)
        try:
            registry = self.session.open_registry(self.plan.target)
            missing = next((image for image in wanted if not self._comes(registry, image)), None)
        except AcrBridgeError as error:
            raise _out_of_sight(self.plan, error) from error
        if missing:
            raise _still_running(self.plan, f"{missing} has not appeared in {self.plan.target.id.name}.")

    def _comes(self, registry: RegistryClient, image: Image) -> bool:
        """Wait until a target is there; False at the deadline."""
        while not self._is_there(registry, image):
            if self.deadline.passed():
                return False
            elapsed = self.session.http.clock.now() - self.requested
            self.session.listener(Waiting(None, "Accepted", elapsed))
            self.deadline.sleep(_LOOK_AGAIN)
        return True

    def _is_there(self, registry: RegistryClient, image: Image) -> bool:
        try:
            if image.digest:
                registry.manifest(image.repository, image.digest)
                return True
            is_new = written_since(registry, image, self.requested, self.session.http.clock)
        except NotFoundError:
            return False
        if is_new is None:
            raise AcrBridgeError(
                "OUTCOME_UNKNOWN", f"{registry.host} does not say since when it has {image}."
            )
        return is_new

    def _is_all_new(self) -> bool:
        """Whether all tags are known to have been written since the import was asked for."""
        clock = self.session.http.clock
        try:
            registry = self.session.open_registry(self.plan.target)
            return all(written_since(registry, image, self.requested, clock) for image in self.plan.tagged())
        except AcrBridgeError:
            return False


def _check_end(plan: ImportPlan, operation: Operation, outcome: Outcome) -> None:
    """Raise what an operation came to, unless it succeeded."""
    if outcome.state == "succeeded":
        return
    if outcome.refusal is None:
        raise _still_running(
            plan,
            f"Import {operation.id} is still running after {operation.elapsed:.0f} s ({outcome.status}).",
        )
    if outcome.state == "refused":
        raise _out_of_sight(plan, outcome.refusal.error())
    raise _explained(plan, outcome.refusal, ended=True)


def _still_running(plan: ImportPlan, message: str) -> StillRunningError:
    return StillRunningError("STILL_RUNNING", f"{message} Azure goes on.", remedy=plan.how_to_look())


def _out_of_sight(plan: ImportPlan, error: AcrBridgeError) -> AcrBridgeError:
    """Azure accepted the import and goes on with it, but an error keeps us from asking how it ends."""
    if error.code == "LOCATION_UNTRUSTED":
        return AcrBridgeError(
            error.code, f"{error.message} The import itself was accepted.", remedy=plan.how_to_look()
        )
    return StillRunningError(
        "OUTCOME_UNKNOWN",
        f"The import was accepted and Azure goes on, but how it ends cannot be seen from here: {error.message}",
        remedy=plan.how_to_look(),
        correlation_id=error.correlation_id,
        drop_in_status=error.drop_in_status,
    )


def _explained(plan: ImportPlan, refusal: Refusal, *, ended: bool) -> AcrBridgeError:
    target = plan.target.id.name
    from acrbridge.azure import import_failures  # its patterns are compiled for those who need them

    error = import_failures.explain(
        refusal, ended=ended, target=target, source=plan.source.registry, image=str(plan.source.image)
    )
    if error.code == "SOURCE_FIREWALL" and plan.target.keeps_imports_out:
        return RefusedError(
            "TARGET_FIREWALL",
            f"The firewall of {target} keeps Azure's import service out.",
            remedy=f"Let trusted services in: az acr update --name {target} --allow-trusted-services true",
            correlation_id=error.correlation_id,
        )
    return error
