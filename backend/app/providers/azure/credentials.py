"""Signing in: client secret, certificate, federated token, the machine's own identity; a fixed token on loopback."""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import orjson

from app.providers.azure.clouds import Cloud, is_plain_loopback
from app.providers.azure.errors import AzureError, from_answer, from_exception
from app.providers.base import Connection, ErrorKind

_EARLY_SECONDS = 300  # a token is renewed this long before it ends
_MAX_ASSERTION_BYTES = 16_384
_SIGN_IN = "oauth2/v2.0/token"


class TokenCredential(Protocol):
    """What azure-identity's classes are to us."""

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """With `token` and `expires_on`."""


class TokenSource:
    """The connection's access token, renewed before it ends. `make` gives a credential that remembers nothing yet."""

    def __init__(self, make: Callable[[], TokenCredential], scope: str) -> None:
        self._make, self._scope = make, scope
        self._credential = make()
        self._lock = threading.Lock()
        self._token, self._expires_on = "", 0.0

    def token(self, *, refused: str = "") -> str:
        """A valid token; `refused` is one that the service did not take and is not given again. Raises AzureError."""
        with self._lock:
            if self._token and self._token != refused and self._expires_on - _EARLY_SECONDS > time.time():
                return self._token
            if refused and self._token == refused:
                self._credential = self._make()  # the old one would answer from its cache
            try:
                found = self._credential.get_token(self._scope)
            except Exception as error:
                raise _sign_in_error(error) from error
            self._token, self._expires_on = str(found.token), float(found.expires_on)
            return self._token


def make_token_source(connection: Connection, cloud: Cloud, verify: str | bool, scope: str = "") -> TokenSource:
    """`verify` is a file of trusted authorities, or True for the usual ones; `scope` of another service than ARM.

    Raises AzureError.
    """
    scope = scope or cloud.token_scope
    credentials = connection.credentials
    kind = str(credentials.get("kind", ""))
    fixed = credentials.get("static_token") or (credentials.get("token") if kind == "static_token" else None)
    if fixed:
        if not is_plain_loopback(connection.endpoint_url or ""):
            raise _bad("a fixed token is only taken for an http endpoint on this machine")
        return TokenSource(lambda: _FixedToken(str(fixed)), scope)
    if kind not in _MAKERS:
        raise _bad(f"there are no Azure credentials of the kind {kind!r}")
    options: dict[str, Any] = {"authority": cloud.authority, "connection_verify": verify, "retry_total": 2}
    if connection.credentials.get("authority_url") or connection.endpoint_url:
        options["disable_instance_discovery"] = True  # it would ask the public cloud about an address it cannot know
    try:
        if kind == "client_secret" and is_plain_loopback(cloud.authority):
            return TokenSource(lambda: _PlainSecret(credentials, cloud), scope)
        return TokenSource(lambda: _MAKERS[kind](credentials, options), scope)
    except (ValueError, TypeError, KeyError) as error:
        raise _bad(f"the credentials cannot be used ({type(error).__name__})") from error


class _FixedToken:
    def __init__(self, token: str) -> None:
        self.token, self.expires_on = token, 2**40

    def get_token(self, *_: str, **__: Any) -> Any:
        return self


class _PlainSecret:
    """The client credentials grant over http on loopback, where azure-identity insists on https."""

    def __init__(self, credentials: Mapping[str, Any], cloud: Cloud) -> None:
        self._form = {
            "grant_type": "client_credentials",
            "client_id": str(credentials["client_id"]),
            "client_secret": str(credentials["client_secret"]),
        }
        self._url = f"{cloud.authority}/{credentials['tenant_id']}/{_SIGN_IN}"
        self.token, self.expires_on = "", 0.0

    def get_token(self, *scopes: str, **_: Any) -> Any:
        from azure.core.pipeline.transport import RequestsTransport
        from azure.core.rest import HttpRequest

        request = HttpRequest("POST", self._url, data={**self._form, "scope": scopes[0]})
        with RequestsTransport(connection_timeout=10, read_timeout=30) as transport:
            answer = transport.send(request)
            body = answer.read()
        if answer.status_code >= 500 or answer.status_code == 429:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            raise from_answer(answer.status_code, body, headers, _SIGN_IN, None)
        try:
            content = orjson.loads(body)
            if answer.status_code != 200:
                raise _bad(str(content.get("error_description") or content.get("error") or "signing in failed"))
            self.token, self.expires_on = str(content["access_token"]), time.time() + float(content["expires_in"])
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise AzureError(ErrorKind.INVALID_ANSWER, "the sign-in answer could not be read", call=_SIGN_IN) from error
        return self


def _secret(credentials: Mapping[str, Any], options: Mapping[str, Any]) -> TokenCredential:
    from azure.identity import ClientSecretCredential

    return ClientSecretCredential(
        str(credentials["tenant_id"]), str(credentials["client_id"]), str(credentials["client_secret"]), **options
    )


def _certificate(credentials: Mapping[str, Any], options: Mapping[str, Any]) -> TokenCredential:
    from azure.identity import CertificateCredential

    return CertificateCredential(
        str(credentials["tenant_id"]),
        str(credentials["client_id"]),
        certificate_data=str(credentials["certificate"]).encode(),
        password=credentials.get("password") or None,
        **options,
    )


def _federated(credentials: Mapping[str, Any], options: Mapping[str, Any]) -> TokenCredential:
    from azure.identity import ClientAssertionCredential

    path = str(credentials["token_file"])
    return ClientAssertionCredential(
        str(credentials["tenant_id"]), str(credentials["client_id"]), lambda: read_assertion(path), **options
    )


def _ambient(credentials: Mapping[str, Any], options: Mapping[str, Any]) -> TokenCredential:
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(**options)


_MAKERS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], TokenCredential]] = {
    "client_secret": _secret,
    "certificate": _certificate,
    "federated": _federated,
    "ambient": _ambient,
}


def read_assertion(path: str) -> str:
    """The token in the file, read at each use because it is replaced there. Raises AzureError.

    Only what looks like a JWT is sent on: the path is a user's, and another file must not leave the machine.
    """
    try:
        with Path(path).open("rb") as file:
            text = file.read(_MAX_ASSERTION_BYTES).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _bad("the federated token file cannot be read") from error
    parts = text.split(".")
    if len(parts) != 3 or not all(part and part.replace("-", "").replace("_", "").isalnum() for part in parts):
        raise _bad("the federated token file holds no token")
    return text


def _bad(message: str) -> AzureError:
    return AzureError(ErrorKind.BAD_CREDENTIALS, message, call=_SIGN_IN)


def _sign_in_error(error: Exception) -> AzureError:
    found = from_exception(error, _SIGN_IN)
    if found.kind is ErrorKind.INVALID_ANSWER and isinstance(error, ValueError):
        return _bad("the credentials cannot be used (ValueError)")
    return found
