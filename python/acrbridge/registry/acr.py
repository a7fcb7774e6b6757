"""ACR's metadata API beside the distribution API: `/acr/v1` (data plane 2021-07-01)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any

from acrbridge.errors import AcrBridgeError
from acrbridge.references import Image
from acrbridge.registry.client import RegistryClient, objects

_PAGE = 100


class AcrMetadata:
    """What an ACR knows of its repositories, tags and manifests. Objects are as the service gives them."""

    def __init__(self, client: RegistryClient) -> None:
        self._client = client

    def repository(self, name: str) -> dict[str, Any]:
        """Attributes of a repository."""
        return self._client.call("GET", f"/acr/v1/{name}", _read(name)).json_object()

    def delete_repository(self, name: str) -> dict[str, Any]:
        """Delete a repository; gives the digests and tags deleted."""
        response = self._client.call("DELETE", f"/acr/v1/{name}", f"repository:{name}:delete,metadata_read")
        return response.json_object() if response.body else {}

    def tags(
        self, repository: str, *, top: int | None = None, order: str | None = None, digest: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """Tags of a repository.

        Args:
            repository: its name.
            top: how many at the most.
            order: time_asc or time_desc.
            digest: only those that point to it.
        """
        query = {**_by(order), **({"digest": digest} if digest else {})}
        return self._list(f"/acr/v1/{repository}/_tags", repository, "tags", query, top)

    def manifests(
        self, repository: str, *, top: int | None = None, order: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """Manifests of a repository, tagged or not; arguments as those of `tags`."""
        return self._list(f"/acr/v1/{repository}/_manifests", repository, "manifests", _by(order), top)

    def image(self, image: Image) -> dict[str, Any]:
        """Attributes of a manifest (where the image names a digest) or of a tag."""
        kind, key = ("_manifests", "manifest") if image.digest else ("_tags", "tag")
        path = f"/acr/v1/{image.repository}/{kind}/{image.version}"
        found = self._client.call("GET", path, _read(image.repository)).json_object().get(key)
        if not isinstance(found, dict):
            raise AcrBridgeError(
                "ANSWER_UNINTELLIGIBLE", f"{self._client.host}: the answer to {path} has no {key!r}."
            )
        return found

    def tag_age(self, image: Image, actions: str = "metadata_read") -> float | None:
        """Seconds since a tag was last written, by the registry's own clock; None where it does not say."""
        path = f"/acr/v1/{image.repository}/_tags/{image.version}"
        response = self._client.call("GET", path, f"repository:{image.repository}:{actions}")
        try:
            written = datetime.fromisoformat(response.json_object()["tag"]["lastUpdateTime"])
            return (parsedate_to_datetime(response.headers["Date"]) - written).total_seconds()
        except (KeyError, TypeError, ValueError):
            return None

    def untag(self, image: Image) -> None:
        """Delete a tag; its manifest stays."""
        self._client.call(
            "DELETE",
            f"/acr/v1/{image.repository}/_tags/{image.tag or 'latest'}",
            f"repository:{image.repository}:delete,metadata_read",
        )

    def _list(
        self, path: str, repository: str, key: str, query: dict[str, str], top: int | None
    ) -> Iterator[dict[str, Any]]:
        size = _PAGE if top is None else min(top, _PAGE)
        pages = self._client.pages(path, _read(repository), {"n": str(size), **query})
        return islice((item for page in pages for item in objects(page, key)), top)


def _read(repository: str) -> str:
    return f"repository:{repository}:metadata_read"


def _by(order: str | None) -> dict[str, str]:
    """The order of a list in ACR's words: timeasc, timedesc."""
    return {"orderby": order.replace("_", "")} if order else {}
