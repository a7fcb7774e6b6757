"""Get tokens as an application does: by environment, and by both kinds of managed identity. Prints JSON."""

import json
import os
import sys

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential, DefaultAzureCredential, ManagedIdentityCredential

SCOPE = "https://management.azure.com/.default"
IDENTITY = os.environ["ACR_EMULATOR_IDENTITY_CLIENT_ID"]


def refused() -> str:
    """Return what Entra says to a wrong secret."""
    tenant, client_id = os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"]
    try:
        ClientSecretCredential(tenant, client_id, "wrong").get_token(SCOPE)
    except ClientAuthenticationError as error:
        return str(error)
    return ""


def app_service() -> str:
    """Return a token of the identity endpoint that App Service has."""
    os.environ["IDENTITY_ENDPOINT"] = os.environ["ACR_EMULATOR_IDENTITY_ENDPOINT"]
    os.environ["IDENTITY_HEADER"] = os.environ["ACR_EMULATOR_IDENTITY_HEADER"]
    token: str = ManagedIdentityCredential(client_id=IDENTITY).get_token(SCOPE).token
    return token


json.dump(
    {
        "default": DefaultAzureCredential().get_token(SCOPE).token,
        "virtual machine": ManagedIdentityCredential(client_id=IDENTITY).get_token(SCOPE).token,
        "app service": app_service(),
        "wrong secret": refused(),
    },
    sys.stdout,
)
