"""Clients of `acrbridge serve` that do not keep to the protocol: each is told, and the engine lives on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from emulated.serving import HELLO, Engine, handles, size, threads
from unit.stdio.broken import BROKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulated.local_azure import Acrbridge, LocalAzure

PLAN = {"registryName": "contoso", "sourceImage": "docker.io/library/a:1"}
NAMES = ("ñandú", "漢字", "🐳", "a'b\"c", "back\\", " space ", "\t", "$(x)`y`;%PATH%")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine that nobody has signed in to, for all tests."""
    home = str(tmp_path_factory.mktemp("home"))
    with Engine({"HOME": home, "ACRBRIDGE_CONFIG_DIR": home}) as running:
        yield running


@pytest.fixture
def engine(shared: Engine) -> Engine:
    """It, without what it said to others."""
    shared.heard.clear()
    return shared


def is_well(engine: Engine) -> bool:
    return bool(engine.ask("planImport", **PLAN)["targets"] == ["library/a:1"])


@pytest.mark.parametrize(("sent", "error"), BROKEN.values(), ids=BROKEN)
def test_a_broken_message_gets_its_error_and_the_next_its_answer(
    engine: Engine, sent: bytes, error: tuple[int, str]
) -> None:
    engine.write(sent + b"\n")
    answer = engine.await_message(lambda message: "error" in message)
    assert (answer["error"]["code"], answer["error"]["data"]["code"]) == error
    assert is_well(engine)
    assert engine.stderr == ""


def test_a_line_that_does_not_end_takes_no_memory(engine: Engine) -> None:
    assert is_well(engine)
    before = size(engine.process.pid)
    for _ in range(100):
        engine.write(b"x" * (1 << 20))
        assert size(engine.process.pid) - before < 32 << 20
    engine.write(b"\n")
    code, message = engine.refusal(None)
    assert (code, "8,388,608 bytes" in message) == ("MESSAGE_INVALID", True)
    assert is_well(engine)


def test_large_messages_come_and_go(engine: Engine) -> None:
    targets = [f"target-{number}/{'x' * 100}:v1" for number in range(10_000)]
    assert engine.ask("planImport", **PLAN, targetTags=targets)["targets"] == targets


def test_names_in_every_script_survive_both_ways(engine: Engine) -> None:
    for name in NAMES:
        found = engine.ask("planImport", registryName=name, sourceImage="docker.io/library/a:1")
        assert found["registry"] == name
        message = {"jsonrpc": "2.0", "id": name, "method": "planImport", "params": PLAN}
        engine.write(json.dumps(message, ensure_ascii=False).encode() + b"\r\n")
        assert "result" in engine.answer(name)


def test_an_id_that_is_at_work_is_refused_without_ending_the_first(
    acrbridge: Acrbridge, azure: LocalAzure
) -> None:
    azure.play("slow=1")
    with Engine(acrbridge.environment) as engine:
        params = {"registryName": "fabrikam", "repositoryName": "signed"}
        line = json.dumps({"jsonrpc": "2.0", "id": 99, "method": "listTags", "params": params}).encode()
        engine.write(line + b"\n")
        for again in (line, line.replace(b"listTags", b"rm"), line.replace(b"registryName", b"x")):
            engine.heard.clear()
            engine.write(again + b"\n")
            code, message = engine.refusal(None)
            assert (code, "99" in message) == ("MESSAGE_INVALID", True)
        assert engine.answer(99)["result"]["tags"]
        azure.play()
        engine.heard.clear()
        engine.write(line + b"\n")  # it has ended: its id is free
        assert engine.answer(99)["result"]["tags"]


def test_too_many_requests_at_once_are_refused_and_the_others_answered(
    acrbridge: Acrbridge, azure: LocalAzure
) -> None:
    azure.play("slow=2")
    with Engine(acrbridge.environment) as engine:
        params = {"registryName": "fabrikam", "repositoryName": "signed"}
        requests = [engine.begin("listTags", **params) for _ in range(80)]
        refused = [engine.refusal(request) for request in requests[64:]]
        assert {code for code, _ in refused} == {"THROTTLED"}
        azure.play()
        for request in requests[:64]:
            assert engine.result(request)["tags"]
        assert is_well(engine)


def greeting(**params: Any) -> bytes:
    message = {"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": {**HELLO, **params}}
    return json.dumps(message).encode() + b"\n"


def test_first_things_first(stranger: Acrbridge) -> None:
    with Engine(stranger.environment, says_hello=False) as engine:
        assert engine.refuse("planImport", **PLAN)[0] == "MESSAGE_INVALID"
        engine.write(greeting(protocolVersion=2))
        code, message = engine.refusal("hello")
        assert code == "PROTOCOL_MISMATCH"
        assert "test 1 speaks protocol 2" in message
        assert "speaks 1" in message
        engine.heard.clear()
        engine.write(greeting())
        assert engine.answer("hello")["result"]["protocolVersion"] == 1
        engine.heard.clear()
        engine.write(greeting())
        assert engine.refusal("hello")[0] == "MESSAGE_INVALID"
        assert is_well(engine)


def test_a_byte_order_mark_may_stand_at_the_beginning(stranger: Acrbridge) -> None:
    with Engine(stranger.environment, says_hello=False) as engine:
        engine.write(b"\xef\xbb\xbf" + greeting())
        assert engine.answer("hello")["result"]["protocolVersion"] == 1


def test_rubbish_leaves_nothing_behind(engine: Engine) -> None:
    process = engine.process.pid
    assert is_well(engine)
    before = handles(process), threads(process), size(process)
    for number in range(2000):
        engine.write(b'{"jsonrpc":"2.0","id":"r%d","method":"import","params":{}}\n{\n' % number)
    engine.answer("r1999")
    assert is_well(engine)
    after = handles(process), threads(process), size(process)
    assert after[0] <= before[0]
    assert after[1] <= before[1]
    assert after[2] - before[2] < 8 << 20
    assert engine.stderr == ""
