"""Usual slips in names, and how to write them right: patterns with what to say, the first that fits counts. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LAYOUTS = "Write oci:PATH for a layout in a folder, oci-archive:PATH for one in a tar archive."

PLACE: Mapping[str, str] = {
    r"(?P<scheme>[a-z+-]+://).*": "Leave out {scheme}",
    r"(?i:oci-archive):(?P<path>[\w./-]+(?::[\w.-]+)?)": "Write oci-archive:{path}",
    r"(?i:oci):(?P<path>[\w./-]+(?::[\w.-]+)?)": "Write oci:{path}",
    r"docker-archive:.*": "docker save writes OCI image layouts since Docker 25; then write oci-archive:PATH",
    r"docker-daemon:.*": "Save the image first: docker save -o image.tar IMAGE; then write oci-archive:image.tar",
    r"(?:dir|oci[a-z-]*):.*": _LAYOUTS,
    r"(?P<path>[\w./-]+\.(?:tar|tgz)(?:\.\w+)?(?::[\w.-]+)?)": "Write oci-archive:{path}",
    r"(?P<path>\.{1,2}/[\w./-]*(?::[\w.-]+)?)": "Write oci:{path}",
    r"(?:[./~\\]|[A-Za-z]:[/\\]).*": _LAYOUTS,
    r"\[.*": "Name the host, or give its IPv4 address; IPv6 addresses are not taken here.",
    r"(?P<host>[\w-]+:\d+|[\w-]+(?:\.[\w-]+)+(?::\d+)?)/?": "Add the repository: {host}/REPOSITORY:TAG",
    r"[^/]+:\d+/.*": "A port is a number from 1 to 65535.",
    r"[^/]*[^/\x00-\x7f][^/]*/.*": "A host has letters of ASCII only; write an international name as xn--…",
    r"(?P<name>[A-Za-z0-9]{5,50})/(?P<image>[\w./-]+(?:[:@][\w.:-]+)?)": (
        "Begin with the host: docker.io/{name}/{image} or, of Azure's registry, {name}.azurecr.io/{image}"
    ),
    r".*": "Begin with the host, as in docker.io/library/hello-world:latest",
}
"""Of what is copied from or to."""

REPOSITORY: Mapping[str, str] = {
    r"": "Name the repository: REGISTRY/REPOSITORY:TAG",
    r".{256,}": "A repository's name has at most 255 characters.",
    r".*": "It takes a-z and 0-9, between them '.', '_', '__', '-' or '/'.",
}
TAG: Mapping[str, str] = {
    r"": "Give a tag behind the colon, or leave the colon out.",
    r"(?P<digest>sha(?:256|512):[0-9a-f]+)": "A digest stands behind @: REPOSITORY@{digest}",
    r".*/.*:(?P<tag>[\w][\w.-]*)": "Give the tag only: {tag}",
    r".{129,}": "A tag has at most 128 characters.",
    r".*": "It takes A-Z, a-z, 0-9, '_', '.' and '-', and begins with neither '.' nor '-'.",
}
_DIGITS = {"sha256": 64, "sha512": 128}


def remedy(text: str, slips: Mapping[str, str]) -> str | None:
    """How to write a name right that was refused; None where nothing fits."""
    for pattern, advice in slips.items():
        if match := re.fullmatch(pattern, text, re.ASCII | re.DOTALL):
            return advice.format(**match.groupdict())
    return None


def digest_remedy(text: str) -> str:
    """How to write a digest right that was refused."""
    algorithm, _, value = text.partition(":")
    if algorithm not in _DIGITS:
        return "Write sha256: or sha512:, and the digits that the registry shows."
    return f"Behind {algorithm}: stand {_DIGITS[algorithm]} digits of 0-9 and a-f; here are {len(value)} characters."
