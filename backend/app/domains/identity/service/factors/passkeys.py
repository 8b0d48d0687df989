"""Passkeys (WebAuthn level 3). Origin and RP id come from `CLOUDOPS_PUBLIC_URL`, a challenge is a single-use ticket.

The library checks origin, RP id, challenge, presence, verification of the person and the signature; whose passkey it
is, what the challenge was for and the count of uses are checked here.
"""

import base64
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, ParamSpec, TypeVar
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import options_to_json_dict, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.core import clock
from app.core.config import Settings
from app.core.database import directory_session
from app.core.directory import DirectoryEntry, directory_hash
from app.core.ids import new_id
from app.core.tickets import issue_ticket, take_ticket
from app.domains.identity.errors import PasskeyRefused, TooManyFactors
from app.domains.identity.models import Passkey
from app.domains.identity.queries import factors as reads
from app.domains.identity.rules import factors as rules

P = ParamSpec("P")
T = TypeVar("T")
logger = logging.getLogger(__name__)
Purpose = Literal["registration", "sign-in", "mfa", "step-up"]
PRODUCT = "CloudOps Pro"
MAX_CREDENTIAL_ID = 1_023  # bytes, of the specification
_TRANSPORTS = {transport.value for transport in AuthenticatorTransport}


@dataclass(frozen=True, kw_only=True)
class PasskeyOptions:
    """A ticket, and what the browser needs."""

    ticket: str
    public_key: dict[str, Any]


