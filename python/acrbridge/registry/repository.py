"""One repository of a registry, as source and as target of a copy (distribution-spec v1.1, "Pull", "Push")."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from urllib.parse import quote

from acrbridge.errors import AcrBridgeError, NotFoundError, RefusedError, VerificationError
from acrbridge.http import redact
from acrbridge.http.streams import Stream
from acrbridge.references import HUB_API
from acrbridge.registry import manifests
from acrbridge.registry.client import RegistryClient, names, objects
from acrbridge.registry.contents import Descriptor
from acrbridge.registry.manifests import Manifest
from acrbridge.registry.uploads import Parts, Uploads

_REFUSALS = frozenset({"REGISTRY_UNAUTHORIZED", "REGISTRY_REFUSED", "REPOSITORY_NOT_FOUND"})
"""Of a mount: 401, 400 and 403, 404; sending the blob says whether there is more to them."""


class Repository:
    """One repository of a registry.

    Args:
        client: of the registry.
        name: of the repository.
        actions: what all tokens are to allow: one token then serves for all that is done here.
    """

    def __init__(self, client: RegistryClient, name: str, actions: str = "pull,push") -> None:
        self._client = client
        self._uploads = Uploads(client, name)
        self.repository = name
        self.name = f"{client.name}/{name}"
        self.counts_pulls = client.host == HUB_API
        self._actions = actions
        self._scope = f"repository:{name}:{actions}"

    def sibling(self, name: str) -> Repository:
        """Another repository of this registry."""
        return Repository(self._client, name, self._actions)

    def manifest(self, version: str) -> Manifest:
        """Read a manifest by tag or digest, and check its digest."""
        return self._client.manifest(self.repository, version, self._actions)

    def digest_of(self, version: str) -> str | None:
        """The digest that a tag or digest stands for here; None where there is none. Costs no pull (HEAD)."""
        try:
            response = self._client.call(
                "HEAD", self._manifest(version), self._scope, headers={"Accept": manifests.ACCEPT}
            )
            # A registry need not say it (distribution-spec v1.1, "Pulling manifests": SHOULD).
            return response.headers.get("Docker-Content-Digest") or self.manifest(version).digest
        except NotFoundError:
            return None

    def tags(self) -> Iterator[str]:
        """All tags."""
        for document in self._client.pages(f"/v2/{self.repository}/tags/list", self._scope, {"n": "1000"}):
            yield from names(document, "tags")

    def referrers(self, digest: str) -> list[Descriptor] | None:
        """What refers to a manifest; None where the registry does not have the referrers API."""
        path = f"/v2/{self.repository}/referrers/{digest}"
        try:
            pages = list(self._client.pages(path, self._scope, {}))
        except NotFoundError as error:
            return [] if "NAME_UNKNOWN" in error.message else None
        except RefusedError:
            raise
        except AcrBridgeError as error:
            if error.code != "REGISTRY_REFUSED":
                raise
            return None  # 400, 405, 406, 415: what registries from before the API say to it
        return [Descriptor.read(item) for page in pages for item in objects(page, "manifests")]

    def open_blob(self, digest: str, offset: int = 0) -> AbstractContextManager[Stream]:
        """Open a blob, from an offset where a broken download goes on.

        Raises:
            VerificationError: RANGE_NOT_HONOURED, the registry gave another part than the one asked for.
        """
        return self._client.open(self._blob(digest), self._scope, offset)

    def has_blob(self, digest: str) -> bool:
        """Whether a blob is here."""
        try:
            self._client.call("HEAD", self._blob(digest), self._scope)
        except NotFoundError:
            return False
        return True

    def is_empty(self) -> bool:
        """Whether there is no such repository yet."""
        try:
            self._client.call("GET", f"/v2/{self.repository}/tags/list?n=1", self._scope)
        except NotFoundError:
            return True
        return False

    def put_blob(self, blob: Descriptor, body: Parts) -> None:
        """Store a blob."""
        self._uploads.put(blob, body)

    def can_mount(self, digest: str, source: object) -> bool:
        """Whether the source is a repository of this registry."""
        del digest
        return isinstance(source, Repository) and source._client.base == self._client.base  # noqa: SLF001 - our own

    def mount(self, digest: str, source: object) -> bool:
        """Have a blob mounted from another repository of this registry; False where it, or its token, is refused."""
        if not isinstance(source, Repository) or not self.can_mount(digest, source):
            return False
        try:
            upload = self._uploads.begin(mount=digest, source=source.repository)
        except AcrBridgeError as error:
            if error.code not in _REFUSALS:
                raise
            return False
        if upload is None:
            return True
        self._uploads.cancel(upload)
        return False

    def put_manifest(self, version: str, manifest: Manifest) -> bool:
        """Store a manifest under a tag or its digest.

        Returns:
            Whether the registry said that it lists the manifest among its subject's referrers.

        Raises:
            VerificationError: DIGEST_MISMATCH, the registry stored something else.
        """
        response = self._client.call(
            "PUT",
            self._manifest(version),
            self._scope,
            headers={"Content-Type": manifest.media_type},
            body=manifest.body,
        )
        said = response.headers.get("Docker-Content-Digest", manifest.digest)
        if said != manifest.digest:
            raise VerificationError(
                "DIGEST_MISMATCH",
                f"{self.name} stored {redact.foreign(said, 100)} instead of {manifest.digest}.",
            )
        return "OCI-Subject" in response.headers

    def _manifest(self, version: str) -> str:
        return f"/v2/{self.repository}/manifests/{quote(version, safe=':')}"

    def _blob(self, digest: str) -> str:
        return f"/v2/{self.repository}/blobs/{digest}"
