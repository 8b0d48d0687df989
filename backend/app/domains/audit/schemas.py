"""Bodies of the audit routes."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from app.core.schemas import Name, ReadModel, RequestModel
from app.core.secrets import Secret

Outcome = Literal["success", "failure", "refused"]
SinkKind = Literal["webhook", "syslog"]
ExportFormat = Literal["csv", "jsonl"]
SinkUrl = Annotated[str, Field(min_length=8, max_length=2_048)]


class AuditEventRead(ReadModel):
    """`number` and `hash` (hexadecimal) are null until the row is sealed, within about a minute."""

    id: UUID
    at: datetime
    actor_id: UUID | None
    actor_name: str | None
    actor_kind: str
    action: str
    subject_type: str
    subject_id: str
    client_address: str
    user_agent: str
    request_id: str
    changes: dict[str, Any]
    outcome: str
    number: int | None
    hash: str | None


class AuditHeadKnown(RequestModel):
    """A head that was kept elsewhere: the chain must still hold this hash (hexadecimal) at this number."""

    number: Annotated[int, Field(ge=1, le=2**62)]
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AuditVerify(RequestModel):
    known_head: AuditHeadKnown | None = None


class AuditHeadRead(ReadModel):
    """A signed state of the chain. `signature` (base64) is Ed25519 over the bytes that docs/security/audit.md lists."""

    position: int
    number: int
    hash: str
    signed_at: datetime
    key_id: UUID
    signature: str


class AuditKeyRead(ReadModel):
    """The public part (base64, 32 bytes) of a key that signs heads."""

    id: UUID
    public_key: str
    created_at: datetime


class AuditHeadsRead(ReadModel):
    items: list[AuditHeadRead]
    next_cursor: str | None
    keys: list[AuditKeyRead]


class AuditHeadReference(ReadModel):
    """The last signed head; `signed_at` is null where none was signed yet."""

    number: int
    hash: str
    signed_at: datetime | None


class AuditPruningRead(ReadModel):
    """Numbers up to `number` were removed at `pruned_at`, because the log is kept for `retention_days`."""

    number: int
    retention_days: int
    pruned_at: datetime


class AuditVerificationRead(ReadModel):
    """`checked` is how many numbers hold; `problems` are sentences, at most 20."""

    ok: bool
    checked: int
    problems: list[str]
    head: AuditHeadReference
    pruned: AuditPruningRead | None


class SinkSecretRead(ReadModel):
    """Whether there is a secret; never the secret."""

    set: bool
    updated_at: datetime | None


class AuditSinkRead(ReadModel):
    """`position` is the last number that arrived, `behind` how many sealed ones wait; `error` is the last failure."""

    id: UUID
    name: str
    kind: SinkKind
    url: str
    secret: SinkSecretRead
    enabled: bool
    position: int
    behind: int
    error: str | None
    next_try_at: datetime | None
    last_sent_at: datetime | None
    created_at: datetime
    updated_at: datetime


class AuditSinkCreate(RequestModel):
    """`url` is `https://…` for a webhook, `tls://host:port` or `tcp://host:port` for syslog.

    A webhook without `secret` gets one of ours. `from_start` sends the whole log first.
    """

    name: Name
    kind: SinkKind
    url: SinkUrl
    secret: Secret | None = None
    from_start: bool = False


class AuditSinkUpdate(RequestModel):
    """A new `url` clears the secret unless one comes with it; nothing is sent until there is one."""

    name: Name | None = None
    url: SinkUrl | None = None
    secret: Secret | None = None
    enabled: bool | None = None


class AuditSinkMade(AuditSinkRead):
    """The new sink; `new_secret` is shown this once, and only where we made it."""

    new_secret: str | None = None


class AuditSinkNewSecret(ReadModel):
    """Shown this once."""

    new_secret: str


class AuditSinkTested(ReadModel):
    """Whether a test message arrived; `detail` says what happened."""

    ok: bool
    detail: str
