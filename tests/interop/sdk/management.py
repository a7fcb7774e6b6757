"""Import an image with azure-mgmt-containerregistry, signed in by DefaultAzureCredential. Prints JSON."""

import json
import os
import sys

from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerregistry.models import ImportImageParameters, ImportSource

GROUP = os.environ["ACR_EMULATOR_RESOURCE_GROUP"]
client = ContainerRegistryManagementClient(DefaultAzureCredential(), os.environ["AZURE_SUBSCRIPTION_ID"])


def import_hello(tag: str) -> None:
    """Import the public hello-world into contoso and wait for its end."""
    source = ImportSource(registry_uri="docker.io", source_image="library/hello-world:latest")
    parameters = ImportImageParameters(source=source, target_tags=[tag])
    client.registries.begin_import_image(GROUP, "contoso", parameters).result()


def second_import(tag: str) -> str:
    """Return the code with which the same import is refused when the tag is there."""
    try:
        import_hello(tag)
    except HttpResponseError as error:
        return error.error.code if error.error else str(error)
    return ""


import_hello("sdk/management:1")
json.dump(
    {
        "registries": [registry.name for registry in client.registries.list()],
        "login server": client.registries.get(GROUP, "contoso").login_server,
        "second import": second_import("sdk/management:1"),
    },
    sys.stdout,
)
