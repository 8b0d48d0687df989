"""To come with this cloud's rules."""
