"""Pieces that several services share: ARNs, tags by the tagging API, usual relations."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.providers.aws.catalogue.model import Calls, Item, Join, Relation
from app.providers.aws.paths import find_all
from app.providers.aws.values import is_secret_like

ROLE_ARN = "arn:{partition}:iam::{account}:role/{value}"
KMS_KEY_ARN = "arn:{partition}:kms:{region}:{account}:key/{value}"
BUCKET_ARN = "arn:{partition}:s3:::{value}"


def ec2_arn(kind: str, path: str = "value") -> str:
    """Template of an EC2 ARN, `path` naming the id."""
    return f"arn:{{partition}}:ec2:{{region}}:{{account}}:{kind}/{{{path}}}"


def tags_in_bulk(resource_type: str, key: str) -> Join:
    """Tags by one paged call per unit instead of one call per resource. `key` is the template of the ARN."""

    def read(calls: Calls, items: Sequence[Item]) -> Mapping[str, Any]:
        if not items:
            return {}
        found = calls.items(
            "resourcegroupstaggingapi",
            "GetResources",
            "ResourceTagMappingList[]",
            {"ResourceTypeFilters": [resource_type], "ResourcesPerPage": 100},
        )
        return {entry["ResourceARN"]: entry.get("Tags", []) for entry in found if "ResourceARN" in entry}

    def read_one(calls: Calls, arn: str) -> Mapping[str, Any]:
        found = calls.items(
            "resourcegroupstaggingapi", "GetResources", "ResourceTagMappingList[]", {"ResourceARNList": [arn]}
        )
        return {entry["ResourceARN"]: entry.get("Tags", []) for entry in found if "ResourceARN" in entry}

    return Join(
        name="Tags",
        read=read,
        read_one=read_one,
        calls=("resourcegroupstaggingapi:GetResources",),
        key=key,
        default=[],
    )


def in_subnet(path: str) -> Relation:
    """The subnet contains the item."""
    return Relation(kind="contains", path=path, target=ec2_arn("subnet"), reverse=True)


def in_vpc(path: str = "VpcId") -> Relation:
    """The network contains the item."""
    return Relation(kind="contains", path=path, target=ec2_arn("vpc"), reverse=True)


def secured_by(path: str) -> Relation:
    """The item is guarded by a security group."""
    return Relation(kind="secured-by", path=path, target=ec2_arn("security-group"))


def encrypted_with(path: str) -> Relation:
    """The item's data is under a KMS key, named by ARN, id or alias."""
    return Relation(kind="encrypts-with", path=path, target=_key_template)


def _key_template(value: str) -> str:
    if value.startswith("arn:"):
        return value
    return "arn:{partition}:kms:{region}:{account}:{value}" if value.startswith("alias/") else KMS_KEY_ARN


def itself(value: str) -> str:
    """For paths whose values are templates already."""
    return value


def logs_to_group(path: str) -> Relation:
    """The item writes to a log group, named by name, or by an ARN with or without its trailing `:*`."""
    return Relation(
        kind="logs-to",
        path=lambda item: [str(value).removesuffix(":*") for value in find_all(item, path)],
        target="arn:{partition}:logs:{region}:{account}:log-group:{value}",
    )


def uses_role(path: str) -> Relation:
    """The item acts with a role, named by ARN or name."""
    return Relation(kind="uses", path=path, target=ROLE_ARN)


def secret_like_names(pairs: str, name: str = "", value: str = "") -> Callable[[Item], list[str]]:
    """Names of the environment variables whose value looks like a credential; the values themselves are never kept.

    `pairs` leads to mappings (`Environment.Variables`) or, with `name` and `value`, to lists of pairs.
    """

    def names(item: Item) -> list[str]:
        found: list[str] = []
        for entry in find_all(item, pairs):
            if not isinstance(entry, dict):
                continue
            candidates = [(entry.get(name), entry.get(value))] if name else list(entry.items())
            found.extend(str(key) for key, text in candidates if key and is_secret_like(str(key), text))
        return sorted(set(found))

    return names
