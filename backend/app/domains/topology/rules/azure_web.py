"""Azure's web applications, container applications, API gateways and edges.

Shapes are those of Microsoft.Web 2023-12-01, Microsoft.App 2024-03-01, Microsoft.ApiManagement 2024-05-01 and
Microsoft.Cdn 2024-02-01. Sources: learn.microsoft.com, "Set up Azure App Service access restrictions".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domains.topology.rules import traffic
from app.domains.topology.rules.azure_interfaces import unwrap
from app.domains.topology.rules.azure_network import Interface, doubt_tags, open_door
from app.domains.topology.rules.azure_public import is_address, is_private
from app.domains.topology.rules.estate import Estate, Resource, arm, dig, each
from app.domains.topology.rules.exposure import ChainStep, Exposure, everywhere, explains
from app.domains.topology.rules.traffic import Flow, Rule

WEB = [everywhere("tcp", 80), everywhere("tcp", 443)]
HTTPS = [everywhere("tcp", 443)]
MANAGED_INSTANCE_PORT = 3342  # of the public endpoint


def _add(resource: Resource, found: Exposure, flows: Sequence[Flow], address: Any, wall: str) -> None:
    steps = [ChainStep(kind="address", resource=resource, detail=f"Public endpoint {address or resource.name}")]
    if wall:
        steps.append(ChainStep(kind="firewall_rule", resource=resource, detail=wall))
    found.add([*steps, ChainStep(kind="target", resource=resource, detail=resource.name)], flows)


@explains("Microsoft.Web/sites", "Microsoft.Web/sites/slots")
def explain_site(resource: Resource, estate: Estate) -> Exposure:
    """By its access restrictions in order of priority; with none, everybody gets in."""
    found, inner = Exposure(), arm(resource)
    if (
        inner.get("enabled") is False
        or str(inner.get("state") or "Running") == "Stopped"
        or is_private(resource, found)
    ):
        return found
    environment_id = dig(inner, "hostingEnvironmentProfile", "id")
    environment = estate.get(environment_id)
    if environment_id and environment is None:
        found.doubt(f"The environment {environment_id} was not read.")
        return found
    if environment is not None and str(arm(environment).get("internalLoadBalancingMode") or "None") != "None":
        return found
    settings = found.read(resource, "configWeb")
    if not isinstance(settings, Mapping):
        found.doubt(f"The access restrictions of {resource.name} were not read.")
        return found
    config = unwrap(settings)
    restrictions = each(config, "ipSecurityRestrictions")
    setting, private = inner.get("publicNetworkAccess"), each(inner, "privateEndpointConnections")
    if not setting and private and not restrictions:
        return found  # with a private endpoint, what is not set means off
    ports = HTTPS if inner.get("httpsOnly") else WEB
    sure, generous, tags = _restrictions(config, restrictions)
    flows = _on(ports, traffic.from_internet(traffic.evaluate(sure)))
    named = dict.fromkeys(label for flow in flows for label in flow.rules)
    wall = f"Allowed by {', '.join(named)}" if named else "No access restrictions"
    _add(resource, found, flows, inner.get("defaultHostName"), wall)
    if not flows and tags and traffic.from_internet(traffic.evaluate(generous)):
        found.doubt(f"{resource.name} is open to {', '.join(tags)}, whose addresses are not read.")
    return found


def _restrictions(
    config: Mapping[str, Any], listed: Sequence[Mapping[str, Any]]
) -> tuple[list[Rule], list[Rule], list[str]]:
    """Rules in order, the same with service tags taken for the internet, and those tags."""
    sure: list[Rule] = []
    generous: list[Rule] = []
    tags: list[str] = []
    for one in sorted(listed, key=lambda one: int(one.get("priority") or 65_000)):
        text, is_allow = str(one.get("ipAddress") or ""), str(one.get("action") or "Allow").lower() == "allow"
        if one.get("vnetSubnetResourceId"):
            continue  # from a subnet, never the internet
        label = str(one.get("name") or text)
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if text.lower() == "any" or one.get("headers"):
            # A header such as X-Azure-FDID is something that who sends it can know, so an allow is only doubtful.
            known = traffic.ANYWHERE if text.lower() == "any" and not one.get("headers") else traffic.Addresses()
        else:
            known = traffic.addresses(part for part in parts if is_address(part))
        opaque = is_allow and (bool(one.get("headers")) or (not all(map(is_address, parts)) and text.lower() != "any"))
        tags += [text] if opaque else []
        sure.append(Rule(allow=is_allow, sources=known, label=label))
        generous.append(Rule(allow=is_allow, sources=traffic.ANYWHERE if opaque else known, label=label))
    default = str(config.get("ipSecurityRestrictionsDefaultAction") or ("Deny" if listed else "Allow"))
    last = Rule(allow=default.lower() == "allow", sources=traffic.ANYWHERE)
    return [*sure, last], [*generous, last], tags


def _on(ports: Sequence[Flow], let_in: Sequence[Flow]) -> list[Flow]:
    return traffic.both(ports, let_in)


@explains("Microsoft.App/containerApps")
def explain_container_app(resource: Resource, estate: Estate) -> Exposure:
    """By an external ingress and its address restrictions, where its environment is not internal."""
    found, inner = Exposure(), arm(resource)
    ingress = dig(inner, "configuration", "ingress")
    if not isinstance(ingress, Mapping) or not ingress.get("external"):
        return found
    environment_id = inner.get("environmentId") or inner.get("managedEnvironmentId")
    environment = estate.get(environment_id)
    if environment is None:
        found.doubt(f"The environment {environment_id} was not read.")
        return found
    outside = str(arm(environment).get("publicNetworkAccess") or "Enabled").lower() == "enabled"
    if dig(arm(environment), "vnetConfiguration", "internal") or not outside:
        return found
    rules = [
        Rule(
            allow=str(one.get("action")).lower() == "allow",
            sources=traffic.addresses([str(one.get("ipAddressRange"))]),
            label=str(one.get("name") or one.get("ipAddressRange")),
        )
        for one in each(ingress, "ipSecurityRestrictions")
    ]
    # All rules allow, or all of them refuse; what none names is the other.
    last = Rule(allow=not any(rule.allow for rule in rules), sources=traffic.ANYWHERE)
    flows = _on(WEB if ingress.get("allowInsecure") else HTTPS, traffic.from_internet(traffic.evaluate([*rules, last])))
    named = dict.fromkeys(label for flow in flows for label in flow.rules)
    wall = f"Allowed by {', '.join(named)}" if named else "External ingress"
    _add(resource, found, flows, ingress.get("fqdn"), wall)
    return found


@explains("Microsoft.ApiManagement/service")
def explain_api_gateway(resource: Resource, estate: Estate) -> Exposure:
    """By its gateway's public address, unless it is inside of a network."""
    found, inner = Exposure(), arm(resource)
    if not is_private(resource, found) and str(inner.get("virtualNetworkType") or "None") != "Internal":
        _add(resource, found, HTTPS, inner.get("gatewayUrl"), "")
    return found


