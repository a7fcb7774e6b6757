"""What the engine answers to a client that keeps to the protocol, and to one that does not."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acrbridge.stdio.errors import ProtocolError
from acrbridge.stdio.framing import MAX_LINE
from acrbridge.stdio.methods import METHODS, Method
from acrbridge.stdio.server import Server, _checked, _envelope, _line, _parsed
from unit.stdio.broken import BROKEN

HELLO = {"protocolVersion": 1, "client": {"name": "test", "version": "1"}}


class Engine:
    """A server in this process, at the other end of two queues."""

    def __init__(self, idle_timeout: float = 60.0) -> None:
        self._requests: queue.Queue[bytes] = queue.Queue()
        self._answers: queue.Queue[bytes] = queue.Queue()
        self.is_deaf = False
        server = Server(self._requests.get, self._hear, idle_timeout=idle_timeout)
        self.thread = threading.Thread(target=server.run)
        self.thread.start()

    def send(self, text: bytes) -> None:
        self._requests.put(text)

    def ask(self, **message: Any) -> Any:
        self.send(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        return self.heard()

    def _hear(self, line: bytes) -> None:
        if self.is_deaf:
            raise BrokenPipeError
        self._answers.put(line)

    def heard(self) -> Any:
        return json.loads(self._answers.get(timeout=10))

    def end(self) -> None:
        self._requests.put(b"")
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture
def fresh() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.end()


@pytest.fixture
def engine(fresh: Engine) -> Engine:
    fresh.ask(id=0, method="initialize", params=HELLO)
    return fresh


def refusal(answer: Any) -> tuple[Any, int, str]:
    return answer["id"], answer["error"]["code"], answer["error"]["data"]["code"]


def is_well(engine: Engine) -> bool:
    plan = {"registryName": "contoso", "sourceImage": "docker.io/library/a:1"}
    return bool(
        engine.ask(id="still there", method="planImport", params=plan)["result"]["targets"] == ["library/a:1"]
    )


def test_initialize_tells_who_answers(fresh: Engine) -> None:
    result = fresh.ask(id=1, method="initialize", params=HELLO)["result"]
    assert result["protocolVersion"] == 1
    assert result["engine"]["name"] == "acrbridge"
    assert "HTTPS_PROXY" in result["environmentNames"]


def test_another_protocol_version_is_refused_with_both(fresh: Engine) -> None:
    answer = fresh.ask(id=1, method="initialize", params={**HELLO, "protocolVersion": 7})
    assert refusal(answer) == (1, -32600, "PROTOCOL_MISMATCH")
    assert "protocol 7" in answer["error"]["message"]
    assert "speaks 1" in answer["error"]["message"]


def test_nothing_is_done_before_initialize(fresh: Engine) -> None:
    assert refusal(fresh.ask(id=1, method="account")) == (1, -32600, "MESSAGE_INVALID")


def test_a_second_initialize_is_refused_and_the_engine_lives_on(engine: Engine) -> None:
    assert refusal(engine.ask(id=2, method="initialize", params=HELLO)) == (2, -32600, "MESSAGE_INVALID")
    assert is_well(engine)


@pytest.mark.parametrize(("sent", "error"), BROKEN.values(), ids=BROKEN)
def test_a_broken_message_gets_its_error_and_the_engine_lives_on(
    engine: Engine, sent: bytes, error: tuple[int, str]
) -> None:
    engine.send(sent + b"\n")
    assert refusal(engine.heard())[1:] == error
    assert is_well(engine)


def test_a_broken_parameter_is_named_and_a_secret_in_it_is_not_shown(engine: Engine) -> None:
    params = {"registryName": "contoso", "sourceImage": "a", "password": ["s3cret-PW"]}
    message = engine.ask(id=1, method="import", params=params)["error"]["message"]
    assert "password" in message
    assert "s3cret-PW" not in message


def test_a_notification_that_nobody_knows_gets_no_answer(engine: Engine) -> None:
    engine.send(b'{"jsonrpc":"2.0","method":"hello"}\n')
    assert is_well(engine)


def test_the_cancel_of_a_request_that_is_not_there_is_no_error(engine: Engine) -> None:
    engine.send(b'{"jsonrpc":"2.0","method":"cancel","params":{"id":99}}\n')
    assert is_well(engine)


def test_the_engine_ends_by_itself_when_nobody_asks() -> None:
    engine = Engine(idle_timeout=0.05)
    engine.thread.join(10)
    assert not engine.thread.is_alive()


def test_the_engine_ends_at_once_when_nobody_hears_it_any_more(engine: Engine) -> None:
    engine.is_deaf = True
    engine.send(b"{\n")
    engine.thread.join(10)
    assert not engine.thread.is_alive()


def test_the_end_of_a_request_begins_the_idle_time() -> None:
    engine = Engine(idle_timeout=0.4)
    engine.ask(id=0, method="initialize", params=HELLO)
    for _ in range(4):
        time.sleep(0.2)
        assert is_well(engine)
    engine.thread.join(10)
    assert not engine.thread.is_alive()


@pytest.mark.parametrize("value", [b"bytes", float("nan"), 10**5000], ids=["bytes", "NaN", "huge number"])
def test_an_answer_that_is_no_json_is_told_as_a_defect(value: object) -> None:
    answer = json.loads(_line({"id": 7, "result": [value]}))
    assert (answer["id"], answer["error"]["data"]["code"]) == (7, "INTERNAL")


def test_an_answer_that_no_line_can_hold_is_told_as_such() -> None:
    answer = json.loads(_line({"id": 7, "result": "x" * MAX_LINE}))
    assert (answer["id"], answer["error"]["data"]["code"]) == (7, "ANSWER_TOO_LARGE")


def test_names_in_every_script_come_back_as_they_were(engine: Engine) -> None:
    for name in ("ñandú", "漢字", "🐳", "a'b\"c\\", " x ", "back\\"):
        plan = {"registryName": name, "sourceImage": "docker.io/library/a:1"}
        assert engine.ask(id=name, method="planImport", params=plan)["id"] == name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["username", "password", "tokens", "x"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.sampled_from([*METHODS.values()]), st.data())
def test_no_parameters_do_more_than_fail(method: Method, data: st.DataObject) -> None:
    names = [field.alias or name for name, field in method.params.model_fields.items()]
    params = data.draw(JSON | st.dictionaries(st.sampled_from(names), JSON))
    with suppress(ProtocolError):
        _checked(method.params, params, 1)


@given(JSON | st.dictionaries(st.sampled_from(["jsonrpc", "id", "method", "params"]), JSON | st.just("2.0")))
def test_no_message_does_more_than_fail(message: Any) -> None:
    with suppress(ProtocolError):
        _envelope(_parsed(json.dumps(message).encode()))


def test_a_token_of_a_cloud_that_is_not_known_is_refused(engine: Engine) -> None:
    tokens = {"arm": "t", "tenantId": "x", "subscriptionId": "y", "cloud": "AzureStack"}
    answer = engine.ask(id=1, method="account", params={"tokens": tokens})
    assert refusal(answer) == (1, -32602, "PARAMETERS_INVALID")
    assert "tokens.cloud" in answer["error"]["message"]
