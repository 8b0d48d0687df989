"""Collects the domains' routers into the HTTP interface."""
