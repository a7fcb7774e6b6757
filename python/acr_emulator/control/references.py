"""Names of images in the body of importImage: the source's, and the target's tags."""

from __future__ import annotations

from dataclasses import dataclass

from acr_emulator.control.errors import invalid_parameters
from acr_emulator.registry.names import DIGEST, NAME, NAME_LIMIT, TAG

LATEST = "latest"


@dataclass(frozen=True)
class SourceImage:
    """An image in a registry, by tag or by digest.

    Attributes:
        repository: its name.
        tag: the one written, or `latest` where neither tag nor digest was.
        digest: the one written, or "".
    """

    repository: str
    tag: str
    digest: str


def source_image(text: str) -> SourceImage:
    """Read `repository`, `repository:tag` or `repository@digest`; a digest counts more than a tag beside it.

    Raises:
        ArmError: it is none of these.
    """
    name, at, digest = text.partition("@")
    repository, colon, tag = name.partition(":")
    if not _is_repository(repository) or (colon and not TAG.fullmatch(tag)):
        raise _invalid("source image", text)
    if at and not DIGEST.fullmatch(digest):
        raise _invalid("source image", text)
    return SourceImage(repository, tag or ("" if at else LATEST), digest)


def target_tag(text: str, source: SourceImage) -> str:
    """Read `repository` or `repository:tag` into `repository:tag`; the source's tag is the default.

    Raises:
        ArmError: it is neither.
    """
    repository, colon, tag = text.partition(":")
    if not _is_repository(repository) or (colon and not TAG.fullmatch(tag)):
        raise _invalid("target tag", text)
    return f"{repository}:{tag or source.tag or LATEST}"


def target_repository(text: str) -> str:
    """Read a repository's name.

    Raises:
        ArmError: it is none.
    """
    if not _is_repository(text):
        raise _invalid("target repository", text)
    return text


def _is_repository(name: str) -> bool:
    return len(name) <= NAME_LIMIT and NAME.fullmatch(name) is not None


def _invalid(what: str, text: str) -> Exception:
    return invalid_parameters(f"The {what} '{text}' is invalid.")
