"""An engine for the module's tests, in place of `python -m acrbridge serve`: it does what it is asked, the wrong too.

fake_engine.py START LOG …: START is how it begins, `well` or wrong; what it reads goes into the file LOG.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

SEEN: list[dict[str, Any]] = []
"""Requests so far."""


def send(message: dict[str, Any]) -> None:
    text = json.dumps({**message, "jsonrpc": "2.0"}, ensure_ascii=False)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def end(status: int, words: str = "") -> None:
    sys.stderr.write(words)
    sys.stderr.flush()
    os._exit(status)


def welcome(request: Any, version: int = 1) -> None:
    engine = {"name": "fake", "version": "0.0", "python": "3.11.0", "executable": sys.executable}
    names = ["HTTPS_PROXY", "NO_PROXY"]
    send({"id": request, "result": {"protocolVersion": version, "engine": engine, "environmentNames": names}})


def refuse(request: Any) -> None:
    data = {"code": "PROTOCOL_MISMATCH", "remedy": "Use one release.", "category": "ProtocolError"}
    message = "AcrBridge speaks protocol 1, fake speaks 2."
    send({"id": request, "error": {"code": -32600, "message": message, "data": data}})


def flood(request: Any, params: dict[str, Any]) -> None:
    sys.stderr.write("a line of a traceback\n" * 200_000)
    send({"id": request, "result": {}})


def talk(request: Any, params: dict[str, Any]) -> None:
    known = {"id": request, "activity": "Copying a:b", "status": "Copying", "percent": 50, "remaining": 3.2}
    for told in (known, {"id": request, "activity": "", "status": "", "percent": None, "remaining": 1e11}):
        send({"method": "progress", "params": told})
    for level in ("verbose", "debug"):
        send({"method": "log", "params": {"id": request, "level": level, "message": f"a {level} line"}})
    send({"method": "warning", "params": {"id": request, "message": "a warning"}})
    send({"method": "warning", "params": {"id": "of another", "message": "not for this request"}})
    send({"id": request, "result": {"debug": params["debug"]}})


def fail(request: Any, params: dict[str, Any]) -> None:
    data = {"remedy": "Do it right.", "correlationId": "c-1", **params["data"]}
    send({"id": request, "error": {"code": -32000, "message": "It went wrong.", "data": data}})


def half(request: Any, params: dict[str, Any]) -> None:
    say(f'{{"id":{request},"result":{{"done":tr')
    end(0)


def leave(request: Any, params: dict[str, Any]) -> None:
    send({"id": request, "result": {}})
    end(0)


METHODS: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    "die": lambda _, params: end(3, params.get("words", "") + "\n"),
    "echo": lambda request, params: send({"id": request, "result": params}),
    "fail": fail,
    "flood": flood,
    "garbage": lambda *_: say("Traceback (most recent call last):\n"),
    "half": half,
    "hang": lambda *_: None,
    "kill": lambda *_: os.kill(os.getpid(), signal.SIGKILL),
    "leave": leave,
    "misplaced": lambda *_: send(
        {"id": None, "error": {"code": -32700, "message": "Not for you.", "data": {}}}
    ),
    "talk": talk,
    "who": lambda request, _: send({"id": request, "result": {"pid": os.getpid(), "seen": len(SEEN)}}),
}

BEGINNINGS: dict[str, Callable[[], object]] = {
    "chatty": lambda: say("Welcome to Python!\n"),
    "python2": lambda: end(2, "Unknown option: -I\nusage: python [option] ...\n"),
    "silent": lambda: time.sleep(600),
    "store": lambda: end(
        49, "Python was not found; run without arguments to install from the Microsoft Store.\n"
    ),
    "without": lambda: end(1, "/usr/bin/python3: No module named acrbridge\n"),
}
"""What it does before it reads."""

ANSWERS: dict[str, Callable[[Any], None]] = {
    "later": lambda request: welcome(request, 2),
    "odd": lambda request: send({"id": request, "result": ["well"]}),
    "refusing": refuse,
}
"""What it answers to `initialize`; else it is welcome."""


def main() -> None:
    start, log = sys.argv[1:3]
    BEGINNINGS.get(start, lambda: None)()
    with open(log, "a", encoding="utf-8") as record:  # noqa: PTH123
        for line in sys.stdin:
            record.write(line)
            record.flush()
            message = json.loads(line)
            SEEN.append(message)
            if message["method"] == "initialize":
                ANSWERS.get(start, welcome)(message["id"])
            elif "id" in message:
                METHODS[message["method"]](message["id"], message["params"])


main()
