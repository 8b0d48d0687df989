"""The test button: everything that can be found out without anybody signing in, one line each."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from cryptography import x509

from app.core import clock
from app.core.config import Settings
from app.core.database import tenant_session
from app.core.egress import AddressNotAllowed, RequestFailed, check_address, fetch
from app.core.http import Caller
from app.domains.identity.models import ConnectionDomain, IdentityConnection
from app.domains.identity.queries import sso as reads
from app.domains.identity.rules.sso import Refused, key_type_of
from app.domains.identity.schemas.sso import OidcConfig, SamlConfig
from app.domains.identity.service.sso.addresses import consumer_url, redirect_uri
from app.domains.identity.service.sso.domains import is_in_dns
from app.domains.identity.service.sso.provider import read_keys, read_metadata

_CAUSES = {
    "discovery-address": "The address is not allowed. Use a public https address.",
    "discovery-unreachable": "The provider cannot be reached.",
    "discovery-timed-out": "The provider did not answer in time.",
    "discovery-tls-failed": "The provider's TLS certificate is not valid.",
    "discovery-invalid-answer": "The provider's answer cannot be read.",
    "discovery-answer": "There is no discovery document at this issuer.",
    "discovery-issuer": "The provider calls itself by another issuer. Copy it exactly, also a slash at the end.",
    "discovery-endpoints": "An address in the discovery document is missing or not allowed.",
    "keys-answer": "The provider's keys cannot be read.",
}


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of the result."""

    name: str
    ok: bool
    detail: str


async def check_connection(settings: Settings, caller: Caller, connection_id: UUID) -> list[Check]:
    """Every check of a connection, in order. Own transactions: none is open while others answer. Raises NotFound."""
    async with tenant_session(caller.organization_id) as session:
        connection = await reads.get_connection(session, caller.organization_id, connection_id)
        domains = await reads.list_domains(session, caller.organization_id, [connection_id])
    checks = [_check("enabled", connection.enabled, "Switched on.", "Switched off: nobody can sign in through it yet.")]
    if connection.kind == "oidc":
        checks += await _check_oidc(settings, connection)
    else:
        checks += await _check_saml(settings, connection)
    return checks + await _check_domains(connection, domains)


async def _check_oidc(settings: Settings, connection: IdentityConnection) -> list[Check]:
    config = OidcConfig.model_validate(connection.config)
    has_secret = connection.secret is not None
    checks = [_check("secret", has_secret, "A client secret is set.", "Set the client secret.")]
    try:
        metadata = await read_metadata(settings, config.issuer, anew=True)
    except Refused as refusal:
        reached = refusal.cause in ("discovery-issuer", "discovery-endpoints")
        detail = _CAUSES.get(refusal.cause, "The provider's discovery document cannot be used.")
        if not reached:
            return [*checks, Check(name="discovery", ok=False, detail=detail)]
        name = "issuer" if refusal.cause == "discovery-issuer" else "endpoints"
        found = Check(name="discovery", ok=True, detail="The discovery document was read.")
        return [*checks, found, Check(name=name, ok=False, detail=detail)]
    checks += [
        Check(name="discovery", ok=True, detail="The discovery document was read."),
        Check(name="issuer", ok=True, detail="The issuer is the one configured."),
        _check(
            "algorithm",
            not metadata.algorithms or config.signing_algorithm in metadata.algorithms,
            f"The provider can sign with {config.signing_algorithm}.",
            f"It signs not with {config.signing_algorithm}, but with {', '.join(metadata.algorithms[:8])}.",
        ),
    ]
    try:
        keys = await read_keys(settings, metadata, anew=True)
    except Refused as refusal:
        checks.append(Check(name="keys", ok=False, detail=_CAUSES.get(refusal.cause, "The keys cannot be fetched.")))
    else:
        usable = [key for key in keys if key.key_type == key_type_of(config.signing_algorithm)]
        checks.append(
            _check(
                "keys",
                bool(usable),
                f"{len(usable)} key{'s' if len(usable) != 1 else ''} for {config.signing_algorithm}.",
                f"There is no key for {config.signing_algorithm}.",
            )
        )
    checks.append(
        Check(
            name="redirect",
            ok=True,
            detail=f"Register exactly this redirect address at the provider: {redirect_uri(settings, connection.id)}",
        )
    )
    return checks


async def _check_saml(settings: Settings, connection: IdentityConnection) -> list[Check]:
    config = SamlConfig.model_validate(connection.config)
    checks = []
    now = clock.utc_now()
    for number, pem in enumerate(config.certificates, 1):
        certificate = x509.load_pem_x509_certificate(pem.encode())
        until = certificate.not_valid_after_utc
        valid = certificate.not_valid_before_utc <= now < until
        name = "certificate" if len(config.certificates) == 1 else f"certificate {number}"
        checks.append(_check(name, valid, f"Valid until {until:%Y-%m-%d}.", f"Not valid: it ends {until:%Y-%m-%d}."))
    try:
        await check_address(config.sso_url, settings)
        answer = await fetch("GET", config.sso_url, settings, kept_bytes=1_024)
        reached = Check(name="sign-in address", ok=answer.status < 500, detail=f"It answers with {answer.status}.")
    except AddressNotAllowed:
        reached = Check(name="sign-in address", ok=False, detail=_CAUSES["discovery-address"])
    except RequestFailed:
        reached = Check(name="sign-in address", ok=False, detail=_CAUSES["discovery-unreachable"])
    hint = f"Register exactly this address at the provider: {consumer_url(settings, connection.id)}"
    return [*checks, reached, Check(name="consumer address", ok=True, detail=hint)]


async def _check_domains(connection: IdentityConnection, domains: Sequence[ConnectionDomain]) -> list[Check]:
    if not domains:
        proven = "No domain is added: only people who linked themselves or were provisioned can sign in."
        return [Check(name="domains", ok=not connection.jit, detail=proven)]
    return [
        _check(
            f"domain {row.domain}",
            row.verified_at is not None,
            "Proven, and the DNS record is still there." if there else "Proven. The DNS record is gone; that is fine.",
            "Not proven, but the DNS record is there: verify it." if there else "The DNS record was not found yet.",
        )
        for row, there in [(row, await is_in_dns(row.domain, row.token)) for row in domains]
    ]


def _check(name: str, ok: bool, good: str, bad: str) -> Check:
    return Check(name=name, ok=ok, detail=good if ok else bad)
