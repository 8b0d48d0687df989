"""Back-channel logout: the provider tells us that a session of its own, or a person's all, have ended."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.core import clock
from app.core.config import Settings
from app.core.database import tenant_session
from app.core.events import publish
from app.core.ids import new_id
from app.domains.identity.events import ProviderLoggedOut
from app.domains.identity.models import ProviderLogout
from app.domains.identity.queries import sso as reads
from app.domains.identity.rules.sso import (
    LOGOUT_KEPT,
    LOGOUT_TOKEN_TYPE,
    MAX_TOKEN_AGE_SECONDS,
    SKEW_SECONDS,
    Refused,
    check_logout_token,
)
from app.domains.identity.schemas.sso import OidcConfig
from app.domains.identity.service.sessions import Origin
from app.domains.identity.service.sso.admission import find_connection, refuse
from app.domains.identity.service.sso.ending import end_connection_sessions
from app.domains.identity.service.sso.provider import read_metadata, verified_claims


async def log_out_at_provider(settings: Settings, connection_id: UUID, token: str, *, origin: Origin) -> int:
    """Check a logout token and end the sessions that it names; how many. Raises ProviderSignInFailed."""
    connection = await find_connection(connection_id, "oidc")
    config = OidcConfig.model_validate(connection.config)
    now = clock.utc_now()
    try:
        metadata = await read_metadata(settings, config.issuer)
        claims = await verified_claims(
            settings, metadata, token, config.signing_algorithm, token_type=LOGOUT_TOKEN_TYPE
        )
        check_logout_token(claims, issuer=config.issuer, client_id=config.client_id, now=now.timestamp())
        used_until = now + timedelta(seconds=MAX_TOKEN_AGE_SECONDS + SKEW_SECONDS)
        async with tenant_session(connection.organization_id) as session:
            used_hash = hashlib.sha256(f"logout\x00{claims['jti']}".encode("utf-8", "replace")).digest()
            if not await reads.mark_used(session, connection.organization_id, connection.id, used_hash, used_until):
                raise Refused("replayed")
            provider_session, subject = claims.get("sid"), claims.get("sub")
            user_id = None
            if subject is not None:
                find = reads.find_identity if config.subject_claim == "sub" else reads.find_identity_at_logout
                known = await find(session, connection.organization_id, connection.id, str(subject))
                user_id = known.user_id if known else None
            ended = 0
            if provider_session is not None or user_id is not None:
                ended = await end_connection_sessions(
                    session,
                    settings,
                    connection,
                    reason="provider_logout",
                    provider_session=provider_session,
                    user_id=user_id if provider_session is None else None,
                    origin=origin,
                )
            session.add(
                ProviderLogout(
                    organization_id=connection.organization_id,
                    id=new_id(),
                    connection_id=connection.id,
                    provider_session=provider_session,
                    subject=subject,
                    ended_sessions=ended,
                    at=datetime.fromtimestamp(float(claims["iat"]), UTC),
                    expires_at=now + LOGOUT_KEPT,
                )
            )
            await session.flush()
            await publish(
                session,
                ProviderLoggedOut(
                    organization_id=connection.organization_id,
                    connection_id=connection.id,
                    connection_name=connection.name,
                    actor_kind="provider",
                    ended_sessions=ended,
                    client_address=origin.client_address,
                    user_agent=origin.user_agent,
                ),
            )
    except Refused as refusal:
        raise await refuse(connection, refusal.cause, origin) from None
    return ended