@explains("Microsoft.Cdn/profiles/afdEndpoints", "Microsoft.Cdn/profiles/endpoints")
def explain_edge(resource: Resource, estate: Estate) -> Exposure:
    """An endpoint that is on is there for the internet."""
    found, inner = Exposure(), arm(resource)
    if str(inner.get("enabledState") or inner.get("resourceState") or "Enabled") in ("Enabled", "Running", "Active"):
        _add(resource, found, WEB, inner.get("hostName"), "")
    return found


@explains("Microsoft.Sql/managedInstances")
def explain_managed_instance(resource: Resource, estate: Estate) -> Exposure:
    """By its public endpoint, through the security group of its subnet."""
    found, inner = Exposure(), arm(resource)
    if not inner.get("publicDataEndpointEnabled"):
        return found
    interface = Interface(subnet_id=str(inner.get("subnetId") or ""))
    door = open_door(interface, estate, found, is_open_without_group=False)
    port = MANAGED_INSTANCE_PORT
    flows = traffic.on_ports(traffic.from_internet(door.flows, (4,)), "tcp", port, port)
    address = ChainStep(kind="address", resource=resource, detail=f"Public data endpoint on port {port}")
    end = ChainStep(kind="target", resource=resource, detail=resource.name)
    found.add([address, *door.steps(flows), end], flows)
    if not flows:
        doubtful = traffic.on_ports(traffic.from_internet(door.doubtful, (4,)), "tcp", port, port)
        doubt_tags(found, door, doubtful, resource.name)
    return found
