"""JSON as it has to be: no key twice, no number that is none, not too deep, and no half of a surrogate pair."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

_MAX_DEPTH = 64


def loads(body: bytes) -> Any:
    """Read a JSON document.

    Raises:
        ValueError, RecursionError: it is none.
    """
    text = body.decode("utf-8")
    document = json.loads(
        text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_once_each
    )
    _check_depth(document)
    if "\\u" in text:
        json.dumps(document, ensure_ascii=False).encode()  # fails on half a surrogate pair
    return document


def load_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ValueError, RecursionError: it is none.
    """
    document = loads(body)
    if not isinstance(document, dict):
        raise ValueError("no object")  # noqa: TRY004 - it is the document that is wrong
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that comes twice: one reader takes the first, another the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _check_depth(document: Any, depth: int = 0) -> None:
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deeply")
    children = (
        document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    )
    for child in children:
        _check_depth(child, depth + 1)
