"""Resources that nothing uses, each with the reason. Only what was read speaks: an unread property is no reason."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.domains.topology.rules.estate import MALFORMED, Resource, arm, dig, each

logger = logging.getLogger(__name__)

REASONS: dict[str, str] = {
    "unattached-disk": "Disks that no machine uses",
    "unattached-address": "Addresses that nothing uses",
    "unattached-interface": "Network interfaces of no machine",
    "unattached-gateway": "Gateways of no network",
    "balancer-without-targets": "Load balancers that lead nowhere",
    "group-without-targets": "Target groups without targets",
    "unused-firewall": "Security groups that guard nothing",
    "snapshot-of-gone-disk": "Snapshots of disks that are gone",
    "empty-group": "Groups without members",
    "empty-subnet": "Subnets with nothing in them",
    "empty-network": "Networks with nothing in them",
    "unused-key-pair": "Key pairs that no machine uses",
    "unrouted-nat": "NAT gateways that no route leads to",
}


class Neighbour(NamedTuple):
    """The other end of an edge. `type` is empty for what is not collected; `open`: it is there."""

    kind: str
    reverse: bool
    type: str
    native_type: str
    open: bool


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """A resource's edges, and the native types that were listed whole where it is."""

    neighbours: Sequence[Neighbour]
    listed: frozenset[str]

    def has(self, kind: str | None = None, *, reverse: bool | None = None, type_: str | None = None) -> bool:
        """Whether there is such an edge to something that is there."""
        return any(
            one.open
            and (kind is None or one.kind == kind)
            and (reverse is None or one.reverse is reverse)
            and (type_ is None or one.type == type_)
            for one in self.neighbours
        )


Found = tuple[str, str] | None  # reason and detail
_Rule = Callable[[Resource, Surroundings], Found]
_RULES: dict[str, _Rule] = {}


def _of(*native_types: str) -> Callable[[_Rule], _Rule]:
    def register(rule: _Rule) -> _Rule:
        for native_type in native_types:
            _RULES[native_type.lower()] = rule
        return rule

    return register


def may_be_orphan(native_type: str) -> bool:
    """Whether a rule speaks of the type."""
    return native_type.lower() in _RULES


def find_orphan(resource: Resource, around: Surroundings) -> Found:
    """Why nothing uses the resource; None where something does or it cannot be told."""
    rule = _RULES.get(resource.native_type.lower())
    try:
        return rule(resource, around) if rule is not None else None
    except MALFORMED as error:
        logger.warning("whether a %s is an orphan cannot be told: %s", resource.native_type, type(error).__name__)
        return None


def _known(resource: Resource, *names: str) -> bool:
    return not any(name in resource.unread for name in names)


@_of("AWS::EC2::Volume")
def _volume(resource: Resource, around: Surroundings) -> Found:
    if resource.status == "available" or (resource.properties.get("Attachments") == []):
        return "unattached-disk", "The volume is attached to no instance."
    return None


@_of("compute.googleapis.com/Disk", "compute.googleapis.com/RegionDisk")
def _gcp_disk(resource: Resource, around: Surroundings) -> Found:
    return None if resource.properties.get("users") else ("unattached-disk", "No instance uses the disk.")


@_of("Microsoft.Compute/disks")
def _azure_disk(resource: Resource, around: Surroundings) -> Found:
    properties = arm(resource)
    if properties.get("diskState") in ("Attached", "Reserved", "ActiveSAS") or resource.properties.get("managedBy"):
        return None
    state = properties.get("diskState")
    return ("unattached-disk", f"The disk's state is {state}.") if state == "Unattached" else None


@_of("AWS::EC2::EIP")
def _address(resource: Resource, around: Surroundings) -> Found:
    used = any(resource.properties.get(key) for key in ("AssociationId", "InstanceId", "NetworkInterfaceId"))
    return (
        None
        if used or around.has("uses", reverse=True)
        else ("unattached-address", "The address is associated with nothing.")
    )


@_of("compute.googleapis.com/Address", "compute.googleapis.com/GlobalAddress")
def _gcp_address(resource: Resource, around: Surroundings) -> Found:
    if resource.properties.get("status") == "RESERVED" and not resource.properties.get("users"):
        return "unattached-address", "The address is reserved and nothing uses it."
    return None


@_of("Microsoft.Network/publicIPAddresses")
def _azure_address(resource: Resource, around: Surroundings) -> Found:
    properties = arm(resource)
    used = any(properties.get(key) for key in ("ipConfiguration", "natGateway", "linkedPublicIPAddress"))
    return None if used else ("unattached-address", "The address has no IP configuration.")


@_of("AWS::EC2::NetworkInterface")
def _interface(resource: Resource, around: Surroundings) -> Found:
    free = resource.properties.get("Status") == "available" or resource.status == "available"
    return ("unattached-interface", "The interface is attached to nothing.") if free else None


@_of("Microsoft.Network/networkInterfaces")
def _azure_interface(resource: Resource, around: Surroundings) -> Found:
    properties = arm(resource)
    used = any(properties.get(key) for key in ("virtualMachine", "privateEndpoint", "privateLinkService"))
    return None if used else ("unattached-interface", "The interface belongs to no machine or private endpoint.")


@_of("AWS::EC2::InternetGateway")
def _gateway(resource: Resource, around: Surroundings) -> Found:
    return None if each(resource.properties, "Attachments") else ("unattached-gateway", "Attached to no network.")


