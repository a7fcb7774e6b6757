"""What mends a registry's refusal on one side of a copy, by code, where that is not what the catalogue says."""

from __future__ import annotations

from collections.abc import Mapping

_RIGHTS = {"source": "AcrPull", "target": "AcrPush"}


def remedies(host: str, side: str, *, given: bool, azure: bool) -> Mapping[str, str]:
    """By code, what to do.

    Args:
        host: as it was typed.
        side: `source` or `target`.
        given: whether a login was given for this side.
        azure: whether the registry is one of Azure's.
    """
    user, variable = f"--{side}-username", f"ACRBRIDGE_{side.upper()}_PASSWORD"
    before = f"Ask for {_RIGHTS[side]} on it, or" if azure else "Check the repository's name; if it is right,"
    sign_in = f"{before} give {user} with {variable}, or keep a login: acrbridge registry login {host}"
    check = (
        f"Check {user} and its password, and whether that user may {'pull' if side == 'source' else 'push'}."
    )
    mended = {"REGISTRY_UNAUTHORIZED": check if given else sign_in}
    return (
        mended if azure else {**mended, "REPOSITORY_NOT_FOUND": "Check the spelling of repository and tag."}
    )
