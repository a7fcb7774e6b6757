"""`acrbridge explain CODE`."""

from __future__ import annotations

from typing import Annotated

import typer

from acrbridge.cli.command import Run, command
from acrbridge.errors import CATALOGUE, NotFoundError


def add_to(parent: typer.Typer) -> None:
    """Add the command."""
    command(parent, "explain", own=True)(explain)


def explain(
    run: Run,
    code: Annotated[
        str,
        typer.Argument(
            help="The code on an error's last line.",
            autocompletion=lambda incomplete: [c for c in CATALOGUE if c.startswith(incomplete.upper())],
        ),
    ],
) -> dict[str, str]:
    """Say what an error's code means, and what mends it."""
    from difflib import get_close_matches

    del run
    code = code.upper().removeprefix("CODE:").strip()
    found = CATALOGUE.get(code)
    if found is None:
        near = get_close_matches(code, CATALOGUE, 1)
        raise NotFoundError(
            "CODE_UNKNOWN", f"There is no code {code!r}.", remedy=f"Did you mean {near[0]}?" if near else ""
        )
    return {"cause": found.cause, "code": code, "remedy": found.remedy}
