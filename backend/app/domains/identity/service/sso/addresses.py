"""Our addresses that providers have to know."""

from uuid import UUID

from app.core.config import Settings
from app.domains.identity.models import IdentityConnection

API = "/api/v1"


def start_path(kind: str, connection_id: UUID) -> str:
    """Where a browser begins to sign in, as a path."""
    return f"{API}/auth/{kind}/{connection_id}/start"


def redirect_uri(settings: Settings, connection_id: UUID) -> str:
    """The exact redirect address; one a connection, so that an answer can never be taken for another provider's."""
    return f"{_base(settings)}/auth/oidc/callback/{connection_id}"


def consumer_url(settings: Settings, connection_id: UUID) -> str:
    """Where a SAML provider posts its answer."""
    return f"{_base(settings)}/auth/saml/{connection_id}/acs"


def entity_id(settings: Settings, connection_id: UUID) -> str:
    """Our SAML name for this connection, which is also the address of its metadata."""
    return f"{_base(settings)}/auth/saml/{connection_id}/metadata"


def scim_url(settings: Settings) -> str:
    """The provisioning base address."""
    return f"{_base(settings)}/scim/v2"


def addresses_of(settings: Settings, connection: IdentityConnection) -> dict[str, str]:
    """What the provider's own form asks for."""
    base = _base(settings).removesuffix(API)
    if connection.kind == "saml":
        return {
            "start_url": base + start_path("saml", connection.id),
            "acs_url": consumer_url(settings, connection.id),
            "entity_id": entity_id(settings, connection.id),
            "metadata_url": entity_id(settings, connection.id),
        }
    return {
        "start_url": base + start_path("oidc", connection.id),
        "redirect_uri": redirect_uri(settings, connection.id),
        "back_channel_logout_uri": f"{_base(settings)}/auth/oidc/{connection.id}/back-channel-logout",
    }


def _base(settings: Settings) -> str:
    return settings.public_url.rstrip("/") + API
