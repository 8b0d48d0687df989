"""Accounts: the connected clouds and how to reach them."""
