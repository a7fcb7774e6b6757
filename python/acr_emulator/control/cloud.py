"""The cloud's own description, which `az cloud register` and ARM_CLOUD_METADATA_URL read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acr_emulator.control.calls import AzureJSON
from acr_emulator.control.errors import AUTHORITY
from acr_emulator.world import ARM_HOST

if TYPE_CHECKING:
    from starlette.responses import Response

    from acr_emulator.control.calls import Call

ONE_CLOUD_SINCE = "2022"
"""api-versions from this year on answer with one cloud; older ones with a list of all."""


def endpoints(call: Call) -> Response:
    """`GET /metadata/endpoints`: where this cloud's authority and ARM are, and which suffixes it has."""
    cloud = _cloud(call)
    return AzureJSON(cloud if (call.query("api-version") or "") >= ONE_CLOUD_SINCE else [cloud])


def _cloud(call: Call) -> dict[str, Any]:
    real = call.host.partition(":")[0] == ARM_HOST
    audiences = (
        ["https://management.core.windows.net/", "https://management.azure.com/"]
        if real
        else [call.base, f"{call.base}/"]
    )
    return {
        "name": "AzureCloud" if real else "AzureEmulator",
        "portal": "https://portal.azure.com",
        "authentication": {
            "loginEndpoint": f"{AUTHORITY}/" if real else call.base,
            "audiences": audiences,
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graphAudience": "https://graph.windows.net/",
        "graph": "https://graph.windows.net/",
        "resourceManager": f"{call.base}/" if real else call.base,
        "batch": "https://batch.core.windows.net/",
        "gallery": "https://gallery.azure.com/",
        "media": "https://rest.media.azure.net",
        "sqlManagement": "https://management.core.windows.net:8443/",
        "vmImageAliasDoc": "",
        "suffixes": {
            "acrLoginServer": "azurecr.io",
            "keyVaultDns": "vault.azure.net",
            "storage": "core.windows.net",
            "sqlServerHostname": "database.windows.net",
        },
    }
