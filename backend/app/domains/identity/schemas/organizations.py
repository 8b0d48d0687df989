"""Bodies of organizations: mine, deletion, exports, quotas, branding, retention."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from app.core.keeping import BOUNDS
from app.core.schemas import Name, ReadModel, RequestModel, check_text


class OwnOrganizationRead(ReadModel):
    """An organization that the caller belongs to. `deleted_at` is set while it waits for its end."""

    id: UUID
    name: str
    role: str
    current: bool
    deleted_at: datetime | None


class OrganizationCreate(RequestModel):
    name: Name


class OrganizationSwitch(RequestModel):
    organization_id: UUID


class OwnerUpdate(RequestModel):
    """`user_id`: the member who becomes the owner; the caller stays as an administrator."""

    user_id: UUID


class OrganizationDelete(RequestModel):
    """`name`: the organization's name, typed again."""

    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(check_text)]


class DeletionRead(ReadModel):
    """What a deletion did or would do. `lost` cannot be undone; `kept` comes back with a restore until `delete_after`.

    `deleted_at` and `delete_after` are null while nobody asked for it; `grace_days` is what there would be.
    """

    name: str
    deleted_at: datetime | None
    delete_after: datetime | None
    grace_days: int
    lost: list[str]
    kept: list[str]


class ExportRead(ReadModel):
    """`row_counts`: rows by table. The file can be downloaded while `state` is ready."""

    id: UUID
    state: Literal["queued", "running", "ready", "failed", "expired"]
    job_id: UUID | None
    size_bytes: int | None
    row_counts: dict[str, int]
    file_count: int | None
    created_by: UUID
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None


class QuotaRead(ReadModel):
    """`limit` null: none. `unit` is account, resource, member, import, usd_cent, key or byte; `period` is day, month
    (calendar, UTC) or null for what is kept."""

    kind: str
    limit: int | None
    used: int
    unit: str
    period: Literal["day", "month"] | None


class ContrastRead(ReadModel):
    """Ratios of WCAG 2.2 against the worst surface of each theme."""

    light: float
    dark: float


class BrandingDomainRead(ReadModel):
    """`record` is what has to stand in the DNS before `verified_at` is set."""

    record: str
    verified_at: datetime | None


class BrandingRead(ReadModel):
    """The organization's own look; null is the product's. `text_on_accent` is black or white."""

    display_name: str | None
    accent: str | None
    text_on_accent: str | None
    contrast: ContrastRead | None
    logo_url: str | None
    mail_sender_name: str | None
    custom_domain: str | None
    domain: BrandingDomainRead | None


class BrandingUpdate(RequestModel):
    """The whole look but the logo. `accent` is `#rrggbb`; `custom_domain` a host name."""

    display_name: Annotated[Name, Field(max_length=80)] | None
    accent: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] | None
    mail_sender_name: Annotated[Name, Field(max_length=80)] | None
    custom_domain: Annotated[str, Field(min_length=1, max_length=253)] | None


class PublicBrandingRead(ReadModel):
    """What the sign-in page shows before anybody is known."""

    name: str
    logo_url: str | None
    accent: str | None
    text_on_accent: str | None


def _days(kind: Any) -> Any:
    bounds = BOUNDS[kind]
    return Field(ge=bounds.least, le=bounds.most, strict=True)


class RetentionUpdate(RequestModel):
    """Days; what is older is deleted each night. `audit` has a floor, and a signed entry of the log says what went."""

    events: Annotated[int, _days("events")]
    audit: Annotated[int, _days("audit")]
    metrics: Annotated[int, _days("metrics")]
    history: Annotated[int, _days("history")]
    alerts: Annotated[int, _days("alerts")]
    jobs: Annotated[int, _days("jobs")]


class RetentionBoundsRead(ReadModel):
    least: int
    most: int
    default: int


class RetentionRead(ReadModel):
    """Days for each kind, and the bounds of each."""

    events: int
    audit: int
    metrics: int
    history: int
    alerts: int
    jobs: int
    bounds: dict[str, RetentionBoundsRead]
