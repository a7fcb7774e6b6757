"""`acrbridge serve` as a process, and a client of it that keeps all it hears."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from acrbridge.stdio.answers import Answer, Failure, Log, Progress, Warned
from acrbridge.stdio.methods import METHODS
from emulated import secrecy
from emulated.local_azure import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SERVE = (sys.executable, "-I", "-X", "utf8", "-u", "-m", "acrbridge", "serve")
HELLO = {"protocolVersion": 1, "client": {"name": "test", "version": "1"}}
NOTIFICATIONS: dict[str, type[Answer]] = {"progress": Progress, "log": Log, "warning": Warned}


class Engine:
    """A running engine. Every message has to be one of the protocol, and hold no secret.

    Args:
        environment: of its process.
        options: of the command.
        says_hello: whether `initialize` is sent.
    """

    def __init__(self, environment: Mapping[str, str], *options: str, says_hello: bool = True) -> None:
        self.process = subprocess.Popen(
            (*SERVE, *options),
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self.heard: list[Any] = []
        self.secret_methods = {"accessToken"}
        """Whose answers may hold a secret."""
        self._methods: dict[int | str, str] = {}
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()
        self._stderr: list[bytes] = []
        self._threads = [threading.Thread(target=self._hear), threading.Thread(target=self._hear_stderr)]
        for thread in self._threads:
            thread.start()
        if says_hello:
            self.ask("initialize", **HELLO)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.ended()

    def write(self, text: bytes) -> None:
        """Send bytes as they are."""
        assert self.process.stdin
        left = memoryview(text)
        while left:
            left = left[self.process.stdin.write(left) :]

    def begin(self, method: str, /, **params: Any) -> int:
        """Send a request; gives its id."""
        number = next(self._numbers)
        self._methods[number] = method
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        self.write(json.dumps(message).encode() + b"\n")
        return number

    def cancel(self, number: int) -> None:
        """Send `cancel`."""
        message = {"jsonrpc": "2.0", "method": "cancel", "params": {"id": number}}
        self.write(json.dumps(message).encode() + b"\n")

    def answer(self, number: int | str | None) -> Any:
        """Wait for the answer to a request; gives it whole."""
        return self.await_message(lambda message: "method" not in message and message["id"] == number)

    def result(self, number: int) -> Any:
        """Wait for the result of a request, which has to succeed and have its method's shape."""
        answer = self.answer(number)
        assert "result" in answer, answer
        method = METHODS.get(self._methods[number])
        if method:
            method.result.model_validate(answer["result"], by_name=False, by_alias=True)
        return answer["result"]

    def refusal(self, number: int | str | None) -> tuple[str, str]:
        """Wait for the failure of a request; gives its code and message."""
        answer = self.answer(number)
        assert "error" in answer, answer
        return answer["error"]["data"]["code"], answer["error"]["message"]

    def ask(self, method: str, /, **params: Any) -> Any:
        """Send a request, and wait for its result."""
        return self.result(self.begin(method, **params))

    def refuse(self, method: str, /, **params: Any) -> tuple[str, str]:
        """Send a request, and wait for its failure."""
        return self.refusal(self.begin(method, **params))

    def told(self, method: str, number: int) -> list[Any]:
        """The notifications of a request so far."""
        with self._changed:
            return [
                m["params"] for m in self.heard if m.get("method") == method and m["params"]["id"] == number
            ]

    def await_message(self, fits: Callable[[Any], bool]) -> Any:
        """Wait for a message."""
        with self._changed:
            assert self._changed.wait_for(lambda: any(map(fits, self.heard)), PATIENCE), self.heard[-5:]
            return next(filter(fits, self.heard))

    def close(self) -> int:
        """End its standard input, and wait for its end; gives the exit status."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.ended()

    def ended(self) -> int:
        """Wait for its end; gives the exit status."""
        status = self.process.wait(PATIENCE)
        for thread in self._threads:
            thread.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream
            stream.close()
        return status

    @property
    def stderr(self) -> str:
        """What it said there so far."""
        return b"".join(self._stderr).decode()

    def _hear(self) -> None:
        assert self.process.stdout
        rest = b""
        while piece := self.process.stdout.read(1 << 20):
            *lines, rest = (rest + piece).split(b"\n")
            with self._changed:
                self.heard += map(self._checked, lines)
                self._changed.notify_all()
        assert rest == b""

    def _checked(self, line: bytes) -> Any:
        message = json.loads(line)
        assert list(message)[-1] == "jsonrpc"
        if "method" in message:
            NOTIFICATIONS[message["method"]].model_validate(message["params"], by_name=False, by_alias=True)
        elif "error" in message:
            Failure.model_validate(message["error"], by_name=False, by_alias=True)
        if self._methods.get(message.get("id")) not in self.secret_methods:
            assert secrecy.shown_in(line.decode()) == []
        return message

    def _hear_stderr(self) -> None:
        assert self.process.stderr
        while piece := self.process.stderr.read(1 << 16):
            self._stderr.append(piece)


def size(process: int) -> int:
    """Bytes of a process in memory."""
    return _status(process, "VmRSS") << 10


def threads(process: int) -> int:
    """How many threads a process has."""
    return _status(process, "Threads")


def handles(process: int) -> int:
    """How many files and sockets a process has open."""

    return len(list(Path(f"/proc/{process}/fd").iterdir()))


def _status(process: int, name: str) -> int:

    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(f"{name}:")))
