"""A scripted OpenID provider on loopback: says exactly what a test wants, wrong or right."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, Key, RSAKey


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class Answer:
    """What an address gives back."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class ScriptedProvider:
    """`issuer` is its address. Change `discovery`, `keys` and `token` to make it lie; `reset()` makes it honest."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.other_key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.ec_key = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider._serve(self, b"")

            def do_POST(self) -> None:
                provider._serve(self, self.rfile.read(int(self.headers.get("content-length", "0"))))

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.reset()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def reset(self) -> None:
        """An honest provider again."""
        self.requests.clear()
        self.discovery: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        self.keys: Answer = Answer({"keys": [self.key.as_dict(private=False)]})
        self.discovery_answer: Answer | None = None
        self.token: Callable[[], Answer] = lambda: Answer({"error": "invalid_grant"}, 400)

    def claims(self, client_id: str, its_nonce: str, /, **changes: Any) -> dict[str, Any]:
        """Right claims with changes; a value of None leaves the claim out."""
        now = int(time.time())
        made = {
            "iss": self.issuer,
            "aud": client_id,
            "sub": "subject-1",
            "nonce": its_nonce,
            "iat": now,
            "exp": now + 300,
            "email": "kim@proven.example",
            "email_verified": True,
            "name": "Kim Tester",
        } | changes
        return {name: value for name, value in made.items() if value is not None}

    def sign(
        self,
        claims: Any,
        *,
        key: Key | bytes | None = None,
        algorithm: str = "RS256",
        header: dict[str, Any] | None = None,
    ) -> str:
        """A compact token."""
        content = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        protected = {"alg": algorithm, "kid": "one", **(header or {})}
        protected = {name: value for name, value in protected.items() if value is not None}
        text = f"{_encode(json.dumps(protected).encode())}.{_encode(content)}"
        if isinstance(key, bytes):  # joserfc itself refuses to make a secret of a public key
            return f"{text}.{_encode(hmac.digest(key, text.encode(), 'sha256'))}"
        return f"{text}.{_encode(jws.JWSRegistry.algorithms[algorithm].sign(text.encode(), key or self.key))}"

    def public_pem(self) -> bytes:
        """The public key's text as an HMAC secret: the classic confusion."""
        return bytes(self.key.as_pem(private=False))

    def _serve(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        path = handler.path.partition("?")[0]
        self.requests.append((handler.command, handler.path, dict(handler.headers), body))
        if path == "/.well-known/openid-configuration":
            answer = self.discovery_answer or Answer(self.discovery)
        elif path == "/jwks":
            answer = self.keys
        elif path == "/token":
            answer = self.token()
        else:
            answer = Answer({"error": "not_found"}, 404)
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        handler.send_response(answer.status)
        for name, value in ({"Content-Type": "application/json"} | answer.headers).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
