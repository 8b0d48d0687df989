"""Google Cloud."""

from app.providers.gcp.adapter import GcpProvider

__all__ = ["GcpProvider"]
