"""A container registry: the OCI distribution API, and ACR's `/oauth2` and `/acr/v1` beside it."""
