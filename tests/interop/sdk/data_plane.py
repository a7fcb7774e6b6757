"""Push, list, lock, read and delete an image with azure-containerregistry. Prints JSON."""

import io
import json
import sys

from azure.containerregistry import ContainerRegistryClient
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential

REPOSITORY = "sdk/data-plane"
LAYER = bytes(range(256)) * 40_000  # 10 MB: three chunks of the client's 4 MiB
CONFIG = json.dumps({"architecture": "amd64", "os": "linux"}).encode()
client = ContainerRegistryClient("https://contoso.azurecr.io", DefaultAzureCredential())


def push() -> str:
    """Push an image of one layer and return its digest."""
    layer_digest, layer_size = client.upload_blob(REPOSITORY, io.BytesIO(LAYER))
    config_digest, config_size = client.upload_blob(REPOSITORY, io.BytesIO(CONFIG))
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": config_digest,
            "size": config_size,
        },
        "layers": [
            {
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": layer_digest,
                "size": layer_size,
            }
        ],
    }
    digest: str = client.set_manifest(REPOSITORY, manifest, tag="1")
    return digest


def pulled_layer(digest: str) -> bytes:
    """Read the image's layer back through its manifest."""
    manifest = client.get_manifest(REPOSITORY, digest).manifest
    return b"".join(client.download_blob(REPOSITORY, manifest["layers"][0]["digest"]))


def refusal_of_a_locked_tag() -> str:
    """Lock the tag, try to delete it, unlock it again; return the error's text."""
    client.update_tag_properties(REPOSITORY, "1", can_delete=False, can_write=False)
    try:
        client.delete_tag(REPOSITORY, "1")
    except HttpResponseError as error:
        return str(error)
    finally:
        client.update_tag_properties(REPOSITORY, "1", can_delete=True, can_write=True)
    return ""


def is_gone() -> bool:
    """Delete the repository and tell whether it cannot be found any more."""
    client.delete_repository(REPOSITORY)
    try:
        client.get_repository_properties(REPOSITORY)
    except ResourceNotFoundError:
        return True
    return False


digest = push()
properties = client.get_manifest_properties(REPOSITORY, "1")
json.dump(
    {
        "listed": REPOSITORY in list(client.list_repository_names()),
        "tags": [tag.name for tag in client.list_tag_properties(REPOSITORY)],
        "digests agree": {digest} == {one.digest for one in client.list_manifest_properties(REPOSITORY)},
        "platform": [properties.operating_system, properties.architecture],
        "layer is unchanged": pulled_layer(digest) == LAYER,
        "locked": refusal_of_a_locked_tag(),
        "gone": is_gone(),
    },
    sys.stdout,
)
