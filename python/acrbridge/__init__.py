"""Import container images into Azure Container Registry."""

__version__ = "0.1.0"
