"""Organizations with a log to write to."""

from uuid import UUID

import pytest
from app.core.database import Database, directory_session
from app.domains.audit import tasks
from app.domains.identity import service

assert tasks  # importing it makes the audit log listen


@pytest.fixture
async def organization(database: Database) -> UUID:
    """A new organization, committed."""
    async with directory_session() as session:
        return (await service.create_organization(session, "Example")).id
