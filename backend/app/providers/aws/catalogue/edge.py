"""Route 53 hosted zones and EFS file systems."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.providers.aws.catalogue.common import encrypted_with
from app.providers.aws.catalogue.model import Calls, Item, Join, Listing, ResourceType
from app.providers.aws.paths import find_all

_ZONES_PER_CALL = 10


def _zone_tags(calls: Calls, items: Sequence[Item]) -> Mapping[str, Any]:
    """Listed zone id (`/hostedzone/Z…`) → tags, ten zones a call."""
    ids = [_short(item) for item in items]
    tags: dict[str, Any] = {}
    for start in range(0, len(ids), _ZONES_PER_CALL):
        answer = calls.call(
            "route53",
            "ListTagsForResources",
            {"ResourceType": "hostedzone", "ResourceIds": ids[start : start + _ZONES_PER_CALL]},
        )
        for entry in find_all(answer, "ResourceTagSets[]"):
            tags[f"/hostedzone/{entry.get('ResourceId')}"] = entry.get("Tags", [])
    return tags


def _short(item: Item) -> str:
    return str(item.get("Id", "")).rsplit("/", 1)[-1]


HOSTED_ZONE = ResourceType(
    native_type="AWS::Route53::HostedZone",
    type="network.dns_zone",
    native_id="arn:{partition}:route53:::hostedzone/{HostedZoneId}",
    name=("Name",),
    listing=Listing(operation="ListHostedZones", items="HostedZones[]", page_size=100),
    aliases=("{HostedZoneId}", "{Id}"),
    derive={"HostedZoneId": _short},
    joins=(Join(name="Tags", read=_zone_tags, calls=("route53:ListTagsForResources",), key="{Id}", default=[]),),
)

FILE_SYSTEM = ResourceType(
    native_type="AWS::EFS::FileSystem",
    type="storage.file_system",
    native_id="arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{FileSystemId}",
    name=("Name", "tag:Name", "FileSystemId"),
    listing=Listing(operation="DescribeFileSystems", items="FileSystems[]", page_size=100),
    status="LifeCycleState",
    created="CreationTime",
    volatile=("SizeInBytes",),
    aliases=("{FileSystemId}",),
    relations=(encrypted_with("KmsKeyId"),),
)

ROUTE53, EFS = (HOSTED_ZONE,), (FILE_SYSTEM,)
