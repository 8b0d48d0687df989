"""Sending the log elsewhere: real receivers that are killed and come back lose nothing and see the order."""

import base64
import hmac
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from app.core import clock
from app.core.config import get_settings
from app.core.database import tenant_session
from app.core.egress import AddressNotAllowed
from app.core.errors import AppError
from app.core.http import Caller
from app.core.ids import new_id
from app.core.secrets import Secret
from app.domains.audit import rules, service
from app.domains.audit.models import AuditEvent, AuditSink
from app.domains.audit.service import streaming
from app.domains.audit.service.sinks import ADDRESS_CHANGED
from app.domains.audit.service.streaming import LEASE
from sqlalchemy import select, update
from tests.support.counts import ARRIVED, CountCases

SECRET = Secret("whsec_" + base64.b64encode(b"s" * 32).decode())

# Both write what arrived to a file at once, as raw as it came, and are killed without warning.
HTTP_RECEIVER = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *given): pass
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        head = "\\t".join(self.headers[n] or "" for n in ("webhook-id", "webhook-timestamp", "webhook-signature"))
        os.write(out, head.encode() + b"\\t" + body + b"\\n")
        self.send_response(204); self.end_headers()
out = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
SYSLOG_RECEIVER = """
import os, socket, sys
out = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = listener.accept()
    os.write(out, b"\\n--\\n")
    while part := connection.recv(65536):
        os.write(out, part)
    connection.close()
"""


@dataclass
class Receiver:
    """A receiver in a process of its own."""

    program: str
    file: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        if not self.port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
        self.process = subprocess.Popen([sys.executable, "-c", self.program, str(self.port), str(self.file)])
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the receiver did not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)

    def webhooks(self) -> list[tuple[str, str, str, bytes]]:
        found = []
        for line in self.file.read_bytes().splitlines():
            message_id, timestamp, signature, body = line.split(b"\t", 3)
            found.append((message_id.decode(), timestamp.decode(), signature.decode(), body))
        return found

    def syslog(self) -> list[dict[str, Any]]:
        """Whole frames only: a connection may have broken off in the middle of one."""
        found = []
        for stream in self.file.read_bytes().split(b"\n--\n"):
            while match := re.match(rb"(\d+) ", stream):
                frame, stream = stream[match.end() :][: int(match[1])], stream[match.end() + int(match[1]) :]
                if len(frame) < int(match[1]):
                    break
                assert re.match(rb"<10[89]>1 \d{4}-\d\d-\d\dT[\d:.]+\+00:00 \S+ cloudops - \S+ \[audit@32473 ", frame)
                found.append(json.loads(frame.partition(b"\xef\xbb\xbf")[2]))
        return found


