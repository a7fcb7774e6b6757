"""Lists in pages: `n`, `last`, and the Link header to the next one (RFC 8288)."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING, TypeVar

from acr_emulator.registry.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from acr_emulator.registry.call import Call

Item = TypeVar("Item")

PAGE_LIMIT = 1000
"""Items of a page at most, whatever `n` says."""


def page(
    call: Call, items: Sequence[Item], key: Callable[[Item], str], default: int
) -> tuple[list[Item], dict[str, str]]:
    """One page of a list, and the headers that lead to the next.

    Args:
        call: whose `n` and `last` count; what else is in its query is kept in the link.
        items: all of them, in order.
        key: what `last` says of an item. Where none has that key any more, those with greater keys follow.
        default: number of items where `n` is absent.
    """
    size = _size(call, default)
    rest = _after(items, key, call.query("last"))
    shown = list(rest[:size])
    if not shown or len(rest) <= size:
        return shown, {}
    given = {name: value for name, value in call.request.query_params.items() if name not in ("last", "n")}
    query = {"last": key(shown[-1]), "n": str(size), "orderby": "", **given}
    path = urllib.parse.quote(call.request.url.path)
    return shown, {"Link": f'<{path}?{urllib.parse.urlencode(query)}>; rel="next"'}


def order(text: str) -> tuple[str, str]:
    """Key for lexical order as the specification has it: without case first."""
    return text.lower(), text


def _after(items: Sequence[Item], key: Callable[[Item], str], last: str) -> Sequence[Item]:
    if not last:
        return items
    for position, item in enumerate(items):
        if key(item) == last:
            return items[position + 1 :]
    return [item for item in items if order(key(item)) > order(last)]


def _size(call: Call, default: int) -> int:
    text = call.query("n")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise RegistryError("PAGINATION_NUMBER_INVALID", detail={"n": text[:20]})
    return min(int(text), PAGE_LIMIT)
