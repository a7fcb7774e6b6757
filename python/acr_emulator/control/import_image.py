"""`POST …/registries/{name}/importImage`: who may, from where, and the operation that begins."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from acr_emulator import faults, rights
from acr_emulator.control import errors, operations, sources
from acr_emulator.control.calls import AnswerLost
from acr_emulator.control.failures import ImportFailed
from acr_emulator.control.import_request import ImportRequest, read
from acr_emulator.control.registries import RESOURCE_ID, authorized, find
from acr_emulator.records import Operation, Registry, Subscription
from acr_emulator.registry import access

if TYPE_CHECKING:
    from starlette.responses import Response

    from acr_emulator.control.callers import Caller
    from acr_emulator.control.calls import Call
    from acr_emulator.world import World

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def import_image(call: Call, caller: Caller) -> Response:
    """Begin to import an image.

    What is wrong with the call itself is told at once; what goes wrong at the source, or when copying, is told
    by the last poll of the operation.
    """
    target = authorized(call, caller, rights.IMPORT)
    request = read(call.document(), target)
    source = _source_by_id(call.world, caller, target, request) if request.resource_id else None
    answer = operations.accept(call, _operation(call, target, request, source))
    if faults.take(call.world, "import-answer-lost"):
        raise AnswerLost
    return answer


def _source_by_id(world: World, caller: Caller, target: Registry, request: ImportRequest) -> Registry:
    """The registry that `source.resourceId` names, for a caller who may read and pull there."""
    match = RESOURCE_ID.fullmatch(request.resource_id)
    if not match:
        raise errors.invalid_source_id(request.resource_id)
    subscription = world.state.get(Subscription, subscription_id=match["subscription"].lower())
    if subscription is None:
        raise errors.subscription_not_found(match["subscription"])
    if subscription.tenant_id != caller.tenant_id:
        raise errors.source_in_other_tenant(caller, target.resource_id, subscription.subscription_id)
    if not caller.may(world, rights.READ, request.resource_id):
        raise errors.not_authorized_on_source(caller, "read", target.resource_id, request.resource_id)
    source = find(world.state, subscription.subscription_id, match["group"], match["name"])
    principal = access.Principal("identity", caller.object_id)
    if not access.may(world, principal, source, request.image.repository, "pull"):
        raise errors.not_authorized_on_source(caller, "pull/read", target.resource_id, request.resource_id)
    return source


def _operation(call: Call, target: Registry, request: ImportRequest, linked: Registry | None) -> Operation:
    operation = Operation(
        operation_id=_operation_id(call),
        subscription_id=target.subscription_id,
        target_host=target.host,
        source_host="",
        source_repository=request.image.repository,
        manifests=(),
        target_tags=request.target_tags,
        untagged_repositories=request.untagged_repositories,
        force=request.force,
        polls_left=call.world.options.polls - 1,
        due=operations.deadline(call.world),
    )
    try:
        return _found(call.world, operation, target, request, linked)
    except ImportFailed as failure:
        return operations.failed(operation, target, failure)


def _found(
    world: World, operation: Operation, target: Registry, request: ImportRequest, linked: Registry | None
) -> Operation:
    """The operation with what it shall copy."""
    sources.check_network(target)
    source = sources.reached_by_id(linked) if linked else sources.reached_by_host(world, request)
    manifests = sources.manifests_of(world.state, source, request)
    return replace(operation, source_host=source.host, manifests=manifests)


def _operation_id(call: Call) -> str:
    """`registries-` and the client's request ID, as ARM names it; another one where that is taken."""
    asked = call.request.headers.get("x-ms-client-request-id", "")
    name = f"registries-{asked.lower()}"
    taken = call.world.state.get(Operation, operation_id=name) is not None
    return name if GUID.fullmatch(asked) and not taken else f"registries-{uuid.uuid4()}"
