"""An Azure of given answers, for comparing what two clients send.

Entra signs everybody in; ARM knows the registries of a golden case, records each request and answers
importImage and its operation as the case says; every registry's data plane is closed by its firewall.
Clients reach the real host names through the server's own CONNECT proxy. Nothing is checked and nothing is
copied: for that there is the emulator.
"""

from __future__ import annotations

import base64
import json
import re
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import trustme

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TENANT = "00000000-0000-0000-0000-0000000000aa"
CLIENT_ID = "00000000-0000-0000-0000-0000000000bb"
CLIENT_SECRET = "made-up"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
SUBSCRIPTION_PATH = f"/subscriptions/{SUBSCRIPTION}"
PROVIDER = "/providers/Microsoft.ContainerRegistry"
OPERATION_PATH = f"{SUBSCRIPTION_PATH}{PROVIDER}/locations/WESTUS/operationResults/registries-x"
ARM_HOST = "management.azure.com"
ENTRA_HOST = "login.microsoftonline.com"

Json = Any
Answer = tuple[int, Json]


@dataclass
class Script:
    """The answers of one golden case, and what was asked while it ran.

    `service` has the shape of the golden file: importImage and polls as [status, body], registries as
    "name:SKU". The last poll's answer repeats.
    """

    service: dict[str, Json]
    requests: list[dict[str, Json]] = field(default_factory=list)
    polled: int = 0

    def registries(self) -> list[dict[str, Json]]:
        """Return the registries as ARM shows them; ids carry the group in upper case, as ARM may."""
        return [registry_resource(*entry.split(":")) for entry in self.service["registries"]]

    def next_poll(self) -> Answer:
        """Return the operation's next answer."""
        status, body = self.service["polls"][min(self.polled, len(self.service["polls"]) - 1)]
        self.polled += 1
        return status, body


def registry_resource(name: str, sku: str) -> dict[str, Json]:
    """Return a registry as ARM's registries/get has it."""
    return {
        "id": f"{SUBSCRIPTION_PATH}/resourceGroups/RG1{PROVIDER}/registries/{name}",
        "name": name,
        "type": "Microsoft.ContainerRegistry/registries",
        "location": "westus",
        "sku": {"name": sku, "tier": sku},
        "properties": {"loginServer": f"{name}.azurecr.io", "adminUserEnabled": False},
    }


def unsigned_token() -> str:
    """Return a JWT that names the tenant; no client checks a signature."""
    now = int(time.time())
    claims = {"tid": TENANT, "oid": CLIENT_ID, "appid": CLIENT_ID, "iat": now, "nbf": now, "exp": now + 3600}
    parts = (json.dumps({"typ": "JWT", "alg": "none"}), json.dumps(claims), "x")
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def not_found(name: str) -> Answer:
    """Return ARM's answer for a resource that is not there."""
    message = (
        f"The Resource 'Microsoft.ContainerRegistry/registries/{name}' under resource group was not found."
    )
    return 404, {"error": {"code": "ResourceNotFound", "message": message}}


def subscriptions(script: Script, match: re.Match[str]) -> Answer:
    return 200, {"value": [subscription(script, match)[1]]}


def subscription(script: Script, match: re.Match[str]) -> Answer:
    return 200, {
        "id": SUBSCRIPTION_PATH,
        "subscriptionId": SUBSCRIPTION,
        "tenantId": TENANT,
        "displayName": "Sub",
        "state": "Enabled",
        "managedByTenants": [],
    }


def registry_list(script: Script, match: re.Match[str]) -> Answer:
    return 200, {"value": script.registries()}


def registry(script: Script, match: re.Match[str]) -> Answer:
    group, name = match.groups()
    for resource in script.registries():
        if group.lower() == "rg1" and resource["name"] == name.lower():
            return 200, resource
    return not_found(name)


def import_image(script: Script, match: re.Match[str]) -> Answer:
    if registry(script, match)[0] == 404:
        return not_found(match[2])
    status, body = script.service["importImage"]
    return status, body


def operation(script: Script, match: re.Match[str]) -> Answer:
    return script.next_poll()


def openid_configuration(script: Script, match: re.Match[str]) -> Answer:
    authority = f"https://{ENTRA_HOST}/{match[1]}"
    return 200, {
        "issuer": f"{authority}/v2.0",
        "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
        "token_endpoint": f"{authority}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{authority}/oauth2/v2.0/devicecode",
    }


def token(script: Script, match: re.Match[str]) -> Answer:
    return 200, {"token_type": "Bearer", "expires_in": 3599, "access_token": unsigned_token()}


