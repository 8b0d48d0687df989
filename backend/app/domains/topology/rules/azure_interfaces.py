"""Azure: IP configurations of interfaces and scale sets, with their public addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domains.topology.rules.azure_network import Interface, application_groups
from app.domains.topology.rules.estate import Estate, Resource, arm, dig, each
from app.domains.topology.rules.exposure import ChainStep, Exposure


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One IP configuration and its public address: `family` is None without one, `is_basic` opens without a group."""

    interface: Interface
    family: int | None = None
    is_basic: bool = False
    address: ChainStep | None = None


def configurations_of(interface: Resource, estate: Estate, found: Exposure) -> list[Configuration]:
    """The IP configurations of a network interface, with the public addresses that they name."""
    made: list[Configuration] = []
    group_id = str(dig(arm(interface), "networkSecurityGroup", "id") or "")
    for one in each(arm(interface), "ipConfigurations"):
        inner = unwrap(one)
        private = inner.get("privateIPAddress")
        family, is_basic, step = public_address(dig(inner, "publicIPAddress", "id"), estate, found)
        made.append(
            Configuration(
                interface=Interface(
                    id=str(one.get("id") or "").lower(),
                    subnet_id=str(dig(inner, "subnet", "id") or ""),
                    group_id=group_id,
                    addresses=[str(private)] if private else [],
                    application_groups=application_groups(inner),
                ),
                family=family,
                is_basic=is_basic,
                address=step,
            )
        )
    return made


def public_address(reference: Any, estate: Estate, found: Exposure) -> tuple[int | None, bool, ChainStep | None]:
    """(family, whether it is Basic, evidence) of a public address; no family for none and for one without a number."""
    if not reference:
        return None, False, None
    address = estate.get(str(reference))
    if address is None:
        found.doubt(f"The public address {reference} was not read.")
        return 4, False, ChainStep(kind="address", detail="A public address that was not read")
    number = arm(address).get("ipAddress")
    if not number:
        return None, False, None
    family = 6 if ":" in str(number) else 4
    # What names no SKU is Basic: it is the older of the two.
    is_basic = str(dig(address.properties, "sku", "name") or "Basic") == "Basic"
    return family, is_basic, ChainStep(kind="address", resource=address, detail=f"Public address {number}")


def configurations_of_scale_set(scale_set: Resource) -> list[Configuration]:
    """The IP configurations that a scale set gives its machines."""
    made: list[Configuration] = []
    profile = dig(arm(scale_set), "virtualMachineProfile", "networkProfile")
    for card in each(profile, "networkInterfaceConfigurations"):
        outer = unwrap(card)
        for one in each(outer, "ipConfigurations"):
            inner = unwrap(one)
            public = inner.get("publicIPAddressConfiguration")
            version = dig(public, "properties", "publicIPAddressVersion") or inner.get("privateIPAddressVersion")
            made.append(
                Configuration(
                    interface=Interface(
                        subnet_id=str(dig(inner, "subnet", "id") or ""),
                        group_id=str(dig(outer, "networkSecurityGroup", "id") or ""),
                        application_groups=application_groups(inner),
                    ),
                    family=None if public is None else 6 if version == "IPv6" else 4,
                    is_basic=str(dig(public, "sku", "name") or "Basic") == "Basic",
                    address=ChainStep(kind="address", resource=scale_set, detail="A public address for each machine"),
                )
            )
    return made


def unwrap(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `properties` of a part of a resource."""
    inner = value.get("properties")
    return inner if isinstance(inner, Mapping) else value
