"""`cloudops login`, `whoami` and `logout`: the command line as a first-party client.

With a browser: authorization code with PKCE and a listener on 127.0.0.1 (RFC 8252). Without: device code (RFC 8628).
Tokens stand in a file that only its owner may read.
"""

import base64
import hashlib
import json
import os
import platform
import secrets
import threading
import time
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import typer

from app.cli.failures import UsageError

CLIENT_ID = "cloudops-cli"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
DEFAULT_SERVER = "http://localhost:8000"
BROWSER_SECONDS = 300
REFRESH_MARGIN_SECONDS = 30
_PAGE = b"<!doctype html><meta charset=utf-8><title>CloudOps Pro</title><p>You can close this page.</p>"


def sign_in(server: str | None, *, device: bool) -> int:
    """Sign this machine in and keep its tokens; 0 once it worked."""
    server = (server or _stored().get("server") or DEFAULT_SERVER).rstrip("/")
    with _client(server) as client:
        tokens = _by_device(client) if device or not _has_browser() else _by_browser(client, server)
        _store(server, tokens)
        typer.echo(f"Signed in as {_me(client, tokens['access_token'])}.")
    return 0


def show_me() -> int:
    """Print who is signed in, where, and as what."""
    stored = _stored()
    if not stored:
        raise UsageError("Nobody is signed in. Run: cloudops login")
    with _client(stored["server"]) as client:
        typer.echo(f"{_me(client, _access_token(client, stored))} at {stored['server']}")
    return 0


def sign_out() -> int:
    """End the session and forget the tokens, the latter in any case."""
    stored = _stored()
    if stored:
        try:
            with _client(stored["server"]) as client:
                token = _access_token(client, stored)
                client.post("/auth/logout", headers={"Authorization": f"Bearer {token}"})
        except (httpx.HTTPError, UsageError):
            typer.echo("The server could not be told; end the session on its page.", err=True)
        credentials_file().unlink(missing_ok=True)
    typer.echo("Signed out.")
    return 0


def credentials_file() -> Path:
    """Where the tokens are: `cloudops/credentials.json` in the user's configuration folder."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "cloudops" / "credentials.json"


def _client(server: str) -> httpx.Client:
    agent = f"CloudOps-CLI ({platform.system() or 'unknown'})"
    return httpx.Client(base_url=f"{server}/api/v1", headers={"User-Agent": agent}, timeout=30)


def _by_browser(client: httpx.Client, server: str) -> dict[str, Any]:
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    with _Listener(state) as listener:
        question = {
            "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": listener.redirect_uri, "state": state,
            "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        address = f"{server}/authorize?{urlencode(question)}"
        typer.echo(f"Opening your browser. If it does not open, go to:\n  {address}")
        webbrowser.open(address)
        code = listener.wait()
    fields = {"grant_type": "authorization_code", "redirect_uri": listener.redirect_uri, "code": code}
    return _exchange(client, fields | {"code_verifier": verifier})


def _by_device(client: httpx.Client) -> dict[str, Any]:
    begun = _checked(client.post("/auth/device", json={"client_id": CLIENT_ID}))
    typer.echo(f"Open {begun['verification_uri']} on any machine and enter {begun['user_code']}")
    interval, ends_at = float(begun["interval"]), time.monotonic() + begun["expires_in"]
    while time.monotonic() < ends_at:
        time.sleep(interval)
        fields = {"grant_type": DEVICE_GRANT, "device_code": begun["device_code"], "client_id": CLIENT_ID}
        answer = client.post("/auth/token", data=fields)
        if answer.status_code == 200:
            found: dict[str, Any] = answer.json()
            return found
        error = _json(answer).get("error")
        if error == "slow_down":
            interval += 5
        elif error == "access_denied":
            raise UsageError("The sign-in was refused.")
        elif error != "authorization_pending":
            raise UsageError("The code has expired. Start again.")
    raise UsageError("The code has expired. Start again.")


def _exchange(client: httpx.Client, fields: dict[str, str]) -> dict[str, Any]:
    return _checked(client.post("/auth/token", data={"client_id": CLIENT_ID, **fields}))


def _access_token(client: httpx.Client, stored: dict[str, Any]) -> str:
    """One that is still good, renewed if need be."""
    if time.time() >= stored["expires_at"] - REFRESH_MARGIN_SECONDS:
        fields = {"grant_type": "refresh_token", "refresh_token": stored["refresh_token"]}
        answer = client.post("/auth/token", data=fields)
        if answer.status_code == 400:
            raise UsageError("The session has ended. Run: cloudops login")
        stored = _store(stored["server"], _checked(answer))
    return str(stored["access_token"])


def _me(client: httpx.Client, token: str) -> str:
    found = _checked(client.get("/auth/me", headers={"Authorization": f"Bearer {token}"}))
    return f"{found['email']} ({found['role']} of {found['organization']['name']})"


def _checked(answer: httpx.Response) -> dict[str, Any]:
    found = _json(answer)
    if answer.is_success:
        return found
    raise UsageError(str(found.get("detail") or found.get("title") or f"The server answered {answer.status_code}."))


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _stored() -> dict[str, Any]:
    try:
        found = json.loads(credentials_file().read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and "refresh_token" in found else {}


def _store(server: str, tokens: dict[str, Any]) -> dict[str, Any]:
    """Write the tokens to a file of mode 0600, whole or not at all."""
    made = {
        "server": server,
        "access_token": tokens["access_token"],
        "refresh_token": tokens["refresh_token"],
        "expires_at": time.time() + tokens["expires_in"],
    }
    path = credentials_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(made, file)
    draft.replace(path)
    return made


def _has_browser() -> bool:
    if platform.system() == "Linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "BROWSER" in os.environ
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


class _Listener:
    """Waits on 127.0.0.1 for the browser to come back with a code and our own state."""

    def __init__(self, state: str) -> None:
        self._answer: dict[str, str] = {}
        answer, arrived = self._answer, threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None: ...

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                given = {name: values[0] for name, values in parse_qs(parts.query).items()}
                ours = parts.path == "/callback" and secrets.compare_digest(
                    given.get("state", "").encode(), state.encode()
                )
                self.send_response(200 if ours else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(_PAGE if ours else b"")
                if ours:
                    answer.update(given)
                    arrived.set()

        self._arrived = arrived
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.redirect_uri = f"http://127.0.0.1:{self._server.server_address[1]}/callback"

    def __enter__(self) -> "_Listener":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self) -> str:
        """The code. Raises UsageError when none comes within five minutes or the person refused."""
        if not self._arrived.wait(BROWSER_SECONDS):
            raise UsageError("Nobody signed in within five minutes. Start again, or use --device.")
        if "code" not in self._answer:
            raise UsageError("The sign-in was refused.")
        return self._answer["code"]
