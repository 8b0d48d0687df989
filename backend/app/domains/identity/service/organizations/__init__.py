"""Organizations as such: belonging to them, leaving, deletion, export, branding, limits, retention."""
