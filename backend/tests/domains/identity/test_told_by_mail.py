"""Mails that warn people, from the route that causes them to a real mailbox."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from app.core.config import get_settings
from app.core.database import tenant_session
from app.core.ids import new_id
from app.core.quotas import OrganizationQuota
from app.core.tasks import Job
from app.core.tasks.registry import get_task
from app.domains.notifications import tasks as notifications
from sqlalchemy import select
from tests.domains.identity.conftest import Clock, MakePerson, SignIn, bearer
from tests.support.clouds import make_context
from tests.support.factors import slug
from tests.support.mailbox import Mailbox, open_mailbox

assert notifications  # importing it makes it listen


@pytest.fixture
async def mailbox(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mailbox]:
    """Where mails of this process arrive."""
    async with open_mailbox() as opened:
        monkeypatch.setenv("CLOUDOPS_SMTP_URL", f"smtp://127.0.0.1:{opened.port}?starttls=no")
        get_settings.cache_clear()
        yield opened
    monkeypatch.undo()
    get_settings.cache_clear()


async def run_mail_jobs(organization_id: UUID) -> list[str]:
    """Run the queued jobs that send mails, as a worker would; which they were."""
    async with tenant_session(organization_id) as session:
        wanted = Job.kind.startswith("notifications.send_") & (Job.state == "queued")
        jobs = (await session.scalars(select(Job).where(wanted).order_by(Job.created_at, Job.id))).all()
    for job in jobs:
        known = get_task(job.kind)
        await known.function(
            await make_context(organization_id, job.kind, job.arguments), **known.bind(dict(job.arguments))
        )
    return [job.kind for job in jobs]


async def test_a_reused_refresh_token_reaches_the_persons_mailbox(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, moved_clock: Clock, mailbox: Mailbox
) -> None:
    person = await make_person()
    first = await sign_in(person)
    body = {"refresh_token": first["refresh_token"]}
    assert (await client.post("/api/v1/auth/refresh", json=body)).status_code == 200
    moved_clock.advance(seconds=21)
    assert (await client.post("/api/v1/auth/refresh", json=body)).status_code == 401
    await run_mail_jobs(person.organization_id)
    told = [message for message in mailbox.messages if message["Subject"] == "A session was ended for your safety"]
    assert [message["To"] for message in told] == [person.email]
    assert "http" in told[0].get_content()
    assert first["refresh_token"] not in told[0].as_string()


async def test_every_owner_is_told_that_the_organization_is_deleted_and_restored(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, mailbox: Mailbox
) -> None:
    owner, partner, viewer = await make_person("owner"), await make_person("owner"), await make_person("viewer")
    headers = bearer((await sign_in(owner))["access_token"])
    await run_mail_jobs(owner.organization_id)
    mailbox.messages.clear()
    answer = await client.request("DELETE", "/api/v1/organizations/current", headers=headers, json={"name": "Example"})
    assert answer.status_code == 200, answer.text
    mailbox.answers = ["451 later"]
    kinds = []
    with pytest.raises(Exception, match="451"):  # the job fails, and is tried again by the queue
        kinds += await run_mail_jobs(owner.organization_id)
    kinds += await run_mail_jobs(owner.organization_id)
    assert set(kinds) == {"notifications.send_deletion_mail"}
    told = [message for message in mailbox.messages if message["Subject"] == "Example is being deleted"]
    assert {message["To"] for message in told} == {owner.email, partner.email}
    assert viewer.email not in str(mailbox.recipients)
    assert answer.json()["delete_after"][:10] in told[0].get_content()
    mailbox.messages.clear()
    restored = await client.post("/api/v1/organizations/current/restore", headers=headers)
    assert restored.status_code == 200, restored.text
    await run_mail_jobs(owner.organization_id)
    back = [message for message in mailbox.messages if message["Subject"] == "Example was restored"]
    assert {message["To"] for message in back} == {owner.email, partner.email}


async def test_nobody_is_invited_where_no_member_fits(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, mailbox: Mailbox
) -> None:
    owner = await make_person("owner")
    headers = bearer((await sign_in(owner))["access_token"])

    async def limit(most: int) -> None:
        async with tenant_session(owner.organization_id) as session:
            row = (await session.scalars(select(OrganizationQuota).where(OrganizationQuota.kind == "users"))).first()
            row = row or OrganizationQuota(organization_id=owner.organization_id, id=new_id(), kind="users")
            row.most = most
            session.add(row)

    async def invite(name: str) -> httpx.Response:
        body: dict[str, Any] = {"email": f"{name}@example.net", "role": "viewer"}
        return await client.post("/api/v1/users/invitations", json=body, headers=headers)

    await limit(1)
    refused = await invite("one")
    assert (refused.status_code, slug(refused)) == (409, "quota-exceeded")
    assert (refused.json()["kind"], refused.json()["limit"], refused.json()["used"]) == ("users", 1, 1)
    await run_mail_jobs(owner.organization_id)
    assert "one@example.net" not in str(mailbox.recipients)
    await limit(2)
    assert (await invite("one")).status_code == 201
