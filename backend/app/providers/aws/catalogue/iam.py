"""IAM in four bulk calls, and the account itself."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from app.providers.aws.catalogue.model import Calls, Extra, Item, Join, Listing, Relation, ResourceType
from app.providers.aws.errors import AwsError
from app.providers.aws.paths import find, find_all
from app.providers.base import ErrorKind

_REPORT_WAIT_SECONDS = 2.0


def _credential_report(calls: Calls, items: Sequence[Item]) -> Mapping[str, Any]:
    """User ARN → its row; the key "" holds all rows. AWS makes at most one report in four hours, whoever asks."""
    while True:
        state = calls.call("iam", "GenerateCredentialReport", {}).get("State")
        if state == "COMPLETE":
            break
        if state not in ("STARTED", "INPROGRESS"):
            raise AwsError(
                ErrorKind.INVALID_ANSWER, f"unknown report state {state!r}", call="iam:GenerateCredentialReport"
            )
        calls.wait(_REPORT_WAIT_SECONDS)
    content = calls.call("iam", "GetCredentialReport", {}).get("Content")
    if not isinstance(content, bytes):
        raise AwsError(ErrorKind.INVALID_ANSWER, "the report is empty", call="iam:GetCredentialReport")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8", "replace"))))
    by_arn: dict[str, Any] = {row["arn"]: row for row in rows if row.get("arn")}
    by_arn[""] = rows
    return by_arn


def _report_join(name: str, key: str, default: Any = None) -> Join:
    return Join(
        name=name,
        read=_credential_report,
        calls=("iam:GenerateCredentialReport", "iam:GetCredentialReport"),
        key=key,
        default=default,
        shared=True,
    )


def _everything(items: str) -> Listing:
    """Users, groups, roles and customer policies come in one paged call."""
    return Listing(
        operation="GetAccountAuthorizationDetails",
        items=items,
        arguments={"Filter": ["User", "Group", "Role", "LocalManagedPolicy"]},
        page_size=1000,
    )


def _principals(item: Item) -> list[str]:
    """Who may assume a role: ARNs, account numbers and federated providers, not services."""
    statements = find_all(item, "AssumeRolePolicyDocument.Statement")
    statements = statements[0] if statements and isinstance(statements[0], list) else statements
    found: list[str] = []
    for statement in statements:
        principal = statement.get("Principal") if isinstance(statement, dict) else None
        if not isinstance(principal, dict) or statement.get("Effect") != "Allow":
            continue
        for kind in ("AWS", "Federated"):
            values = principal.get(kind, [])
            found.extend(str(value) for value in ([values] if isinstance(values, str) else values) if value != "*")
    return found


def _principal_template(value: str) -> str:
    return "arn:{partition}:iam::{value}:root" if value.isdigit() else "{value}"


_ATTACHED = Relation(kind="uses", path="AttachedManagedPolicies[].PolicyArn")
_BOUNDARY = Relation(kind="bounded-by", path="PermissionsBoundary.PermissionsBoundaryArn")

ACCOUNT = ResourceType(
    native_type="AWS::Account",
    type="account.account",
    native_id="arn:{partition}:iam::{account}:root",
    name=("AccountAliases[]", "AccountId"),
    listing=None,
    itself=("AccountId",),
    aliases=("{AccountId}",),
    extras=(
        Extra(name="SummaryMap", operation="GetAccountSummary", arguments={}, result="SummaryMap"),
        Extra(
            name="PasswordPolicy",
            operation="GetAccountPasswordPolicy",
            arguments={},
            result="PasswordPolicy",
            absent=("NoSuchEntity",),
        ),
        Extra(name="AccountAliases", operation="ListAccountAliases", arguments={}, result="AccountAliases", default=[]),
        Extra(
            name="PublicAccessBlockConfiguration",
            client="s3control",
            operation="GetPublicAccessBlock",
            arguments={"AccountId": "AccountId"},
            result="PublicAccessBlockConfiguration",
            absent=("NoSuchPublicAccessBlockConfiguration",),
        ),
    ),
    joins=(_report_join("CredentialReport", "", []),),
)

CONTACT = ResourceType(
    native_type="AWS::Account::AlternateContact",
    type="account.contact",
    native_id="arn:{partition}:account::{account}:alternateContact/SECURITY",
    name=("Contact.Title", "AccountId"),
    listing=None,
    itself=("AccountId",),
    extras=(
        Extra(
            name="Contact",
            client="account",
            operation="GetAlternateContact",
            arguments={},
            constants={"AlternateContactType": "SECURITY"},
            result="AlternateContact",
            absent=("ResourceNotFoundException",),
        ),
    ),
    # That somebody is registered matters, and whether both ways lead to them; who it is does not.
    derive={
        "HasEmailAddress": lambda item: bool(find(item, "Contact.EmailAddress")),
        "HasPhoneNumber": lambda item: bool(find(item, "Contact.PhoneNumber")),
    },
    redact=("Contact.EmailAddress", "Contact.PhoneNumber", "Contact.Name"),
    relations=(Relation(kind="contains", path="AccountId", target="arn:{partition}:iam::{value}:root", reverse=True),),
)

USER = ResourceType(
    native_type="AWS::IAM::User",
    type="identity.user",
    native_id="{Arn}",
    arn="arn:{partition}:iam::{account}:user/{Path}",
    narrow={"Filter": ["User"]},
    name=("UserName",),
    listing=_everything("UserDetailList[]"),
    created="CreateDate",
    # Events name people and groups by name; the ARN carries a path that they do not know.
    aliases=("{UserId}", "arn:{partition}:iam::{account}:user/{UserName}"),
    joins=(_report_join("CredentialReport", "{Arn}"),),
    relations=(
        Relation(kind="member-of", path="GroupList[]", target="group/{account}/{value}"),
        _ATTACHED,
        _BOUNDARY,
    ),
)

GROUP = ResourceType(
    native_type="AWS::IAM::Group",
    type="identity.group",
    native_id="{Arn}",
    arn="arn:{partition}:iam::{account}:group/{Path}",
    narrow={"Filter": ["Group"]},
    name=("GroupName",),
    listing=_everything("GroupDetailList[]"),
    created="CreateDate",
    # Members name their group by name; its ARN carries a path that they do not know.
    aliases=("{GroupId}", "group/{account}/{GroupName}", "arn:{partition}:iam::{account}:group/{GroupName}"),
    relations=(_ATTACHED,),
)

ROLE = ResourceType(
    native_type="AWS::IAM::Role",
    type="identity.role",
    native_id="{Arn}",
    arn="arn:{partition}:iam::{account}:role/{Path}",
    narrow={"Filter": ["Role"]},
    name=("RoleName",),
    volatile=("RoleLastUsed",),
    listing=_everything("RoleDetailList[]"),
    created="CreateDate",
    # Instances name the instance profile, which is only an envelope of the role.
    aliases=("{RoleId}", "{InstanceProfileList[].Arn}", "arn:{partition}:iam::{account}:role/{RoleName}"),
    relations=(
        Relation(kind="assumes", path=_principals, target=_principal_template, reverse=True),
        _ATTACHED,
        _BOUNDARY,
    ),
)

POLICY = ResourceType(
    native_type="AWS::IAM::Policy",
    type="identity.policy",
    native_id="{Arn}",
    arn="arn:{partition}:iam::{account}:policy/{Path}",
    narrow={"Filter": ["LocalManagedPolicy"]},
    name=("PolicyName",),
    listing=_everything("Policies[]"),
    select=lambda item: ":iam::aws:" not in str(item.get("Arn")),
    created="CreateDate",
    aliases=("{PolicyId}",),
)

SAML_PROVIDER = ResourceType(
    native_type="AWS::IAM::SAMLProvider",
    type="identity.provider",
    native_id="{Arn}",
    arn="arn:{partition}:iam::{account}:saml-provider/{Name}",
    derive={"Name": lambda item: str(item.get("Arn", "")).rsplit("/", 1)[-1]},
    name=("Name",),
    listing=Listing(operation="ListSAMLProviders", items="SAMLProviderList[]"),
    created="CreateDate",
)

OIDC_PROVIDER = ResourceType(
    native_type="AWS::IAM::OIDCProvider",
    type="identity.provider",
    native_id="{Arn}",
    arn="arn:{partition}:iam::{account}:oidc-provider/{Name}",
    derive={"Name": lambda item: str(item.get("Arn", "")).split("/", 1)[-1]},
    name=("Name",),
    listing=Listing(operation="ListOpenIDConnectProviders", items="OpenIDConnectProviderList[]"),
    created="CreateDate",
    extras=(
        Extra(
            name="Provider",
            operation="GetOpenIDConnectProvider",
            arguments={"OpenIDConnectProviderArn": "Arn"},
            spread=("Url", "ClientIDList", "ThumbprintList", "CreateDate", "Tags"),
        ),
    ),
)

SERVER_CERTIFICATE = ResourceType(
    native_type="AWS::IAM::ServerCertificate",
    type="security.certificate",
    native_id="{Arn}",
    arn="arn:{partition}:iam::{account}:server-certificate/{Path}",
    name=("ServerCertificateName",),
    listing=Listing(operation="ListServerCertificates", items="ServerCertificateMetadataList[]", page_size=1000),
    created="UploadDate",
    aliases=("{ServerCertificateId}",),
)

TYPES = (ACCOUNT, CONTACT, USER, GROUP, ROLE, POLICY, SAML_PROVIDER, OIDC_PROVIDER, SERVER_CERTIFICATE)
