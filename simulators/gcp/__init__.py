"""A small Google Cloud: Cloud Asset Inventory and what an inventory needs beside it, for the official libraries."""

from simulators.gcp.assets import Asset
from simulators.gcp.company import demo_estate, make_estate
from simulators.gcp.estate import Estate
from simulators.gcp.serving import GcpHandle, serve

__all__ = ["Asset", "Estate", "GcpHandle", "demo_estate", "make_estate", "serve"]
