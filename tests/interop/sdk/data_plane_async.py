"""Read an image with azure-containerregistry's asyncio client. Prints JSON."""

import asyncio
import json
import sys

from azure.containerregistry.aio import ContainerRegistryClient
from azure.identity.aio import DefaultAzureCredential


async def read(repository: str) -> dict[str, object]:
    """Return the repository's tags, and whether the manifest of the first can be read."""
    async with (
        DefaultAzureCredential() as credential,
        ContainerRegistryClient("https://contoso.azurecr.io", credential) as client,
    ):
        tags = [tag.name async for tag in client.list_tag_properties(repository)]
        manifest = await client.get_manifest(repository, tags[0])
        return {"tags": tags, "digest": manifest.digest}


json.dump(asyncio.run(read(sys.argv[1])), sys.stdout)
