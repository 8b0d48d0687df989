"""Which IAM permission a call needs."""

from types import MappingProxyType

# Most permissions are "prefix:Operation"; these are the vendor's exceptions (service authorization reference).
_PREFIXES = MappingProxyType(
    {
        "accessanalyzer": "access-analyzer",
        "cloudcontrol": "cloudformation",
        "elb": "elasticloadbalancing",
        "elbv2": "elasticloadbalancing",
        "emr": "elasticmapreduce",
        "opensearch": "es",
        "stepfunctions": "states",
        "efs": "elasticfilesystem",
        "resourcegroupstaggingapi": "tag",
        "s3control": "s3",
    }
)
_EXCEPTIONS = MappingProxyType(
    {
        ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
        ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
        ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
        ("s3", "GetBucketLifecycleConfiguration"): "s3:GetLifecycleConfiguration",
        ("s3control", "GetPublicAccessBlock"): "s3:GetAccountPublicAccessBlock",
    }
)


def permission_for(client: str, operation: str) -> str:
    """`s3`, `GetBucketEncryption` → `s3:GetEncryptionConfiguration`."""
    if client in ("apigateway", "apigatewayv2"):
        return "apigateway:GET"  # one permission a method, whatever is read
    return _EXCEPTIONS.get((client, operation)) or f"{_PREFIXES.get(client, client)}:{operation}"
