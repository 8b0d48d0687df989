"""Names and front doors: Route 53, CloudFront, API Gateway and WAF."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.providers.aws.catalogue.common import BUCKET_ARN, logs_to_group, tags_in_bulk
from app.providers.aws.catalogue.model import (
    Calls,
    Extra,
    ForEach,
    Item,
    Join,
    Listing,
    Relation,
    ResourceType,
)
from app.providers.aws.paths import find_all
from app.providers.aws.values import parse_json

_ZONES_PER_CALL = 10


def _tags_of(kind: str, prefix: str = "") -> Join:
    """Tags of Route 53's things by listed id, ten a call."""

    def read(calls: Calls, items: Sequence[Item]) -> Mapping[str, Any]:
        ids = [_short(item) for item in items]
        tags: dict[str, Any] = {}
        for start in range(0, len(ids), _ZONES_PER_CALL):
            answer = calls.call(
                "route53",
                "ListTagsForResources",
                {"ResourceType": kind, "ResourceIds": ids[start : start + _ZONES_PER_CALL]},
            )
            for entry in find_all(answer, "ResourceTagSets[]"):
                tags[f"{prefix}{entry.get('ResourceId')}"] = entry.get("Tags", [])
        return tags

    return Join(name="Tags", read=read, calls=("route53:ListTagsForResources",), key="{Id}", default=[])


def _short(item: Item) -> str:
    return str(item.get("Id", "")).rsplit("/", 1)[-1]


def _dotless(value: Any) -> str:
    return str(value or "").rstrip(".")


def _record_id(item: Item) -> str:
    """What tells a record from its zone's others: name, type and, for weighted and like ones, their set."""
    parts = (_dotless(item.get("Name")), item.get("Type"), item.get("SetIdentifier"))
    return "/".join(str(part) for part in parts if part)


def _record_targets(item: Item) -> list[str]:
    """Names and addresses that a record leads to: other resources have them as aliases."""
    values = [*find_all(item, "AliasTarget.DNSName")]
    if item.get("Type") in ("A", "AAAA", "CNAME"):
        values.extend(find_all(item, "ResourceRecords[].Value"))
    return [_dotless(value).removeprefix("dualstack.") for value in values]


HOSTED_ZONE = ResourceType(
    native_type="AWS::Route53::HostedZone",
    type="network.dns_zone",
    native_id="arn:{partition}:route53:::hostedzone/{HostedZoneId}",
    name=("Name",),
    listing=Listing(operation="ListHostedZones", items="HostedZones[]", page_size=100),
    aliases=("{HostedZoneId}", "{Id}"),
    derive={"HostedZoneId": _short},
    joins=(_tags_of("hostedzone", "/hostedzone/"),),
)

RECORD_SET = ResourceType(
    native_type="AWS::Route53::RecordSet",
    type="network.dns_record",
    native_id="arn:{partition}:route53:::hostedzone/{HostedZoneId}/recordset/{RecordId}",
    name=("Name",),
    listing=Listing(operation="ListResourceRecordSets", items="ResourceRecordSets[]", page_size=300),
    for_each=ForEach(
        parent=HOSTED_ZONE.native_type,
        arguments={"HostedZoneId": "Id"},
        carry={"ZoneId": "Id"},
        parent_arn="arn:{partition}:route53:::hostedzone/{HostedZoneId}",
    ),
    derive={
        "HostedZoneId": lambda item: str(item.get("ZoneId", "")).rsplit("/", 1)[-1],
        "RecordId": _record_id,
        "Targets": _record_targets,
    },
    aliases=("dns/{RecordId}",),
    relations=(
        Relation(
            kind="contains", path="HostedZoneId", target="arn:{partition}:route53:::hostedzone/{value}", reverse=True
        ),
        Relation(kind="resolves-to", path="Targets[]"),
        Relation(kind="uses", path="HealthCheckId", target="arn:{partition}:route53:::healthcheck/{value}"),
    ),
)

