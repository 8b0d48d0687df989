"""The routes of background work."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from app.core import jobs
from app.core.database import Database, tenant_session
from app.core.errors import AppError, Unauthenticated, render_problem
from app.core.http import Caller
from app.core.ids import new_id
from app.core.tasks import Job, JobUnit
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from . import task_support  # noqa: F401  # registers the tasks
from .task_support import get_job, start

EVERYTHING = frozenset({"jobs:read", "jobs:write"})


@pytest.fixture
async def client(database: Database, organization_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose bearer token is the list of its permissions."""
    app = FastAPI()
    app.include_router(jobs.router)

    async def authenticate(request: Request) -> Caller:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not token:
            raise Unauthenticated
        return Caller(
            user_id=organization_id,
            organization_id=organization_id,
            email="a@example.org",
            role="custom",
            permissions=frozenset(token.split()),
        )

    @app.exception_handler(AppError)
    async def render(_: Request, error: AppError) -> JSONResponse:
        return JSONResponse(render_problem(error, instance=None, request_id=None), error.status)

    app.state.authenticate = authenticate
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers={"Authorization": "Bearer " + " ".join(EVERYTHING)}
    ) as made:
        yield made


async def set_job(organization_id: UUID, job_id: UUID, **values: object) -> None:
    async with tenant_session(organization_id) as session:
        job = await session.get_one(Job, (organization_id, job_id))
        for name, value in values.items():
            setattr(job, name, value)


async def test_a_job_has_the_shape_of_the_contract(client: httpx.AsyncClient, organization_id: UUID) -> None:
    job_id = await start(organization_id, "test.note", {"text": "secret"})
    await set_job(organization_id, job_id, progress_done=1, progress_total=2)
    async with tenant_session(organization_id) as session:
        for region, error in (("eu-west-1", None), ("us-east-1", "ec2:DescribeInstances is not allowed")):
            session.add(
                JobUnit(
                    organization_id=organization_id,
                    job_id=job_id,
                    service="ec2",
                    region=region,
                    state="failed" if error else "complete",
                    resources=None if error else 12,
                    error=error,
                )
            )
    found = (await client.get(f"/jobs/{job_id}")).json()
    assert found["units"] == [
        {
            "service": "ec2",
            "region": "eu-west-1",
            "account": None,
            "state": "complete",
            "resources": 12,
            "error": None,
        },
        {
            "service": "ec2",
            "region": "us-east-1",
            "account": None,
            "state": "failed",
            "resources": None,
            "error": "ec2:DescribeInstances is not allowed",
        },
    ]
    assert (found["id"], found["kind"], found["state"]) == (str(job_id), "test.note", "queued")
    assert found["progress"] == {"done": 1, "total": 2}
    assert {"started_at", "finished_at", "error"} <= found.keys()
    assert "arguments" not in found
    assert "organization_id" not in found


async def test_jobs_are_listed_newest_first_by_page_and_filter(
    client: httpx.AsyncClient, organization_id: UUID
) -> None:
    made = [await start(organization_id, "test.note") for _ in range(5)]
    dead = await start(organization_id, "test.fail")
    await set_job(organization_id, dead, state="failed")
    await start(new_id(), "test.note")
    seen: list[str] = []
    cursor = None
    while True:
        page = (await client.get("/jobs", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [str(job_id) for job_id in [dead, *reversed(made)]]
    only_dead = (await client.get("/jobs", params={"state": "failed,partial"})).json()["items"]
    assert [item["id"] for item in only_dead] == [str(dead)]
    of_kind = (await client.get("/jobs", params={"kind": "test.note", "state": "queued"})).json()["items"]
    assert len(of_kind) == 5


@pytest.mark.parametrize(
    "parameters", [{"state": "dead"}, {"cursor": "WzFd"}, {"cursor": "!"}, {"kind": "a\x00b"}, {"limit": 501}]
)
async def test_bad_filters_are_refused(client: httpx.AsyncClient, parameters: dict[str, str]) -> None:
    assert (await client.get("/jobs", params=parameters)).status_code == 422


async def test_a_cursor_with_an_impossible_time_is_refused(client: httpx.AsyncClient) -> None:
    from app.core.pagination import encode_cursor

    cursor = encode_cursor("0001-01-01T00:00:00+14:00", new_id())
    assert (await client.get("/jobs", params={"cursor": cursor})).status_code == 422


async def test_cancelling_and_replaying(client: httpx.AsyncClient, organization_id: UUID) -> None:
    job_id = await start(organization_id, "test.note", {"text": "again"})
    assert (await client.post(f"/jobs/{job_id}/replay")).status_code == 409
    cancelled = await client.post(f"/jobs/{job_id}/cancel")
    assert cancelled.status_code == 200
    assert cancelled.json()["state"] == "cancelled"
    refused = await client.post(f"/jobs/{job_id}/cancel")
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/job-already-finished")
    replayed = await client.post(f"/jobs/{job_id}/replay")
    assert replayed.status_code == 202
    new = await get_job(organization_id, UUID(replayed.json()["job_id"]))
    assert new.id != job_id
    assert (new.kind, new.arguments, new.replay_of, new.state) == ("test.note", {"text": "again"}, job_id, "queued")
    assert new.requested_by == organization_id


async def test_a_running_job_is_asked_to_stop_once(client: httpx.AsyncClient, organization_id: UUID) -> None:
    job_id = await start(organization_id, "test.note")
    await set_job(organization_id, job_id, state="running")
    for _ in range(2):
        answer = await client.post(f"/jobs/{job_id}/cancel")
        assert answer.status_code == 200
        assert (answer.json()["state"], answer.json()["cancel_requested"]) == ("running", True)


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/cancel"), ("POST", "/replay")])
async def test_another_organizations_job_does_not_exist(client: httpx.AsyncClient, method: str, path: str) -> None:
    theirs = await start(new_id(), "test.note")
    for job_id in (theirs, new_id()):
        assert (await client.request(method, f"/jobs/{job_id}{path}")).status_code == 404
    assert (await client.request(method, f"/jobs/x{path}")).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("GET", "/jobs", "jobs:write"),
        ("GET", "/jobs/{}", "jobs:write"),
        ("POST", "/jobs/{}/cancel", "jobs:read"),
        ("POST", "/jobs/{}/replay", "jobs:read"),
    ],
)
async def test_each_route_needs_its_permission(
    client: httpx.AsyncClient, organization_id: UUID, method: str, path: str, permission: str
) -> None:
    path = path.format(await start(organization_id, "test.note"))
    refused = await client.request(method, path, headers={"Authorization": f"Bearer {permission}"})
    assert refused.status_code == 403
    del client.headers["Authorization"]
    assert (await client.request(method, path)).status_code == 401
