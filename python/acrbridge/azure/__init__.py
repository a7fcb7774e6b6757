"""Azure: clouds, identity, Resource Manager and its operations; knows no registry client."""
