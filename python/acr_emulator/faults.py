"""Faults that the emulator plays on demand, by name.

A fault is in force until it is cleared. One that counts, such as `arm-throttled=2`, plays for the next 2
requests that it concerns and is gone; without a number it plays until it is cleared.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from acr_emulator.state import State
    from acr_emulator.world import World


@dataclass(frozen=True)
class Fault:
    """What one fault does, and what may follow its name.

    Attributes:
        meaning: one line for a person.
        argument: what stands after `=`; "count" is a number of requests and may be left out everywhere.
        default: the argument's value where it is left out; None where that is not allowed or means nothing.
    """

    meaning: str
    argument: Literal["none", "count", "number", "seconds", "text"] = "none"
    default: str = ""


FAULTS: dict[str, Fault] = {
    "operation-never-ends": Fault("Every poll of an import answers that it is still running."),
    "operation-fails": Fault("An import ends as failed with this code.", "text", "InvalidParameters"),
    "operation-status-failed": Fault('An import ends with HTTP 200 and "status": "Failed".'),
    "operation-location-elsewhere": Fault(
        "The Location of an import names another host.", "text", "attacker.example"
    ),
    "operation-without-location": Fault("The answer to an import carries no Location."),
    "operation-poll-errors": Fault("Polls answer 503, 429 and 500 in turn.", "count"),
    "operation-not-found": Fault("Polls answer 404.", "count"),
    "import-answer-lost": Fault("An import starts, but the connection ends without an answer.", "count"),
    "import-lies": Fault("An import ends as succeeded, and nothing was copied."),
    "arm-garbage": Fault("ARM answers with HTML in place of JSON.", "count"),
    "arm-throttled": Fault("ARM answers 429 with Retry-After: 1.", "count"),
    "arm-server-error": Fault("ARM answers 500.", "count"),
    "entra-garbage": Fault("Entra's token endpoint answers with HTML in place of JSON.", "count"),
    "token-lifetime": Fault("Entra's tokens live this many seconds.", "seconds", "5"),
    "registry-garbage": Fault("Registries answer with HTML in place of JSON.", "count"),
    "registry-throttled": Fault("Registries answer 429 with Retry-After: 1.", "count"),
    "registry-forbidden": Fault("Every registry's firewall refuses the client.", "count"),
    "hub-pulls-left": Fault(
        "docker.io grants so many more pulls of manifests, then answers 429.", "number", "0"
    ),
    "slow": Fault("Every answer comes this many seconds late.", "seconds", "1"),
}
"""All faults: the names that `--fault` and `python -m acr_emulator fault` take."""


class UnknownFault(ValueError):  # noqa: N818  # names what was given
    """A fault's name or argument that is none."""


def parse(texts: Iterable[str]) -> dict[str, str]:
    """Read faults written as NAME or NAME=ARGUMENT into names and arguments.

    Raises:
        UnknownFault: no such fault, or an argument that does not fit; the message says what does.
    """
    return dict(_parse_one(text) for text in texts)


def set_faults(state: State, faults: dict[str, str]) -> None:
    """Put exactly these faults in force; an empty dict clears all."""
    state.set_setting("faults", json.dumps(faults))


def argument(world: World, name: str) -> str | None:
    """The argument of a fault in force, or None. For faults that do not count."""
    return world.faults().get(name)


def take(world: World, name: str) -> bool:
    """Whether a fault plays for this request; one that counts has one request less left afterwards."""
    given = world.faults().get(name)
    if given and FAULTS[name].argument == "count":
        _count_down(world, name)
    return given is not None


def count_down(world: World, name: str) -> int | None:
    """How much a fault's number was before this request, which takes one of it; None where it is not in force."""
    if argument(world, name) is None:
        return None
    with world.state.transaction():
        faults = world.faults()
        number = int(faults.get(name, "0"))
        set_faults(world.state, faults | {name: str(max(0, number - 1))})
    return number


def _count_down(world: World, name: str) -> None:
    with world.state.transaction():
        faults = world.faults()
        left = int(faults.pop(name, "1")) - 1
        if left:
            faults[name] = str(left)
        set_faults(world.state, faults)


def _parse_one(text: str) -> tuple[str, str]:
    name, equals, given = text.partition("=")
    fault = FAULTS.get(name)
    if fault is None:
        near = difflib.get_close_matches(name, FAULTS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(FAULTS)}"
        raise UnknownFault(f"no fault is named {name!r}; {hint}")
    value = given if equals else fault.default
    if not _fits(fault, value, written=bool(equals)):
        raise UnknownFault(f"{name} takes {_EXPECTED[fault.argument]}, not {given!r}")
    return name, value


_EXPECTED = {
    "none": "no argument",
    "count": "a number of requests",
    "number": "a number",
    "seconds": "seconds",
    "text": "a word",
}


def _fits(fault: Fault, value: str, *, written: bool) -> bool:
    match fault.argument:
        case "none":
            return not written
        case "count":
            return not written or (value.isdecimal() and int(value) > 0)
        case "number":
            return value.isdecimal()
        case "seconds":
            return value.replace(".", "", 1).isdecimal()
        case "text":
            return bool(value)