async def issue_request(
    session: AsyncSession, settings: Settings, purpose: Purpose, *, user_id: UUID | None, bound_to: str
) -> PasskeyOptions:
    """Options of `navigator.credentials.get()`; without a person the browser offers what it has.

    `bound_to` is the session or token that the answer has to come with.
    """
    rp_id, _ = rules.relying_party(settings.public_url)
    challenge = secrets.token_bytes(32)
    known = await reads.list_passkeys(session, user_id) if user_id else ()
    options = generate_authentication_options(
        rp_id=rp_id,
        challenge=challenge,
        timeout=int(rules.CHALLENGE_LIFETIME.total_seconds() * 1000),
        allow_credentials=[_descriptor(row) for row in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    ticket = await _issue(session, purpose, challenge, user_id, bound_to)
    return PasskeyOptions(ticket=ticket, public_key=options_to_json_dict(options))


async def issue_registration(
    session: AsyncSession, settings: Settings, *, user_id: UUID, email: str, name: str, bound_to: str
) -> PasskeyOptions:
    """Options of `navigator.credentials.create()`. Raises TooManyFactors."""
    known = await reads.list_passkeys(session, user_id)
    if len(known) >= rules.MAX_FACTORS_OF_A_KIND:
        raise TooManyFactors
    rp_id, _ = rules.relying_party(settings.public_url)
    challenge = secrets.token_bytes(32)
    options = generate_registration_options(
        rp_id=rp_id,
        rp_name=PRODUCT,
        user_id=user_id.bytes,
        user_name=email,
        user_display_name=name or email,
        challenge=challenge,
        timeout=int(rules.CHALLENGE_LIFETIME.total_seconds() * 1000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[_descriptor(row) for row in known],
    )
    ticket = await _issue(session, "registration", challenge, user_id, bound_to)
    return PasskeyOptions(ticket=ticket, public_key=options_to_json_dict(options))


async def take_challenge(purpose: Purpose, ticket: str, *, user_id: UUID | None, bound_to: str) -> bytes | None:
    """The challenge of a ticket for exactly this purpose, person and session; None for any other.

    Own transaction: the ticket is used up whatever becomes of the answer.
    """
    async with directory_session() as session:
        taken = await take_ticket(session, f"passkey-{purpose}", ticket)
    if taken is None or taken.subject_id != user_id or taken.content["bound_to"] != bound_to:
        return None
    return base64.b64decode(taken.content["challenge"])


async def add_passkey(
    session: AsyncSession,
    settings: Settings,
    *,
    user_id: UUID,
    name: str,
    challenge: bytes,
    credential: dict[str, Any],
) -> Passkey:
    """Store a new passkey. The session must be bound to the person. Raises PasskeyRefused."""
    rp_id, origin = rules.relying_party(settings.public_url)
    verified = _checked(
        verify_registration_response,
        credential=credential,
        expected_challenge=challenge,
        expected_rp_id=rp_id,
        expected_origin=origin,
        require_user_verification=True,
    )
    if verified is None:
        raise PasskeyRefused
    if len(verified.credential_id) > MAX_CREDENTIAL_ID or not await _claim(session, verified.credential_id, user_id):
        raise PasskeyRefused
    transports = credential.get("response", {}).get("transports")
    row = Passkey(
        id=new_id(),
        user_id=user_id,
        name=name,
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        transports=sorted(_TRANSPORTS & {str(one) for one in transports}) if isinstance(transports, list) else [],
        backed_up=verified.credential_backed_up,
        created_at=clock.utc_now(),
    )
    session.add(row)
    await session.flush()
    return row


def read_credential(credential: dict[str, Any]) -> AuthenticationCredential | None:
    """The browser's answer, parsed; None when it is not one."""
    parsed = _checked(parse_authentication_credential_json, credential)
    return parsed if parsed is not None and 0 < len(parsed.raw_id) <= MAX_CREDENTIAL_ID else None


async def use_passkey(
    session: AsyncSession,
    settings: Settings,
    user_id: UUID,
    challenge: bytes,
    credential: AuthenticationCredential,
    *,
    name_required: bool = False,
) -> bool:
    """Whether the answer is right and of a passkey of this person. The session must be bound to the person.

    `name_required`: the answer itself has to name the person, as it does where they typed no name.
    """
    row = await reads.find_passkey_by_credential(session, user_id, credential.raw_id)
    named = credential.response.user_handle
    if row is None or (named != user_id.bytes and (name_required or named)):
        return False
    rp_id, origin = rules.relying_party(settings.public_url)
    verified = _checked(
        verify_authentication_response,
        credential=credential,
        expected_challenge=challenge,
        expected_rp_id=rp_id,
        expected_origin=origin,
        credential_public_key=row.public_key,
        credential_current_sign_count=row.sign_count,
        require_user_verification=True,
    )
    if verified is None:
        return False
    count = verified.new_sign_count
    taken = await session.execute(
        update(Passkey)
        # Authenticators that do not count say 0 for ever; any other has to go up, or there is a copy of it.
        .where(Passkey.id == row.id, Passkey.sign_count < count if count else Passkey.sign_count == 0)
        .values(sign_count=count, last_used_at=clock.utc_now(), backed_up=verified.credential_backed_up)
        .returning(Passkey.id)
        .execution_options(synchronize_session=False)
    )
    return taken.first() is not None


def _checked(check: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T | None:
    """What the library says of a stranger's bytes; None when it refuses them.

    The library refuses by its own errors, but what CBOR, ASN.1, base64 and key parsers below it raise for bytes made
    to break them is not a closed list (KeyError, struct.error, UnicodeDecodeError, RecursionError …).
    None of them may become an answer 500, or a way in, so all of them mean no; the log has the class of the unexpected.
    """
    try:
        return check(*arguments, **options)
    except WebAuthnException:
        return None
    except Exception as error:  # noqa: BLE001  # see above
        logger.warning("a passkey answer broke a parser: %s", type(error).__name__)
        return None


async def remove_passkey(session: AsyncSession, row: Passkey) -> None:
    """Remove a passkey and its way in."""
    place = directory_hash("passkey", row.credential_id.hex())
    await session.execute(delete(DirectoryEntry).where(DirectoryEntry.kind == "passkey", DirectoryEntry.hash == place))
    await session.delete(row)
    await session.flush()


async def _claim(session: AsyncSession, credential_id: bytes, user_id: UUID) -> bool:
    statement = insert(DirectoryEntry).values(
        kind="passkey", hash=directory_hash("passkey", credential_id.hex()), subject_id=user_id
    )
    taken = await session.execute(statement.on_conflict_do_nothing().returning(DirectoryEntry.subject_id))
    return taken.first() is not None


async def _issue(session: AsyncSession, purpose: Purpose, challenge: bytes, user_id: UUID | None, bound_to: str) -> str:
    content = {"challenge": base64.b64encode(challenge).decode(), "bound_to": bound_to}
    return await issue_ticket(
        session, f"passkey-{purpose}", rules.CHALLENGE_LIFETIME, subject_id=user_id, content=content
    )


def _descriptor(row: Passkey) -> PublicKeyCredentialDescriptor:
    transports = [AuthenticatorTransport(one) for one in row.transports if one in _TRANSPORTS]
    return PublicKeyCredentialDescriptor(id=row.credential_id, transports=transports or None)
