"""Small clouds of our own: they speak enough of the vendors' wire formats for the official libraries."""
