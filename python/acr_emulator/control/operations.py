"""importImage as a long-running operation: accepted, polled, ended.

As Azure's answers were recorded in 2025: 202 with a Location whose query is signed, 202 while it runs, then 200 or
a 4xx with ARM's envelope. The work is done when the last poll is due. An operation that nobody polls ends by the
clock, as Azure's goes on when a client does not wait.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from starlette.responses import Response

from acr_emulator import faults
from acr_emulator.control import errors, failures
from acr_emulator.control.callers import subscription_of
from acr_emulator.control.calls import AzureJSON
from acr_emulator.control.copying import copy
from acr_emulator.records import Operation, Registry

if TYPE_CHECKING:
    from acr_emulator.control.callers import Caller
    from acr_emulator.control.calls import Call
    from acr_emulator.world import World

PATIENCE = 2.0
"""Seconds beyond Retry-After without a poll, after which an operation ends by the clock."""
POLL_ERRORS = (
    (503, "ServiceUnavailable", "The service is unavailable."),
    (429, "TooManyRequests", "The request is being throttled."),
    (500, "InternalServerError", "Encountered internal server error."),
)
SIGNED = re.compile(r"api-version=([^&]+)&t=(\d+)&")


def deadline(world: World) -> float:
    """When an operation that nobody polls from now on ends by the clock, in seconds since 1970."""
    return time.time() + world.options.retry_after + PATIENCE


def accept(call: Call, operation: Operation) -> Response:
    """Begin an operation, and answer the POST that asked for it."""
    call.world.state.put(operation)
    if operation.polls_left == 0 and faults.argument(call.world, "operation-never-ends") is None:
        end(call.world, operation)
    return Response(status_code=202, headers=_headers(call, operation))


def poll(call: Call, caller: Caller) -> Response:
    """`GET …/operationResults/{operation}`: still running, or how it ended."""
    subscription_of(call.world, caller, call.named("subscription"))
    operation = call.world.state.get(Operation, operation_id=call.named("operation"))
    if operation is None or faults.take(call.world, "operation-not-found"):
        raise errors.operation_not_found(call.named("operation"))
    _check_location(call)
    _play_poll_errors(call.world)
    operation = _advanced(call.world, operation.operation_id)
    return _outcome(operation) if operation.ended and operation.polls_left < 0 else _running(call, operation)


def settle(world: World) -> None:
    """End the operations whose time has come. Called before a registry answers, so that nobody sees the delay."""
    waiting = world.state.find(Operation, ended="0")
    if waiting and faults.argument(world, "operation-never-ends") is None:
        for operation in waiting:
            if operation.due <= time.time():
                end(world, operation)


def end(world: World, operation: Operation) -> Operation:
    """Do the work of an operation, or find that it cannot be done."""
    with world.state.transaction():
        ended = replace(_worked(world, operation), ended=True)
        world.state.put(ended)
    return ended


def failed(operation: Operation, target: Registry, failure: failures.ImportFailed) -> Operation:
    """An operation that will tell this failure at its end."""
    text = failures.message(operation.operation_id, target.resource_id, failure.detail)
    return replace(operation, error_status=failure.status, error_code=failure.code, error_message=text)


def _advanced(world: World, operation_id: str) -> Operation:
    """The operation after one more poll: `polls_left` is -1 once the poll is one that tells the outcome."""
    with world.state.transaction():
        (operation,) = world.state.find(Operation, operation_id=operation_id)
        if not operation.ended and faults.argument(world, "operation-never-ends") is not None:
            return operation
        left = max(operation.polls_left - 1, -1)
        operation = replace(operation, polls_left=left, due=deadline(world))
        world.state.put(operation)
        return end(world, operation) if left < 0 and not operation.ended else operation


def _worked(world: World, operation: Operation) -> Operation:
    (target,) = world.state.find(Registry, host=operation.target_host)
    given = world.faults()
    if "operation-fails" in given:
        code = given["operation-fails"]
        status = 409 if code == "Conflict" else 400
        return failed(operation, target, failures.ImportFailed("Error copying blobs", code, status))
    if "operation-status-failed" in given:
        return failed(operation, target, failures.ImportFailed("Error copying blobs", status=200))
    if operation.error_status or "import-lies" in given:
        return operation
    try:
        copy(world.state, operation)
    except failures.ImportFailed as failure:
        return failed(operation, target, failure)
    return operation


def _outcome(operation: Operation) -> Response:
    if not operation.error_status:
        return AzureJSON({"status": "Succeeded"})
    error = errors.ArmError(operation.error_status, operation.error_code, operation.error_message)
    if operation.error_status < 400:
        return AzureJSON({"status": "Failed", **error.as_json()}, operation.error_status)
    raise error


def _running(call: Call, operation: Operation) -> Response:
    targets = operation.target_tags or operation.untagged_repositories
    body = {**dict.fromkeys(targets, "Pending"), "status": "Accepted"}
    return AzureJSON(body, 202, _headers(call, operation))


def _play_poll_errors(world: World) -> None:
    left = faults.argument(world, "operation-poll-errors")
    if faults.take(world, "operation-poll-errors"):
        status, code, text = POLL_ERRORS[-int(left or 0) % len(POLL_ERRORS)]
        raise errors.ArmError(status, code, text, {"Retry-After": "1"})


# The Location: ARM signs it in its query, some 3 kB, and takes it back only as it was


def _headers(call: Call, operation: Operation) -> dict[str, str]:
    retry = {"Retry-After": str(call.world.options.retry_after)}
    given = call.world.faults()
    if "operation-without-location" in given:
        return retry
    location = _location(call, operation)
    elsewhere = given.get("operation-location-elsewhere")
    if elsewhere:
        location = urlunsplit(urlsplit(location)._replace(netloc=elsewhere))
    return {"Location": location, **retry}


def _location(call: Call, operation: Operation) -> str:
    (target,) = call.world.state.find(Registry, host=operation.target_host)
    path = (
        f"/subscriptions/{operation.subscription_id}/providers/Microsoft.ContainerRegistry"
        f"/locations/{target.location.upper()}/operationResults/{operation.operation_id}"
    )
    ticks = str(time.time_ns() // 100 + 621_355_968_000_000_000)  # .NET's: 100 ns since the year 1
    return f"{call.base}{path}?{_signed_query(call.world, path, call.query('api-version') or '', ticks)}"


def _signed_query(world: World, path: str, version: str, ticks: str) -> str:
    key = world.state.private_file("location-key", lambda: secrets.token_bytes(32))
    unsigned = f"api-version={version}&t={ticks}&c={_letters(b'certificate', 1800)}"
    signature = _letters(key + f"{path}?{unsigned}".encode(), 256)
    return f"{unsigned}&s={signature}&h={_letters(key + signature.encode(), 32)}"


def _letters(seed: bytes, size: int) -> str:
    """So many bytes that only the seed determines (a keyed SHAKE256 is a MAC), as letters of a URL."""
    return base64.urlsafe_b64encode(hashlib.shake_256(seed).digest(size)).rstrip(b"=").decode()


def _check_location(call: Call) -> None:
    query = call.request.url.query
    signed = SIGNED.match(query)
    path = call.request.url.path
    if not signed or query != _signed_query(call.world, path, signed[1], signed[2]):
        raise errors.altered_location()
