"""Channels, routes and the ledger of every message that left, or should have."""
