"""S3 buckets. No bulk call gives a bucket's settings, so they are read per bucket, in parallel, in its own region."""

from typing import Any

from app.providers.aws.catalogue.common import BUCKET_ARN, encrypted_with
from app.providers.aws.catalogue.model import Extra, Item, Listing, Relation, ResourceType
from app.providers.aws.values import parse_json

_BUCKET = {"Bucket": "Name"}


def _region(location: Any) -> str:
    """The region behind a LocationConstraint; the two historic values are the vendor's own exceptions."""
    return {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(location, str(location))


def _setting(
    name: str, operation: str, result: str = "", absent: tuple[str, ...] = (), default: Any = None, **more: Any
) -> Extra:
    return Extra(
        name=name,
        operation=operation,
        arguments=_BUCKET,
        result=result,
        absent=absent,
        default=default,
        region="BucketRegion",
        stage=2,
        **more,
    )


def _log_bucket(item: Item) -> list[str]:
    logging = item.get("LoggingEnabled") or {}
    return [logging["TargetBucket"]] if logging.get("TargetBucket") else []


BUCKET = ResourceType(
    native_type="AWS::S3::Bucket",
    type="storage.bucket",
    native_id="arn:{partition}:s3:::{Name}",
    name=("Name",),
    listing=Listing(operation="ListBuckets", items="Buckets[]", page_size=1000),
    created="CreationDate",
    region="BucketRegion",
    aliases=("{Name}",),
    extras=(
        Extra(
            name="BucketRegion",
            operation="GetBucketLocation",
            arguments=_BUCKET,
            result="LocationConstraint",
            convert=_region,
            when=lambda item: not item.get("BucketRegion"),
        ),
        _setting(
            "PublicAccessBlockConfiguration",
            "GetPublicAccessBlock",
            "PublicAccessBlockConfiguration",
            ("NoSuchPublicAccessBlockConfiguration",),
        ),
        _setting("Policy", "GetBucketPolicy", "Policy", ("NoSuchBucketPolicy",), convert=parse_json),
        _setting("PolicyStatus", "GetBucketPolicyStatus", "PolicyStatus", ("NoSuchBucketPolicy",)),
        _setting("Acl", "GetBucketAcl"),
        _setting(
            "ServerSideEncryptionConfiguration",
            "GetBucketEncryption",
            "ServerSideEncryptionConfiguration",
            ("ServerSideEncryptionConfigurationNotFoundError",),
        ),
        _setting("Versioning", "GetBucketVersioning"),
        _setting("LoggingEnabled", "GetBucketLogging", "LoggingEnabled"),
        _setting("Lifecycle", "GetBucketLifecycleConfiguration", "", ("NoSuchLifecycleConfiguration",)),
        _setting("Tags", "GetBucketTagging", "TagSet", ("NoSuchTagSet",), []),
    ),
    relations=(
        Relation(kind="logs-to", path=_log_bucket, target=BUCKET_ARN),
        encrypted_with("ServerSideEncryptionConfiguration.Rules[].ApplyServerSideEncryptionByDefault.KMSMasterKeyID"),
    ),
)

TYPES = (BUCKET,)
