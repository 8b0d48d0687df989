"""A sender of metrics and its organization. What it sends is written byte by byte, apart from our decoders."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pytest
from app.core.clock import utc_now
from app.core.database import Database, directory_session, tenant_session
from app.domains.identity import service as identity
from app.domains.metrics import queries, service
from app.domains.metrics.api import routers
from app.domains.metrics.rules.blocks import latest_of_each
from sqlalchemy import text
from tests.support.clouds import make_caller, make_client
from tests.support.protobuf_bytes import snappy, v1_request, v1_series

Labels = Mapping[str, str]
Point = tuple[float, int]


def labels_of(name: str, **labels: str) -> list[tuple[str | bytes, str | bytes]]:
    """Sorted labels with the name among them."""
    return sorted({"__name__": name, **labels}.items())


def write_body(*series: tuple[Iterable[tuple[str | bytes, str | bytes]], Iterable[Point]]) -> bytes:
    """A packed Remote-Write 1.0 request."""
    return snappy(v1_request(*(v1_series(labels, points) for labels, points in series)))


class Sender:
    """Sends to one organization and looks into its tables."""

    def __init__(self, client: httpx.AsyncClient, organization_id: UUID) -> None:
        self.client, self.organization_id = client, organization_id
        self.now_ms = int(utc_now().timestamp()) * 1000

    async def write(self, *series: tuple[list[tuple[str | bytes, str | bytes]], list[Point]]) -> httpx.Response:
        """One Remote-Write 1.0 request."""
        return await self.client.post(
            "/ingest/prometheus/write",
            content=write_body(*series),
            headers={"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"},
        )

    async def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Rows of the organization."""
        async with tenant_session(self.organization_id) as session:
            return [dict(row) for row in (await session.execute(text(sql), values)).mappings()]

    async def stored(self) -> dict[tuple[str, int], float]:
        """All samples in blocks and chunks: {(name, Unix milliseconds): value}."""
        rows = await self.rows("SELECT id, name FROM metric_series")
        names = {row["id"]: row["name"] for row in rows}
        ids = np.array(sorted(names), np.int64)
        async with tenant_session(self.organization_id) as session:
            blocks = await queries.read_open_blocks(session, self.organization_id)
            chunks = await queries.read_chunks(
                session, self.organization_id, ids, self.now_ms - 20 * 86_400_000, self.now_ms + 86_400_000
            )
        found = latest_of_each(chunks.join([chunks, blocks]))
        columns = zip(found.series.tolist(), found.at_ms.tolist(), found.values.tolist(), strict=True)
        return {(names[series], at_ms): value for series, at_ms, value in columns}


@pytest.fixture(autouse=True)
def new_process() -> Iterator[None]:
    """Nothing is remembered from the test before."""
    service.forget_books()
    yield
    service.forget_books()


@pytest.fixture
async def sender(database: Database) -> AsyncIterator[Sender]:
    """A sender that may send and read."""
    async with directory_session() as session:
        organization_id = (await identity.create_organization(session, "Example")).id
    caller = make_caller(organization_id, {"metrics:ingest", "metrics:read"})
    async with make_client(routers, caller) as client:
        yield Sender(client, organization_id)
