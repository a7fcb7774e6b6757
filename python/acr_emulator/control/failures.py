"""How an import that has begun fails: what the final poll says, wrapped as the service wraps it.

Texts are those that clients have reported (Azure/acr#181, #233, #422, #559, #668, Azure/azure-cli#31412 and the
article's table of errors); where none is known, the text says what is wrong in this file's own words.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acr_emulator.registry.errors import RegistryError

IMPORT_SERVICE = "20.50.200.6"
"""The address from which the import service comes, as a firewall sees it."""
MANIFEST_LIMIT = 50
"""https://learn.microsoft.com/azure/container-registry/container-registry-import-images#limitations"""


class ImportFailed(Exception):  # noqa: N818  # it says what happened, not what broke
    """An import that has begun and cannot be finished.

    Attributes:
        detail: the text that the operation's and the target's name are put before.
        code: ARM's word for it.
        status: HTTP status of the final poll.
    """

    def __init__(self, detail: str, code: str = "InvalidParameters", status: int = 400) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.status = status


def message(operation_id: str, target_id: str, detail: str) -> str:
    """A failed operation's message; it always names the target, even where the source refused."""
    return f"Operation {operation_id} failed. Resource {target_id} {detail}"


def answered(status: int, document: dict[str, Any]) -> ImportFailed:
    """A registry refused with this status and body."""
    known = HTTPStatus(status)
    word = known.phrase.replace(" ", "")
    body = json.dumps(document, separators=(",", ":"))
    return ImportFailed(f"Invalid message {word} {known.phrase} {body}")


def refused(error: RegistryError) -> ImportFailed:
    """A registry refused with an error of the distribution specification."""
    told = {"code": error.code, "message": error.message, "detail": error.detail}
    return answered(error.status, {"errors": [told]})


def unauthorized(repository: str) -> ImportFailed:
    """The source registry wants other credentials, or any; Docker Hub says so of what does not exist, too."""
    wanted = [{"Type": "repository", "Class": "", "Name": repository, "Action": "pull"}]
    told = {"code": "UNAUTHORIZED", "message": "authentication required", "detail": wanted}
    return answered(401, {"errors": [told]})


def wrong_password() -> ImportFailed:
    """Docker Hub's token server does not know that pair of user and password."""
    return answered(401, {"details": "incorrect username or password"})


def forbidden_address() -> ImportFailed:
    """A firewall, or disabled public access, keeps the import service out."""
    text = (
        f"client with IP '{IMPORT_SERVICE}' is not allowed access. "
        "Refer https://aka.ms/acr/firewall to grant access."
    )
    return answered(403, {"errors": [{"code": "DENIED", "message": text}]})


def export_disabled(host: str) -> ImportFailed:
    """The source registry's exportPolicy is disabled."""
    return ImportFailed(f"Registry {host} has exports disabled.")


def unknown_host(host: str) -> ImportFailed:
    """No such name in DNS."""
    return ImportFailed(f"Error copying blobs. Name or service not known ({host}:443)")


def no_ranges() -> ImportFailed:
    """The source registry ignores Range headers."""
    return ImportFailed("The remote server may not be RFC 7233 compliant")


def manifest_unknown(host: str, repository: str, reference: str) -> ImportFailed:
    """The source registry has no such tag or digest."""
    by_digest = ":" in reference
    detail = {"Name": repository, "Revision" if by_digest else "Tag": reference}
    text = f'manifest {"" if by_digest else "tagged by "}"{reference}" is not found'
    if not host.endswith(".azurecr.io"):
        text = "manifest unknown"
    return answered(404, {"errors": [{"code": "MANIFEST_UNKNOWN", "message": text, "detail": detail}]})


def blobs_missing(digests: Sequence[str]) -> ImportFailed:
    """The source's manifest names blobs that the source does not hold."""
    told = [{"code": "BLOB_UNKNOWN", "message": "blob unknown to registry", "detail": d} for d in digests]
    return ImportFailed(f"Error copying blobs. Details {json.dumps({'errors': told}, separators=(',', ':'))}")


def too_many_manifests() -> ImportFailed:
    """An image of more manifests, indexes counted, than importImage copies."""
    return ImportFailed(
        "The image has too many manifests. The maximum number of manifests for an imported image is "
        f"{MANIFEST_LIMIT}."
    )


def tag_exists(tag: str) -> ImportFailed:
    """NoForce, and the target has this `repository:tag`."""
    return ImportFailed(f"{tag} Tag {tag} already exists in target registry.", "Conflict", 409)