@pytest.fixture(autouse=True)
def allowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The operator allows receivers on this machine; small batches leave more places to be killed at."""
    monkeypatch.setattr(streaming, "BATCH", 5)
    monkeypatch.setenv("CLOUDOPS_ALLOWED_ENDPOINTS", "http://127.0.0.1:*")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(request.param, tmp_path / "received")
    made.start()
    yield made
    made.kill()


def owner_of(organization_id: UUID) -> Caller:
    return Caller(
        user_id=new_id(), organization_id=organization_id, email="a@example.com", role="owner", permissions=frozenset()
    )


async def act(organization_id: UUID, times: int) -> None:
    async with tenant_session(organization_id) as session:
        for number in range(times):
            await service.record(
                session, owner_of(organization_id), "thing.changed", subject_type="thing", subject_id=str(number),
                changes={"note": 'quote " bracket ] ü \\ \n'},
            )  # fmt: skip
        await service.seal_new_events(session, organization_id)


async def state(organization_id: UUID, sink_id: UUID) -> service.SinkView:
    async with tenant_session(organization_id) as session:
        return await service.get_sink(session, organization_id, sink_id)


async def add(organization_id: UUID, url: str, kind: str) -> UUID:
    secret = SECRET if kind == "webhook" else None
    view, _ = await service.create_sink(
        owner_of(organization_id), name="x", kind=kind, url=url, secret=secret, from_start=True
    )
    return view.sink.id


def check_order(numbers: list[int], last: int) -> None:
    """Every number arrived, and a number that was not there before never comes after a later one."""
    firsts = list(dict.fromkeys(numbers))
    assert firsts == list(range(1, last + 1))


async def run_through_kills(organization: UUID, sink_id: UUID, receiver: Receiver) -> int:
    """Act, send, kill and restart in turns, until everything has arrived; the last number."""
    for turn in range(6):
        await act(organization, 150)
        if turn % 2:
            receiver.kill()
            assert await service.stream_sink(organization, sink_id) == 0
            view = await state(organization, sink_id)
            assert view.sink.error
            assert view.sink.next_try_at is not None
            assert view.behind >= 150
            receiver.start()
        else:
            killer = threading.Timer(0.03 + turn / 50, receiver.kill)
            killer.start()
            await service.stream_sink(organization, sink_id)
            killer.join()
            receiver.start()
    await service.stream_sink(organization, sink_id)
    view = await state(organization, sink_id)
    assert (view.behind, view.sink.error, view.sink.failures) == (0, None, 0)
    return view.sink.position


@pytest.mark.parametrize("receiver", [HTTP_RECEIVER], indirect=True, ids=["http"])
async def test_a_webhook_receiver_that_dies_misses_nothing(
    organization: UUID, receiver: Receiver, count_cases: CountCases
) -> None:
    sink_id = await add(organization, f"http://127.0.0.1:{receiver.port}/hook", "webhook")
    last = await run_through_kills(organization, sink_id, receiver)
    messages, numbers = receiver.webhooks(), []
    for message_id, timestamp, signature, body in messages:
        signed = f"{message_id}.{timestamp}.".encode() + body
        wanted = base64.b64encode(hmac.digest(b"s" * 32, signed, "sha256")).decode()
        assert signature == f"v1,{wanted}"
        assert abs(int(timestamp) - time.time()) < 300
        numbers += [event["number"] for event in json.loads(body)["data"]["events"]]
    check_order(numbers, last)
    count_cases(ARRIVED, {"webhook": last, "webhook, repeated": len(numbers) - last}, accepted=len(numbers))


@pytest.mark.parametrize("receiver", [SYSLOG_RECEIVER], indirect=True, ids=["syslog"])
async def test_a_syslog_receiver_that_dies_misses_nothing(
    organization: UUID, receiver: Receiver, count_cases: CountCases
) -> None:
    sink_id = await add(organization, f"tcp://127.0.0.1:{receiver.port}", "syslog")
    last = await run_through_kills(organization, sink_id, receiver)
    events = receiver.syslog()
    check_order([event["number"] for event in events], last)
    assert events[-1]["changes"]["note"].startswith('quote " bracket ] ü \\ ')
    count_cases(ARRIVED, {"syslog": last, "syslog, repeated": len(events) - last}, accepted=len(events))


@pytest.mark.parametrize("receiver", [HTTP_RECEIVER], indirect=True, ids=["http"])
async def test_a_worker_that_died_between_sending_and_recording_repeats_one_batch(
    organization: UUID, receiver: Receiver
) -> None:
    sink_id = await add(organization, f"http://127.0.0.1:{receiver.port}/hook", "webhook")
    await act(organization, 30)
    await service.stream_sink(organization, sink_id)
    async with tenant_session(organization) as session:  # as if it had died before the second half was recorded
        sink = update(AuditSink).where(AuditSink.organization_id == organization, AuditSink.id == sink_id)
        await session.execute(sink.values(position=15, lease=new_id(), lease_ends_at=clock.utc_now()))
    await service.stream_sink(organization, sink_id)
    numbers = [e["number"] for _, _, _, body in receiver.webhooks() for e in json.loads(body)["data"]["events"]]
    view = await state(organization, sink_id)
    check_order(numbers, view.sink.position)
    assert numbers.count(16) == 2


async def test_one_worker_sends_at_a_time(organization: UUID) -> None:
    sink_id = await add(organization, "http://127.0.0.1:9/hook", "webhook")
    await act(organization, 3)
    async with tenant_session(organization) as session:
        held = update(AuditSink).where(AuditSink.organization_id == organization, AuditSink.id == sink_id)
        await session.execute(held.values(lease=new_id(), lease_ends_at=clock.utc_now() + LEASE))
    assert await service.stream_sink(organization, sink_id) == 0
    assert (await state(organization, sink_id)).sink.error is None  # it did not even try


async def test_failures_are_shown_and_wait_longer_each_time(organization: UUID) -> None:
    sink_id = await add(organization, "http://127.0.0.1:9/hook", "webhook")
    await act(organization, 1)
    waits = []
    for _ in range(3):
        await service.stream_sink(organization, sink_id)
        sink = (await state(organization, sink_id)).sink
        assert sink.error == "The receiver cannot be reached, or it broke off."
        assert sink.next_try_at is not None
        waits.append((sink.next_try_at - clock.utc_now()).total_seconds())
    assert waits[0] < waits[1] < waits[2] < 21
    async with tenant_session(organization) as session:
        assert await service.enqueue_sinks(session, organization) == 0
    assert rules.retry_delay(500).total_seconds() == 3600


async def test_a_new_address_clears_the_secret_and_stops_the_sending(organization: UUID) -> None:
    caller = owner_of(organization)
    sink_id = await add(organization, "http://127.0.0.1:9/hook", "webhook")
    nothing: dict[str, Any] = {"name": None, "secret": None, "enabled": None}
    view = await service.update_sink(caller, sink_id, **nothing, url="http://127.0.0.1:9/hook")
    assert view.sink.secret is not None
    view = await service.update_sink(caller, sink_id, **nothing, url="http://127.0.0.1:10/hook")
    assert (view.sink.secret, view.sink.error) == (None, ADDRESS_CHANGED)
    await act(organization, 1)
    assert await service.stream_sink(organization, sink_id) == 0
    with pytest.raises(AppError):
        await service.send_test_message(caller, sink_id)
    async with tenant_session(organization) as session:
        assert (await service.renew_sink_secret(session, caller, sink_id)).startswith("whsec_")
    assert (await state(organization, sink_id)).sink.secret is not None


REFUSED = [
    ("webhook", "http://10.0.0.1/x"), ("webhook", "https://169.254.169.254/x"), ("webhook", "ftp://example.com/x"),
    ("webhook", "https://user@example.com/"), ("syslog", "tcp://10.0.0.1:514"), ("syslog", "tls://10.0.0.1:6514"),
    ("syslog", "tcp://8.8.8.8:514"), ("syslog", "tls://8.8.8.8:22"), ("syslog", "tls://169.254.169.254:6514"),
    ("syslog", "tls://8.8.8.8"), ("syslog", "udp://8.8.8.8:514"), ("syslog", "tls://8.8.8.8:6514/path"),
    ("syslog", "https://8.8.8.8:6514"), ("syslog", "tls://"), ("syslog", "tls://user@8.8.8.8:6514"),
    ("syslog", "tls://[::1]:6514"), ("syslog", "tls://8.8.8.8:99999"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "url"), REFUSED)
async def test_addresses_inside_are_refused(organization: UUID, kind: str, url: str) -> None:
    with pytest.raises(AddressNotAllowed):
        await add(organization, url, kind)


async def test_every_change_of_a_sink_is_on_record_without_its_secret(organization: UUID) -> None:
    caller = owner_of(organization)
    sink_id = await add(organization, "http://127.0.0.1:9/hook", "webhook")
    await service.update_sink(caller, sink_id, name="y", url=None, secret=SECRET, enabled=False)
    async with tenant_session(organization) as session:
        await service.remove_sink(session, caller, sink_id)
        events = (await session.execute(select(AuditEvent))).scalars().all()
    names = [event.action for event in events if event.subject_type == "audit_sink"]
    assert sorted(names) == ["audit_sink.changed", "audit_sink.created", "audit_sink.removed"]
    assert SECRET.reveal() not in json.dumps([event.changes for event in events])
