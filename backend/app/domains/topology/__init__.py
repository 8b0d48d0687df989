"""How resources hang together: neighbours, paths, what depends on what, what the internet reaches, what nobody uses."""
