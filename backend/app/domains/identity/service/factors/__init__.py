"""Second factors, one file a subject."""
