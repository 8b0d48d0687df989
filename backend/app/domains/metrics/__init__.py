"""Metrics: samples that others send or clouds keep, joined to the resources they are about."""
