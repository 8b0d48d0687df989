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


class MfaFailed(AppError):
    """The second factor was wrong, used before, or for something else."""

    status, slug, title = 401, "mfa-failed", "The second factor was not accepted"

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class MfaEnded(AppError):
    """The five minutes or the tries between password and factor are used up: sign in from the start."""

    status, slug, title = 401, "mfa-ended", "Sign in again"

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class PasskeyFailed(AppError):
    """One answer for everything that is wrong with a sign-in by passkey alone."""

    status, slug, title = 401, "passkey-failed", "This passkey was not accepted"

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class LinkInvalid(AppError):
    """One answer for a link's token that is unknown, used or expired."""

    status, slug, title = 400, "link-invalid", "This link does not work any more"


class PasskeyRefused(AppError):
    """The new passkey's answer was wrong, late, or not for this page."""

    status, slug, title = 422, "passkey-refused", "This passkey cannot be added"


class NoFactor(Conflict):
    """Recovery codes stand in for a factor."""

    slug, title = "no-factor", "Set up a second factor first"


class LastFactor(Conflict):
    """The organization requires a factor of this person."""

    slug, title = "last-factor", "Your organization requires a second factor"


class TooManyFactors(Conflict):
    """Ten of a kind are enough."""

    slug, title = "too-many-factors", "Remove a factor before you add another"


class OwnReset(Conflict):
    """Nobody approves the removal of their own factors, or approves twice."""

    slug, title = "approval-not-possible", "Somebody else has to approve this"


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


class RoleInUse(Conflict):
    """Members, machines, invitations or group mappings still have the role."""

    slug, title = "role-in-use", "This role is still in use"


class NameTaken(Conflict):
    """Two roles, or two service identities, of an organization do not share a name."""

    slug, title = "name-taken", "This name is in use"


class RoleChangedMeanwhile(AppError):
    """The role's version is not the one that was read."""

    status, slug, title = 412, "changed-meanwhile", "Somebody changed this meanwhile"


class InvitationGone(AppError):
    """One answer for an unknown, used, revoked and expired invitation."""

    status, slug, title = 404, "invitation-gone", "This invitation is not valid any more"


class AlreadyInvited(Conflict):
    slug, title = "already-invited", "This address has an open invitation"


class AlreadyMember(Conflict):
    slug, title = "already-member", "This person is a member already"


class SignInToAccept(Unauthenticated):
    """The invited address has an account: its owner signs in and accepts then."""

    slug, title = "sign-in-to-accept", "Sign in with the invited address to accept"


class TokenRefused(AppError):
    """The token endpoint's refusals. The member `error` is the code of RFC 6749 section 5.2 or RFC 8628 section 3.5."""

    status, slug, title = 400, "token-refused", "No token was issued"

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Cache-Control": "no-store"}, extensions={"error": code})
        self.code = code


class OrganizationDeleted(Conflict):
    """The organization waits for its end: it can be read, exported and restored, nothing more."""

    slug, title = "organization-deleted", "This organization is being deleted"


class OrganizationNotDeleted(Conflict):
    slug, title = "organization-not-deleted", "This organization is not being deleted"


class TooManyOrganizations(Conflict):
    """The installation allows a person to own only so many. The problem carries `limit` and `used`."""

    slug, title = "too-many-organizations", "You cannot create another organization"


class ExportRunning(Conflict):
    slug, title = "export-running", "An export is being written already"


class BrandingDomainNotProven(Conflict):
    slug, title = "branding-domain-not-proven", "The domain's record was not found"
