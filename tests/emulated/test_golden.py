"""`acrbridge acr import` sends what the real az sends and ends as it ends, save where it is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from acrbridge.http import client
from acrbridge.http.deadlines import SystemClock
from emulated import golden, in_process
from emulated.scripted_azure import ScriptedAzure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Better:
    """One case where acrbridge leaves az's way on purpose.

    `body` replaces az's request (None: nothing is sent), `rc` az's exit status; "az" keeps az's own.
    """

    why: str
    body: Any = "az"
    rc: Any = "az"


BETTER: dict[str, Better] = {
    "poll 200 failed": Better("az calls a finished operation that says Failed a success", rc=1),
    "source of one word on docker.io": Better(
        "docker.io/nats is docker.io/library/nats, as for docker",
        body={
            "source": {"registryUri": "docker.io", "sourceImage": "library/nats:2"},
            "targetTags": ["nats:2"],
            "mode": "NoForce",
        },
    ),
    "source of one word on docker.io, target not given": Better(
        "docker.io/nats is docker.io/library/nats; the target keeps the name that was typed",
        body={
            "source": {"registryUri": "docker.io", "sourceImage": "library/nats"},
            "targetTags": ["nats"],
            "mode": "NoForce",
        },
    ),
    "source ends with a slash": Better("az asks Azure to import an image without a name", body=None, rc=1),
    "upper-case repository": Better("no registry has such a repository (OCI: lower case)", body=None, rc=1),
}

SAYS: dict[str, str] = {
    "registry by id with user and password": "not sent",
    "registry by name with user and password": "not sent",
    "regional source": "regional endpoint",
    "login server as name": "target1",
}
"""What acrbridge says on stderr beside the request, where az misleads or warns."""


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedAzure]:
    with ScriptedAzure(tmp_path_factory.mktemp("azure")) as running:
        yield running


@pytest.fixture(scope="module")
def acrbridge(azure: ScriptedAzure, tmp_path_factory: pytest.TempPathFactory) -> golden.Client:
    profile = tmp_path_factory.mktemp("profile")
    return golden.sign_in(azure, golden.Client(in_process.run, "ACRBRIDGE_CONFIG_DIR", profile))


class Hurried(SystemClock):
    """A clock that skips what there is to sleep."""

    def __init__(self) -> None:
        super().__init__()
        self._skipped = 0.0

    def now(self) -> float:
        return super().now() + self._skipped

    def sleep(self, seconds: float) -> None:
        self._skipped += seconds


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client wait in no time: between tries and polls it would be 15 s for some cases."""
    monkeypatch.setattr(client, "SystemClock", Hurried)


def import_requests(http: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    """Return the distinct importImage requests: how often one is sent again is each client's own."""
    sent: list[tuple[str, Any]] = []
    for request in http:
        found = (request["path"].lower(), request["body"])
        if request["method"] == "POST" and found not in sent:
            sent.append(found)
    return sent


def expected_requests(case: golden.Case) -> list[tuple[str, Any]]:
    recorded = import_requests(case["http"])
    better = BETTER.get(case["case"])
    if better is None or better.body == "az":
        return recorded
    return [] if better.body is None else [(recorded[0][0], better.body)]


def expected_status(case: golden.Case) -> Any:
    better = BETTER.get(case["case"])
    return case["rc"] if better is None or better.rc == "az" else better.rc


@pytest.mark.parametrize("case", golden.cases(), ids=lambda case: case["case"])
def test_import_sends_and_ends_as_az_does(
    azure: ScriptedAzure, acrbridge: golden.Client, case: golden.Case, tmp_path: Path
) -> None:
    outcome = golden.play(azure, acrbridge, case, tmp_path)
    talk = "\n".join(outcome.stderr)
    assert (import_requests(outcome.http), outcome.rc) == (expected_requests(case), expected_status(case)), (
        talk
    )
    assert SAYS.get(case["case"], "") in talk
    assert "Traceback" not in talk
    assert outcome.stdout == "" or "-o" in case["args"]


def test_every_deviation_names_a_case() -> None:
    assert {*BETTER, *SAYS} <= {case["case"] for case in golden.cases()}
