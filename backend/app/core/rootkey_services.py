"""Root keys that never leave a key management service: AWS KMS, Google Cloud KMS, Vault transit.

The service wraps and opens; each call is bound to the context (organization and version) as associated data, so a
wrapped key that was moved elsewhere does not open. Each form begins with the service's name.
"""

import asyncio
import base64
import binascii
import os
import time
from typing import Any

import httpx

from app.core.addresses import InvalidAddress, parse_address
from app.core.config import Settings
from app.core.operator_http import FAILURES, operator_client
from app.core.rootkey import RootKeyError, RootKeyUnavailable

TIMEOUT_SECONDS = 5
KEY_BYTES = 32
GOOGLE_KMS = "https://cloudkms.googleapis.com"
METADATA_HOST = "metadata.google.internal"
TOKEN_MARGIN_SECONDS = 60
_DOES_NOT_FIT = "The root key does not fit the database's keys."


def _content(wrapped: bytes, prefix: bytes) -> bytes:
    if not wrapped.startswith(prefix):
        raise RootKeyError(_DOES_NOT_FIT)
    return wrapped[len(prefix) :]


def _checked(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise RootKeyError(_DOES_NOT_FIT)
    return key


class AwsKmsRootKey:
    """A symmetric key of AWS KMS; the context goes into the encryption context. Credentials are the process's own."""

    PREFIX = b"aws-kms:"

    def __init__(self, key_id: str, settings: Settings) -> None:
        self._key_id = key_id
        parts = key_id.split(":")
        self._region = parts[3] if key_id.startswith("arn:") and len(parts) >= 6 else None
        self._verify = str(settings.extra_ca_file) if settings.extra_ca_file else None
        self._client: Any = None

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """KMS's own ciphertext after the prefix."""
        answer = await self._call("encrypt", context, Plaintext=key)
        blob: bytes = answer["CiphertextBlob"]
        return self.PREFIX + blob

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key again. Raises RootKeyError, and RootKeyUnavailable when KMS does not answer."""
        answer = await self._call("decrypt", context, CiphertextBlob=_content(wrapped, self.PREFIX))
        return _checked(answer["Plaintext"])

    async def _call(self, name: str, context: bytes, **values: Any) -> Any:
        return await asyncio.to_thread(self._call_blocking, name, context, values)

    def _call_blocking(self, name: str, context: bytes, values: dict[str, Any]) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            if self._client is None:
                self._client = self._connect()
            bound_to = {"purpose": "cloudops-organization-key", "context": base64.b64encode(context).decode()}
            return getattr(self._client, name)(KeyId=self._key_id, EncryptionContext=bound_to, **values)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in ("InvalidCiphertextException", "IncorrectKeyException"):
                raise RootKeyError(_DOES_NOT_FIT) from None
            if code in ("ThrottlingException", "KMSInternalException", "DependencyTimeoutException"):
                raise RootKeyUnavailable(f"AWS KMS does not answer just now ({code}).") from None
            raise RootKeyError(f"AWS KMS refused the root key: {code}. Check CLOUDOPS_ROOT_KEY and the role.") from None
        except BotoCoreError as error:
            raise RootKeyUnavailable(f"AWS KMS cannot be reached: {type(error).__name__}.") from None

    def _connect(self) -> Any:
        import boto3
        from botocore.config import Config

        config = Config(
            connect_timeout=TIMEOUT_SECONDS, read_timeout=TIMEOUT_SECONDS, retries={"total_max_attempts": 3}
        )
        return boto3.client("kms", region_name=self._region, config=config, verify=self._verify)


class _HttpRootKey:
    """What the two services over plain HTTP share: one JSON call, and what its answers mean."""

    service = ""

    def __init__(self, base_url: str, settings: Settings) -> None:
        self._base_url, self._settings = base_url, settings

    async def _post(self, url: str, body: dict[str, str], headers: dict[str, str]) -> dict[str, Any]:
        try:
            async with operator_client(self._base_url, self._settings) as client:
                answer = await client.post(url, json=body, headers=headers, timeout=TIMEOUT_SECONDS)
        except FAILURES as error:
            raise RootKeyUnavailable(f"{self.service} cannot be reached: {type(error).__name__}.") from None
        if answer.status_code == 400:
            raise RootKeyError(_DOES_NOT_FIT)
        if answer.status_code in (401, 403, 404):
            raise RootKeyError(f"{self.service} refused the root key: {answer.status_code}. Check CLOUDOPS_ROOT_KEY.")
        if answer.status_code != 200:
            raise RootKeyUnavailable(f"{self.service} does not answer just now: {answer.status_code}.")
        return _json(answer, self.service)


def _json(answer: httpx.Response, service: str) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        raise RootKeyUnavailable(f"{service} answered something that is not JSON.") from None
    if not isinstance(found, dict):
        raise RootKeyUnavailable(f"{service} answered something unexpected.")
    return found


def _decoded(value: object) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except binascii.Error:
        raise RootKeyError(_DOES_NOT_FIT) from None


class GoogleKmsRootKey(_HttpRootKey):
    """A symmetric key of Cloud KMS by its REST interface, with the token of the machine or pod that this runs on."""

    PREFIX = b"gcp-kms:"
    service = "Google Cloud KMS"

    def __init__(self, name: str, settings: Settings) -> None:
        if not name.startswith("projects/") or "/cryptoKeys/" not in name:
            raise RootKeyError("CLOUDOPS_ROOT_KEY: a Google key is gcp-kms:projects/…/cryptoKeys/<name>.")
        # The name that Google's own command line uses for another address of the service.
        base_url = os.environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS", GOOGLE_KMS).rstrip("/")
        super().__init__(base_url, settings)
        self._url = f"{base_url}/v1/{name}"
        self._token, self._token_ends_at = "", 0.0

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """Cloud KMS's own ciphertext after the prefix."""
        answer = await self._call("encrypt", context, plaintext=base64.b64encode(key).decode())
        return self.PREFIX + _decoded(answer.get("ciphertext"))

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key again. Raises RootKeyError, and RootKeyUnavailable when the service does not answer."""
        blob = base64.b64encode(_content(wrapped, self.PREFIX)).decode()
        return _checked(_decoded((await self._call("decrypt", context, ciphertext=blob)).get("plaintext")))

    async def _call(self, verb: str, context: bytes, **values: str) -> dict[str, Any]:
        body = values | {"additionalAuthenticatedData": base64.b64encode(context).decode()}
        headers = {"Authorization": f"Bearer {await self._access_token()}"}
        return await self._post(f"{self._url}:{verb}", body, headers)

    async def _access_token(self) -> str:
        if time.monotonic() < self._token_ends_at:
            return self._token
        host = os.environ.get("GCE_METADATA_HOST", METADATA_HOST)
        url = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/token"
        try:
            async with operator_client(url, self._settings) as client:
                answer = await client.get(url, headers={"Metadata-Flavor": "Google"}, timeout=TIMEOUT_SECONDS)
        except FAILURES as error:
            raise RootKeyUnavailable(f"Google's metadata server gives no token: {type(error).__name__}.") from None
        found = _json(answer, "Google's metadata server")
        if answer.status_code != 200 or not isinstance(found.get("access_token"), str):
            raise RootKeyUnavailable(f"Google's metadata server gives no token: {answer.status_code}.")
        self._token = found["access_token"]
        self._token_ends_at = time.monotonic() + float(found.get("expires_in", 0)) - TOKEN_MARGIN_SECONDS
        return self._token


class VaultRootKey(_HttpRootKey):
    """A key of Vault's or OpenBao's transit engine of an AEAD type; the token is CLOUDOPS_VAULT_TOKEN."""

    PREFIX = b"vault:"
    service = "Vault"

    def __init__(self, url: str, settings: Settings) -> None:
        mount, separator, name = url.rpartition("/keys/")
        try:
            address = parse_address(mount)
        except InvalidAddress:
            address = None
        if not separator or not name or "/" in name or address is None or not address.path.strip("/"):
            raise RootKeyError("CLOUDOPS_ROOT_KEY: a Vault key is vault:https://host:8200/transit/keys/<name>.")
        if settings.vault_token is None:
            raise RootKeyError("CLOUDOPS_VAULT_TOKEN is required for a root key in Vault.")
        super().__init__(mount, settings)
        self._mount, self._name = f"{address.origin}/v1{address.path.rstrip('/')}", name
        self._headers = {"X-Vault-Token": settings.vault_token.get_secret_value()}
        if namespace := os.environ.get("VAULT_NAMESPACE"):
            self._headers["X-Vault-Namespace"] = namespace

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """Vault's own text (`vault:v1:…`), which begins with the prefix."""
        answer = await self._call("encrypt", context, plaintext=base64.b64encode(key).decode())
        text = str(answer.get("ciphertext"))
        if not text.startswith("vault:v"):
            raise RootKeyUnavailable("Vault answered something unexpected.")
        return text.encode()

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key again. Raises RootKeyError, and RootKeyUnavailable when Vault does not answer."""
        _content(wrapped, self.PREFIX)
        answer = await self._call("decrypt", context, ciphertext=wrapped.decode(errors="replace"))
        return _checked(_decoded(answer.get("plaintext")))

    async def _call(self, verb: str, context: bytes, **values: str) -> dict[str, Any]:
        body = values | {"associated_data": base64.b64encode(context).decode()}
        answer = (await self._post(f"{self._mount}/{verb}/{self._name}", body, self._headers)).get("data")
        if not isinstance(answer, dict):
            raise RootKeyUnavailable("Vault answered something unexpected.")
        return answer
