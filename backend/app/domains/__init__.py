"""The subjects of the product, one folder each; `docs/architecture.md` gives their import order."""
