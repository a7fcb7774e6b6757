"""Strict reading of YAML into the records of `model.py`: a wrong key or value is named, with the nearest right one."""

from __future__ import annotations

import difflib
import types
from dataclasses import MISSING, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

import yaml

from acr_emulator.seed.model import Seed, SeedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

WORDS = {str: "a text", bool: "true or false", int: "a number", dict: "a mapping", tuple: "a list"}


def read_seed(text: str) -> Seed:
    """Read a seed.

    Raises:
        SeedError: it is no YAML, or says what no seed says; the message names the place.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SeedError(f"no YAML: {error}") from None
    seed: Seed = _record(Seed, {} if document is None else document, "")
    return seed


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest of the known words, or all of them, as the end of a message."""
    known = sorted(known)
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(known) or 'none'}"


def _record(kind: Any, value: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise SeedError(f"{place or 'a seed'} must be a mapping, not {value!r}")
    hints = get_type_hints(kind)
    for key in value:
        if key not in hints:
            raise SeedError(f"{_inside(place, str(key))} is no key; {did_you_mean(str(key), hints)}")
    for known in fields(kind):
        required = known.default is MISSING and known.default_factory is MISSING
        if required and known.name not in value:
            raise SeedError(f"{_inside(place, known.name)} is missing")
    return kind(**{key: _value(hints[key], item, _inside(place, key)) for key, item in value.items()})


def _value(kind: Any, value: Any, place: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else _value(get_args(kind)[0], value, place)
    if is_dataclass(kind):
        return _record(kind, value, place)
    read = _READERS.get(origin)
    return read(kind, value, place) if read else _plain(kind, value, place)


def _word(kind: Any, value: Any, place: str) -> str:
    if value not in get_args(kind):
        raise SeedError(f"{place} is {value!r}; {did_you_mean(str(value), get_args(kind))}")
    return str(value)


def _list(kind: Any, value: Any, place: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise SeedError(f"{place} must be a list, not {value!r}")
    return tuple(_value(get_args(kind)[0], item, f"{place}[{i}]") for i, item in enumerate(value))


def _mapping(kind: Any, value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SeedError(f"{place} must be a mapping, not {value!r}")
    return {
        str(name): _value(get_args(kind)[1], {} if item is None else item, _inside(place, str(name)))
        for name, item in value.items()
    }


def _plain(kind: type, value: Any, place: str) -> Any:
    if type(value) is not kind:
        raise SeedError(
            f"{place} must be {WORDS[kind]}, not {value!r}; quote a text that looks like a number"
        )
    return value


def _inside(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


_READERS: dict[Any, Callable[[Any, Any, str], Any]] = {Literal: _word, tuple: _list, dict: _mapping}
