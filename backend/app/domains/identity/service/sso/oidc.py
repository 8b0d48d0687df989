"""OpenID Connect sign-in: authorization code with PKCE, and nothing else.

No transaction is open while a provider is waited for.
"""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote, urlencode
from uuid import UUID

import orjson

from app.core import clock
from app.core.config import Settings
from app.core.database import directory_session, tenant_session
from app.core.egress import AddressNotAllowed, RequestFailed, fetch
from app.core.http import Caller
from app.core.secrets import SecretUnreadable
from app.domains.identity.models import IdentityConnection
from app.domains.identity.rules.sso import (
    MFA_AGE_SECONDS,
    Refused,
    TokenExpectation,
    challenge_of,
    check_id_token,
    check_response_issuer,
    local_path,
)
from app.domains.identity.schemas.sso import OidcConfig
from app.domains.identity.service.sessions import Origin
from app.domains.identity.service.sso import provider
from app.domains.identity.service.sso.addresses import redirect_uri
from app.domains.identity.service.sso.admission import Finished, admit, find_connection, refuse
from app.domains.identity.service.sso.connections import open_secret
from app.domains.identity.service.sso.provider import Metadata, read_metadata, verified_claims
from app.domains.identity.service.sso.tickets import (
    SignInState,
    Started,
    hash_binding,
    keep_state,
    new_binding,
    take_state,
)

MAX_CODE = 4_096


async def start_oidc(
    settings: Settings,
    connection_id: UUID,
    *,
    return_to: str | None,
    fresh: bool,
    binding: str | None,
    origin: Origin,
    link: Caller | None = None,
) -> Started:
    """Begin to sign in, or to link the caller. `fresh` asks the provider to prove the person anew.

    Raises ProviderSignInFailed.
    """
    connection = await find_connection(connection_id, "oidc")
    try:
        return await _start(settings, connection, return_to=return_to, fresh=fresh, binding=binding, link=link)
    except Refused as refusal:
        raise await refuse(connection, refusal.cause, origin) from None


async def finish_oidc(
    settings: Settings, connection_id: UUID, answer: Mapping[str, str], *, binding: str | None, origin: Origin
) -> Finished:
    """Check the provider's answer and sign in. Raises ProviderSignInFailed, whatever was wrong."""
    connection = await find_connection(connection_id, "oidc")
    try:
        state = await take_state(answer.get("state", ""), connection_id=connection_id, binding=binding)
        return await _finish(settings, connection, state, answer, origin)
    except Refused as refusal:
        raise await refuse(connection, refusal.cause, origin) from None


async def _start(
    settings: Settings,
    connection: IdentityConnection,
    *,
    return_to: str | None,
    fresh: bool,
    binding: str | None,
    link: Caller | None,
) -> Started:
    config = OidcConfig.model_validate(connection.config)
    metadata = await read_metadata(settings, config.issuer)
    cookie, verifier, nonce = new_binding(binding), secrets.token_urlsafe(48), secrets.token_urlsafe(32)
    state = SignInState(
        connection_id=str(connection.id),
        organization_id=str(connection.organization_id),
        nonce=nonce,
        verifier=verifier,
        return_to=local_path(return_to),
        started_at=clock.utc_now().timestamp(),
        fresh=fresh,
        binding_hash=hash_binding(cookie),
        link_user_id=str(link.user_id) if link else None,
        link_session_id=str(link.session_id) if link else None,
    )
    async with directory_session() as session:
        token = await keep_state(session, state)
    query = {
        "response_type": "code",
        "client_id": config.client_id,
        "redirect_uri": redirect_uri(settings, connection.id),
        "scope": " ".join(config.scopes),
        "state": token,
        "nonce": nonce,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }
    if fresh:
        query |= {"prompt": "login", "max_age": "0"}
    elif connection.require_mfa:
        query["max_age"] = str(int(MFA_AGE_SECONDS))
    if connection.require_mfa and config.mfa_contexts:
        query["acr_values"] = " ".join(config.mfa_contexts)
    separator = "&" if "?" in metadata.authorization_endpoint else "?"
    return Started(location=metadata.authorization_endpoint + separator + urlencode(query), binding=cookie, kind="oidc")


async def _finish(
    settings: Settings, connection: IdentityConnection, state: SignInState, answer: Mapping[str, str], origin: Origin
) -> Finished:
    config = OidcConfig.model_validate(connection.config)
    metadata = await read_metadata(settings, config.issuer)
    check_response_issuer(answer.get("iss"), config.issuer, promised=metadata.promises_response_issuer)
    if "error" in answer:
        raise Refused("provider-error")
    code = answer.get("code", "")
    if not 0 < len(code) <= MAX_CODE or not code.isprintable():
        raise Refused("code")
    tokens = await _exchange(settings, connection, config, metadata, code, state.verifier)
    access_token = tokens.get("access_token")
    claims = await verified_claims(settings, metadata, tokens.get("id_token"), config.signing_algorithm)
    assertion = check_id_token(
        claims,
        TokenExpectation(
            issuer=config.issuer,
            client_id=config.client_id,
            nonce=state.nonce,
            algorithm=config.signing_algorithm,
            access_token=access_token if isinstance(access_token, str) else None,
            subject_claim=config.subject_claim,
            groups_claim=config.groups_claim,
            require_mfa=connection.require_mfa,
            mfa_contexts=config.mfa_contexts,
            fresh_since=state.started_at if state.fresh else None,
        ),
        clock.utc_now().timestamp(),
    )
    return await admit(settings, connection, assertion, state, origin)


async def _exchange(
    settings: Settings,
    connection: IdentityConnection,
    config: OidcConfig,
    metadata: Metadata,
    code: str,
    verifier: str,
) -> dict[str, object]:
    """Trade the code for tokens. Raises Refused."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri(settings, connection.id),
        "code_verifier": verifier,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    secret = await _client_secret(connection)
    if secret is None:
        form["client_id"] = config.client_id
    elif config.token_auth == "client_secret_post":  # noqa: S105 - a method
        form |= {"client_id": config.client_id, "client_secret": secret}
    else:
        pair = f"{quote(config.client_id, safe='')}:{quote(secret, safe='')}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    try:
        answer = await fetch(
            "POST",
            metadata.token_endpoint,
            settings,
            headers=headers,
            content=urlencode(form).encode(),
            timeout_seconds=provider.TIMEOUT_SECONDS,
        )
    except AddressNotAllowed:
        raise Refused("token-address") from None
    except RequestFailed as failure:
        raise Refused(f"token-{failure.reason.replace('_', '-')}") from None
    if answer.status != 200 or answer.cut:
        raise Refused("token-answer")
    try:
        tokens = orjson.loads(answer.body)
    except ValueError:
        raise Refused("token-answer") from None
    if not isinstance(tokens, dict):
        raise Refused("token-answer")
    return tokens


async def _client_secret(connection: IdentityConnection) -> str | None:
    async with tenant_session(connection.organization_id) as session:
        try:
            secret = await open_secret(session, connection)
        except SecretUnreadable:
            raise Refused("secret-unreadable") from None
    return secret.reveal() if secret is not None else None
