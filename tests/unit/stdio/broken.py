"""Lines that are no message of the protocol, each with the number and the code of the error that it gets."""

from __future__ import annotations

from acrbridge.stdio.framing import MAX_LINE

NUL = b'{"jsonrpc":"2.0","id":1,"method":"account","params":{"environment":{"NO_PROXY":"a\\u0000"}}}'
NOT_JSON, NO_MESSAGE = (-32700, "MESSAGE_INVALID"), (-32600, "MESSAGE_INVALID")
NO_METHOD, NO_PARAMETERS = (-32601, "METHOD_UNKNOWN"), (-32602, "PARAMETERS_INVALID")

BROKEN: dict[str, tuple[bytes, tuple[int, str]]] = {
    "cut": (b"{", NOT_JSON),
    "no UTF-8": (b"\xff", NOT_JSON),
    "UTF-8 cut": (b'{"jsonrpc":"2.0","id":1,"method":"\xc3"}', NOT_JSON),
    "deep": (b"[" * 10_000, NOT_JSON),
    "deep beyond all": (b"[" * 1_000_000, NOT_JSON),
    "NaN": (b'{"a":NaN}', NOT_JSON),
    "infinite": (b'{"a":1e999}', NOT_JSON),
    "huge number": (b'{"jsonrpc":"2.0","id":' + b"9" * 1_000_000 + b',"method":"account"}', NOT_JSON),
    "key twice": (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"account"}', NOT_JSON),
    "half a surrogate pair": (b'{"jsonrpc":"2.0","id":"\\ud800","method":"account"}', NOT_JSON),
    "second mark": (b"\xef\xbb\xbf{}", NOT_JSON),
    "list": (b"[]", NO_MESSAGE),
    "batch": (b'[{"jsonrpc":"2.0","id":1,"method":"account"}]', NO_MESSAGE),
    "large batch": (b"[" + b"{}," * 100_000 + b"{}]", NO_MESSAGE),
    "number": (b"1", NO_MESSAGE),
    "no version": (b'{"id":1,"method":"account"}', NO_MESSAGE),
    "another version": (b'{"jsonrpc":"1.0","id":1,"method":"account"}', NO_MESSAGE),
    "null id": (b'{"jsonrpc":"2.0","id":null,"method":"account"}', NO_MESSAGE),
    "id of a fraction": (b'{"jsonrpc":"2.0","id":1.5,"method":"account"}', NO_MESSAGE),
    "id of truth": (b'{"jsonrpc":"2.0","id":true,"method":"account"}', NO_MESSAGE),
    "id too large": (b'{"jsonrpc":"2.0","id":9007199254740993,"method":"account"}', NO_MESSAGE),
    "id too long": (b'{"jsonrpc":"2.0","id":"' + b"x" * 201 + b'","method":"account"}', NO_MESSAGE),
    "id of an object": (b'{"jsonrpc":"2.0","id":{},"method":"account"}', NO_MESSAGE),
    "no method": (b'{"jsonrpc":"2.0","id":1}', NO_MESSAGE),
    "method of a number": (b'{"jsonrpc":"2.0","id":1,"method":7}', NO_MESSAGE),
    "unknown method": (b'{"jsonrpc":"2.0","id":1,"method":"rm"}', NO_METHOD),
    "missing parameter": (b'{"jsonrpc":"2.0","id":1,"method":"import"}', NO_PARAMETERS),
    "parameters in a list": (b'{"jsonrpc":"2.0","id":1,"method":"import","params":[1]}', NO_PARAMETERS),
    "unknown parameter": (b'{"jsonrpc":"2.0","id":1,"method":"account","params":{"x":1}}', NO_PARAMETERS),
    "wrong type": (b'{"jsonrpc":"2.0","id":1,"method":"account","params":{"debug":[]}}', NO_PARAMETERS),
    "no variable": (NUL, NO_PARAMETERS),
    "cancel of nothing": (b'{"jsonrpc":"2.0","method":"cancel","params":{}}', NO_PARAMETERS),
    "too long": (b"x" * (MAX_LINE + 1), NO_MESSAGE),
}
