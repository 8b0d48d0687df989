"""Request and response bodies of accounts. Credentials go in and never come out."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.core.schemas import Name, ReadModel, RequestModel
from app.core.secrets import Secret

Provider = Literal["aws", "gcp", "azure"]
AccountStatus = Literal["pending", "connected", "degraded", "failed"]


def _check_endpoint(value: str) -> str:
    try:
        parts = urlsplit(value)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError("is not an address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_valid:
        raise ValueError("must be an http or https address")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError("must not carry a name, password, query or fragment")
    return value.rstrip("/")


EndpointUrl = Annotated[str, Field(min_length=8, max_length=500), AfterValidator(_check_endpoint)]
RegionName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
Regions = Annotated[list[RegionName], Field(max_length=100)]
RoleArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]{0,20}:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}$")
]
NativeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9:._-]{0,99}$")]


def _check_secret(value: Secret) -> Secret:
    if not 1 <= len(value.reveal_bytes()) <= 4_096:
        raise ValueError("must have 1 to 4096 characters")
    return value


SecretText = Annotated[Secret, AfterValidator(_check_secret)]


class AccessKeyCredentials(RequestModel):
    """A long-lived or temporary AWS key. A role with an external id is safer."""

    kind: Literal["access_key"]
    access_key_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{4,128}$")]
    secret_access_key: SecretText
    session_token: SecretText | None = None


class AssumeRoleCredentials(RequestModel):
    """An AWS role that this installation's own identity may assume with an external id made here."""

    kind: Literal["assume_role"]
    role_arn: RoleArn
    external_id: Annotated[str, Field(min_length=2, max_length=200)]


class AmbientCredentials(RequestModel):
    """The identity of the machine that the worker runs on."""

    kind: Literal["ambient"]


class ServiceAccountCredentials(RequestModel):
    """A Google service account's JSON key; its `token_uri` is obeyed."""

    kind: Literal["service_account"]
    key: Annotated[dict[str, Any], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _check_key(self) -> Self:
        for field in ("client_email", "private_key", "token_uri"):
            if not isinstance(self.key.get(field), str) or not self.key[field]:
                raise ValueError(f"the key needs a {field}")
        return self


class WorkloadIdentityCredentials(RequestModel):
    """Google's workload identity federation: an `external_account` configuration that reads a token of this machine.

    Its token comes from a file that the operator listed (`CLOUDOPS_TOKEN_FILES`) or from an address; programs are not
    run.
    """

    kind: Literal["workload_identity"]
    config: Annotated[dict[str, Any], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _check_config(self) -> Self:
        if self.config.get("type") != "external_account":
            raise ValueError("the configuration's type must be external_account")
        for field in ("audience", "subject_token_type", "token_url"):
            if not isinstance(self.config.get(field), str) or not self.config[field]:
                raise ValueError(f"the configuration needs a {field}")
        source = self.config.get("credential_source")
        if not isinstance(source, dict) or sum(isinstance(source.get(name), str) for name in ("file", "url")) != 1:
            raise ValueError("the configuration's credential_source needs either a file or a url")
        if "executable" in source or "environment_id" in source or "certificate" in source:
            raise ValueError("the configuration's credential_source may only name a file or a url")
        return self


class ClientSecretCredentials(RequestModel):
    """An Azure application's secret."""

    kind: Literal["client_secret"]
    tenant_id: NativeName
    client_id: NativeName
    client_secret: SecretText
    authority_url: EndpointUrl | None = None


def _check_certificate(value: Secret) -> Secret:
    text = value.reveal()
    if not 1 <= len(text) <= 32_768 or "-----BEGIN CERTIFICATE-----" not in text or "PRIVATE KEY-----" not in text:
        raise ValueError("must be a PEM text with a certificate and its private key")
    return value


class CertificateCredentials(RequestModel):
    """An Azure application's certificate with its private key, in PEM."""

    kind: Literal["certificate"]
    tenant_id: NativeName
    client_id: NativeName
    certificate: Annotated[Secret, AfterValidator(_check_certificate)]
    password: SecretText | None = None
    authority_url: EndpointUrl | None = None


class FederatedCredentials(RequestModel):
    """An Azure application that trusts a token of this machine, in a file that the operator listed."""

    kind: Literal["federated"]
    tenant_id: NativeName
    client_id: NativeName
    token_file: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._/-]{1,400}$")]
    authority_url: EndpointUrl | None = None


class StaticTokenCredentials(RequestModel):
    """A fixed bearer token, only for a server of one's own: an http address on this machine."""

    kind: Literal["static_token"]
    token: SecretText


AwsCredentials = Annotated[
    AccessKeyCredentials | AssumeRoleCredentials | AmbientCredentials, Field(discriminator="kind")
]
GcpCredentials = Annotated[
    ServiceAccountCredentials | WorkloadIdentityCredentials | AmbientCredentials, Field(discriminator="kind")
]
AzureCredentials = Annotated[
    ClientSecretCredentials
    | CertificateCredentials
    | FederatedCredentials
    | StaticTokenCredentials
    | AmbientCredentials,
    Field(discriminator="kind"),
]
AnyCredentials = Annotated[
    AccessKeyCredentials
    | AssumeRoleCredentials
    | AmbientCredentials
    | ServiceAccountCredentials
    | WorkloadIdentityCredentials
    | ClientSecretCredentials
    | CertificateCredentials
    | FederatedCredentials
    | StaticTokenCredentials,
    Field(discriminator="kind"),
]
AwsNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]


