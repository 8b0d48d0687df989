"""Servers that come with the package and run beside it when no address of an outside one is set."""
