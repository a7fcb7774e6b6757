"""The emulator's control side asked without a socket, as one person with one token at a time."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from starlette.routing import Router

from acr_emulator.control.routes import control_routes
from acr_emulator.records import Manifest, Tag
from acr_emulator.seed.load import load_text
from acr_emulator.state import State
from acr_emulator.tokens import Signer
from acr_emulator.world import Options, World

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from starlette.types import Message

ARM = "https://management.azure.com"
ENTRA = "https://login.microsoftonline.com"
IMDS = "http://169.254.169.254"
VERSION = "api-version=2025-11-01"
TENANT = "10000000-0000-0000-0000-000000000001"
WINGTIP_TENANT = "10000000-0000-0000-0000-000000000002"
CONTOSO = "20000000-0000-0000-0000-000000000001"
ADATUM = "20000000-0000-0000-0000-000000000002"
WINGTIP = "20000000-0000-0000-0000-000000000003"
SERVICE_PRINCIPALS = {
    "importer": (TENANT, "30000000-0000-0000-0000-000000000001"),
    "pusher": (TENANT, "30000000-0000-0000-0000-000000000002"),
    "reader": (TENANT, "30000000-0000-0000-0000-000000000003"),
    "limited": (TENANT, "30000000-0000-0000-0000-000000000004"),
    "expired": (TENANT, "30000000-0000-0000-0000-000000000005"),
    "wingtip": (WINGTIP_TENANT, "30000000-0000-0000-0000-000000000008"),
}
"""Tenant and client ID of the service principals of the seed `default`; the secret is the name and `-secret`."""


@dataclass(frozen=True)
class Answer:
    """Status, headers (names in lower case) and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """ARM's word for what went wrong, or OAuth's; "" where nothing did."""
        error = self.json().get("error", "") if self.body else ""
        return str(error["code"] if isinstance(error, dict) else error)

    @property
    def message(self) -> str:
        return str(self.json()["error"]["message"])


def registry_id(name: str, subscription: str = CONTOSO, group: str = "rg1") -> str:
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.ContainerRegistry/registries/{name}"
    )


class Azure:
    """A world and its control side."""

    def __init__(self, template: Path, folder: Path, **options: Any) -> None:
        shutil.copytree(template, folder, ignore=shutil.ignore_patterns("blobs"))
        (folder / "blobs").symlink_to(
            template / "blobs"
        )  # named by their content: sharing them is safe, and quick
        self.state = State(folder)
        settings = replace(Options(port=8443, retry_after=1), **options)
        self.world = World(self.state, Signer(self.state), settings, identity_header="identity-secret")
        self._routes = Router(routes=control_routes(self.world))

    def seed(self, text: str) -> None:
        """Add to the state."""
        load_text(self.state, text, self.state.folder)

    def ask(
        self,
        method: str,
        url: str,
        *,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        token: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request; names of headers are in lower case."""
        sent = dict(headers or {})
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if form is not None:
            content = urlencode(form).encode()
            sent["content-type"] = "application/x-www-form-urlencoded"
        if token:
            sent["authorization"] = f"Bearer {token}"
        return asyncio.run(self._exchange(method, url, content, sent))

    def token(self, who: str, audience: str = "https://management.core.windows.net/") -> str:
        """A token of Entra for a service principal of the seed `default`."""
        tenant, client_id = SERVICE_PRINCIPALS[who]
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": f"{who}-secret",
            "scope": f"{audience}/.default",
        }
        return str(self.ask("POST", f"{ENTRA}/{tenant}/oauth2/v2.0/token", form=form).json()["access_token"])

    def arm(
        self,
        method: str,
        path: str,
        who: str = "importer",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request to ARM as a service principal of the seed `default`."""
        mark = "&" if "?" in path else "?"
        url = f"{ARM}{path}{mark}{VERSION}"
        return self.ask(method, url, body=body, token=self.token(who), headers=headers)

    def post_import(
        self,
        body: Any,
        target: str = "contoso",
        who: str = "importer",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask for an import and no more."""
        return self.arm("POST", f"{registry_id(target)}/importImage", who, body, headers)

    def poll(self, accepted: Answer, who: str = "importer") -> Answer:
        """Ask once how an accepted import goes."""
        return self.ask("GET", accepted.headers["location"], token=self.token(who))

    def run_import(self, body: Any, target: str = "contoso") -> Answer:
        """An import from its POST to the end; gives the last answer."""
        answer = self.post_import(body, target)
        for _ in range(10):
            if answer.status != 202:
                return answer
            answer = self.poll(answer)
        raise AssertionError("the import does not end")

    def digest(self, host: str, repository: str, tag: str) -> str:
        """What a tag points to; "" where there is none."""
        found = self.state.get(Tag, host=host, repository=repository, name=tag)
        return found.digest if found else ""

    def digests(self, host: str, repository: str) -> set[str]:
        """All manifests of a repository."""
        return {m.digest for m in self.state.find(Manifest, host=host, repository=repository)}

    async def _exchange(self, method: str, url: str, content: bytes, headers: dict[str, str]) -> Answer:
        target = urlsplit(url)
        sent = [(b"host", target.netloc.encode())]
        sent += [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "http",
            "method": method,
            "scheme": target.scheme,
            "path": target.path,
            "raw_path": target.path.encode(),
            "query_string": target.query.encode(),
            "headers": sent,
        }
        told: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Message) -> None:
            told.append(message)

        await self._routes(scope, receive, send)
        start = told[0]
        body = b"".join(message.get("body", b"") for message in told[1:])
        return Answer(start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, body)
