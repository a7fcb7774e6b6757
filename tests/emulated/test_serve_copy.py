"""Copies that `acrbridge serve` makes: their progress, their end, and what others notice of them."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from emulated.faulty_registry import FaultyRegistry, Handler, digest_of
from emulated.serving import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LAYERS = tuple(os.urandom(1 << 20) for _ in range(3))
PIECE = 1 << 17


class Slow:
    """Sends a piece of a layer now and then, and none any more after `hold`, until `go_on` is set."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.hold = 1 << 30

    def __call__(self, handler: Handler) -> bool:
        if handler.command != "GET" or "/v2/app/blobs/" not in handler.path:
            return False
        body = handler.begin_part()
        for begin in range(0, len(body), PIECE):
            if begin >= self.hold:
                self.go_on.wait(20)
            handler.wfile.write(body[begin : begin + PIECE])
            time.sleep(0.05)
        return True


@pytest.fixture
def slow() -> Iterator[Slow]:
    fault = Slow()
    yield fault
    fault.go_on.set()


@pytest.fixture
def registry(tmp_path: Path, slow: Slow) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(tmp_path) as running:
        running.fill(*LAYERS)
        running.fault = slow
        yield running


@pytest.fixture
def engine(registry: FaultyRegistry, tmp_path: Path) -> Iterator[Engine]:
    with Engine(registry.client(tmp_path).environment) as running:
        yield running


def copy(registry: FaultyRegistry, target: str = "app") -> dict[str, Any]:
    port = registry.server_port
    return {
        "source": f"localhost:{port}/app:v1",
        "target": f"127.0.0.1:{port}/target/{target}:v1",
        "referrers": False,
    }


def await_progress(engine: Engine, request: int) -> None:
    def has_sent(message: Any) -> bool:
        is_progress = message.get("method") == "progress" and message["params"]["id"] == request
        return bool(is_progress and message["params"]["sent"] > 0)

    engine.await_message(has_sent)


def test_a_copy_tells_of_its_progress_up_to_the_end(engine: Engine, registry: FaultyRegistry) -> None:
    began = time.monotonic()
    request = engine.begin("copy", **copy(registry))
    result = engine.result(request)
    took = time.monotonic() - began
    assert (result["blobsSent"], registry.arrived) == (4, True)
    told = engine.told("progress", request)
    assert 2 <= len(told) <= 5 * took + 2
    assert {one["activity"] for one in told} == {f"Copying {result['source']} to {result['target']}"}
    percents = [one["percent"] for one in told]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert told[-1]["sent"] == told[-1]["total"] == sum(map(len, LAYERS)) + len(b"{}")


def test_a_rehearsal_sends_nothing(engine: Engine, registry: FaultyRegistry) -> None:
    result = engine.ask("copy", **copy(registry), dryRun=True)
    assert (result["dryRun"], registry.stored) == (True, {})
    assert {item["digest"] for item in result["items"]} >= {digest_of(layer) for layer in LAYERS}


def test_a_cancelled_copy_gives_up_its_uploads_and_leaves_others_at_work(
    engine: Engine, registry: FaultyRegistry, slow: Slow
) -> None:
    slow.hold = PIECE
    first = engine.begin("copy", **copy(registry, "first"))
    second = engine.begin("copy", **copy(registry, "second"))
    for request in (first, second):
        await_progress(engine, request)
    began = time.monotonic()
    engine.cancel(first)
    plan = {"registryName": "contoso", "sourceImage": "docker.io/library/a:1"}
    assert engine.ask("planImport", **plan)["targets"] == ["library/a:1"]
    assert time.monotonic() - began < 0.5  # the copy has time to end, and nobody else waits for that
    code, message = engine.refusal(first)
    assert time.monotonic() - began < 2
    assert (code, "no tag is half there" in message) == ("INTERRUPTED", True)
    slow.go_on.set()
    assert engine.result(second)["digests"]["v1"] == digest_of(registry.source["v1"])
    assert registry.uploads == {}


def test_the_end_of_standard_input_gives_up_uploads(
    engine: Engine, registry: FaultyRegistry, slow: Slow
) -> None:
    slow.hold = PIECE
    requests = [engine.begin("copy", **copy(registry, f"copy-{number}")) for number in range(8)]
    for request in requests:
        await_progress(engine, request)
    assert registry.uploads
    began = time.monotonic()
    assert engine.close() == 0
    assert time.monotonic() - began < 5
    assert {engine.refusal(request)[0] for request in requests} == {"INTERRUPTED"}
    assert (registry.uploads, registry.target) == ({}, {})
    assert engine.stderr == ""


def test_a_registry_without_tls_is_named(engine: Engine, registry: FaultyRegistry) -> None:
    wanted = {**copy(registry), "plainHttp": ["example.azurecr.io"]}
    code, message = engine.refuse("copy", **wanted)
    assert (code, "Azure's own" in message) == ("PLAIN_HTTP_REFUSED", True)
    request = engine.begin("copy", **copy(registry), plainHttp=[f"localhost:{registry.server_port}"])
    engine.answer(request)  # the registry speaks TLS only
    (warning,) = engine.told("warning", request)
    assert "spoken to without TLS" in warning["message"]


def test_what_a_registry_says_comes_in_one_clean_line(engine: Engine, registry: FaultyRegistry) -> None:
    evil = "\x1b]0;pwned\x07\n2026-01-01 level=info ok \u202etxt.exe \ud83d\udc33"

    def refuse(handler: Handler) -> bool:
        errors = [{"code": "DENIED", "message": evil + "x" * 10_000}]
        handler.answer(403, json.dumps({"errors": errors}).encode())
        return True

    registry.fault = refuse
    request = engine.begin("copy", **copy(registry), debug=True)
    code, message = engine.refusal(request)
    assert code
    assert "pwned" in message
    texts = [message, *(told["message"] for told in engine.told("log", request))]
    assert [text for text in texts if not text.isprintable()] == []
    assert max(map(len, texts)) < 2100
