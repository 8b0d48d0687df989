"""What watches over an account: Config, GuardDuty, Security Hub, Inspector, Access Analyzer; and parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.providers.aws.catalogue.common import BUCKET_ARN, encrypted_with, in_subnet, in_vpc, tags_in_bulk, uses_role
from app.providers.aws.catalogue.model import Calls, Describe, Item, Join, Listing, Relation, ResourceType


def _recorder_status(calls: Calls, items: Sequence[Item]) -> Mapping[str, Any]:
    """Recorder name → whether it records, and how that went."""
    if not items:
        return {}
    found = calls.items("config", "DescribeConfigurationRecorderStatus", "ConfigurationRecordersStatus[]", {})
    return {str(entry.get("name")): entry for entry in found}


def _channels(calls: Calls, items: Sequence[Item]) -> Mapping[str, Any]:
    """Where this region's recording is delivered; there is at most one channel."""
    return {"": calls.items("config", "DescribeDeliveryChannels", "DeliveryChannels[]", {})} if items else {}


RECORDER = ResourceType(
    native_type="AWS::Config::ConfigurationRecorder",
    type="monitoring.recorder",
    native_id="arn:{partition}:config:{region}:{account}:config-recorder/{name}",
    name=("name",),
    listing=Listing(operation="DescribeConfigurationRecorders", items="ConfigurationRecorders[]"),
    joins=(
        Join(
            name="Status",
            read=_recorder_status,
            calls=("config:DescribeConfigurationRecorderStatus",),
            key="{name}",
        ),
        Join(name="DeliveryChannels", read=_channels, calls=("config:DescribeDeliveryChannels",), key="", default=[]),
    ),
    volatile=("Status.lastStatusChangeTime", "Status.lastStatus"),
    relations=(
        uses_role("roleARN"),
        Relation(kind="logs-to", path="DeliveryChannels[].s3BucketName", target=BUCKET_ARN),
        Relation(kind="notifies", path="DeliveryChannels[].snsTopicARN"),
    ),
)

CONFIG_RULE = ResourceType(
    native_type="AWS::Config::ConfigRule",
    type="monitoring.rule",
    native_id="{ConfigRuleArn}",
    arn="arn:{partition}:config:{region}:{account}:config-rule/{ConfigRuleId}",
    name=("ConfigRuleName",),
    listing=Listing(operation="DescribeConfigRules", items="ConfigRules[]"),
    status="ConfigRuleState",
    aliases=("{ConfigRuleId}",),
    joins=(tags_in_bulk("config:config-rule", "{ConfigRuleArn}"),),
    json_fields=("InputParameters",),
)

DETECTOR = ResourceType(
    native_type="AWS::GuardDuty::Detector",
    type="security.detector",
    native_id="arn:{partition}:guardduty:{region}:{account}:detector/{DetectorId}",
    name=("DetectorId",),
    listing=Listing(operation="ListDetectors", items="DetectorIds[]", scalar="DetectorId"),
    describe=Describe(
        operation="GetDetector", ids="DetectorId", parameter="DetectorId", items="", keep=("DetectorId",)
    ),
    status="Status",
    created="CreatedAt",
    aliases=("{DetectorId}",),
    relations=(uses_role("ServiceRole"),),
)

HUB = ResourceType(
    native_type="AWS::SecurityHub::Hub",
    type="security.detector",
    native_id="{HubArn}",
    arn="arn:{partition}:securityhub:{region}:{account}:hub/{Name}",
    name=("HubArn",),
    listing=Listing(operation="DescribeHub", items="", absent=("InvalidAccessException", "ResourceNotFoundException")),
    created="SubscribedAt",
    joins=(tags_in_bulk("securityhub:hub", "{HubArn}"),),
)

INSPECTOR = ResourceType(
    native_type="AWS::InspectorV2::Account",
    type="security.detector",
    native_id="arn:{partition}:inspector2:{region}:{account}:account/{accountId}",
    name=("accountId",),
    listing=Listing(operation="BatchGetAccountStatus", items="accounts[]"),
    status="state.status",
)

ANALYZER = ResourceType(
    native_type="AWS::AccessAnalyzer::Analyzer",
    type="security.detector",
    native_id="{arn}",
    arn="arn:{partition}:access-analyzer:{region}:{account}:analyzer/{name}",
    name=("name",),
    listing=Listing(operation="ListAnalyzers", items="analyzers[]", page_size=100),
    tags="tags",
    status="status",
    created="createdAt",
    volatile=("lastResourceAnalyzed", "lastResourceAnalyzedAt"),
)

PARAMETER = ResourceType(
    native_type="AWS::SSM::Parameter",
    type="security.parameter",
    native_id="arn:{partition}:ssm:{region}:{account}:parameter/{PlainName}",
    # Names of a hierarchy begin with a slash, which the ARN has once. Values are never asked for.
    derive={"PlainName": lambda item: str(item.get("Name", "")).removeprefix("/")},
    name=("Name",),
    narrow={"ParameterFilters": [{"Key": "Name", "Option": "Contains", "Values": ["{PlainName}"]}]},
    listing=Listing(operation="DescribeParameters", items="Parameters[]", page_size=50),
    joins=(tags_in_bulk("ssm:parameter", "{native_id}"),),
    relations=(encrypted_with("KeyId"),),
)

FIREWALL = ResourceType(
    native_type="AWS::NetworkFirewall::Firewall",
    type="security.firewall",
    native_id="{FirewallArn}",
    arn="arn:{partition}:network-firewall:{region}:{account}:firewall/{FirewallName}",
    name=("FirewallName",),
    listing=Listing(operation="ListFirewalls", items="Firewalls[]", page_size=100),
    describe=Describe(operation="DescribeFirewall", ids="FirewallArn", parameter="FirewallArn", items="Firewall"),
    relations=(in_vpc(), in_subnet("SubnetMappings[].SubnetId"), Relation(kind="uses", path="FirewallPolicyArn")),
)

CONFIG, GUARD_DUTY, SECURITY_HUB = (RECORDER, CONFIG_RULE), (DETECTOR,), (HUB,)
INSPECTOR2, ACCESS_ANALYZER, SSM, NETWORK_FIREWALL = (INSPECTOR,), (ANALYZER,), (PARAMETER,), (FIREWALL,)
