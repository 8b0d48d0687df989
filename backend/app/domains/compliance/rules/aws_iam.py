"""Controls of AWS identities."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domains.compliance.rules.model import (
    PASS,
    Control,
    Failure,
    Outcome,
    Resource,
    Surroundings,
    failed,
    failed_each,
    not_applicable,
    unknown,
)
from app.domains.compliance.rules.policies import as_list, grants_everything

ACCOUNT, USER, POLICY, ROLE, GROUP = (
    "AWS::Account",
    "AWS::IAM::User",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::Group",
)
ROOT_USER = "<root_account>"


def report_instant(value: Any) -> datetime | None:
    """An instant of the credential report; None for "N/A", "no_information", "not_supported" and absent."""
    if not isinstance(value, str) or not value[:4].isdigit():
        return None
    instant = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _flag(row: Mapping[str, Any], name: str) -> bool:
    return str(row.get(name, "")).lower() == "true"


def _root_has_no_keys(resource: Resource, _: Surroundings) -> Outcome:
    present = resource.properties["SummaryMap"].get("AccountAccessKeysPresent")
    if present is None:
        return unknown("the account summary does not say whether root keys exist")
    return PASS if present == 0 else failed("The root user holds access keys.", AccountAccessKeysPresent=present)


def _root_has_mfa(resource: Resource, _: Surroundings) -> Outcome:
    summary = resource.properties["SummaryMap"]
    enabled = summary.get("AccountMFAEnabled")
    if enabled is None:
        return unknown("the account summary does not say whether root has MFA")
    if summary.get("AccountPasswordPresent") == 0 and enabled == 0:
        return not_applicable("root has no password")
    return PASS if enabled == 1 else failed("Root sign-in needs no second factor.", AccountMFAEnabled=enabled)


def _root_is_idle(resource: Resource, around: Surroundings) -> Outcome:
    rows = [row for row in resource.properties["CredentialReport"] if row.get("user") == ROOT_USER]
    if not rows:
        return unknown("the credential report has no row of the root user")
    uses = [
        report_instant(rows[0].get(name))
        for name in ("password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date")
    ]
    newest = max((use for use in uses if use is not None), default=None)
    limit = timedelta(days=around.parameters.root_idle_days)
    if newest is None or around.now - newest > limit:
        return PASS
    return failed("The root user was used lately.", last_used=newest.isoformat(), root_idle_days=limit.days)


def _user_has_mfa(resource: Resource, _: Surroundings) -> Outcome:
    row = resource.properties["CredentialReport"]
    if not _flag(row, "password_enabled") or _flag(row, "mfa_active"):
        return PASS
    return failed("The user signs in to the console without a second factor.", mfa_active=row.get("mfa_active"))


def _keys_are_young(resource: Resource, around: Surroundings) -> Outcome:
    row = resource.properties["CredentialReport"]
    limit = timedelta(days=around.parameters.key_max_age_days)
    failures = []
    for number in ("1", "2"):
        if not _flag(row, f"access_key_{number}_active"):
            continue
        rotated = report_instant(row.get(f"access_key_{number}_last_rotated"))
        if rotated is None:
            return unknown(f"the credential report does not say when access key {number} was made")
        if around.now - rotated > limit:
            failures.append(
                Failure(
                    f"access_key_{number}",
                    {"last_rotated": rotated.isoformat(), "age_days": (around.now - rotated).days,
                     "key_max_age_days": limit.days},
                )
            )  # fmt: skip
    return failed_each("An active access key is older than allowed.", failures)


def _credentials_are_used(resource: Resource, around: Surroundings) -> Outcome:
    row = resource.properties["CredentialReport"]
    limit = timedelta(days=around.parameters.unused_days)
    created = report_instant(row.get("user_creation_time"))
    candidates: list[tuple[str, datetime | None]] = []
    if _flag(row, "password_enabled"):
        used = report_instant(row.get("password_last_used"))
        candidates.append(("password", used or report_instant(row.get("password_last_changed")) or created))
    for number in ("1", "2"):
        if _flag(row, f"access_key_{number}_active"):
            used = report_instant(row.get(f"access_key_{number}_last_used_date"))
            made = report_instant(row.get(f"access_key_{number}_last_rotated"))
            candidates.append((f"access_key_{number}", used or made or created))
    failures = []
    for name, last in candidates:
        if last is None:
            return unknown(f"the credential report does not say when {name} was last used or made")
        if around.now - last > limit:
            evidence = {"last_used": last.isoformat(), "idle_days": (around.now - last).days, "unused_days": limit.days}
            failures.append(Failure(name, evidence))
    return failed_each("A credential that nobody uses is still active.", failures)


def _password_policy_is_long(resource: Resource, _: Surroundings) -> Outcome:
    users = [row for row in resource.properties["CredentialReport"] if row.get("user") != ROOT_USER]
    if not any(_flag(row, "password_enabled") for row in users):
        return not_applicable("no IAM user has a password")
    policy = resource.properties["PasswordPolicy"]
    length = (policy or {}).get("MinimumPasswordLength", 0)
    return (
        PASS if length >= 14 else failed("Passwords may be shorter than 14 characters.", MinimumPasswordLength=length)
    )


def _policy_is_scoped(resource: Resource, _: Surroundings) -> Outcome:
    if resource.native_type == POLICY:
        if resource.native_id.startswith("arn:aws:iam::aws:"):
            return not_applicable("AWS owns this policy")
        if not resource.properties.get("AttachmentCount"):
            return not_applicable("the policy is attached to nothing")
        versions = resource.properties["PolicyVersionList"]
        documents = [("", version.get("Document")) for version in versions if version.get("IsDefaultVersion")]
    else:
        if resource.native_type == ROLE and str(resource.properties.get("Path", "")).startswith("/aws-service-role/"):
            return not_applicable("AWS owns this role")
        names = {USER: "UserPolicyList", ROLE: "RolePolicyList", GROUP: "GroupPolicyList"}
        inline = as_list(resource.properties.get(names[resource.native_type]))
        documents = [(str(item.get("PolicyName", "")), item.get("PolicyDocument")) for item in inline]
    return failed_each(
        "A policy allows every action on every resource.",
        (Failure(name, {"policy": name or resource.native_id}) for name, text in documents if grants_everything(text)),
    )


def _grants_come_through_groups(resource: Resource, _: Surroundings) -> Outcome:
    properties = resource.properties
    inline = [item.get("PolicyName") for item in as_list(properties.get("UserPolicyList"))]
    attached = [item.get("PolicyArn") for item in as_list(properties.get("AttachedManagedPolicies"))]
    if not inline and not attached:
        return PASS
    return failed("The user holds permissions of its own.", inline_policies=inline, attached_policies=attached)


REPORT = ("iam:GenerateCredentialReport", "iam:GetCredentialReport")
DETAILS = ("iam:GetAccountAuthorizationDetails",)

CONTROLS = (
    Control(
        id="AWS-IAM-001", version=1, severity="critical", native_types=(ACCOUNT,), values=("SummaryMap",),
        title="Root user holds no access keys", permissions=("iam:GetAccountSummary",), check=_root_has_no_keys,
        remediation="Delete the root user's access keys and give automation a role instead.",
    ),
    Control(
        id="AWS-IAM-002", version=1, severity="critical", native_types=(ACCOUNT,), values=("SummaryMap",),
        title="Root sign-in is protected by MFA", permissions=("iam:GetAccountSummary",), check=_root_has_mfa,
        remediation="Register a passkey or hardware token for the root user.",
    ),
    Control(
        id="AWS-IAM-003", version=1, severity="high", native_types=(ACCOUNT,), values=("CredentialReport",),
        title="Root user is not used for routine work", permissions=REPORT, check=_root_is_idle,
        remediation="Move the task to a role, and raise an alarm on root sign-in.",
    ),
    Control(
        id="AWS-IAM-004", version=1, severity="high", native_types=(USER,), values=("CredentialReport",),
        title="Every console user has MFA", permissions=REPORT, check=_user_has_mfa,
        remediation="Enrol a second factor, or move the person to single sign-on.",
    ),
    Control(
        id="AWS-IAM-005", version=1, severity="medium", native_types=(USER,), values=("CredentialReport",),
        title="Active access keys are younger than 90 days", permissions=REPORT, check=_keys_are_young,
        remediation="Rotate the key; better, use short-lived credentials of a role.",
    ),
    Control(
        id="AWS-IAM-006", version=1, severity="medium", native_types=(USER,), values=("CredentialReport",),
        title="Credentials unused for 45 days are switched off", permissions=REPORT, check=_credentials_are_used,
        remediation="Disable the password or key, and delete it after a grace period.",
    ),
    Control(
        id="AWS-IAM-008", version=1, severity="medium", native_types=(ACCOUNT,),
        fields=("PasswordPolicy",), values=("CredentialReport",),
        title="Password policy asks for 14 or more characters",
        permissions=("iam:GetAccountPasswordPolicy", *REPORT), check=_password_policy_is_long,
        remediation="Set the account's password policy to at least 14 characters.",
    ),
    Control(
        id="AWS-IAM-010", version=1, severity="high", native_types=(POLICY, USER, ROLE, GROUP),
        title="No attached customer policy grants full administration", permissions=DETAILS, check=_policy_is_scoped,
        remediation="Replace it with scoped actions; keep few break-glass roles, on a list.",
    ),
    Control(
        id="AWS-IAM-011", version=1, severity="low", native_types=(USER,),
        title="Permissions reach users through groups or roles only", permissions=DETAILS,
        check=_grants_come_through_groups, remediation="Move the grants to a group or a role.",
    ),
)  # fmt: skip
