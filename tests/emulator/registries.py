"""A small world of registries, asked without a socket."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

from acr_emulator.app import Application
from acr_emulator.records import Identity, Login, Registry, RoleAssignment, Subscription, Tenant
from acr_emulator.request_log import RequestLog
from acr_emulator.state import State
from acr_emulator.tokens import Signer
from acr_emulator.world import Options, World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from starlette.types import Message

TENANT, OTHER_TENANT = "10000000-0000-0000-0000-00000000000a", "10000000-0000-0000-0000-00000000000b"
SUBSCRIPTION = "20000000-0000-0000-0000-00000000000a"
PORT = 8443
OPEN, CONTOSO, PUBLIC, CLOSED, WALLED, ABAC, STRANGE = (
    f"{name}.azurecr.io" for name in ("open", "contoso", "public", "closed", "walled", "abac", "strange")
)
HUB, MCR, PRIVATE = "docker.io", "mcr.microsoft.com", "registry.example.com"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ROLES = {"owner": "Contributor", "puller": "AcrPull", "pusher": "AcrPush", "deleter": "AcrDelete"}
"""Service principals of the first tenant by name; the secret is the name and `-secret`."""


def azure(host: str, loopback: str, tenant: str = TENANT, **fields: Any) -> Registry:
    name = host.partition(".")[0]
    return Registry(host, "azure", name, tenant, SUBSCRIPTION, "rg1", loopback=loopback, **fields)


def identity(name: str, tenant: str = TENANT, **fields: Any) -> Identity:
    return Identity(
        f"object-{name}", f"client-{name}", tenant, "servicePrincipal", name, f"{name}-secret", **fields
    )


RECORDS: tuple[object, ...] = (
    Tenant(TENANT, "contoso.onmicrosoft.com"),
    Tenant(OTHER_TENANT, "wingtip.onmicrosoft.com"),
    Subscription(SUBSCRIPTION, TENANT, "Contoso"),
    azure(OPEN, "127.0.0.21", anonymous_push=True),
    azure(CONTOSO, "127.0.0.22", admin_user_enabled=True, admin_passwords=("first", "second")),
    azure(PUBLIC, "127.0.0.23", anonymous_pull=True, admin_passwords=("first", "second")),
    azure(CLOSED, "127.0.0.24", public_network_access=False),
    azure(WALLED, "127.0.0.25", allowed_ips=("203.0.113.0/24",), anonymous_push=True),
    azure(ABAC, "127.0.0.26", repository_permissions=True),
    azure(STRANGE, "127.0.0.27", OTHER_TENANT),
    Registry(HUB, "foreign", private_repositories=("private/*",)),
    Registry(MCR, "foreign", honours_ranges=False),
    Registry(PRIVATE, "foreign", private_repositories=("*",)),
    *(identity(name) for name in (*ROLES, "nobody", "writer")),
    identity("late", secret_expired=True),
    identity("stranger", OTHER_TENANT),
    *(
        RoleAssignment(f"object-{name}", role, f"/subscriptions/{SUBSCRIPTION}")
        for name, role in ROLES.items()
    ),
    RoleAssignment("object-late", "Contributor", f"/subscriptions/{SUBSCRIPTION}"),
    RoleAssignment("object-stranger", "AcrPull", f"/subscriptions/{SUBSCRIPTION}"),
    RoleAssignment("object-writer", "Container Registry Repository Writer", f"/subscriptions/{SUBSCRIPTION}"),
    Login(CONTOSO, "app-token", "app-password", (("app/*", ("pull", "metadata_read")),)),
    Login(CONTOSO, "pull-token", "pull-password", (("*", ("pull",)),)),
    Login(HUB, "hub-user", "hub-token", (("*", ("pull",)),)),
    Login(PRIVATE, "example", "example-password", (("*", ("pull", "push")),)),
)


@dataclass(frozen=True)
class Answer:
    """Status, headers and body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """Values of a header, joined as RFC 9110 has it; "" where it is absent."""
        return ", ".join(value for key, value in self.headers if key == name.lower())

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """A registry's word for what went wrong; "" where nothing did."""
        return "" if self.status < 400 else str(self.json()["errors"][0]["code"])


