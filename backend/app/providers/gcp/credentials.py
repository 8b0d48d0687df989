"""The three kinds of credentials, as google-auth's own objects, and where each may send what it holds."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.providers.base import Connection, ErrorKind
from app.providers.gcp.errors import GcpError, translate

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
_GOOGLE_HOSTS = re.compile(r"[a-z0-9.-]+\.googleapis\.com|accounts\.google\.com")
# Each address of a federation is one service's own: at another of Google's hosts, such as a bucket that takes uploads,
# whoever wrote the configuration could pick up the machine's token. Regional, mutual TLS and private endpoints count.
_FEDERATION_HOSTS = {
    name: re.compile(rf"{service}(\.mtls|\.[a-z0-9-]+\.rep|-[a-z0-9-]+\.p)?\.googleapis\.com")
    for name, service in (
        ("token_url", "sts"),
        ("token_info_url", "sts"),
        ("service_account_impersonation_url", "iamcredentials"),
    )
}
# Where a machine's own identity comes from: Azure's and AWS's metadata, and nothing else of a private network.
_METADATA_HOSTS = frozenset({"169.254.169.254", "fd00:ec2::254", "metadata.google.internal"})


def make_credentials(connection: Connection) -> tuple[Any, str]:
    """The credentials and the project that they are of, empty where they do not say. Raises GcpError."""
    given = connection.credentials
    try:
        match given.get("kind"):
            case "service_account":
                return _service_account(connection, _document(given.get("key"), "key"))
            case "workload_identity":
                return _external_account(connection, _document(given.get("config"), "config"))
            case "ambient":
                import google.auth

                found, project = google.auth.default(scopes=list(SCOPES))
                return found, project or ""
            case unknown:
                raise GcpError(ErrorKind.BAD_CREDENTIALS, f"unknown kind of credentials {unknown!r}")
    except GcpError:
        raise
    except Exception as error:
        raise translate(error if not isinstance(error, ValueError) else _unusable(), "oauth2.token") from error


def identity_of(credentials: Any) -> str:
    """The e-mail address or audience that calls are made as; empty where the library does not know it."""
    for name in ("service_account_email", "signer_email", "_audience"):
        value = getattr(credentials, name, None)
        if isinstance(value, str) and value and value != "default":
            return value
    return ""


def _service_account(connection: Connection, key: Mapping[str, Any]) -> tuple[Any, str]:
    from google.oauth2 import service_account

    for name in ("client_email", "private_key", "token_uri"):
        if not isinstance(key.get(name), str) or not key[name]:
            raise GcpError(ErrorKind.BAD_CREDENTIALS, f"the key has no {name}")
    _check_address(connection, str(key["token_uri"]), "token_uri")
    made = service_account.Credentials.from_service_account_info(dict(key), scopes=list(SCOPES))  # type: ignore[no-untyped-call]
    project = key.get("project_id")
    return made, project if isinstance(project, str) else ""


def _external_account(connection: Connection, config: Mapping[str, Any]) -> tuple[Any, str]:
    """Raises GcpError for a configuration that would run a program, or send a token to a stranger."""
    from google.auth import identity_pool

    if config.get("type") != "external_account":
        raise GcpError(ErrorKind.BAD_CREDENTIALS, "the configuration is not of type external_account")
    source = config.get("credential_source")
    if not isinstance(source, Mapping) or not ("file" in source) ^ ("url" in source) or "executable" in source:
        raise GcpError(ErrorKind.BAD_CREDENTIALS, "the credential source must be a file or an address")
    for name, hosts in _FEDERATION_HOSTS.items():
        if config.get(name):
            _check_address(connection, str(config[name]), name, hosts)
    address = source.get("url")
    if address is not None and urlsplit(str(address)).hostname not in _METADATA_HOSTS:
        _check_address(connection, str(address), "url")
    # Not google-auth's general loader: it runs programs, and asks Google for the project before anything else.
    made = identity_pool.Credentials.from_info(dict(config), scopes=list(SCOPES))  # type: ignore[no-untyped-call]
    return made, ""


def _check_address(connection: Connection, address: str, name: str, hosts: re.Pattern[str] = _GOOGLE_HOSTS) -> None:
    """Google's own hosts over https, or the address that was allowed for this connection."""
    if connection.endpoint_url:
        allowed, wanted = urlsplit(connection.endpoint_url), urlsplit(address)
        if (allowed.scheme, allowed.netloc) == (wanted.scheme, wanted.netloc):
            return
    parts = urlsplit(address)
    if parts.scheme == "https" and hosts.fullmatch(parts.hostname or ""):
        return
    raise GcpError(ErrorKind.BAD_CREDENTIALS, f"{name} is not an address of Google or of this connection")


def _document(value: Any, name: str) -> Mapping[str, Any]:
    """An object, also one that was pasted as text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, Mapping):
        raise GcpError(ErrorKind.BAD_CREDENTIALS, f"{name} is missing or is not a JSON object")
    return value


def _unusable() -> GcpError:
    return GcpError(ErrorKind.BAD_CREDENTIALS, "the key or configuration cannot be read", call="oauth2.token")


def trusted_bundle(extra: str, made_at: Path) -> None:
    """Write the usual authorities and the extra ones into one file."""
    import certifi

    made_at.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + Path(extra).read_bytes())
