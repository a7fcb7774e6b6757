"""One registry, by the OCI distribution specification; knows a Credential, and nothing of Azure."""
