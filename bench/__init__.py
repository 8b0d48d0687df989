"""Measurements of speed, each beside its floor in the same run."""
