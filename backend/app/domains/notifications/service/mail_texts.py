"""What mails to one person say. Values fill fixed slots; nobody outside writes a template."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from urllib.parse import quote

from app.core.mail import one_line

MAX_VALUE = 120
_NOT_YOU = "If this was not you, change your password and end your other sessions:"
_ASK = "If this was not you, sign in and look at your sessions and factors:"


@dataclass(frozen=True)
class MailText:
    """`page` is a path of the web app; `#token=` is added where the values hold one."""

    subject: str
    body: str
    page: str


_TEXTS: dict[str, MailText] = {
    "invitation": MailText(
        "Invitation to $organization",
        "$inviter invites you to $organization on CloudOps Pro as $role.\n\n"
        "Open this page within $days days to accept. If you do not expect this, ignore it:",
        "/invitation",
    ),
    "password-reset": MailText(
        "Reset your password",
        "Somebody asked to reset the password of your account.\n\n"
        "Open this page within $minutes minutes to choose a new one. If it was not you, ignore this mail:",
        "/reset-password",
    ),
    "email-verification": MailText(
        "Confirm your e-mail address",
        "Open this page within $hours hours to confirm that this address is yours:",
        "/verify-email",
    ),
    "email-change": MailText(
        "Confirm your new e-mail address",
        "Open this page within $hours hours to sign in with this address from then on. "
        "If you did not ask for it, ignore this mail:",
        "/verify-email",
    ),
    "email-changed": MailText(
        "Your e-mail address was changed",
        f"Your account now uses the address $new. This address does not work any more.\n\n{_NOT_YOU}",
        "/profile",
    ),
    "password-changed": MailText(
        "Your password was changed",
        f"The password of your account was changed from $client_address.\n\n{_NOT_YOU}",
        "/profile",
    ),
    "new-device": MailText(
        "New sign-in: $device",
        f"Your account was used to sign in on a device that is new to us: $device, from $client_address.\n\n{_NOT_YOU}",
        "/profile",
    ),
    "sessions-ended-by-reuse": MailText(
        "A session was ended for your safety",
        "A sign-in that was used up already came again, from $client_address. Somebody may have copied it, "
        f"so the session was ended.\n\n{_NOT_YOU}",
        "/profile",
    ),
    "factor-failed": MailText(
        "Failed sign-in with your right password",
        "Somebody entered your right password and then failed at the second factor: $device, from $client_address.\n\n"
        + _NOT_YOU,
        "/profile",
    ),
    "factor-added": MailText(
        "A sign-in factor was added", f"$factor was added to your account from $client_address.\n\n{_ASK}", "/profile"
    ),
    "factor-removed": MailText(
        "A sign-in factor was removed",
        f"$factor was removed from your account from $client_address.\n\n{_ASK}",
        "/profile",
    ),
    "recovery-codes-made": MailText(
        "New recovery codes",
        "New recovery codes were made for your account from $client_address. "
        f"The earlier ones do not work any more.\n\n{_ASK}",
        "/profile",
    ),
    "recovery-code-used": MailText(
        "A recovery code was used",
        f"A recovery code of your account was used from $client_address. $left are left.\n\n{_ASK}",
        "/profile",
    ),
    "factor-reset-requested": MailText(
        "Removal of your sign-in factors was asked for",
        "Somebody who knows your password asked to remove all sign-in factors of your account, from $client_address. "
        "Owners of your organization have to approve, and 24 hours have to pass.\n\n"
        "If this was not you, sign in, cancel it and change your password:",
        "/profile",
    ),
    "factor-reset-waiting": MailText(
        "$email has lost their sign-in factors",
        "$email asks to have their sign-in factors removed. Approve only after you have spoken to them:",
        "/settings/members",
    ),
    "factor-reset-approved": MailText(
        "Your sign-in factors will be removed",
        "The removal of your sign-in factors was approved. They can be removed from $due on, when you sign in.\n\n"
        "If you did not ask for this, sign in and cancel it:",
        "/profile",
    ),
    "factor-reset-cancelled": MailText(
        "Removal of your sign-in factors was cancelled", "Your sign-in factors stay as they are:", "/profile"
    ),
    "factor-reset-done": MailText(
        "Your sign-in factors were removed",
        "All sign-in factors of your account were removed. Set up new ones now:",
        "/profile",
    ),
    "factors-removed-by-operator": MailText(
        "Your sign-in factors were removed",
        "Who runs this installation removed all sign-in factors of your account and ended your sessions. Your password "
        "still works. If you did not ask for this, change your password. Set up new factors now:",
        "/profile/security",
    ),
    "member-factors-removed": MailText(
        "The sign-in factors of $email were removed",
        "Who runs this installation removed all sign-in factors of $email. The audit log has the entry:",
        "/settings/audit-log",
    ),
    "password-link-by-operator": MailText(
        "A link to set your password was made",
        "Who runs this installation made a link that sets a new password for your account. It works once, within 30 "
        f"minutes.\n\n{_ASK}",
        "/profile",
    ),
    "organization-deleted": MailText(
        "$organization is being deleted",
        "$by deleted $organization. Stored credentials are gone, and everybody but the owners is shut out. Everything "
        "else is removed on $until. Until then an owner can restore it:",
        "/settings/organization",
    ),
    "organization-restored": MailText(
        "$organization was restored",
        "$by restored $organization. Members can sign in again; credentials have to be entered again:",
        "/settings/organization",
    ),
}


def compose(kind: str, values: Mapping[str, str]) -> tuple[str, str, str]:
    """(subject, body, path) of a mail. A kind or a value that is missing is a mistake of ours: KeyError."""
    text = _TEXTS[kind]
    slots = {name: one_line(value)[:MAX_VALUE] for name, value in values.items() if name != "token"}
    token = values.get("token")
    path = f"{text.page}#token={quote(token, safe='')}" if token else text.page
    return Template(text.subject).substitute(slots), Template(text.body).substitute(slots), path
