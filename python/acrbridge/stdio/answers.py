"""What the engine sends beside results: who it is, how a request goes on, why it failed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict

from acrbridge.stdio.messages import Params


class Answer(Params):
    """Made here, and sent."""

    model_config = ConfigDict(validate_by_name=True)

    def as_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return self.model_dump(by_alias=True)


class Engine(Answer):
    """Who answers."""

    name: str
    version: str
    python: str
    """Version of the Python that it runs on."""
    executable: str
    """That Python's program."""


class Initialized(Answer):
    """The result of `initialize`."""

    protocol_version: int
    engine: Engine
    environment_names: tuple[str, ...]
    """Variables that matter here: a request's `environment` can hold them."""


class Progress(Answer):
    """A notification: how far a request is. At most five a second for each request."""

    id: int | str
    """Of the request."""
    activity: str
    """What is done."""
    status: str
    """What is done just now; of an import, Azure's word."""
    percent: int | None
    """0 to 100; null where nobody knows."""
    sent: int | None
    """Bytes of blobs so far."""
    total: int | None
    """Bytes of blobs in all, as far as is known."""
    elapsed: float
    """Seconds."""
    remaining: float | None
    """Seconds to go at the rate of late."""


class Warned(Answer):
    """The notification `warning`: something that a person should know."""

    id: int | str
    """Of the request."""
    message: str
    """One line."""


class Log(Answer):
    """A notification: what the engine did, for a request with `debug`; secrets are left out."""

    id: int | str
    """Of the request."""
    level: Literal["debug", "verbose"]
    message: str
    """One line."""


class FailureData(Answer):
    """`error.data`: why a request failed."""

    code: str
    """A stable word; docs/errors.md has all."""
    remedy: str
    """One line that says what to do; can be empty."""
    category: str
    """The word of PowerShell's ErrorCategory."""
    correlation_id: str | None
    """Azure's id of the request that failed, to quote to its support."""
    retriable: bool
    """Whether the same request, sent later, can succeed."""


class Failure(Answer):
    """The `error` of an answer (JSON-RPC 2.0 §5.1)."""

    code: int
    """-32700, -32600, -32601 and -32602: the message was wrong. -32000: what it asked for failed."""
    message: str
    """One line."""
    data: FailureData
