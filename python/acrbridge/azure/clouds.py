"""The Azure clouds and their endpoints (azure-cli 2.91, core/cloud.py)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cloud:
    """One Azure cloud."""

    name: str
    authority: str
    """Entra's endpoint, without a slash at the end."""
    arm: str
    """Resource Manager's endpoint, without a slash at the end."""
    arm_resource: str
    """The audience of tokens for Resource Manager, spelled as az does: its default, and what caches hold."""
    acr_suffix: str
    acr_resource: str = "https://containerregistry.azure.net"
    """The audience of tokens that ACR exchanges."""


CLOUDS = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            "AzureCloud",
            "https://login.microsoftonline.com",
            "https://management.azure.com",
            "https://management.core.windows.net/",
            ".azurecr.io",
        ),
        Cloud(
            "AzureChinaCloud",
            "https://login.chinacloudapi.cn",
            "https://management.chinacloudapi.cn",
            "https://management.core.chinacloudapi.cn/",
            ".azurecr.cn",
        ),
        Cloud(
            "AzureUSGovernment",
            "https://login.microsoftonline.us",
            "https://management.usgovcloudapi.net",
            "https://management.core.usgovcloudapi.net/",
            ".azurecr.us",
        ),
    )
}
PUBLIC = CLOUDS["AzureCloud"]


def is_azure(host: str) -> bool:
    """Whether a host, with or without a port, belongs to one of the clouds: a registry, Entra or Resource Manager."""
    name = host.lower().rpartition(":")[0] or host.lower()
    name = name.removesuffix(".")
    return any(
        f".{name}".endswith(cloud.acr_suffix)
        or f"https://{name}" in (cloud.authority, cloud.arm, cloud.acr_resource)
        for cloud in CLOUDS.values()
    )


def scope(resource: str) -> str:
    """The scope that asks for a resource's token. A slash at the resource's end is kept, as az keeps it."""
    return f"{resource}/.default"
