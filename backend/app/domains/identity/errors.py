"""What can go wrong at sign-in and with sessions. The texts never say which part was wrong."""

from app.core.errors import AppError, Conflict, Unauthenticated


class LoginFailed(AppError):
    """One answer for an unknown name, a wrong password, a disabled person and a person without an organization."""

    status, slug, title = 401, "login-failed", "The e-mail address or the password is not right"

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class MfaRequired(AppError):
    """Name and password were right and a second factor is due. Answered only after both were checked."""

    status, slug, title = 401, "mfa-required", "A second factor is needed"


class SessionEnded(Unauthenticated):
    """The refresh token is unknown, expired, used before, or its session was ended."""

    slug, title = "session-ended", "Your session has ended"


class LoginTaken(Conflict):
    """Raised inside the installation only: the address belongs to a person already."""

    slug, title = "login-taken", "This e-mail address is in use"


class LastOwner(Conflict):
    """Somebody has to be able to do everything."""

    slug, title = "last-owner", "An organization keeps at least one owner"


class ProviderSignInFailed(AppError):
    """One answer for everything that is wrong with an identity provider's answer; the cause is in the audit log."""

    status, slug, title = 400, "sign-in-failed", "Signing in did not work"

    def __init__(self) -> None:
        super().__init__("Start again. If it happens again, ask the administrator of your organization.")


class DomainTaken(Conflict):
    """Another connection has proven this domain."""

    slug, title = "domain-taken", "This domain is in use"


class DomainNotProven(Conflict):
    """The record was not found in the DNS."""

    slug, title = "domain-not-proven", "The DNS record was not found"