HEALTH_CHECK = ResourceType(
    native_type="AWS::Route53::HealthCheck",
    type="monitoring.health_check",
    native_id="arn:{partition}:route53:::healthcheck/{Id}",
    name=("tag:Name", "HealthCheckConfig.FullyQualifiedDomainName", "HealthCheckConfig.IPAddress", "Id"),
    listing=Listing(operation="ListHealthChecks", items="HealthChecks[]", page_size=1000),
    joins=(_tags_of("healthcheck"),),
    relations=(
        Relation(kind="monitors", path="HealthCheckConfig.FullyQualifiedDomainName"),
        Relation(kind="monitors", path="HealthCheckConfig.IPAddress"),
    ),
)


def _bucket_origins(item: Item) -> list[str]:
    names = [str(value) for value in find_all(item, "Origins.Items[].DomainName")]
    return [name.split(".s3", 1)[0] for name in names if ".s3." in name or ".s3-" in name]


def _other_origins(item: Item) -> list[str]:
    names = [str(value) for value in find_all(item, "Origins.Items[].DomainName")]
    return [name for name in names if ".s3." not in name and ".s3-" not in name]


DISTRIBUTION = ResourceType(
    native_type="AWS::CloudFront::Distribution",
    type="network.cdn",
    native_id="{ARN}",
    arn="arn:{partition}:cloudfront::{account}:distribution/{Id}",
    name=("Aliases.Items[]", "DomainName"),
    listing=Listing(operation="ListDistributions", items="DistributionList.Items[]", may_omit=True),
    status="Status",
    aliases=("{DomainName}", "{Id}"),
    extras=(
        # The listing has no logging; the whole configuration has, and what the viewer may use.
        Extra(
            name="Logging",
            operation="GetDistributionConfig",
            arguments={"Id": "Id"},
            result="DistributionConfig.Logging",
        ),
        Extra(
            name="Tags",
            operation="ListTagsForResource",
            arguments={"Resource": "ARN"},
            result="Tags.Items",
            default=[],
        ),
    ),
    relations=(
        Relation(kind="targets", path=_bucket_origins, target=BUCKET_ARN),
        Relation(kind="targets", path=_other_origins),
        Relation(kind="uses", path="ViewerCertificate.ACMCertificateArn"),
        Relation(kind="secured-by", path=lambda item: [item["WebACLId"]] if item.get("WebACLId") else []),
        Relation(
            kind="logs-to",
            path=lambda item: [str(value).split(".s3", 1)[0] for value in find_all(item, "Logging.Bucket") if value],
            target=BUCKET_ARN,
        ),
    ),
    redact=("Origins.Items[].CustomHeaders.Items[].HeaderValue",),
)


def _stage_name(parent: str, stage: str) -> Callable[[Item], str]:
    return lambda item: f"{item.get(parent)} {item.get(stage)}"


REST_API = ResourceType(
    native_type="AWS::ApiGateway::RestApi",
    type="network.api",
    native_id="arn:{partition}:apigateway:{region}::/restapis/{id}",
    name=("name", "id"),
    listing=Listing(operation="GetRestApis", items="items[]", may_omit=True, page_size=500),
    tags="tags",
    status="apiStatus",
    created="createdDate",
    aliases=("{id}", "{id}.execute-api.{region}.amazonaws.com"),
    derive={"policy": lambda item: parse_json(str(item["policy"]).replace("\\", "")) if item.get("policy") else None},
)

REST_STAGE = ResourceType(
    native_type="AWS::ApiGateway::Stage",
    type="network.api_stage",
    native_id="arn:{partition}:apigateway:{region}::/restapis/{RestApiId}/stages/{stageName}",
    name=("StageLabel",),
    listing=Listing(operation="GetStages", items="item[]", may_omit=True),
    for_each=ForEach(
        parent=REST_API.native_type,
        arguments={"restApiId": "id"},
        carry={"RestApiId": "id", "RestApiName": "name"},
        parent_arn="arn:{partition}:apigateway:{region}::/restapis/{RestApiId}",
    ),
    tags="tags",
    created="createdDate",
    derive={"StageLabel": _stage_name("RestApiName", "stageName")},
    relations=(
        Relation(
            kind="contains",
            path="RestApiId",
            target="arn:{partition}:apigateway:{region}::/restapis/{value}",
            reverse=True,
        ),
        Relation(kind="secured-by", path="webAclArn"),
        logs_to_group("accessLogSettings.destinationArn"),
    ),
    redact=("variables.*",),
)