def firewall(script: Script, match: re.Match[str]) -> Answer:
    message = (
        "client with IP '127.0.0.1' is not allowed access. Refer https://aka.ms/acr/firewall to grant access."
    )
    return 403, {"errors": [{"code": "DENIED", "message": message}]}


ONE_REGISTRY = rf"{SUBSCRIPTION_PATH}/resourceGroups/([^/]+){PROVIDER}/registries/([^/]+)"
ROUTES: list[tuple[str, str, str, Callable[[Script, re.Match[str]], Answer]]] = [
    (ENTRA_HOST, "GET", r"/([^/]+)/v2\.0/\.well-known/openid-configuration", openid_configuration),
    (ENTRA_HOST, "POST", r"/[^/]+/oauth2/v2\.0/token", token),
    (ARM_HOST, "GET", r"/subscriptions", subscriptions),
    (ARM_HOST, "GET", SUBSCRIPTION_PATH, subscription),
    (ARM_HOST, "GET", f"{SUBSCRIPTION_PATH}/resources", registry_list),
    (ARM_HOST, "GET", f"{SUBSCRIPTION_PATH}{PROVIDER}/registries", registry_list),
    (ARM_HOST, "GET", ONE_REGISTRY, registry),
    (ARM_HOST, "POST", f"{ONE_REGISTRY}/importImage", import_image),
    (ARM_HOST, "GET", OPERATION_PATH, operation),
    (r".*\.azurecr\.io", ".*", "/.*", firewall),
]


def answer(script: Script, host: str, method: str, path: str) -> Answer:
    """Return the first route's answer for the request; 404 where no route fits."""
    for host_pattern, method_pattern, path_pattern, route in ROUTES:
        match = re.fullmatch(path_pattern, path, re.IGNORECASE)
        if match and re.fullmatch(host_pattern, host) and re.fullmatch(method_pattern, method):
            return route(script, match)
    return 404, {"error": {"code": "NotFound", "message": f"{method} {path} is not in the script."}}


class Handler(BaseHTTPRequestHandler):
    """CONNECT turns the connection into TLS on the spot; what follows is answered by the script."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server
    host = ""

    def do_CONNECT(self) -> None:
        self.host = self.path.removesuffix(":443")
        if not any(re.fullmatch(host, self.host) for host, *_ in ROUTES):
            self.send_error(403, "Not in the script")
            return
        self.send_response(200)
        self.end_headers()
        self.close_connection = False
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)

    def do_GET(self) -> None:
        script, path = self.server.script, urlsplit(self.path).path
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.host == ARM_HOST:
            sent = json.loads(body) if body else None
            script.requests.append({"method": self.command, "path": path, "body": sent})
        self.reply(*answer(script, self.host, self.command, path))

    do_POST = do_HEAD = do_GET  # noqa: N815 (the base class calls them by these names)

    def reply(self, status: int, body: Json) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        if status == 202:
            self.send_header("Location", f"https://{ARM_HOST}{OPERATION_PATH}?api-version=x&t=1&s=opaque%2B")
            self.send_header("Retry-After", "1")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError):
            self.close_connection = True  # the client went away or did not trust us: its test says so

    def finish(self) -> None:
        super().finish()
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection.close()  # wrapping detached the socket that the server would have closed

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Say nothing: the script records what matters."""


class Server(ThreadingHTTPServer):
    """One loopback port: a proxy in clear, and TLS for the hosts of ROUTES behind its CONNECT."""

    daemon_threads = True

    def __init__(self, authority: trustme.CA) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = Script({"registries": [], "polls": [], "importImage": [404, None]})
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(ARM_HOST, ENTRA_HOST, "*.azurecr.io").configure_cert(self.tls)


class ScriptedAzure:
    """The running server: `play` loads a case's answers, `environment` is what a client needs to reach it."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca_file = folder / "ca.pem"
        authority.cert_pem.write_to_path(self.ca_file)
        self._server = Server(authority)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that lead a client here."""
        proxy, ca_file = f"http://127.0.0.1:{self._server.server_port}", str(self.ca_file)
        return {
            "HTTPS_PROXY": proxy,
            "HTTP_PROXY": proxy,
            "NO_PROXY": "",
            "REQUESTS_CA_BUNDLE": ca_file,
            "SSL_CERT_FILE": ca_file,
        }

    def play(self, service: dict[str, Json]) -> Script:
        """Load the answers of one case and return its script, which fills with the requests."""
        self._server.script = Script(service)
        return self._server.script
