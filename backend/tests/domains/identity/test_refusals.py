"""What a role does not allow is refused and written down."""

from typing import Any

import httpx
from app.core.database import tenant_session
from app.domains.audit.models import AuditEvent
from sqlalchemy import select


async def test_a_refused_request_is_in_the_audit_log(
    client: httpx.AsyncClient, make_person: Any, sign_in: Any, auth: Any
) -> None:
    viewer = await make_person("viewer")
    headers = auth((await sign_in(viewer))["access_token"])

    answer = await client.get("/api/v1/audit-log", headers=headers)

    assert answer.status_code == 403
    async with tenant_session(viewer.organization_id) as session:
        rows = (
            await session.execute(
                select(AuditEvent).where(
                    AuditEvent.organization_id == viewer.organization_id, AuditEvent.outcome == "refused"
                )
            )
        ).scalars()
        found = [row for row in rows if row.action == "authorization.refused"]
    assert [(row.actor_id, row.subject_id) for row in found] == [(viewer.user_id, "GET /audit-log")]
