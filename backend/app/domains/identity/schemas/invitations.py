"""Bodies of invitations."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from app.core.schemas import Name, ReadModel, RequestModel
from app.domains.identity.rules import Client
from app.domains.identity.schemas import Password, ScopeRead
from app.domains.identity.schemas.access import RoleChoice, RoleName, ScopeBody


def _check_email(text: str) -> str:
    text = text.strip()
    name, at, host = text.rpartition("@")
    if not at or not name or "." not in host or any(character.isspace() for character in text) or '"' in name:
        raise ValueError("must be an e-mail address")
    if "@" in name or host.startswith((".", "-")) or host.endswith((".", "-")) or ".." in text or "," in text:
        raise ValueError("must be an e-mail address")
    return text


EmailAddress = Annotated[str, Field(min_length=3, max_length=254), AfterValidator(_check_email)]
InvitationToken = Annotated[str, Field(min_length=1, max_length=200)]


class InvitationCreate(RoleChoice):
    """Whom to ask in, and as what."""

    email: EmailAddress
    scope: ScopeBody | None = None


class InvitationRead(ReadModel):
    """An invitation that still waits, or has expired without an answer."""

    id: UUID
    email: str
    role: RoleName
    role_id: UUID | None
    role_name: str
    scope: ScopeRead | None
    invited_by: UUID
    invited_by_name: str | None
    created_at: datetime
    sent_at: datetime
    expires_at: datetime


class InvitationLookup(RequestModel):
    token: InvitationToken


class InvitationPreview(ReadModel):
    """What somebody with the link sees before they answer. `needs_account`: a name and a password are to be given."""

    organization: str
    email: str
    role: str
    needs_account: bool


class InvitationAccept(RequestModel):
    """A new person gives `name` and `password`; somebody who has an account signs in and sends the token alone."""

    token: InvitationToken
    name: Name | None = None
    password: Password | None = None
    client: Client = "web"
