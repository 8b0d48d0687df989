"""Adapters to the clouds, over their official SDKs. They return plain data and know no domain."""