HTTP_API = ResourceType(
    native_type="AWS::ApiGatewayV2::Api",
    type="network.api",
    native_id="arn:{partition}:apigateway:{region}::/apis/{ApiId}",
    name=("Name", "ApiId"),
    listing=Listing(operation="GetApis", items="Items[]", may_omit=True),
    created="CreatedDate",
    aliases=("{ApiId}", "{ApiId}.execute-api.{region}.amazonaws.com"),
)

HTTP_STAGE = ResourceType(
    native_type="AWS::ApiGatewayV2::Stage",
    type="network.api_stage",
    native_id="arn:{partition}:apigateway:{region}::/apis/{ApiId}/stages/{StageName}",
    name=("StageLabel",),
    listing=Listing(operation="GetStages", items="Items[]", may_omit=True),
    for_each=ForEach(
        parent=HTTP_API.native_type,
        arguments={"ApiId": "ApiId"},
        carry={"ApiId": "ApiId", "ApiName": "Name"},
        parent_arn="arn:{partition}:apigateway:{region}::/apis/{ApiId}",
    ),
    created="CreatedDate",
    derive={"StageLabel": _stage_name("ApiName", "StageName")},
    relations=(
        Relation(
            kind="contains", path="ApiId", target="arn:{partition}:apigateway:{region}::/apis/{value}", reverse=True
        ),
        logs_to_group("AccessLogSettings.DestinationArn"),
    ),
    redact=("StageVariables.*",),
)


def _waf_set(extra: str, operation: str) -> Extra:
    """The listing has names only."""
    return Extra(
        name=extra,
        operation=operation,
        arguments={"Name": "Name", "Id": "Id"},
        constants={"Scope": "REGIONAL"},
        result=extra,
    )


# Those for CloudFront are known in one region only, whichever is read: the tail has them.
WEB_ACL = ResourceType(
    native_type="AWS::WAFv2::WebACL",
    type="security.firewall",
    native_id="{ARN}",
    arn="arn:{partition}:wafv2:{region}:{account}:regional/webacl/{Name}/{Id}",
    name=("Name",),
    listing=Listing(operation="ListWebACLs", items="WebACLs[]", arguments={"Scope": "REGIONAL"}),
    aliases=("{Id}",),
    extras=(_waf_set("WebACL", "GetWebACL"),),
    joins=(tags_in_bulk("wafv2:webacl", "{ARN}"),),
    relations=(Relation(kind="uses", path="WebACL.Rules[].Statement.IPSetReferenceStatement.ARN"),),
)

IP_SET = ResourceType(
    native_type="AWS::WAFv2::IPSet",
    type="network.prefix_list",
    native_id="{ARN}",
    arn="arn:{partition}:wafv2:{region}:{account}:regional/ipset/{Name}/{Id}",
    name=("Name",),
    listing=Listing(operation="ListIPSets", items="IPSets[]", arguments={"Scope": "REGIONAL"}),
    aliases=("{Id}",),
    extras=(_waf_set("IPSet", "GetIPSet"),),
    joins=(tags_in_bulk("wafv2:ipset", "{ARN}"),),
)

ROUTE53, CLOUDFRONT = (HOSTED_ZONE, RECORD_SET, HEALTH_CHECK), (DISTRIBUTION,)
API_GATEWAY, API_GATEWAY_V2, WAF = (REST_API, REST_STAGE), (HTTP_API, HTTP_STAGE), (WEB_ACL, IP_SET)
