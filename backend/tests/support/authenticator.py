"""A WebAuthn authenticator in software (ES256) and the browser around it. A wrong turn is an argument."""

import base64
import hashlib
import json
import os
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


def encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """One passkey. `counter` is what the next use reports plus one; 0 and `counts=False`: it never counts."""

    def __init__(self, *, origin: str = "http://localhost:8000", rp_id: str = "localhost", counts: bool = True) -> None:
        self.origin, self.rp_id, self.counts = origin, rp_id, counts
        self.credential_id = os.urandom(32)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.counter = 0
        self.user_handle = b""

    def create(self, public_key: dict[str, Any], *, verified: bool = True, **wrong: Any) -> dict[str, Any]:
        """The answer of `navigator.credentials.create()`."""
        self.user_handle = decode(public_key["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cbor2.dumps(cose)
        flags = PRESENT | (VERIFIED if verified else 0) | ATTESTED | BACKUP_ELIGIBLE | BACKED_UP
        data = self._data(flags, attested, wrong.get("rp_id"))
        client_data = self._client_data("webauthn.create", public_key["challenge"], wrong)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {
                "clientDataJSON": encode(client_data),
                "attestationObject": encode(attestation),
                "transports": ["internal", "hybrid"],
            }
        )

    def get(self, public_key: dict[str, Any], *, verified: bool = True, **wrong: Any) -> dict[str, Any]:
        """The answer of `navigator.credentials.get()`."""
        flags = (0 if wrong.get("absent") else PRESENT) | (VERIFIED if verified else 0) | BACKUP_ELIGIBLE | BACKED_UP
        data = self._data(flags, b"", wrong.get("rp_id"))
        client_data = self._client_data(wrong.get("kind", "webauthn.get"), public_key["challenge"], wrong)
        key = wrong.get("key", self.key)
        signature = key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        handle = wrong.get("user_handle", self.user_handle)
        return self._answer(
            {
                "clientDataJSON": encode(client_data),
                "authenticatorData": encode(data),
                "signature": encode(signature),
                "userHandle": encode(handle) if handle else None,
            },
            wrong.get("credential_id"),
        )

    def _data(self, flags: int, attested: bytes, rp_id: str | None) -> bytes:
        self.counter += 1 if self.counts else 0
        return (
            hashlib.sha256((rp_id or self.rp_id).encode()).digest()
            + bytes([flags])
            + self.counter.to_bytes(4, "big")
            + attested
        )

    def _client_data(self, kind: str, challenge: str, wrong: dict[str, Any]) -> bytes:
        return json.dumps(
            {
                "type": kind,
                "challenge": wrong.get("challenge", challenge),
                "origin": wrong.get("origin", self.origin),
                "crossOrigin": False,
            }
        ).encode()

    def _answer(self, response: dict[str, Any], credential_id: bytes | None = None) -> dict[str, Any]:
        name = encode(credential_id or self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}
