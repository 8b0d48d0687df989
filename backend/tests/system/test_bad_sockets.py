"""WebSockets that begin or go on badly, through the real server: the last row of security.md section 14."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.system.running import Platform
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("platform"), pytest.mark.timeout(240)]
KIB = 1024


def _open(platform: Platform, **options: Any) -> ClientConnection:
    opened: ClientConnection = connect(f"ws://{urlsplit(platform.url).netloc}/ws", compression=None, **options)
    return opened


def test_a_socket_with_a_bad_token_or_origin_is_refused_before_the_upgrade(platform: Platform) -> None:
    with pytest.raises(InvalidStatus) as refused:
        _open(platform, subprotocols=[Subprotocol("bearer.nonsense")])
    assert refused.value.response.status_code == 401
    with pytest.raises(InvalidStatus) as refused:
        _open(platform, origin=Origin("https://evil.example"))
    assert refused.value.response.status_code == 403


def _is_closed_with(socket: ClientConnection, code: int) -> None:
    with pytest.raises(ConnectionClosed) as closed:
        _read_to_the_end(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code


def _read_to_the_end(socket: ClientConnection) -> None:
    while True:
        socket.recv(timeout=20)


Send = Callable[[ClientConnection], None]


@pytest.mark.parametrize(
    ("send", "code"),
    [
        pytest.param(lambda socket: None, 1008, id="nothing in time"),
        pytest.param(lambda socket: socket.send('{"type": "auth", "token": "x"}'), 1008, id="bad token"),
        pytest.param(lambda socket: socket.send('{"type": "subscribe", "topics": []}'), 1008, id="no sign-in first"),
        pytest.param(lambda socket: socket.send("not JSON"), 1008, id="not JSON"),
        pytest.param(lambda socket: socket.send(b"\x00\x01"), 1008, id="binary"),
        pytest.param(lambda socket: socket.send("[" * 70 * KIB), 1009, id="too large"),
    ],
)
def test_a_socket_that_begins_badly_is_closed(platform: Platform, send: Send, code: int) -> None:
    with _open(platform) as socket:
        send(socket)
        _is_closed_with(socket, code)


@pytest.mark.parametrize(
    "frame",
    ['{"type": "dance"}', '{"type": "subscribe", "topics": "alerts"}', '{"type": "resume", "after": "x"}', "{", "[]"],
)
def test_a_signed_in_socket_that_sends_a_bad_frame_is_closed(platform: Platform, frame: str) -> None:
    with _open(platform, subprotocols=[Subprotocol(f"bearer.{platform.tokens()['access_token']}")]) as socket:
        socket.send(frame)
        _is_closed_with(socket, 1008)
