"""Inventory: one row per thing in a cloud, its history and its relations."""
