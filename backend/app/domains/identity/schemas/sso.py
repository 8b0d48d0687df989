"""Bodies of identity providers and of sign-in through them."""

import base64
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from cryptography import x509
from pydantic import AfterValidator, Field, model_validator

from app.core.schemas import Name, ReadModel, RequestModel
from app.core.secrets import Secret
from app.domains.identity.rules.sso import ConnectionKind, MappedRole, SigningAlgorithm, is_domain

MAX_MAPPINGS, MAX_CERTIFICATES = 200, 3


def _check_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.fragment or parts.username or " " in text:
        raise ValueError("must be an address like https://host/path")
    return text


def _check_issuer(text: str) -> str:
    if urlsplit(_check_url(text)).query:
        raise ValueError("must have no query")
    return text


def _check_domain(text: str) -> str:
    plain = text.strip().rstrip(".").lower()
    if not plain.isascii():
        try:
            plain = plain.encode("idna").decode()
        except UnicodeError:
            raise ValueError("must be a domain like example.com") from None
    if not is_domain(plain):
        raise ValueError("must be a domain like example.com")
    return plain


def _check_certificate(text: str) -> str:
    """PEM, or the bare base64 that metadata files hold; stored as PEM."""
    pem = text.strip()
    if "-----BEGIN" not in pem:
        try:
            lines = base64.encodebytes(base64.b64decode("".join(pem.split()), validate=True)).decode()
        except ValueError:
            raise ValueError("must be a certificate in PEM form") from None
        pem = f"-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----"
    try:
        x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise ValueError("must be a certificate in PEM form") from None
    return pem


def _unique(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        raise ValueError("must not repeat a value")
    return values


Url = Annotated[str, Field(min_length=8, max_length=1_000), AfterValidator(_check_url)]
Issuer = Annotated[str, Field(min_length=8, max_length=1_000), AfterValidator(_check_issuer)]
Domain = Annotated[str, Field(min_length=4, max_length=253), AfterValidator(_check_domain)]
ClaimName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")]
Certificate = Annotated[str, Field(max_length=20_000), AfterValidator(_check_certificate)]
MfaContexts = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=10)]


class OidcConfig(RequestModel):
    """`mfa_contexts` are the `acr` values that mean a second factor, besides `mfa` in `amr`."""

    issuer: Issuer
    client_id: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[!-~]+$")]
    signing_algorithm: SigningAlgorithm = "RS256"
    scopes: Annotated[list[Annotated[str, Field(max_length=100, pattern=r"^[!#-\[\]-~]+$")]], Field(max_length=20)] = [
        "openid",
        "email",
        "profile",
    ]
    token_auth: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic"  # noqa: S105 - a method
    subject_claim: Literal["sub", "oid"] = "sub"
    groups_claim: ClaimName = "groups"
    mfa_contexts: MfaContexts = []


class SamlConfig(RequestModel):
    """`certificates` are the only keys believed; two during a change. Attributes as the provider names them."""

    entity_id: Annotated[str, Field(min_length=1, max_length=1_000, pattern=r"^[!-~]+$")]
    sso_url: Url
    certificates: Annotated[list[Certificate], Field(min_length=1, max_length=MAX_CERTIFICATES)]
    email_attribute: ClaimName = "email"
    name_attribute: ClaimName = "name"
    groups_attribute: ClaimName = "groups"
    mfa_contexts: MfaContexts = []


def config_of(kind: str, config: dict[str, Any]) -> OidcConfig | SamlConfig:
    """The stored configuration as its type."""
    return OidcConfig.model_validate(config) if kind == "oidc" else SamlConfig.model_validate(config)


class GroupMappingBody(RequestModel):
    group: Annotated[str, Field(min_length=1, max_length=255)]
    role: MappedRole | None = None
    role_id: UUID | None = None

    @model_validator(mode="after")
    def _check_one(self) -> "GroupMappingBody":
        if (self.role is None) == (self.role_id is None):
            raise ValueError("takes either role or role_id")
        return self


class GroupMappingsUpdate(RequestModel):
    group_mappings: Annotated[list[GroupMappingBody], Field(max_length=MAX_MAPPINGS)]

    @model_validator(mode="after")
    def _check_unique(self) -> "GroupMappingsUpdate":
        _unique([mapping.group for mapping in self.group_mappings])
        return self


class IdentityProviderCreate(RequestModel):
    kind: ConnectionKind
    name: Name
    config: dict[str, Any]
    secret: Secret | None = None
    enabled: bool = False
    jit: bool = False
    require_mfa: bool = False


class IdentityProviderUpdate(RequestModel):
    """Fields that are left out stay. `config` replaces the whole configuration."""

    name: Name | None = None
    config: dict[str, Any] | None = None
    secret: Secret | None = None
    enabled: bool | None = None
    jit: bool | None = None
    require_mfa: bool | None = None


class SecretRead(ReadModel):
    set: bool
    updated_at: datetime | None


class ConnectionDomainRead(ReadModel):
    domain: str
    verified_at: datetime | None
    record: str


class GroupMappingRead(ReadModel):
    group: str
    role: str | None
    role_id: UUID | None


class ScimStateRead(ReadModel):
    enabled: bool
    token_hint: str | None
    base_url: str


class IdentityProviderRead(ReadModel):
    """`addresses` are what the provider's own form asks for: redirect, logout, assertion consumer, entity id."""

    id: UUID
    kind: ConnectionKind
    name: str
    enabled: bool
    config: dict[str, Any]
    secret: SecretRead
    domains: list[ConnectionDomainRead]
    group_mappings: list[GroupMappingRead]
    jit: bool
    require_mfa: bool
    scim: ScimStateRead
    addresses: dict[str, str]
    created_at: datetime
    updated_at: datetime


class DomainCreate(RequestModel):
    domain: Domain


class ScimTokenRead(ReadModel):
    """Shown once."""

    token: str


class CheckRead(ReadModel):
    name: str
    ok: bool
    detail: str


class ChecksRead(ReadModel):
    checks: list[CheckRead]


class LinkRead(ReadModel):
    """Where the browser goes to link the provider's account to the signed-in person."""

    start_url: str


class SignInConnectionRead(ReadModel):
    id: UUID
    name: str
    kind: ConnectionKind
    start_url: str


class SignInMethodsRead(ReadModel):
    """Ways to sign in for an address; the same for everybody of a domain, whether the person exists or not."""

    password: bool
    passkey: bool = True
    connections: list[SignInConnectionRead]


class OwnIdentityRead(ReadModel):
    """An identity provider of the present organization; `linked_at`: since when the person may come through it."""

    id: UUID
    name: str
    kind: Literal["oidc", "saml"]
    linked_at: datetime | None
