"""The demonstration: a cloud of its own, a mailbox, and a bill, connected to the product as a customer would.

It uses the product through its HTTP interface and commands only; nothing is written behind its back.
"""
