"""The control side: Entra, managed identities and Azure Resource Manager."""