@_of("AWS::EC2::NatGateway")
def _nat(resource: Resource, around: Surroundings) -> Found:
    if resource.status in ("deleted", "deleting", "failed") or "AWS::EC2::RouteTable" not in around.listed:
        return None
    return None if around.has("routes-to", reverse=True) else ("unrouted-nat", "No route table leads to it.")


@_of("AWS::ElasticLoadBalancingV2::LoadBalancer")
def _balancer(resource: Resource, around: Surroundings) -> Found:
    if not {"AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::TargetGroup"} <= around.listed:
        return None
    if not around.has("contains", reverse=False, type_="network.listener"):
        return "balancer-without-targets", "It has no listener."
    return None


@_of("AWS::ElasticLoadBalancingV2::TargetGroup")
def _target_group(resource: Resource, around: Surroundings) -> Found:
    if not _known(resource, "TargetHealthDescriptions"):
        return None
    if resource.properties.get("TargetHealthDescriptions") or around.has("targets", reverse=False):
        return None
    return "group-without-targets", "No target is registered."


@_of("Microsoft.Network/loadBalancers")
def _azure_balancer(resource: Resource, around: Surroundings) -> Found:
    for pool in each(arm(resource), "backendAddressPools"):
        inner = pool.get("properties") or pool
        if inner.get("backendIPConfigurations") or inner.get("loadBalancerBackendAddresses"):
            return None
    if any(
        (rule.get("properties") or rule).get("backendIPConfiguration")
        for rule in each(arm(resource), "inboundNatRules")
    ):
        return None
    return "balancer-without-targets", "Its pools are empty."


@_of("compute.googleapis.com/BackendService", "compute.googleapis.com/RegionBackendService")
def _gcp_backends(resource: Resource, around: Surroundings) -> Found:
    return None if resource.properties.get("backends") else ("group-without-targets", "It has no backends.")


@_of("compute.googleapis.com/TargetPool")
def _gcp_pool(resource: Resource, around: Surroundings) -> Found:
    return None if resource.properties.get("instances") else ("group-without-targets", "It has no instances.")


@_of("AWS::EC2::SecurityGroup")
def _security_group(resource: Resource, around: Surroundings) -> Found:
    if resource.properties.get("GroupName") == "default" or "AWS::EC2::NetworkInterface" not in around.listed:
        return None  # a network's default group cannot be deleted; whoever uses a group does so by an interface
    if around.has("secured-by", reverse=True) or around.has("allows", reverse=True):
        return None
    return "unused-firewall", "No interface has it and no other group names it."


@_of("Microsoft.Network/networkSecurityGroups")
def _azure_group(resource: Resource, around: Surroundings) -> Found:
    properties = arm(resource)
    used = properties.get("subnets") or properties.get("networkInterfaces")
    return None if used else ("unused-firewall", "No subnet and no interface has it.")


@_of("AWS::EC2::Snapshot", "compute.googleapis.com/Snapshot", "Microsoft.Compute/snapshots")
def _snapshot(resource: Resource, around: Surroundings) -> Found:
    disks = {"AWS::EC2::Volume", "compute.googleapis.com/Disk", "Microsoft.Compute/disks"}
    sources = [one for one in around.neighbours if one.kind == "snapshot-of" and not one.reverse]
    if not sources or any(one.open for one in sources) or not disks & around.listed:
        return None
    return "snapshot-of-gone-disk", "The disk it was made of is gone."


@_of("AWS::IAM::Group")
def _iam_group(resource: Resource, around: Surroundings) -> Found:
    if "AWS::IAM::User" not in around.listed or around.has("member-of", reverse=True):
        return None
    return "empty-group", "No user is in the group."


@_of("AWS::AutoScaling::AutoScalingGroup")
def _scaling_group(resource: Resource, around: Surroundings) -> Found:
    if resource.properties.get("Instances") or resource.properties.get("MaxSize"):
        return None
    return "empty-group", "It has no instances and may start none."


@_of("Microsoft.Compute/availabilitySets")
def _availability_set(resource: Resource, around: Surroundings) -> Found:
    return None if arm(resource).get("virtualMachines") else ("empty-group", "No machine is in the set.")


@_of("AWS::EC2::Subnet")
def _subnet(resource: Resource, around: Surroundings) -> Found:
    if "AWS::EC2::NetworkInterface" not in around.listed or around.has("contains", reverse=False):
        return None
    return "empty-subnet", "Nothing has an interface in it."


@_of("Microsoft.Network/virtualNetworks")
def _azure_network(resource: Resource, around: Surroundings) -> Found:
    for subnet in each(arm(resource), "subnets"):
        inner = subnet.get("properties") or subnet
        if any(
            inner.get(key) for key in ("ipConfigurations", "delegations", "privateEndpoints", "serviceAssociationLinks")
        ):
            return None
    return None if dig(arm(resource), "virtualNetworkPeerings") else ("empty-network", "Nothing is in its subnets.")


@_of("AWS::EC2::KeyPair")
def _key_pair(resource: Resource, around: Surroundings) -> Found:
    if "AWS::EC2::Instance" not in around.listed or around.has(reverse=True):
        return None
    return "unused-key-pair", "No instance was started with it."


def orphan_types() -> frozenset[str]:
    """The types that rules speak of, in lower case."""
    return frozenset(_RULES)
