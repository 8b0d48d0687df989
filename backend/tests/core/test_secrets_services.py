"""Root keys in key services, against moto's KMS and small servers that do what Google and Vault do."""

import base64
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import boto3
import pytest
from app.core.config import Settings
from app.core.database import Database
from app.core.rootkey import ChangingRootKey, LocalRootKey, RootKey, RootKeyError, RootKeyUnavailable, load_root_key
from app.core.secrets import (
    SecretUnreadable,
    check_canary,
    create_organization_key,
    open_sealed,
    rewrap_organization_keys,
    seal,
    use_root_key,
)
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

GOOGLE_KEY = "projects/p/locations/global/keyRings/r/cryptoKeys/k"
TOKEN = "the-token"


class KeyService(ThreadingHTTPServer):
    """AES-GCM with associated data behind Google's and Vault's paths, shapes and status codes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.cipher = AESGCM(AESGCM.generate_key(256))
        self.status: int | None = None
        self.token_calls = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def encrypt(self, plaintext: bytes, context: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self.cipher.encrypt(nonce, plaintext, context)

    def decrypt(self, blob: bytes, context: bytes) -> bytes:
        return self.cipher.decrypt(blob[:12], blob[12:], context)


class _Handler(BaseHTTPRequestHandler):
    server: KeyService

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
        pass

    def answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        if self.headers.get("Metadata-Flavor") != "Google":
            return self.answer(403, {})
        self.server.token_calls += 1
        return self.answer(200, {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.status is not None:
            return self.answer(self.server.status, {"errors": ["as told"]})
        try:
            if self.path.startswith("/v1/projects/"):
                return self.google(body)
            return self.vault(body)
        except (InvalidTag, ValueError):
            return self.answer(400, {"errors": ["cipher: message authentication failed"]})

    def google(self, body: dict[str, str]) -> None:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer(401, {})
        name, _, verb = self.path.removeprefix("/v1/").partition(":")
        if name != GOOGLE_KEY:
            return self.answer(404, {})
        context = base64.b64decode(body["additionalAuthenticatedData"])
        if verb == "encrypt":
            made = self.server.encrypt(base64.b64decode(body["plaintext"]), context)
            return self.answer(200, {"name": name, "ciphertext": base64.b64encode(made).decode()})
        opened = self.server.decrypt(base64.b64decode(body["ciphertext"]), context)
        return self.answer(200, {"plaintext": base64.b64encode(opened).decode()})

    def vault(self, body: dict[str, str]) -> None:
        if self.headers.get("X-Vault-Token") != TOKEN:
            return self.answer(403, {"errors": ["permission denied"]})
        if self.path not in ("/v1/transit/encrypt/root", "/v1/transit/decrypt/root"):
            return self.answer(404, {"errors": []})
        context = base64.b64decode(body["associated_data"])
        if "/encrypt/" in self.path:
            made = base64.b64encode(self.server.encrypt(base64.b64decode(body["plaintext"]), context)).decode()
            return self.answer(200, {"data": {"ciphertext": f"vault:v1:{made}", "key_version": 1}})
        opened = self.server.decrypt(base64.b64decode(body["ciphertext"].removeprefix("vault:v1:")), context)
        return self.answer(200, {"data": {"plaintext": base64.b64encode(opened).decode()}})


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyService]:
    made = KeyService()
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS", made.address)
    monkeypatch.setenv("GCE_METADATA_HOST", made.address.removeprefix("http://"))
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture(scope="module")
def kms() -> Iterator[tuple[str, str]]:
    """(address of moto's server, ARN of a key in it)."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client(
        "kms", region_name="eu-west-1", endpoint_url=address, aws_access_key_id="x", aws_secret_access_key="x"
    )
    yield address, client.create_key(Description="root")["KeyMetadata"]["Arn"]
    server.stop()


