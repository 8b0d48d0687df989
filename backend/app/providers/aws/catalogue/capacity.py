"""Capacity by contract: spot, hosts, reservations and savings plans."""

from app.providers.aws.catalogue.common import ec2_arn, uses_role
from app.providers.aws.catalogue.model import Listing, Relation, ResourceType

SPOT_REQUEST = ResourceType(
    native_type="AWS::EC2::SpotInstanceRequest",
    type="compute.spot_request",
    native_id=ec2_arn("spot-instances-request", "SpotInstanceRequestId"),
    narrow={"SpotInstanceRequestIds": ["{SpotInstanceRequestId}"]},
    name=("tag:Name", "SpotInstanceRequestId"),
    listing=Listing(operation="DescribeSpotInstanceRequests", items="SpotInstanceRequests[]", page_size=1000),
    status="State",
    created="CreateTime",
    aliases=("{SpotInstanceRequestId}",),
    relations=(Relation(kind="uses", path="InstanceId", target=ec2_arn("instance"), reverse=True),),
    redact=("LaunchSpecification.UserData",),
)

SPOT_FLEET = ResourceType(
    native_type="AWS::EC2::SpotFleet",
    type="compute.instance_group",
    native_id=ec2_arn("spot-fleet-request", "SpotFleetRequestId"),
    narrow={"SpotFleetRequestIds": ["{SpotFleetRequestId}"]},
    name=("tag:Name", "SpotFleetRequestId"),
    listing=Listing(operation="DescribeSpotFleetRequests", items="SpotFleetRequestConfigs[]", page_size=1000),
    status="SpotFleetRequestState",
    created="CreateTime",
    aliases=("{SpotFleetRequestId}",),
    volatile=("ActivityStatus", "SpotFleetRequestConfig.FulfilledCapacity"),
    relations=(uses_role("SpotFleetRequestConfig.IamFleetRole"),),
    redact=("SpotFleetRequestConfig.LaunchSpecifications[].UserData",),
)

FLEET = ResourceType(
    native_type="AWS::EC2::EC2Fleet",
    type="compute.instance_group",
    native_id=ec2_arn("fleet", "FleetId"),
    narrow={"FleetIds": ["{FleetId}"]},
    name=("tag:Name", "FleetId"),
    listing=Listing(operation="DescribeFleets", items="Fleets[]", page_size=1000),
    status="FleetState",
    created="CreateTime",
    aliases=("{FleetId}",),
    volatile=("ActivityStatus", "FulfilledCapacity", "FulfilledOnDemandCapacity"),
    relations=(
        Relation(kind="contains", path="Instances[].InstanceIds[]", target=ec2_arn("instance")),
        Relation(
            kind="uses",
            path="LaunchTemplateConfigs[].LaunchTemplateSpecification.LaunchTemplateId",
            target=ec2_arn("launch-template"),
        ),
    ),
)

HOST = ResourceType(
    native_type="AWS::EC2::Host",
    type="compute.host",
    native_id=ec2_arn("dedicated-host", "HostId"),
    narrow={"HostIds": ["{HostId}"]},
    name=("tag:Name", "HostId"),
    listing=Listing(operation="DescribeHosts", items="Hosts[]", page_size=500),
    status="State",
    created="AllocationTime",
    aliases=("{HostId}",),
    volatile=("AvailableCapacity",),
    relations=(Relation(kind="contains", path="Instances[].InstanceId", target=ec2_arn("instance")),),
)

EC2 = (SPOT_REQUEST, SPOT_FLEET, FLEET, HOST)

RESERVED_INSTANCES = ResourceType(
    native_type="AWS::EC2::ReservedInstances",
    type="commitment.reservation",
    native_id=ec2_arn("reserved-instances", "ReservedInstancesId"),
    narrow={"ReservedInstancesIds": ["{ReservedInstancesId}"]},
    name=("tag:Name", "ReservedInstancesId"),
    listing=Listing(client="ec2", operation="DescribeReservedInstances", items="ReservedInstances[]"),
    status="State",
    created="Start",
    aliases=("{ReservedInstancesId}",),
)

CAPACITY_RESERVATION = ResourceType(
    native_type="AWS::EC2::CapacityReservation",
    type="commitment.capacity",
    native_id="{CapacityReservationArn}",
    arn=ec2_arn("capacity-reservation", "CapacityReservationId"),
    narrow={"CapacityReservationIds": ["{CapacityReservationId}"]},
    name=("tag:Name", "CapacityReservationId"),
    listing=Listing(
        client="ec2", operation="DescribeCapacityReservations", items="CapacityReservations[]", page_size=1000
    ),
    status="State",
    created="CreateDate",
    aliases=("{CapacityReservationId}",),
    volatile=("AvailableInstanceCount",),
)

RESERVED_DB_INSTANCE = ResourceType(
    native_type="AWS::RDS::ReservedDBInstance",
    type="commitment.reservation",
    native_id="{ReservedDBInstanceArn}",
    arn="arn:{partition}:rds:{region}:{account}:ri:{ReservedDBInstanceId}",
    narrow={"ReservedDBInstanceId": "{ReservedDBInstanceId}"},
    name=("ReservedDBInstanceId",),
    listing=Listing(
        client="rds", operation="DescribeReservedDBInstances", items="ReservedDBInstances[]", page_size=100
    ),
    status="State",
    created="StartTime",
)

RESERVED_CACHE_NODE = ResourceType(
    native_type="AWS::ElastiCache::ReservedCacheNode",
    type="commitment.reservation",
    native_id="{ReservationARN}",
    arn="arn:{partition}:elasticache:{region}:{account}:reserved-instance:{ReservedCacheNodeId}",
    narrow={"ReservedCacheNodeId": "{ReservedCacheNodeId}"},
    name=("ReservedCacheNodeId",),
    listing=Listing(
        client="elasticache", operation="DescribeReservedCacheNodes", items="ReservedCacheNodes[]", page_size=100
    ),
    status="State",
    created="StartTime",
)

SAVINGS_PLAN = ResourceType(
    native_type="AWS::SavingsPlans::SavingsPlan",
    type="commitment.savings_plan",
    native_id="{savingsPlanArn}",
    arn="arn:{partition}:savingsplans::{account}:savingsplan/{savingsPlanId}",
    narrow={"savingsPlanIds": ["{savingsPlanId}"]},
    name=("tag:Name", "description", "savingsPlanId"),
    listing=Listing(operation="DescribeSavingsPlans", items="savingsPlans[]"),
    tags="tags",
    status="state",
    created="start",
    aliases=("{savingsPlanId}",),
)

COMMITMENTS = (RESERVED_INSTANCES, CAPACITY_RESERVATION, RESERVED_DB_INSTANCE, RESERVED_CACHE_NODE)
SAVINGS_PLANS = (SAVINGS_PLAN,)
