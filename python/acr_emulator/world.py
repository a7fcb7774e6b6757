"""What every part of the emulator is handed: the state, the signing key, and how this run was started."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acr_emulator.state import State
    from acr_emulator.tokens import Signer

ARM_HOST = "management.azure.com"
ENTRA_HOSTS = ("login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net")
IMDS_HOST = "169.254.169.254"
RUN_PATH = "/emulator"
"""Tells, without TLS, which run answers; it is none of Azure's: no fault plays there, and no log shows it."""


@dataclass(frozen=True)
class Options:
    """How one run of the emulator behaves."""

    port: int
    polls: int = 2
    """Polls of an importImage operation until the final one, which tells the outcome: 1 tells it at once."""
    retry_after: int = 1
    """Seconds in the Retry-After header of a running operation."""
    anonymous_push: tuple[str, ...] = ()
    """Registry hosts that take pushes without a token, for tools that know no Azure."""


@dataclass
class World:
    """State, key and options of one running emulator."""

    state: State
    signer: Signer
    options: Options
    identity_header: str = field(repr=False, default="")
    """The secret that an App Service would put into IDENTITY_HEADER."""
    run: str = field(default_factory=lambda: secrets.token_hex(16))
    """Made up at each start: tells this process from another that has its port later."""

    def faults(self) -> dict[str, str]:
        """Faults in force now, by name, each with its argument ("" where it has none)."""
        return dict(json.loads(self.state.setting("faults") or "{}"))
