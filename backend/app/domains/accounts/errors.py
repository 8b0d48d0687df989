"""Failures of connecting and reading a cloud."""

from app.core.errors import Conflict, InvalidInput


class AccountAlreadyConnected(Conflict):
    """The same cloud account, found by its own number, is connected already."""

    slug, title = "account-already-connected", "This cloud account is already connected"


class DifferentCloudAccount(Conflict):
    """New credentials of an account lead to another cloud account than before."""

    slug, title = "different-cloud-account", "These credentials belong to another cloud account"


class CredentialsMissing(Conflict):
    """The account has no credentials: its address changed, or they were never given."""

    slug, title = "credentials-missing", "The account's credentials must be given again"


class ProviderNotAvailable(InvalidInput):
    """The body is right, but this installation cannot read that cloud."""

    slug, title = "provider-not-available", "This cloud cannot be connected yet"


class ConnectionRefused(InvalidInput):
    """The cloud refused the credentials."""

    slug, title = "connection-refused", "The cloud refused these credentials"


class CloudUnreachable(InvalidInput):
    """The cloud did not answer in time, or not in its own protocol."""

    slug, title = "cloud-unreachable", "The cloud could not be reached"


class ExternalIdUnknown(InvalidInput):
    """An external id that was not made here for this organization, or was used before."""

    slug, title = "external-id-unknown", "This external id cannot be used"


class AccountOfConnection(Conflict):
    """The account was found by a connection, and this can only be done to the connection."""

    slug, title = "account-of-connection", "This account belongs to a connection"
