"""A worker that is killed inside a batch loses nothing, and what comes twice carries the same id; syslog over TLS."""

import base64
import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from app.core import clock
from app.core.config import get_settings
from app.core.database import tenant_session
from app.core.http import Caller
from app.core.ids import new_id
from app.core.rootkey import LocalRootKey
from app.core.secrets import Secret, use_root_key
from app.domains.audit import service
from app.domains.audit.models import AuditSink
from sqlalchemy import update
from tests.support.counts import ARRIVED, CountCases
from tests.support.killed import ROOT_KEY, Child
from tests.support.syslog_tls import TlsReceiver, make_authority

EVENTS, KILLS = 60, 5
STREAM = """
from app.domains.audit.service import streaming
streaming.BATCH = 5
await streaming.stream_sink(UUID("{organization}"), UUID("{sink}"))
"""


class Receiver(ThreadingHTTPServer):
    """Keeps what arrives; it thinks about its answer after so many, so that a batch is under way."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, list[dict[str, Any]]]] = []
        self.release, self.arrived = threading.Event(), threading.Event()
        self.answered, self.answers_before_hold = 0, 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None: ...

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.messages.append((self.headers["webhook-id"], body["data"]["events"]))
                receiver.answered += 1
                if receiver.answered > receiver.answers_before_hold:
                    receiver.arrived.set()
                    receiver.release.wait(20)
                self.send_response(204)
                self.end_headers()

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_: object) -> None:
        """The other side is gone: that is what the test is about."""


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CLOUDOPS_ALLOWED_ENDPOINTS", "http://127.0.0.1:*,https://localhost:*")
    get_settings.cache_clear()
    use_root_key(LocalRootKey(ROOT_KEY))
    yield
    use_root_key(None)
    monkeypatch.undo()
    get_settings.cache_clear()


def caller_of(organization_id: UUID) -> Caller:
    return Caller(
        user_id=new_id(), organization_id=organization_id, email="a@example.com", role="owner", permissions=frozenset()
    )


async def fill(organization_id: UUID, count: int) -> None:
    async with tenant_session(organization_id) as session:
        for number in range(count):
            await service.record(
                session, organization_id, "thing.changed", subject_type="thing", subject_id=str(number)
            )
        await service.seal_new_events(session, organization_id)


async def free_the_lease(organization_id: UUID, sink_id: UUID) -> None:
    """As a minute later: a dead worker's lease runs out."""
    async with tenant_session(organization_id) as session:
        this = update(AuditSink).where(AuditSink.organization_id == organization_id, AuditSink.id == sink_id)
        await session.execute(this.values(lease_ends_at=clock.utc_now()))


async def test_a_worker_killed_inside_a_batch_loses_nothing_and_repeats_under_the_same_id(
    organization: UUID, database_urls: tuple[str, str], count_cases: CountCases
) -> None:
    receiver = Receiver()
    try:
        view, _ = await service.create_sink(
            caller_of(organization), name="x", kind="webhook", url=f"http://127.0.0.1:{receiver.server_port}/",
            secret=Secret("whsec_" + base64.b64encode(b"s" * 32).decode()), from_start=True,
        )  # fmt: skip
        body = STREAM.format(organization=organization, sink=view.sink.id)
        kills = 0
        for turn in range(KILLS):
            await fill(organization, EVENTS // KILLS)
            receiver.arrived.clear()
            receiver.release.clear()
            receiver.answered, receiver.answers_before_hold = 0, turn % 3
            child = Child(database_urls[1], body)
            kills += await child.kill_when(receiver.arrived.is_set)  # taken in, not yet answered
            receiver.release.set()
            await free_the_lease(organization, view.sink.id)
        receiver.answers_before_hold = EVENTS
        child = Child(database_urls[1], body)
        assert child.process.wait(30) == 0
        async with tenant_session(organization) as session:
            after = await service.get_sink(session, organization, view.sink.id)
        assert (after.behind, after.sink.error) == (0, None)
    finally:
        receiver.shutdown()
        receiver.server_close()
    events = [event for _, batch in receiver.messages for event in batch]
    assert list(dict.fromkeys(event["number"] for event in events)) == list(range(1, after.sink.position + 1))
    assert len({(event["number"], event["id"]) for event in events}) == after.sink.position  # one id for each number
    repeated = [message_id for message_id, count in Counter(name for name, _ in receiver.messages).items() if count > 1]
    assert kills == KILLS
    assert repeated
    for message_id in repeated:
        first, *others = [batch for name, batch in receiver.messages if name == message_id]
        assert all(other == first for other in others)
    sent = {"by a killed worker": after.sink.position, "repeated by it": len(events) - after.sink.position}
    count_cases(ARRIVED, sent, accepted=len(events))


async def add_syslog(organization_id: UUID, port: int) -> UUID:
    view, _ = await service.create_sink(
        caller_of(organization_id), name="x", kind="syslog", url=f"tls://localhost:{port}", secret=None, from_start=True
    )
    return view.sink.id


async def test_syslog_over_tls_counts_octets_and_trusts_the_operators_authority_only(
    organization: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, other = make_authority(tmp_path / "ours"), make_authority(tmp_path / "other")
    await fill(organization, 7)
    with TlsReceiver(authority.issue("localhost")) as receiver:
        sink_id = await add_syslog(organization, receiver.port)
        for trusted in (None, other.certificate):  # nobody's, then somebody else's
            monkeypatch.setenv("CLOUDOPS_EXTRA_CA_FILE", str(trusted or ""))
            if trusted is None:
                monkeypatch.delenv("CLOUDOPS_EXTRA_CA_FILE")
            get_settings.cache_clear()
            assert await service.stream_sink(organization, sink_id) == 0
            async with tenant_session(organization) as session:
                sink = (await service.get_sink(session, organization, sink_id)).sink
            assert sink.error == "The receiver's certificate was not accepted."
        assert receiver.frames() == []
        monkeypatch.setenv("CLOUDOPS_EXTRA_CA_FILE", str(authority.certificate))
        get_settings.cache_clear()
        assert await service.stream_sink(organization, sink_id) == 8
        frames = receiver.frames()
        assert receiver.versions <= {"TLSv1.2", "TLSv1.3"}
    assert [frame["number"] for frame in frames] == list(range(1, 9))
    # RFC 5425 section 4.3: MSG-LEN SP SYSLOG-MSG, nothing between frames and nothing left over.
    assert receiver.rest() == b""


async def test_syslog_over_tls_refuses_a_certificate_of_another_name(
    organization: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = make_authority(tmp_path / "ours")
    monkeypatch.setenv("CLOUDOPS_EXTRA_CA_FILE", str(authority.certificate))
    get_settings.cache_clear()
    await fill(organization, 3)
    with TlsReceiver(authority.issue("elsewhere.example")) as receiver:
        sink_id = await add_syslog(organization, receiver.port)
        assert await service.stream_sink(organization, sink_id) == 0
        assert receiver.frames() == []


async def test_a_tls_receiver_that_breaks_off_gets_the_batch_again(
    organization: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = make_authority(tmp_path / "ours")
    monkeypatch.setenv("CLOUDOPS_EXTRA_CA_FILE", str(authority.certificate))
    get_settings.cache_clear()
    await fill(organization, 5)
    with TlsReceiver(authority.issue("localhost")) as receiver:
        sink_id = await add_syslog(organization, receiver.port)
        receiver.break_off = True
        assert await service.stream_sink(organization, sink_id) == 0
        receiver.break_off = False
        assert await service.stream_sink(organization, sink_id) == 6
        assert {frame["number"] for frame in receiver.frames()} == set(range(1, 7))
