"""Docker Hub's limit of pulls (https://docs.docker.com/docker-hub/usage/pulls/): told with each manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acr_emulator import faults
from acr_emulator.hosts import DOCKER_HUB
from acr_emulator.registry.errors import RegistryError

if TYPE_CHECKING:
    from acr_emulator.registry.call import Call

LIMIT = 100
"""Pulls in a window, without an account."""
WINDOW = 6 * 3600
"""Seconds."""
FAULT = "hub-pulls-left"
REACHED = "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"


def headers(call: Call) -> dict[str, str]:
    """Headers of a manifest of Docker Hub; nothing for other registries. HEAD costs no pull.

    Raises:
        RegistryError: TOOMANYREQUESTS, none is left.
    """
    if call.host != DOCKER_HUB:
        return {}
    if call.request.method == "HEAD":
        return _told(int(faults.argument(call.world, FAULT) or LIMIT))
    before = faults.count_down(call.world, FAULT)
    if before == 0:
        raise RegistryError("TOOMANYREQUESTS", REACHED, headers=_told(0))
    return _told(LIMIT if before is None else before - 1)


def _told(left: int) -> dict[str, str]:
    return {"ratelimit-limit": f"{LIMIT};w={WINDOW}", "ratelimit-remaining": f"{left};w={WINDOW}"}
