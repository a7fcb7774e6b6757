"""A result on standard output, in the formats that az has, byte for byte (knack 0.13, output.py)."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from acrbridge.cli.terminal import is_closed_pipe
from acrbridge.errors import AcrBridgeError, UsageError
from acrbridge.http import redact

Columns = Callable[[Any], Any]
"""Makes rows for a table out of a result, where its own keys are not the columns."""

_INVISIBLE = re.compile(r"[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""What a terminal obeys and a reader does not see; within JSON's strings it can be escaped."""

_NO_COLUMNS = frozenset({"id", "type", "etag"})


def render(result: Any, output: str, query: str | None = None, columns: Columns | None = None) -> str:
    """The text of a result.

    Args:
        result: JSON-like data.
        output: json, jsonc, yaml, yamlc, table, tsv or none.
        query: JMESPath applied first.
        columns: for tables without a query.

    Raises:
        UsageError: QUERY_INVALID.
    """
    if query:
        result = _query(result, query)
        if result is None:
            return ""
    match output:
        case "none":
            return ""
        case "table":
            return _table(
                columns(result) if columns and not query else result, sort=not query and columns is None
            )
        case "tsv":
            return "".join(_tsv_row(item) for item in (result if isinstance(result, list) else [result]))
        case "yaml" | "yamlc":
            import yaml

            plain = json.loads(json.dumps(result))
            text = yaml.safe_dump(plain, default_flow_style=False, allow_unicode=True)
            return _coloured(text, "yaml") if output == "yamlc" else text
        case _:
            text = _INVISIBLE.sub(
                lambda found: f"\\u{ord(found[0]):04x}",
                json.dumps(result, ensure_ascii=False, indent=2, sort_keys=True) + "\n",
            )
            return _coloured(text, "json") if output == "jsonc" else text


def check_query(query: str | None) -> None:
    """Refuse an invalid query before anything is done.

    Raises:
        UsageError: QUERY_INVALID.
    """
    if query:
        _compiled(query)


def write(text: str) -> None:
    """Write to standard output, whatever its encoding can hold; nothing where that is closed.

    Raises:
        AcrBridgeError: FILE_UNREADABLE, it takes no more.
    """
    if sys.stdout:
        with _written():
            try:
                sys.stdout.write(text)
            except UnicodeEncodeError:
                encoding = sys.stdout.encoding or "ascii"
                sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
            sys.stdout.flush()


def write_bytes(body: bytes) -> None:
    """Write exact bytes to standard output; as `write` does."""
    if sys.stdout:
        with _written():
            sys.stdout.flush()
            sys.stdout.buffer.write(body)
            sys.stdout.buffer.flush()


@contextmanager
def _written() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_closed_pipe(error):
            raise
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the exit must not try to flush
        raise AcrBridgeError(
            "FILE_UNREADABLE",
            f"All was done, but its result cannot be written to standard output: {error.strerror}.",
            remedy="Check where the output goes.",
        ) from error


def _query(result: Any, query: str) -> Any:
    import jmespath

    try:
        return _compiled(query).search(result, jmespath.Options(dict_cls=OrderedDict))
    except jmespath.exceptions.JMESPathError as error:
        raise _invalid(error) from None


def _compiled(query: str) -> Any:
    import jmespath

    try:
        compiled = jmespath.compile(query)
        _check_functions(compiled.parsed)
    except jmespath.exceptions.JMESPathError as error:
        raise _invalid(error) from None
    return compiled


def _check_functions(node: Any) -> None:
    """Refuse functions that there are not: JMESPath itself finds them when it comes across them."""
    import jmespath

    name = node["value"] if node["type"] == "function_expression" else None
    if name and name not in jmespath.functions.Functions.FUNCTION_TABLE:
        raise jmespath.exceptions.UnknownFunctionError(f"Unknown function: {name}()")
    for child in node["children"]:
        if isinstance(child, dict):
            _check_functions(child)


def _invalid(error: Exception) -> UsageError:
    reason = " ".join(str(error).split())
    return UsageError(
        "QUERY_INVALID", f"argument --query: invalid jmespath_type value: {reason}", drop_in_status=2
    )


def _coloured(text: str, language: str) -> str:
    if not sys.stdout.isatty():
        return text
    from pygments import formatters, highlight, lexers

    return str(highlight(text, lexers.get_lexer_by_name(language), formatters.TerminalFormatter()))


def _table(result: Any, *, sort: bool) -> str:
    rows = [_row(item, sort=sort) for item in (result if isinstance(result, list) else [result])]
    headers = list(dict.fromkeys(name for row in rows for name in row))
    if not headers:
        return "\n"
    cells = [[_cell(row.get(name)) for name in headers] for row in rows]
    widths = [max(len(header) + 2, *(len(line[i]) for line in cells)) for i, header in enumerate(headers)]
    lines = [headers, ["-" * width for width in widths], *cells]
    return "".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() + "\n"
        for line in lines
    )


def _row(item: Any, *, sort: bool) -> Mapping[str, Any]:
    if isinstance(item, list):
        return {f"Column{index + 1}": value for index, value in enumerate(item)}
    if not isinstance(item, dict):
        return {"Result": item}
    names = sorted(item) if sort else list(item)
    return {
        name[:1].upper() + name[1:]: item[name]
        for name in names
        if name not in _NO_COLUMNS and item[name] is not None and not isinstance(item[name], list | dict)
    }


def _cell(value: Any) -> str:
    return "" if value is None else redact.printable(str(value))


def _tsv_row(item: Any) -> str:
    if isinstance(item, dict):
        values = (
            list(item.values()) if isinstance(item, OrderedDict) else [item[name] for name in sorted(item)]
        )
    elif isinstance(item, list):
        values = item
    else:
        return f"{str(item).lower() if isinstance(item, bool) else item}\n"
    return "\t".join(_tsv_cell(value) for value in values) + "\n"


def _tsv_cell(value: Any) -> str:
    """A list prints as its length, and an object as nothing, so that columns stay columns."""
    if isinstance(value, list):
        return str(len(value))
    return "" if isinstance(value, dict) else str(value)