@pytest.fixture(params=["aws-kms", "gcp-kms", "vault", "local"])
def key(
    request: pytest.FixtureRequest, service: KeyService, kms: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> RootKey:
    """Each kind of root key, made from the setting."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", kms[0])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    places = {
        "aws-kms": f"aws-kms:{kms[1]}",
        "gcp-kms": f"gcp-kms:{GOOGLE_KEY}",
        "vault": f"vault:{service.address}/transit/keys/root",
        "local": "local",
    }
    return load_root_key(
        Settings(root_key=places[request.param], vault_token=SecretStr(TOKEN), secret_key=SecretStr("s" * 40))
    )


async def test_a_key_opens_in_its_context_only(key: RootKey) -> None:
    secret = os.urandom(32)
    wrapped = await key.wrap(secret, b"here")
    assert secret not in wrapped
    assert await key.unwrap(wrapped, b"here") == secret
    for wrong, context in (
        (wrapped, b"there"), (wrapped, b""), (wrapped[:-1], b"here"), (b"", b"here"), (b"rubbish" * 20, b"here"),
        (wrapped[:-8] + bytes(8), b"here"), (wrapped.partition(b":")[2], b"here"),
    ):  # fmt: skip
        with pytest.raises(RootKeyError):
            await key.unwrap(wrong, context)


async def test_values_are_sealed_and_the_canary_sings(
    key: RootKey, session: AsyncSession, organization_id: UUID, database: Database
) -> None:
    use_root_key(key)
    try:
        await session.execute(text("DELETE FROM installation_keys"))
        await create_organization_key(session, organization_id)
        blob = await seal(session, organization_id, "accounts", "credentials", organization_id, "value")
        opened = await open_sealed(session, organization_id, "accounts", "credentials", organization_id, blob)
        assert opened.reveal() == "value"
        await check_canary(session)
        use_root_key(LocalRootKey("n" * 32))
        with pytest.raises(SecretUnreadable):
            await open_sealed(session, organization_id, "accounts", "credentials", organization_id, blob)
        use_root_key(ChangingRootKey(LocalRootKey("n" * 32), key))
        assert await open_sealed(session, organization_id, "accounts", "credentials", organization_id, blob)
        assert await rewrap_organization_keys(session, organization_id) == 1
        use_root_key(LocalRootKey("n" * 32))
        assert await open_sealed(session, organization_id, "accounts", "credentials", organization_id, blob)
    finally:
        use_root_key(None)


async def test_a_service_that_is_away_is_not_a_wrong_key(service: KeyService) -> None:
    vault = load_root_key(Settings(root_key=f"vault:{service.address}/transit/keys/root", vault_token=SecretStr(TOKEN)))
    google = load_root_key(Settings(root_key=f"gcp-kms:{GOOGLE_KEY}"))
    for key in (vault, google):
        wrapped = await key.wrap(bytes(32), b"c")
        for status, failure in ((500, RootKeyUnavailable), (503, RootKeyUnavailable), (429, RootKeyUnavailable),
                                (400, RootKeyError), (403, RootKeyError), (404, RootKeyError)):  # fmt: skip
            service.status = status
            with pytest.raises(RootKeyError) as caught:
                await key.unwrap(wrapped, b"c")
            assert type(caught.value) is failure, status
        service.status = None
    assert service.token_calls == 1  # the token is kept while it is good


async def test_no_service_at_all_is_unavailable() -> None:
    key = load_root_key(Settings(root_key="vault:http://127.0.0.1:9/transit/keys/root", vault_token=SecretStr(TOKEN)))
    with pytest.raises(RootKeyUnavailable):
        await key.wrap(bytes(32), b"c")


@pytest.mark.parametrize(
    "place",
    ["", "aws-kms", "aws-kms:", "azure:x", "gcp-kms:k", "vault:nonsense", "vault:https://h/keys/", "vault:https://h",
     "vault:ftp://h/transit/keys/x", "local:x", "https://h/transit/keys/x"],
)  # fmt: skip
def test_a_place_that_cannot_be_read_says_what_it_looks_like(place: str) -> None:
    with pytest.raises(RootKeyError, match="CLOUDOPS_"):
        load_root_key(Settings(root_key=place, vault_token=SecretStr(TOKEN)))


async def test_both_local_secrets_open_while_one_replaces_the_other(tmp_path: Any) -> None:
    old = load_root_key(Settings(secret_key=SecretStr("o" * 32), data_dir=tmp_path))
    wrapped = await old.wrap(bytes(32), b"c")
    both = load_root_key(Settings(secret_key=SecretStr("n" * 32), previous_secret_key=SecretStr("o" * 32)))
    assert await both.unwrap(wrapped, b"c") == bytes(32)
    with pytest.raises(RootKeyError):
        await load_root_key(Settings(secret_key=SecretStr("n" * 32))).unwrap(wrapped, b"c")
