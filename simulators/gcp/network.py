"""Networks: two VPCs with subnets, firewalls, routes, a VPN to AWS, peerings, balancers and DNS."""

from typing import Any

from simulators.gcp.assets import COMPUTE, Builder, Project

REGIONS = {"europe-west1": 10, "us-central1": 20}
AWS_GATEWAYS = ("203.0.113.77", "203.0.113.78")  # the other ends of the tunnels


def compute(
    made: Builder, project: Project, kind: str, where: str, name: str, location: str, *, policy: Any = None, **data: Any
) -> str:
    """One thing of Compute Engine. `where` is its path, such as `zones/europe-west1-b/instances`. Returns selfLink."""
    path = f"projects/{project.id}/{where}/{name}"
    scope, _, place = where.rpartition("/")[0].partition("/")
    inside = {"zones": "zone", "regions": "region"}.get(scope)
    link = COMPUTE + path
    made.add(
        f"compute.googleapis.com/{kind}",
        path,
        {
            "kind": f"compute#{kind[0].lower()}{kind[1:]}",
            "id": made.number(path),
            "creationTimestamp": made.moment(path).replace("Z", "-07:00"),
            "name": name,
            "selfLink": link,
            **({inside: f"{COMPUTE}projects/{project.id}/{scope}/{place}"} if inside else {}),
            **data,
        },
        project=project,
        location=location,
        policy=policy,
    )
    return link


def make_networks(made: Builder, projects: dict[str, Project]) -> dict[str, dict[str, str]]:
    """selfLinks of each project's network and subnets: `network` and a region's name."""
    found = {}
    for index, (short, project) in enumerate(projects.items()):
        found[short] = _network(made, project, short, index)
    _peering(made, projects["net"], projects["prod"])
    _vpn(made, projects["net"], found["net"])
    _dns(made, projects)
    default = compute(
        made, projects["staging"], "Network", "global/networks", "default", "global",
        autoCreateSubnetworks=True, subnetworks=[], routingConfig={"routingMode": "REGIONAL"},
    )  # fmt: skip
    _firewall(made, projects["staging"], default, "default-allow-ssh", ["0.0.0.0/0"], [("tcp", ["22"])])
    return found


def _network(made: Builder, project: Project, short: str, index: int) -> dict[str, str]:
    links = {}
    network = f"{COMPUTE}projects/{project.id}/global/networks/acme-{short}"
    for region, octet in REGIONS.items():
        links[region] = compute(
            made, project, "Subnetwork", f"regions/{region}/subnetworks", f"acme-{short}-{region}", region,
            network=network,
            ipCidrRange=f"10.{octet + index}.0.0/20",
            gatewayAddress=f"10.{octet + index}.0.1",
            privateIpGoogleAccess=True,
            purpose="PRIVATE",
            stackType="IPV4_ONLY",
            fingerprint=made.etag(short, region),
            secondaryIpRanges=[{"rangeName": "pods", "ipCidrRange": f"10.{100 + octet + index}.0.0/16"}],
            logConfig={"enable": short != "staging", "aggregationInterval": "INTERVAL_5_SEC", "flowSampling": 0.5},
        )  # fmt: skip
    peers = []
    if short in ("net", "prod"):
        other = {"net": "prod", "prod": "net"}[short]
        there = next(entry for entry in made.projects if entry.name == f"Acme {other}")
        peers = [
            {
                "name": f"to-{other}",
                "network": f"{COMPUTE}projects/{there.id}/global/networks/acme-{other}",
                "state": "ACTIVE",
                "exchangeSubnetRoutes": True,
                "exportCustomRoutes": short == "net",
            }
        ]
    links["network"] = compute(
        made, project, "Network", "global/networks", f"acme-{short}", "global",
        autoCreateSubnetworks=False,
        subnetworks=[links[region] for region in REGIONS],
        routingConfig={"routingMode": "GLOBAL"},
        mtu=1460,
        **({"peerings": peers} if peers else {}),
    )  # fmt: skip
    _firewall(made, project, network, f"{short}-allow-internal", ["10.0.0.0/8"], [("tcp", ["0-65535"]), ("icmp", [])])
    _firewall(
        made, project, network, f"{short}-allow-health-checks", ["35.191.0.0/16", "130.211.0.0/22"],
        [("tcp", ["8080"])], targetTags=["web"],
    )  # fmt: skip
    _firewall(made, project, network, f"{short}-allow-iap", ["35.235.240.0/20"], [("tcp", ["22", "3389"])])
    if short == "prod":
        _firewall(made, project, network, "prod-allow-web", ["0.0.0.0/0"], [("tcp", ["80", "443"])], targetTags=["web"])
    if short == "staging":  # somebody tried something on a Friday
        _firewall(
            made, project, network, "staging-debug", ["0.0.0.0/0"], [("tcp", ["22", "5432"])], targetTags=["debug"]
        )
    compute(
        made, project, "Route", "global/routes", f"{short}-default", "global",
        network=network, destRange="0.0.0.0/0", priority=1000,
        nextHopGateway=f"{COMPUTE}projects/{project.id}/global/gateways/default-internet-gateway",
    )  # fmt: skip
    ranges = "ALL_SUBNETWORKS_ALL_IP_RANGES"
    for region in REGIONS:
        compute(
            made, project, "Router", f"regions/{region}/routers", f"{short}-{region}", region, network=network,
            bgp={"asn": 64512 + index, "advertiseMode": "DEFAULT"},
            nats=[{"name": "nat", "natIpAllocateOption": "AUTO_ONLY", "sourceSubnetworkIpRangesToNat": ranges}],
        )  # fmt: skip
    return links