class Registries:
    """All registries of RECORDS, with nothing in them."""

    def __init__(self, folder: Path, signing_key: bytes, **options: Any) -> None:
        self.state = State(folder)
        self.state.private_file("signing-key.pem", lambda: signing_key)
        self.state.put(*RECORDS)
        self.world = World(self.state, Signer(self.state), Options(port=PORT, **options), "identity-secret")
        self._log = RequestLog(folder / "requests.jsonl")
        self._application = Application(self.world, self._log)
        self._runner = asyncio.Runner()

    def close(self) -> None:
        self._runner.close()
        self._log.close()
        self.state.close()

    def ask(self, method: str, target: str, host: str = OPEN, **more: Any) -> Answer:
        """One request; see `_ask` for the rest."""
        return self._runner.run(self._ask(method, target, host, **more))

    def ask_at_once(self, requests: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """Several requests that are under way at the same time."""

        async def ask_all() -> list[Answer]:
            return await asyncio.gather(*(self._ask(**request) for request in requests))

        return self._runner.run(ask_all())

    async def _ask(
        self,
        method: str,
        target: str,
        host: str = OPEN,
        *,
        body: bytes = b"",
        chunks: Sequence[bytes] = (),
        headers: Mapping[str, str] | None = None,
        scheme: str = "https",
        broken_off: bool = False,
    ) -> Answer:
        """One request; with `broken_off` the client is gone after the body's chunks, and the status is 0."""
        pieces = list(chunks) or [body]
        path, _, query = target.partition("?")
        sent = {"host": host, **(headers or {})}
        scope = {
            "type": "http",
            "method": method,
            "scheme": scheme,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
            "client": ("127.0.0.1", 50000),
        }
        return await self._exchange(scope, pieces, broken_off=broken_off)

    def token(self, host: str, *scopes: str, who: tuple[str, str] | None = None) -> str:
        """An access token for scopes, by user name and password, or anonymously."""
        query = urlencode([("service", host), *(("scope", scope) for scope in scopes)])
        answer = self.ask("GET", f"/oauth2/token?{query}", host, headers=basic(*who) if who else {})
        assert answer.status == 200, answer
        return str(answer.json()["access_token"])

    def bearer(self, host: str, *scopes: str, who: tuple[str, str] | None = None) -> dict[str, str]:
        """Headers with such a token."""
        return {"Authorization": f"Bearer {self.token(host, *scopes, who=who)}"}

    def entra_token(self, name: str, audience: str = "https://containerregistry.azure.net") -> str:
        """What Entra gives an identity of RECORDS."""
        known = self.state.get(Identity, object_id=f"object-{name}")
        assert known is not None
        return self.world.signer.sign({"aud": audience, "tid": known.tenant_id, "oid": known.object_id}, 600)

    def push_blob(
        self, repository: str, content: bytes, host: str = OPEN, headers: Mapping[str, str] | None = None
    ) -> str:
        """Push a blob in one request; gives its digest."""
        digest = sha256(content)
        target = f"/v2/{repository}/blobs/uploads/?digest={digest}"
        answer = self.ask("POST", target, host, body=content, headers=headers)
        assert answer.status == 201, answer
        return digest

    def push_manifest(
        self,
        repository: str,
        reference: str,
        manifest: Mapping[str, Any],
        host: str = OPEN,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Push a manifest, whatever the answer."""
        sent = {"Content-Type": manifest["mediaType"], **(headers or {})}
        target = f"/v2/{repository}/manifests/{reference}"
        return self.ask("PUT", target, host, body=encode(manifest), headers=sent)

    def push_image(
        self,
        repository: str,
        tag: str,
        host: str = OPEN,
        headers: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> str:
        """Push an image of one layer; gives its digest. Fields are added to its manifest."""
        for content in (CONFIGURATION, CONTENT):
            self.push_blob(repository, content, host, headers)
        manifest = image(**fields)
        answer = self.push_manifest(repository, tag, manifest, host, headers)
        assert answer.status == 201, answer
        return sha256(encode(manifest))

    async def _exchange(self, scope: dict[str, Any], pieces: list[bytes], *, broken_off: bool) -> Answer:
        told: list[Message] = []

        async def receive() -> Message:
            if not pieces:
                return {"type": "http.disconnect"}
            body = pieces.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(pieces) or broken_off}

        async def send(message: Message) -> None:
            told.append(message)

        await self._application(scope, receive, send)
        if not told:
            return Answer(0, (), b"")
        start = told[0]
        body = b"".join(message.get("body", b"") for message in told[1:])
        headers = tuple((name.decode().lower(), value.decode()) for name, value in start["headers"])
        return Answer(start["status"], headers, body)


CONFIGURATION = b'{"architecture":"arm64","os":"linux"}'
CONTENT = b"content of a layer" * 10


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def sha512(content: bytes) -> str:
    return f"sha512:{hashlib.sha512(content).hexdigest()}"


def encode(manifest: Mapping[str, Any]) -> bytes:
    return json.dumps(manifest).encode()


def descriptor(content: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": sha256(content), "size": len(content)}


def image(**fields: Any) -> dict[str, Any]:
    """The manifest of an image of one layer."""
    return {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(CONFIGURATION, CONFIG),
        "layers": [descriptor(CONTENT, LAYER)],
        **fields,
    }


def index(*manifests: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """An index of manifests."""
    children = [descriptor(encode(manifest), manifest["mediaType"]) for manifest in manifests]
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children, **fields}


def basic(username: str, password: str) -> dict[str, str]:
    """The header of Basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()}


def principal(name: str) -> tuple[str, str]:
    """User name and password of a service principal of RECORDS."""
    return f"client-{name}", f"{name}-secret"


ADMIN = ("contoso", "first")
