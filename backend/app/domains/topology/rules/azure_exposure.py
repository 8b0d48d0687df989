"""Azure: machines, interfaces and scale sets by their own public addresses and through what balances to them."""

from collections.abc import Sequence

from app.domains.topology.rules import traffic
from app.domains.topology.rules.azure_balancers import ways_to
from app.domains.topology.rules.azure_interfaces import (
    Configuration,
    configurations_of,
    configurations_of_scale_set,
)
from app.domains.topology.rules.azure_network import doubt_tags, open_door
from app.domains.topology.rules.estate import Estate, Resource, arm, each
from app.domains.topology.rules.exposure import ChainStep, Exposure, explains

MACHINE, INTERFACE = "Microsoft.Compute/virtualMachines", "Microsoft.Network/networkInterfaces"
SCALE_SET = "Microsoft.Compute/virtualMachineScaleSets"


@explains(INTERFACE)
def explain_interface(resource: Resource, estate: Estate) -> Exposure:
    """By its public addresses and through what balances to it."""
    found = Exposure()
    _explain(resource, resource.native_id, configurations_of(resource, estate, found), estate, found)
    return found


@explains(MACHINE)
def explain_machine(resource: Resource, estate: Estate) -> Exposure:
    """By each of its interfaces."""
    found = Exposure()
    for reference in each(arm(resource), "networkProfile", "networkInterfaces"):
        interface = estate.get(reference.get("id"))
        if interface is None:
            found.doubt(f"The network interface {reference.get('id')} was not read.")
            continue
        configurations = configurations_of(interface, estate, found)
        _explain(resource, interface.native_id, configurations, estate, found)
    return found


@explains(SCALE_SET)
def explain_scale_set(resource: Resource, estate: Estate) -> Exposure:
    """By the network that it gives its machines: their public addresses and the pools that they join."""
    found = Exposure()
    _explain(resource, resource.native_id, configurations_of_scale_set(resource), estate, found)
    return found


def _explain(
    target: Resource, member_id: str, configurations: Sequence[Configuration], estate: Estate, found: Exposure
) -> None:
    end = ChainStep(kind="target", resource=target, detail=target.name or target.native_id)
    for one in configurations:
        if one.family is None or one.address is None:
            continue
        door = open_door(one.interface, estate, found, is_open_without_group=one.is_basic)
        flows = traffic.from_internet(door.flows, [one.family])
        found.add([one.address, *door.steps(flows), end], flows)
        if not flows:
            doubt_tags(found, door, traffic.from_internet(door.doubtful, [one.family]), target.name)
    interfaces = [one.interface for one in configurations]
    for way in ways_to(target, member_id, interfaces, estate, found):
        found.add([*way.steps, end], way.flows)