def _firewall(
    made: Builder,
    project: Project,
    network: str,
    name: str,
    sources: list[str],
    allowed: list[tuple[str, list[str]]],
    **more: Any,
) -> None:
    compute(
        made, project, "Firewall", "global/firewalls", name, "global",
        network=network,
        direction="INGRESS",
        priority=1000,
        disabled=False,
        sourceRanges=sources,
        allowed=[{"IPProtocol": protocol, **({"ports": ports} if ports else {})} for protocol, ports in allowed],
        logConfig={"enable": False},
        **more,
    )  # fmt: skip


def _peering(made: Builder, net: Project, prod: Project) -> None:
    """A shared policy that both networks follow."""
    number = made.number("firewall policy", digits=12)
    made.add(
        "compute.googleapis.com/FirewallPolicy",
        f"projects/{net.id}/global/firewallPolicies/baseline",
        {
            "id": number + "0000000",
            "name": "baseline",
            "shortName": "baseline",
            "selfLink": f"{COMPUTE}projects/{net.id}/global/firewallPolicies/baseline",
            "associations": [
                {"name": "net", "attachmentTarget": f"{COMPUTE}projects/{net.id}/global/networks/acme-net"}
            ],
            "rules": [
                {
                    "priority": 100,
                    "action": "deny",
                    "direction": "INGRESS",
                    "match": {"srcIpRanges": ["198.51.100.0/24"], "layer4Configs": [{"ipProtocol": "all"}]},
                }
            ],
        },
        project=net,
        location="global",
    )
    compute(
        made, prod, "SecurityPolicy", "global/securityPolicies", "web-armor", "global",
        rules=[{"priority": 2147483647, "action": "allow", "match": {"versionedExpr": "SRC_IPS_V1"}}],
        type="CLOUD_ARMOR",
    )  # fmt: skip


def _vpn(made: Builder, net: Project, links: dict[str, str]) -> None:
    region = "us-central1"
    base = f"{COMPUTE}projects/{net.id}"
    gateway = compute(
        made, net, "VpnGateway", f"regions/{region}/vpnGateways", "to-aws", region, network=links["network"],
        vpnInterfaces=[{"id": 0, "ipAddress": "198.51.100.10"}, {"id": 1, "ipAddress": "198.51.100.11"}],
    )  # fmt: skip
    peer = compute(
        made, net, "ExternalVpnGateway", "global/externalVpnGateways", "aws-us-east-1", "global",
        redundancyType="TWO_IPS_REDUNDANCY",
        interfaces=[{"id": index, "ipAddress": address} for index, address in enumerate(AWS_GATEWAYS)],
    )  # fmt: skip
    for index, address in enumerate(AWS_GATEWAYS):
        compute(
            made, net, "VpnTunnel", f"regions/{region}/vpnTunnels", f"aws-{index}", region,
            vpnGateway=gateway,
            vpnGatewayInterface=index,
            peerExternalGateway=peer,
            peerExternalGatewayInterface=index,
            peerIp=address,
            router=f"{base}/regions/{region}/routers/net-{region}",
            sharedSecret="do-not-show-this",
            sharedSecretHash="AGRxQ9u0",
            status="ESTABLISHED",
            detailedStatus="Tunnel is up and running.",
            ikeVersion=2,
        )  # fmt: skip
    compute(
        made, net, "Route", "global/routes", "to-aws", "global",
        network=links["network"], destRange="10.42.0.0/16", priority=900,
        nextHopVpnTunnel=f"{base}/regions/{region}/vpnTunnels/aws-0",
    )  # fmt: skip


def _dns(made: Builder, projects: dict[str, Project]) -> None:
    net, prod = projects["net"], projects["prod"]
    for zone, domain, visibility in (
        ("acme-example", "gcp.acme.example.", "public"),
        ("internal", "gcp.acme.internal.", "private"),
    ):
        path = f"projects/{net.id}/managedZones/{zone}"
        private = {
            "privateVisibilityConfig": {
                "networks": [{"networkUrl": f"{COMPUTE}projects/{prod.id}/global/networks/acme-prod"}]
            }
        }
        own = made.add(
            "dns.googleapis.com/ManagedZone",
            path,
            {
                "id": made.number(zone),
                "name": zone,
                "dnsName": domain,
                "visibility": visibility,
                "nameServers": [f"ns-cloud-a{index}.googledomains.com." for index in range(1, 5)],
                "creationTime": made.moment(zone),
                "labels": dict(net.labels),
                "dnssecConfig": {"state": "on" if visibility == "public" else "off"},
                **(private if visibility == "private" else {}),
            },
            project=net,
            location="global",
        )
        records: list[tuple[str, str, list[str]]] = [(domain, "NS", ["ns-cloud-a1.googledomains.com."])]
        if visibility == "public":
            records += [
                (f"shop.{domain}", "A", ["203.0.113.10"]),
                (f"legacy.{domain}", "CNAME", ["storefront.acme.example."]),
            ]
        else:
            records += [(f"db.{domain}", "A", ["10.11.0.20"]), (f"orders.{domain}", "CNAME", ["orders.acme.internal."])]
        for name, kind, values in records:
            made.add(
                "dns.googleapis.com/ResourceRecordSet",
                f"{path}/rrsets/{name}/{kind}",
                {"name": name, "type": kind, "ttl": 300, "rrdatas": values, "kind": "dns#resourceRecordSet"},
                project=net,
                parent=own,
                location="global",
            )
