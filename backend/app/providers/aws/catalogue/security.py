"""KMS, Secrets Manager and ACM. Never a key's material, a secret's value or a private key."""

from collections.abc import Mapping, Sequence

from app.providers.aws.catalogue.common import encrypted_with, tags_in_bulk
from app.providers.aws.catalogue.model import Calls, Describe, Extra, Item, Join, Listing, Relation, ResourceType
from app.providers.aws.values import parse_json


def _aliases(calls: Calls, items: Sequence[Item]) -> Mapping[str, list[str]]:
    """Key id → ARNs of its aliases, all in one paged call."""
    found: dict[str, list[str]] = {}
    for entry in calls.items("kms", "ListAliases", "Aliases[]", {}) if items else ():
        if entry.get("TargetKeyId"):
            found.setdefault(entry["TargetKeyId"], []).append(entry["AliasArn"])
    return found


def _aliases_of(calls: Calls, key_id: str) -> Mapping[str, list[str]]:
    return {key_id: calls.items("kms", "ListAliases", "Aliases[].AliasArn", {"KeyId": key_id})}


def _is_customers_own(item: Item) -> bool:
    return item.get("KeyManager") == "CUSTOMER"


def _can_rotate(item: Item) -> bool:
    """The call is refused for keys of other kinds; they have no rotation to report."""
    return (
        _is_customers_own(item)
        and item.get("KeySpec", "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT"
        and item.get("Origin", "AWS_KMS") == "AWS_KMS"
        and item.get("KeyState") not in ("PendingDeletion", "PendingReplicaDeletion")
    )


KEY = ResourceType(
    native_type="AWS::KMS::Key",
    type="security.key",
    native_id="{Arn}",
    arn="arn:{partition}:kms:{region}:{account}:key/{KeyId}",
    name=("AliasNames[]", "Description", "KeyId"),
    listing=Listing(operation="ListKeys", items="Keys[]", page_size=1000),
    describe=Describe(operation="DescribeKey", ids="KeyId", parameter="KeyId", items="KeyMetadata"),
    status="KeyState",
    created="CreationDate",
    aliases=("{KeyId}", "{AliasArns[]}"),
    joins=(
        Join(
            name="AliasArns",
            read=_aliases,
            read_one=_aliases_of,
            calls=("kms:ListAliases",),
            key="{KeyId}",
            default=[],
        ),
        tags_in_bulk("kms:key", "{Arn}"),
    ),
    derive={"AliasNames": lambda item: [arn.split(":alias/", 1)[-1] for arn in item.get("AliasArns") or []]},
    extras=(
        Extra(
            name="KeyRotationEnabled",
            operation="GetKeyRotationStatus",
            arguments={"KeyId": "KeyId"},
            result="KeyRotationEnabled",
            absent=("UnsupportedOperationException",),
            when=_can_rotate,
        ),
        Extra(
            name="Policy",
            operation="GetKeyPolicy",
            arguments={"KeyId": "KeyId"},
            constants={"PolicyName": "default"},
            result="Policy",
            absent=("NotFoundException",),
            convert=parse_json,
            when=_is_customers_own,
        ),
    ),
)

SECRET = ResourceType(
    native_type="AWS::SecretsManager::Secret",
    type="security.secret",
    native_id="{ARN}",
    arn="arn:{partition}:secretsmanager:{region}:{account}:secret:{NameAndSuffix}",
    name=("Name",),
    listing=Listing(
        operation="ListSecrets", items="SecretList[]", arguments={"IncludePlannedDeletion": False}, page_size=100
    ),
    created="CreatedDate",
    volatile=("LastAccessedDate",),
    aliases=("arn:{partition}:secretsmanager:{region}:{account}:secret:{Name}-??????",),  # as policies are written
    relations=(
        encrypted_with("KmsKeyId"),
        Relation(kind="uses", path="RotationLambdaARN"),
    ),
)

CERTIFICATE = ResourceType(
    native_type="AWS::CertificateManager::Certificate",
    type="security.certificate",
    native_id="{CertificateArn}",
    arn="arn:{partition}:acm:{region}:{account}:certificate/{Id}",
    name=("DomainName", "CertificateArn"),
    listing=Listing(operation="ListCertificates", items="CertificateSummaryList[]", page_size=1000),
    describe=Describe(
        operation="DescribeCertificate", ids="CertificateArn", parameter="CertificateArn", items="Certificate"
    ),
    status="Status",
    created="CreatedAt",
    joins=(tags_in_bulk("acm:certificate", "{CertificateArn}"),),
    relations=(Relation(kind="uses", path="InUseBy[]", reverse=True),),
)

KMS, SECRETS, ACM = (KEY,), (SECRET,), (CERTIFICATE,)
