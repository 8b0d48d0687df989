"""Messages that a cloud pushes to a hook: the handshakes, the signature of Google's pushes, and the events."""

import time
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey
from joserfc.jws import JWSRegistry

from app.core.clock import utc_now
from app.core.config import get_settings
from app.core.database import tenant_session
from app.core.egress import AddressNotAllowed, RequestFailed, fetch
from app.core.errors import InvalidInput, NotFound, Unauthenticated, Unavailable
from app.domains.accounts import service as accounts
from app.domains.inventory.models import EventSource
from app.domains.inventory.service.listening import store_events
from app.domains.inventory.service.sources import Hook
from app.providers.base import CloudEvent, ProviderError

GOOGLE = "https://www.googleapis.com"
KEYS_PATH = "/oauth2/v3/certs"
ISSUERS = ("https://accounts.google.com", "accounts.google.com")
ALGORITHMS = ["RS256"]
KEYS_SECONDS = 3_600.0
KEYS_AGAIN_SECONDS = 30.0  # between two looks for a key that is not in the set that we have
CLOCK_SECONDS = 60.0
MAX_MESSAGES = 5_000
VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"

_keys: dict[str, tuple[float, list[RSAKey]]] = {}


async def receive_push(hook: Hook, authorization: str | None, content: Any) -> dict[str, str] | None:
    """Store the events of one push. Returns what to answer to Azure's handshake, else None.

    Raises Unauthenticated (a signed token is asked for and none that is right came) and InvalidInput.
    """
    if hook.settings.get("audience"):
        await _check_token(hook, authorization)
    if (code := _validation_code(hook.provider, content)) is not None:
        return {"validationResponse": code}
    messages = content if isinstance(content, list) else [content]
    if len(messages) > MAX_MESSAGES or not all(isinstance(message, dict) for message in messages):
        raise InvalidInput("This is no message of the cloud's event service.")
    provider = accounts.get_provider(hook.provider)
    events: list[CloudEvent] = []
    for message in messages:
        try:
            events += provider.parse_events(message)
        except ProviderError as failure:
            raise InvalidInput(f"This is no message of the cloud's event service: {failure.message[:200]}") from None
    async with tenant_session(hook.organization_id) as session:
        source = await session.get(EventSource, (hook.organization_id, hook.source_id))
        if source is None:
            raise NotFound
        await store_events(session, hook.organization_id, source, events)
    return None


def _validation_code(provider: str, content: Any) -> str | None:
    """The code that Event Grid sends before it trusts an address (its own schema; CloudEvents use OPTIONS)."""
    if provider != "azure" or not isinstance(content, list) or not content or not isinstance(content[0], dict):
        return None
    if content[0].get("eventType") != VALIDATION:
        return None
    told = content[0].get("data")
    code = told.get("validationCode") if isinstance(told, dict) else None
    if not isinstance(code, str) or not 1 <= len(code) <= 200:
        raise InvalidInput("The handshake carries no validation code.")
    return code


async def _check_token(hook: Hook, authorization: str | None) -> None:
    """Google's OpenID token of a push (docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions)."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or token.count(".") != 2 or len(token) > 16_384 or not token.isascii():
        raise Unauthenticated("The push carries no signed token.")
    claims = await _signed_claims(hook, token)
    now = utc_now().timestamp()
    expires, issued = claims.get("exp"), claims.get("iat")
    in_time = isinstance(expires, int | float) and expires > now - CLOCK_SECONDS
    begun = not isinstance(issued, int | float) or issued < now + CLOCK_SECONDS
    wanted = hook.settings.get("email")
    is_sender = wanted is None or (claims.get("email") == wanted and claims.get("email_verified") is True)
    is_ours = claims.get("iss") in ISSUERS and claims.get("aud") == hook.settings["audience"]
    if not (in_time and begun and is_sender and is_ours):
        raise Unauthenticated("The push's token is not for this address.")


async def _signed_claims(hook: Hook, token: str) -> dict[str, Any]:
    url = await _keys_address(hook)
    try:
        key_id = jws.extract_compact(token.encode()).headers().get("kid")
        keys = [key for key in await _read_keys(url) if key.get("kid") == key_id]
        if not keys:
            keys = [key for key in await _read_keys(url, anew=True) if key.get("kid") == key_id]
        if len(keys) != 1:
            raise Unauthenticated("The push's token is not signed by Google.")
        signed = jws.deserialize_compact(
            token, keys[0], algorithms=ALGORITHMS, registry=JWSRegistry(algorithms=ALGORITHMS)
        )
        claims = orjson.loads(signed.payload or b"")
    except (JoseError, ValueError):
        raise Unauthenticated("The push's token is not signed by Google.") from None
    if not isinstance(claims, dict):
        raise Unauthenticated("The push's token is not signed by Google.")
    return claims


async def _keys_address(hook: Hook) -> str:
    """Google's keys, or those of the server that stands for Google in this account."""
    async with tenant_session(hook.organization_id) as session:
        account = await accounts.read_account(session, hook.organization_id, hook.account_id)
    return f"{account.endpoint_url or GOOGLE}{KEYS_PATH}"


async def _read_keys(url: str, *, anew: bool = False) -> list[RSAKey]:
    at, keys = _keys.get(url, (float("-inf"), []))
    if time.monotonic() - at < (KEYS_AGAIN_SECONDS if anew else KEYS_SECONDS):
        return keys
    try:
        answer = await fetch("GET", url, get_settings(), headers={"Accept": "application/json"})
        given = orjson.loads(answer.body).get("keys", []) if answer.status == 200 and not answer.cut else None
    except (RequestFailed, AddressNotAllowed, ValueError, AttributeError):
        given = None
    if not isinstance(given, list):
        raise Unavailable("Google's keys cannot be read now.", retry_after_seconds=30)
    found = [
        key
        for entry in given[:50]
        if isinstance(entry, dict) and entry.get("kty") == "RSA"
        for key in KeySet.import_key_set({"keys": [entry]}).keys
        if isinstance(key, RSAKey)
    ]
    _keys[url] = (time.monotonic(), found)
    return found
