"""The kernel: configuration, database, errors, events, tasks and HTTP. It knows no domain."""
