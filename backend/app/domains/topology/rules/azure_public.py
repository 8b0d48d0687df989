"""Azure services with an endpoint of their own and a wall of addresses around it.

Shapes are those of each provider's ARM API as of 2024. A wall lets in prefixes; a private endpoint or a subnet's rule
is never the internet. What lets in "Azure services" lets in every customer's machines there, so it counts as reached.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from app.domains.topology.rules import traffic
from app.domains.topology.rules.estate import Estate, Resource, arm, dig, each, texts
from app.domains.topology.rules.exposure import ChainStep, Exposure, explains
from app.domains.topology.rules.traffic import Flow

EVERYWHERE = ("0.0.0.0/0", "::/0")
AZURE = "Azure services"
_ALL_OF_AZURE = ("0.0.0.0", "0.0.0.0-0.0.0.0")  # noqa: S104  how firewalls of databases spell it


@dataclass(frozen=True, kw_only=True)
class Wall:
    """Who gets through: prefixes, addresses or ranges, and whether all of Azure does. `text` is the evidence."""

    prefixes: Sequence[str] = EVERYWHERE
    azure: bool = False
    text: str = "Public network access without address rules"


def is_private(resource: Resource, found: Exposure) -> bool:
    """Whether the endpoint answers no public address. A network security perimeter decides instead, unread."""
    setting = str(arm(resource).get("publicNetworkAccess") or "Enabled").lower()
    if setting == "securedbyperimeter":
        found.doubt(f"The network security perimeter of {resource.name} is not read.")
        return True
    return setting == "disabled"


def add_endpoint(resource: Resource, found: Exposure, wall: Wall, ports: Iterable[int], address: Any) -> None:
    """Note the way in that a wall leaves."""
    steps = [
        ChainStep(kind="address", resource=resource, detail=f"Public endpoint {address or resource.name}"),
        ChainStep(kind="firewall_rule", resource=resource, detail=wall.text),
        ChainStep(kind="target", resource=resource, detail=resource.name),
    ]
    numbers = list(ports)
    sources = traffic.addresses(wall.prefixes)
    flows = traffic.from_internet([Flow("tcp", port, port, sources) for port in numbers])
    if wall.azure:
        cidrs = traffic.to_cidrs(traffic.all_sources(flows))
        found.add(steps, [Flow("tcp", port, port, traffic.INTERNET) for port in numbers], [*cidrs, AZURE])
    else:
        found.add(steps, flows)


def _some(prefixes: Sequence[str]) -> str:
    return f"{', '.join(prefixes[:5])}{' …' if len(prefixes) > 5 else ''}"


def _listed(prefixes: Sequence[str], *, azure: bool = False) -> Wall:
    named = [*prefixes, *([AZURE] if azure else [])]
    return Wall(prefixes=prefixes, azure=azure, text=f"Address rules let in {_some(named) or 'nobody'}")


def network_rules(rules: Any, value: str = "value") -> Wall:
    """`{defaultAction, ipRules: [{value, action}]}` as storage, vaults, registries and AI services have it."""
    if not isinstance(rules, Mapping) or str(rules.get("defaultAction") or "Allow").lower() == "allow":
        return Wall()
    allowed = [one for one in each(rules, "ipRules") if str(one.get("action") or "Allow").lower() == "allow"]
    return _listed([str(one.get(value)) for one in allowed])


@explains("Microsoft.Storage/storageAccounts")
def explain_storage(resource: Resource, estate: Estate) -> Exposure:
    """By a container that gives its blobs to everybody, where the account allows that and its rules let them in.

    Reaching the endpoint alone is not told, as with the buckets of other clouds: without a key it answers nothing.
    """
    found, inner = Exposure(), arm(resource)
    # What is not set permits it: so it was with accounts from before the setting.
    if inner.get("allowBlobPublicAccess") is False or is_private(resource, found):
        return found
    containers = each({"all": found.read(resource, "containers")}, "all")
    opened = [
        f"{one.get('name')} ({level})"
        for one in containers
        if (level := str(dig(one, "properties", "publicAccess") or "None")) in ("Blob", "Container")
    ]
    if "containers" not in resource.properties and str(resource.properties.get("kind")) != "FileStorage":
        found.doubt(f"The containers of {resource.name} were not read.")
    if opened:
        wall = network_rules(inner.get("networkAcls"))
        text = f"Anonymous access to {_some(opened)}; {wall.text[0].lower()}{wall.text[1:]}"
        ports = (443,) if inner.get("supportsHttpsTrafficOnly", True) else (80, 443)
        address = dig(inner, "primaryEndpoints", "blob")
        add_endpoint(resource, found, Wall(prefixes=wall.prefixes, text=text), ports, address)
    return found


@explains("Microsoft.Sql/servers")
def explain_sql_server(resource: Resource, estate: Estate) -> Exposure:
    """By its firewall rules."""
    found = Exposure()
    if not is_private(resource, found):
        address = arm(resource).get("fullyQualifiedDomainName")
        add_endpoint(resource, found, _firewall(resource, found), (1433,), address)
    return found


@explains("Microsoft.Sql/servers/databases")
def explain_sql_database(resource: Resource, estate: Estate) -> Exposure:
    """By its server."""
    found = Exposure()
    server_id = resource.native_id[: resource.native_id.lower().rfind("/databases/")]
    server = estate.get(server_id)
    if server is None:
        found.doubt(f"The server {server_id} was not read.")
        return found
    reached = explain_sql_server(server, estate)
    found.unknown += reached.unknown
    for chain in reached.chains:
        end = ChainStep(kind="target", resource=resource, detail=resource.name)
        found.add([*chain.steps, end], chain.flows, chain.sources)
    return found


@explains("Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.DBforMySQL/flexibleServers")
def explain_flexible_server(resource: Resource, estate: Estate) -> Exposure:
    """By its firewall rules, unless it lives in a subnet."""
    found = Exposure()
    network = dig(arm(resource), "network") or {}
    is_closed = str(network.get("publicNetworkAccess") or "Enabled").lower() == "disabled"
    if is_closed or network.get("delegatedSubnetResourceId"):
        return found
    port = 5432 if "postgresql" in resource.native_type.lower() else 3306
    add_endpoint(resource, found, _firewall(resource, found), (port,), arm(resource).get("fullyQualifiedDomainName"))
    return found


def _firewall(resource: Resource, found: Exposure) -> Wall:
    """Rules from a first to a last address; 0.0.0.0 to 0.0.0.0 means all of Azure."""
    rules = found.read(resource, "firewallRules")
    if rules is None and "firewallRules" not in resource.unread:
        found.doubt(f"The firewall rules of {resource.name} were not read.")
    ranges: list[str] = []
    for one in each({"all": rules}, "all"):
        first, last = (str(dig(one, "properties", name) or "") for name in ("startIpAddress", "endIpAddress"))
        ranges.append(f"{first}-{last}")
    return _listed(
        [one for one in ranges if one not in _ALL_OF_AZURE], azure=any(one in _ALL_OF_AZURE for one in ranges)
    )


@explains("Microsoft.KeyVault/vaults", "Microsoft.KeyVault/managedHSMs", "Microsoft.CognitiveServices/accounts")
def explain_vault(resource: Resource, estate: Estate) -> Exposure:
    """By its network rules."""
    found, inner = Exposure(), arm(resource)
    if not is_private(resource, found):
        address = inner.get("vaultUri") or inner.get("hsmUri") or inner.get("endpoint")
        add_endpoint(resource, found, network_rules(inner.get("networkAcls")), (443,), address)
    return found


@explains("Microsoft.ContainerRegistry/registries")
def explain_registry(resource: Resource, estate: Estate) -> Exposure:
    """By its network rules."""
    found, inner = Exposure(), arm(resource)
    if not is_private(resource, found):
        wall = network_rules(inner.get("networkRuleSet"))
        add_endpoint(resource, found, wall, (443,), inner.get("loginServer"))
    return found


@explains("Microsoft.Search/searchServices")
def explain_search(resource: Resource, estate: Estate) -> Exposure:
    """By its address rules; none of them means everybody."""
    found = Exposure()
    if not is_private(resource, found):
        allowed = [str(one.get("value")) for one in each(arm(resource), "networkRuleSet", "ipRules")]
        add_endpoint(resource, found, _listed(allowed) if allowed else Wall(), (443,), arm(resource).get("endpoint"))
    return found


@explains("Microsoft.DocumentDB/databaseAccounts")
def explain_documents(resource: Resource, estate: Estate) -> Exposure:
    """By its address rules: 0.0.0.0 lets in all of Azure; none of them and no filter by network let in everybody."""
    found, inner = Exposure(), arm(resource)
    if is_private(resource, found):
        return found
    given = [str(one.get("ipAddressOrRange")) for one in each(inner, "ipRules")]
    given += [part.strip() for text in texts(inner.get("ipRangeFilter")) for part in text.split(",") if part.strip()]
    named = [one for one in given if one not in _ALL_OF_AZURE]
    is_open = not given and not inner.get("isVirtualNetworkFilterEnabled")
    wall = Wall() if is_open else _listed(named, azure=len(named) < len(given))
    add_endpoint(resource, found, wall, (443,), inner.get("documentEndpoint"))
    return found


@explains("Microsoft.Cache/redis")
def explain_cache(resource: Resource, estate: Estate) -> Exposure:
    """By its firewall rules, unless it lives in a subnet; no rule means everybody."""
    found, inner = Exposure(), arm(resource)
    if is_private(resource, found) or inner.get("subnetId"):
        return found
    if "firewallRules" not in resource.properties:
        found.read(resource, "firewallRules")
        found.doubt(f"The firewall rules of {resource.name} were not read.")
        return found
    rules = each(resource.properties, "firewallRules")
    ranges = [f"{dig(one, 'properties', 'startIP')}-{dig(one, 'properties', 'endIP')}" for one in rules]
    ports = [inner.get("sslPort") or 6380, *([inner.get("port") or 6379] if inner.get("enableNonSslPort") else [])]
    add_endpoint(resource, found, _listed(ranges) if ranges else Wall(), ports, inner.get("hostName"))
    return found


@explains("Microsoft.ContainerService/managedClusters")
def explain_cluster(resource: Resource, estate: Estate) -> Exposure:
    """By the public endpoint of its API server, for the prefixes that it names."""
    found, inner = Exposure(), arm(resource)
    access = dig(inner, "apiServerAccessProfile") or {}
    is_stopped = str(dig(inner, "powerState", "code")).lower() == "stopped"
    if is_stopped or access.get("enablePrivateCluster") or is_private(resource, found):
        return found
    ranges = texts(access.get("authorizedIPRanges"))
    wall = Wall(prefixes=ranges, text=f"Authorized ranges {_some(ranges)}") if ranges else Wall()
    add_endpoint(resource, found, wall, (443,), inner.get("fqdn"))
    return found


def is_address(text: str) -> bool:
    """Whether a text is an address or a prefix."""
    try:
        ip_address(text.partition("/")[0])
    except ValueError:
        return False
    return True
