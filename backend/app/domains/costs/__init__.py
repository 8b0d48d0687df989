"""Costs: bills imported from FOCUS files, kept as Parquet with a manifest, rolled up per resource and day."""
