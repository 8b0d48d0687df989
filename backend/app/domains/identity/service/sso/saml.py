"""SAML 2.0 sign-in as a service provider: our request by redirect, the provider's answer by post, nothing unasked."""

import base64
import hashlib
import secrets
import zlib
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID
from xml.sax.saxutils import escape, quoteattr

from app.core import clock
from app.core.config import Settings
from app.core.database import directory_session
from app.core.egress import AddressNotAllowed, check_address
from app.core.http import Caller
from app.domains.identity.models import IdentityConnection
from app.domains.identity.rules.sso import SKEW_SECONDS, Assertion, Refused, check_freshness, has_mfa, local_path
from app.domains.identity.schemas.sso import SamlConfig
from app.domains.identity.service.sessions import Origin
from app.domains.identity.service.sso.addresses import consumer_url, entity_id
from app.domains.identity.service.sso.admission import Finished, admit, find_connection, refuse
from app.domains.identity.service.sso.saml_xml import SAML, SAMLP, SamlExpectation, SamlFacts, read_response
from app.domains.identity.service.sso.tickets import (
    SignInState,
    Started,
    hash_binding,
    keep_state,
    new_binding,
    take_state,
)

POST_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
MICROSOFT_METHODS = "http://schemas.microsoft.com/claims/authnmethodsreferences"


async def start_saml(
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
    connection = await find_connection(connection_id, "saml")
    try:
        return await _start(settings, connection, return_to=return_to, fresh=fresh, binding=binding, link=link)
    except Refused as refusal:
        raise await refuse(connection, refusal.cause, origin) from None


async def finish_saml(
    settings: Settings, connection_id: UUID, *, response: str, relay_state: str, binding: str | None, origin: Origin
) -> Finished:
    """Check the provider's answer and sign in. Raises ProviderSignInFailed, whatever was wrong."""
    connection = await find_connection(connection_id, "saml")
    try:
        state = await take_state(relay_state, connection_id=connection_id, binding=binding)
        config = SamlConfig.model_validate(connection.config)
        wanted = SamlExpectation(
            entity_id=config.entity_id,
            audience=entity_id(settings, connection_id),
            consumer_url=consumer_url(settings, connection_id),
            request_id=state.request_id,
            certificates=config.certificates,
        )
        now = clock.utc_now().timestamp()
        facts = read_response(response, wanted, now)
        assertion = _assertion_of(connection, config, facts, state, now)
        used = (
            hashlib.sha256(f"assertion\x00{facts.assertion_id}".encode()).digest(),
            datetime.fromtimestamp(facts.expires_at + SKEW_SECONDS, UTC),
        )
        return await admit(settings, connection, assertion, state, origin, used=used)
    except Refused as refusal:
        raise await refuse(connection, refusal.cause, origin) from None


async def saml_metadata(settings: Settings, connection_id: UUID) -> bytes:
    """Our metadata for a connection's provider. Raises ProviderSignInFailed for one that does not exist."""
    await find_connection(connection_id, "saml")
    name, consumer = quoteattr(entity_id(settings, connection_id)), quoteattr(consumer_url(settings, connection_id))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
        f" entityID={name}>\n"
        f'  <md:SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true"'
        f' protocolSupportEnumeration="{SAMLP}">\n'
        "    <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>\n"
        f'    <md:AssertionConsumerService Binding="{POST_BINDING}" Location={consumer} index="0" isDefault="true"/>\n'
        "  </md:SPSSODescriptor>\n</md:EntityDescriptor>\n"
    ).encode()


async def _start(
    settings: Settings,
    connection: IdentityConnection,
    *,
    return_to: str | None,
    fresh: bool,
    binding: str | None,
    link: Caller | None,
) -> Started:
    config = SamlConfig.model_validate(connection.config)
    try:
        await check_address(config.sso_url, settings)
    except AddressNotAllowed:
        raise Refused("sso-address") from None
    now, cookie, request_id = clock.utc_now(), new_binding(binding), f"_{secrets.token_hex(32)}"
    state = SignInState(
        connection_id=str(connection.id),
        organization_id=str(connection.organization_id),
        nonce="",
        verifier="",
        return_to=local_path(return_to),
        started_at=now.timestamp(),
        fresh=fresh,
        binding_hash=hash_binding(cookie),
        request_id=request_id,
        link_user_id=str(link.user_id) if link else None,
        link_session_id=str(link.session_id) if link else None,
    )
    async with directory_session() as session:
        token = await keep_state(session, state)
    request = (
        f'<samlp:AuthnRequest xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{request_id}" Version="2.0"'
        f' IssueInstant="{now:%Y-%m-%dT%H:%M:%SZ}" Destination={quoteattr(config.sso_url)}'
        f" AssertionConsumerServiceURL={quoteattr(consumer_url(settings, connection.id))}"
        f' ProtocolBinding="{POST_BINDING}"{" ForceAuthn=" + quoteattr("true") if fresh else ""}>'
        f"<saml:Issuer>{escape(entity_id(settings, connection.id))}</saml:Issuer></samlp:AuthnRequest>"
    )
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(deflate.compress(request.encode()) + deflate.flush()).decode()
    separator = "&" if "?" in config.sso_url else "?"
    query = urlencode({"SAMLRequest": packed, "RelayState": token})
    return Started(location=config.sso_url + separator + query, binding=cookie, kind="saml")


def _assertion_of(
    connection: IdentityConnection, config: SamlConfig, facts: SamlFacts, state: SignInState, now: float
) -> Assertion:
    methods = facts.attributes.get(MICROSOFT_METHODS, ())
    mfa = has_mfa((), (*facts.contexts, *methods), config.mfa_contexts)
    check_freshness(
        facts.authenticated_at,
        mfa=mfa,
        require_mfa=connection.require_mfa,
        fresh_since=state.started_at if state.fresh else None,
        now=now,
    )
    emails, names = facts.attributes.get(config.email_attribute, ()), facts.attributes.get(config.name_attribute, ())
    name = " ".join(names)
    return Assertion(
        subject=facts.subject,
        email=emails[0] if len(emails) == 1 else None,
        email_verified=True,
        name=name if name.isprintable() else "",
        groups=facts.attributes.get(config.groups_attribute),
        mfa=mfa,
        authenticated_at=facts.authenticated_at,
        issued_at=facts.issued_at,
        provider_session=facts.session_index[:255] if facts.session_index else None,
    )
