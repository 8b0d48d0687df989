"""Microsoft Azure through Resource Graph, with Resource Manager for what it lacks."""

from app.providers.azure.adapter import AzureProvider

__all__ = ["AzureProvider"]
