"""The audit log: who did what, when and from where, in the transaction that did it."""
