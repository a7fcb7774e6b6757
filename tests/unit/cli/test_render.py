"""Results as text: what knack 0.13 prints for the same result, recorded from it, and what no result may do."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from acrbridge.cli.render import check_query, render
from acrbridge.errors import UsageError

FORMATS = ["json", "jsonc", "yaml", "yamlc", "table", "tsv", "none"]
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)


def documents(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        scalars | texts,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=15,
    )


json_like = documents(st.text(max_size=20))
visible_json_like = documents(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20))
MANIFESTS = [
    {"digest": "sha256:1", "tags": ["a", "b"], "timestamp": "t"},
    {"digest": "sha256:22", "tags": [], "timestamp": None},
]


@pytest.mark.parametrize("output", FORMATS)
@given(json_like)
def test_any_result_can_be_rendered(output: str, result: Any) -> None:
    text = render(result, output)
    assert text == "" if output == "none" else text.endswith("\n") or result == []


@given(json_like)
def test_json_reads_back_as_the_result(result: Any) -> None:
    assert json.loads(render(result, "json")) == result


@given(visible_json_like)
def test_yaml_reads_back_as_the_result(result: Any) -> None:
    text = render(result, "yaml")
    assert json.dumps(yaml.safe_load(text), sort_keys=True) == json.dumps(result, sort_keys=True)


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({"b": 1, "a": "ñ"}, '{\n  "a": "ñ",\n  "b": 1\n}\n'),
        ([], "[]\n"),
        ({}, "{}\n"),
        ("text", '"text"\n'),
        (None, "null\n"),
        ([True, 1.5, None], "[\n  true,\n  1.5,\n  null\n]\n"),
    ],
)
def test_json_is_sorted_and_indented_as_knack_has_it(result: Any, text: str) -> None:
    assert render(result, "json") == text


@pytest.mark.parametrize("character", ["\x9b", "\u202e", "\u2066", "\u200b", "\u2028"])
def test_json_shows_what_is_invisible_as_escapes(character: str) -> None:
    text = render({"a": f"x{character}y"}, "json")
    assert character not in text
    assert json.loads(text) == {"a": f"x{character}y"}


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({"b": 1, "a": "ñ"}, "ñ\t1\n"),
        (MANIFESTS, "sha256:1\t2\tt\nsha256:22\t0\tNone\n"),
        ("text", "text\n"),
        (["x", "yy"], "x\nyy\n"),
        ([True, False, None, 1.5], "true\nfalse\nNone\n1.5\n"),
        ({"on": True, "off": None, "o": {"x": 1}, "l": [1, 2]}, "2\t\tNone\tTrue\n"),
        ([["a", 1, None], ["bb", 2, True]], "a\t1\tNone\nbb\t2\tTrue\n"),
        ([], ""),
        ({}, "\n"),
        (5, "5\n"),
    ],
)
def test_tsv_as_knack_has_it(result: Any, text: str) -> None:
    assert render(result, "tsv") == text


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (MANIFESTS, "Digest     Timestamp\n---------  -----------\nsha256:1   t\nsha256:22\n"),
        ({"b": 1, "a": "x"}, "A    B\n---  ---\nx    1\n"),
        ("text", "Result\n--------\ntext\n"),
        (["x", "yy"], "Result\n--------\nx\nyy\n"),
        ([["a", 1], ["bb", 2]], "Column1    Column2\n---------  ---------\na          1\nbb         2\n"),
        ([{"id": "i", "type": "t", "etag": "e", "name": "n"}], "Name\n------\nn\n"),
        ([{"a": 1}, {"b": 2}], "A    B\n---  ---\n1\n     2\n"),
        ([], "\n"),
        ({}, "\n"),
    ],
)
def test_a_table_as_knack_has_it(result: Any, text: str) -> None:
    assert render(result, "table") == text


def test_a_commands_own_columns_take_the_place_of_its_keys() -> None:
    assert render([{"a": 1}], "table", columns=lambda rows: [{"N": r["a"]} for r in rows]) == "N\n---\n1\n"


def test_a_query_takes_the_place_of_a_commands_own_columns() -> None:
    text = render([{"a": 1, "b": 2}], "table", "[].{z: a, y: b}", columns=lambda rows: [{"N": 0}])
    assert text == "Z    Y\n---  ---\n1    2\n"


@pytest.mark.parametrize(
    ("query", "output", "text"),
    [
        ("[].digest", "tsv", "sha256:1\nsha256:22\n"),
        ("[0].{z: digest, a: timestamp}", "tsv", "sha256:1\tt\n"),
        ("[0].{z: digest, a: timestamp}", "json", '{\n  "a": "t",\n  "z": "sha256:1"\n}\n'),
        ("length(@)", "json", "2\n"),
        ("nothing", "json", ""),
        ("[0].nothing", "tsv", ""),
    ],
)
def test_a_query_is_applied_first_and_its_order_kept(query: str, output: str, text: str) -> None:
    assert render(MANIFESTS, output, query) == text


@pytest.mark.parametrize("query", ["[", "a..b", "\x1b[31m", "nope(@)", "a.nope(@)", "'"])
def test_a_query_that_makes_no_sense_is_refused_before_anything_is_done(query: str) -> None:
    with pytest.raises(UsageError) as error:
        check_query(query)
    assert error.value.code == "QUERY_INVALID"
    assert error.value.drop_in_status == 2
    assert "\n" not in error.value.message


@pytest.mark.parametrize("query", ["length(`5`)", "to_number(a, b)", "sort(@)", "sum(@)"])
def test_a_query_that_fails_on_the_result_is_refused(query: str) -> None:
    with pytest.raises(UsageError) as error:
        render([{"a": 1}], "json", query)
    assert error.value.code == "QUERY_INVALID"


@given(st.text(max_size=40), json_like)
def test_no_query_breaks_the_rendering(query: str, result: Any) -> None:
    try:
        text = render(result, "json", query)
    except UsageError as error:
        text = error.code
    assert isinstance(text, str)