class AwsScope(RequestModel):
    """Absent: the credentials' own account. With `organization`, every account of it by a role of this name in each.

    `external_id`: that of the roles, where their trust policies ask for one.
    """

    organization: Literal[True]
    role_name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@/-]{1,128}$")] = "CloudOpsReader"
    exclude_accounts: Annotated[list[AwsNumber], Field(max_length=1_000)] = Field(default_factory=list)
    external_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@:/-]{2,200}$")] | None = None


class GcpScope(RequestModel):
    """What to read of Google Cloud: exactly one of the three."""

    projects: Annotated[list[NativeName], Field(min_length=1, max_length=1_000)] | None = None
    organization: NativeName | None = None
    folder: NativeName | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if sum(value is not None for value in (self.projects, self.organization, self.folder)) != 1:
            raise ValueError("give exactly one of projects, organization and folder")
        return self


class AzureScope(RequestModel):
    """Which subscriptions to read, or of which management group; absent: all that the identity sees."""

    subscriptions: Annotated[list[NativeName], Field(min_length=1, max_length=1_000)] | None = None
    management_group: NativeName | None = None
    cloud: Literal["public", "china", "government"] | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if self.subscriptions is not None and self.management_group is not None:
            raise ValueError("give subscriptions or a management group, not both")
        return self


class _AccountCreate(RequestModel):
    name: Name
    endpoint_url: EndpointUrl | None = None
    regions: Regions = Field(default_factory=list)
    excluded_regions: Regions = Field(default_factory=list)


class AwsAccountCreate(_AccountCreate):
    """An AWS account or organization to connect. No regions: every one that is enabled and not excluded."""

    provider: Literal["aws"]
    credentials: AwsCredentials
    scope: AwsScope | None = None


class GcpAccountCreate(_AccountCreate):
    """A Google Cloud organization, folder or projects to connect."""

    provider: Literal["gcp"]
    credentials: GcpCredentials
    scope: GcpScope | None = None


class AzureAccountCreate(_AccountCreate):
    """An Azure tenant's subscriptions to connect."""

    provider: Literal["azure"]
    credentials: AzureCredentials
    scope: AzureScope | None = None


AccountCreate = Annotated[AwsAccountCreate | GcpAccountCreate | AzureAccountCreate, Field(discriminator="provider")]


class AccountUpdate(RequestModel):
    """What may change; absent fields stay.

    Another `endpoint_url` forgets the credentials unless new ones come along.
    """

    name: Name | None = None
    regions: Regions | None = None
    excluded_regions: Regions | None = None
    endpoint_url: EndpointUrl | None = None
    scope: AwsScope | GcpScope | AzureScope | None = None
    credentials: AnyCredentials | None = None


class CredentialsRead(ReadModel):
    """That credentials are set and which ones, never what they are."""

    kind: str
    set: bool
    hint: str | None
    updated_at: datetime | None


class UnitsByState(ReadModel):
    """How many units of collection ended how."""

    complete: int = 0
    partial: int = 0
    failed: int = 0


class CoverageSummary(ReadModel):
    """What the last sync reached; `stale` of the resources were not."""

    units: UnitsByState = UnitsByState()
    resources: int = 0
    stale: int = 0


class AccountElsewhere(ReadModel):
    """A cloud account that this connection finds as well, but another one reads."""

    native_account: str
    name: str
    connection_id: UUID


class AccountRead(ReadModel):
    """A connection, or an account that one found: then `parent_id` names it, and its credentials are used.

    `native_account_id` is the cloud's number; `status_detail` says what is wrong. `inactive_reason`: the cloud has
    suspended the account, or the connection no longer finds it.
    """

    id: UUID
    provider: Provider
    name: str
    native_account_id: str | None
    parent_id: UUID | None
    status: AccountStatus
    status_detail: str | None
    endpoint_url: str | None
    kind: Literal["connection", "account", "project", "subscription"]
    path: list[str]
    inactive_since: datetime | None
    inactive_reason: Literal["vanished", "suspended"] | None
    regions: list[str]
    excluded_regions: list[str]
    scope: dict[str, Any]
    credentials: CredentialsRead
    interval_minutes: int | None
    type_groups: dict[str, int]
    accounts_elsewhere: list[AccountElsewhere]
    coverage: CoverageSummary
    discovered_at: datetime | None
    last_synced_at: datetime | None
    last_job_id: UUID | None
    created_at: datetime


class PermissionCheckRead(ReadModel):
    """One read that was tried."""

    service: str
    call: str
    permission: str
    ok: bool
    detail: str


class ConnectionReportRead(ReadModel):
    """What a connection test found. `ok` is false when the identity or a needed read did not work; `grant` is a policy
    that gives what is missing."""

    ok: bool
    account: str | None
    identity: str | None
    regions: list[str]
    checks: list[PermissionCheckRead]
    warnings: list[str]
    grant: dict[str, Any] | None


class ExternalIdRead(ReadModel):
    """An external id for one role connection and the trust policy that the role needs."""

    external_id: str
    trust_policy: dict[str, Any]


Minutes = Annotated[int, Field(ge=5, le=10_080)]
GroupName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:-]{0,99}$")]


class ScheduleUpdate(RequestModel):
    """How often an account is read. `type_groups`: other intervals for units of these services.

    No `interval_minutes`: the installation's.
    """

    interval_minutes: Minutes | None = None
    type_groups: Annotated[dict[GroupName, Minutes], Field(max_length=200)] = Field(default_factory=dict)


class ScheduleRead(ReadModel):
    """How often an account is read, in minutes; `interval_minutes` is what holds, its own or the installation's."""

    interval_minutes: int
    is_default: bool
    type_groups: dict[str, int]
