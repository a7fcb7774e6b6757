"""Messages that both sides must agree on: tests/protocol, read by the module's tests, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from acrbridge.stdio.framing import line, parse
from acrbridge.stdio.messages import Cancel, Initialize
from acrbridge.stdio.methods import METHODS
from acrbridge.stdio.server import Server

FOLDER = Path(__file__).parents[2] / "protocol"


def vectors(name: str) -> list[Any]:
    found = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return [pytest.param(row["line"], row["meaning"], id=row["name"]) for row in found]


@pytest.mark.parametrize(("text", "meaning"), vectors("values"))
def test_a_value_is_read_as_it_is_meant(text: str, meaning: object) -> None:
    assert parse(text.encode()) == meaning


@pytest.mark.parametrize(("text", "meaning"), vectors("engine"))
def test_a_message_of_the_engine_is_written_so(text: str, meaning: dict[str, Any]) -> None:
    assert line(meaning) == text.encode() + b"\n"


@pytest.mark.parametrize(("text", "meaning"), vectors("client"))
def test_a_message_of_the_client_is_read_and_its_parameters_hold(text: str, meaning: dict[str, Any]) -> None:
    message = parse(text.encode())
    assert message == meaning
    model(message["method"]).model_validate(message["params"])


@pytest.mark.parametrize(("text", "meaning"), vectors("broken"))
def test_a_broken_line_is_answered_with_an_error(text: str, meaning: None) -> None:
    pieces = iter([text.encode() + b"\n", b""])
    answers: list[bytes] = []
    Server(lambda: next(pieces), answers.append, idle_timeout=5.0).run()
    assert [json.loads(answer)["error"]["data"]["code"] for answer in answers] == ["MESSAGE_INVALID"]


def model(method: str) -> type[BaseModel]:
    special: dict[str, type[BaseModel]] = {"cancel": Cancel, "initialize": Initialize}
    return special.get(method) or METHODS[method].params
