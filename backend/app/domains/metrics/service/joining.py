"""Joining series to the resources that they speak of."""

from uuid import UUID


async def link_series(organization_id: UUID) -> None:
    """Join series that wait for it to their resources."""
