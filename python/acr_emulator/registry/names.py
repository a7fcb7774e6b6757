"""Grammar of repository names, tags and digests (OCI distribution specification, "Pulling manifests")."""

from __future__ import annotations

import re

from acr_emulator.registry.errors import RegistryError

NAME_LIMIT = 255
"""Characters of a repository's name; implementations limit host and name together to 255."""
NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


def check_name(name: str) -> str:
    """The name itself, when it is one of a repository.

    Raises:
        RegistryError: NAME_INVALID.
    """
    if len(name) > NAME_LIMIT or not NAME.fullmatch(name):
        raise RegistryError("NAME_INVALID", detail={"name": name[:NAME_LIMIT]})
    return name


def check_digest(digest: str) -> str:
    """The digest itself, when it is one of a registered algorithm in lower case.

    Raises:
        RegistryError: DIGEST_INVALID.
    """
    if not DIGEST.fullmatch(digest):
        raise RegistryError("DIGEST_INVALID", detail={"digest": digest[:140]})
    return digest


def is_digest(reference: str) -> bool:
    """Whether a reference in a path is a digest; what else is one has a colon, which no tag has."""
    return bool(DIGEST.fullmatch(reference))


def check_reference(reference: str) -> str:
    """The reference itself, when it is a tag or a digest.

    Raises:
        RegistryError: DIGEST_INVALID for what has a colon, MANIFEST_INVALID for what is no tag.
    """
    if ":" in reference:
        return check_digest(reference)
    if not TAG.fullmatch(reference):
        raise RegistryError("MANIFEST_INVALID", "manifest invalid: no tag", detail={"tag": reference[:128]})
    return reference
