"""What the internet reaches in Google Cloud, case by case."""

from dataclasses import replace
from typing import Any

import pytest
from app.domains.topology.rules.estate import Resource
from tests.domains.topology.telling import resource, told, told_text

LINK = "https://www.googleapis.com/compute/v1/projects/p/"
NAME = "//compute.googleapis.com/projects/p/"
KIND = "compute.googleapis.com/"
NETWORK = f"{LINK}global/networks/main"
PLACE = {"account": "p", "region": "global"}


def route(name: str, destination: str, *, hop: str = "internet", priority: int = 1000, **more: Any) -> Resource:
    hops = {
        "internet": {"nextHopGateway": f"{LINK}global/gateways/default-internet-gateway"},
        "instance": {"nextHopInstance": f"{LINK}zones/z/instances/wall"},
    }
    properties = {"network": NETWORK, "destRange": destination, "priority": priority} | hops[hop] | more
    return resource(f"{NAME}global/routes/{name}", f"{KIND}Route", properties, **PLACE)


def firewall(name: str, *, priority: int = 1000, allow: bool = True, ports: Any = ("22",), **more: Any) -> Resource:
    what = [{"IPProtocol": "tcp", "ports": list(ports)}] if ports else [{"IPProtocol": "all"}]
    properties = {
        "network": NETWORK,
        "direction": "INGRESS",
        "priority": priority,
        "sourceRanges": ["0.0.0.0/0"],
        "allowed" if allow else "denied": what,
    } | more
    return resource(f"{NAME}global/firewalls/{name}", f"{KIND}Firewall", properties, **PLACE)


def policy(target: str, *rules: dict[str, Any]) -> Resource:
    full = [{"direction": "INGRESS"} | rule for rule in rules]
    properties = {"rules": full, "associations": [{"attachmentTarget": target}]}
    return resource("//compute.googleapis.com/firewallPolicies/1", f"{KIND}FirewallPolicy", properties, account="")


def policy_rule(priority: int, action: str, port: str, source: str = "0.0.0.0/0") -> dict[str, Any]:
    match = {"srcIpRanges": [source], "layer4Configs": [{"ipProtocol": "tcp", "ports": [port]}]}
    return {"priority": priority, "action": action, "match": match}


def machine(*, v4: bool = True, v6: bool = False) -> Resource:
    interface: dict[str, Any] = {"network": NETWORK, "networkIP": "10.0.0.2"}
    if v4:
        interface["accessConfigs"] = [{"natIP": "203.0.113.9"}]
    if v6:
        interface["ipv6AccessConfigs"] = [{"externalIpv6": "2600:1900::9"}]
    properties = {
        "networkInterfaces": [interface],
        "tags": {"items": ["web"]},
        "serviceAccounts": [{"email": "web@p.iam.gserviceaccount.com"}],
    }
    return resource(f"{NAME}zones/z/instances/web", f"{KIND}Instance", properties, account="p", region="z")


OUT, SSH = route("out", "0.0.0.0/0"), firewall("ssh")
ORGANIZATION = "organizations/1"
CASES: dict[str, tuple[dict[str, Any], list[Resource], str]] = {
    "an open rule": ({}, [OUT, SSH], "tcp 22 from 0.0.0.0/0"),
    "no external address": ({"v4": False}, [OUT, SSH], "no"),
    "no rule, so the implied one refuses": ({}, [OUT], "no"),
    "no route out": ({}, [SSH], "no"),
    "the route leads to a machine": ({}, [route("out", "0.0.0.0/0", hop="instance"), SSH], "no"),
    "of equal prefixes the lower priority leads": (
        {},
        [OUT, route("wall", "0.0.0.0/0", hop="instance", priority=900), SSH],
        "no",
    ),
    "a route for other tags": ({}, [route("out", "0.0.0.0/0", tags=["db"]), SSH], "no"),
    "a longer prefix leads elsewhere": (
        {},
        [OUT, route("half", "0.0.0.0/1", hop="instance"), SSH],
        "tcp 22 from 128.0.0.0/1",
    ),
    "refused at a lower number": ({}, [OUT, SSH, firewall("no", priority=900, allow=False, ports=())], "no"),
    "refused at a higher number": ({}, [OUT, SSH, firewall("no", priority=1100, allow=False)], "tcp 22 from 0.0.0.0/0"),
    "of equal priority refusing wins": ({}, [OUT, SSH, firewall("no", allow=False)], "no"),
    "a disabled refusal": (
        {},
        [OUT, SSH, firewall("no", priority=1, allow=False, disabled=True)],
        "tcp 22 from 0.0.0.0/0",
    ),
    "a rule for outgoing traffic": ({}, [OUT, firewall("ssh", direction="EGRESS")], "no"),
    "a rule for other tags": ({}, [OUT, firewall("ssh", targetTags=["db"])], "no"),
    "a rule for its tag": ({}, [OUT, firewall("ssh", targetTags=["web", "x"])], "tcp 22 from 0.0.0.0/0"),
    "a rule for another account": ({}, [OUT, firewall("ssh", targetServiceAccounts=["x@p"])], "no"),
    "a rule for sources by tag": ({}, [OUT, firewall("ssh", sourceRanges=[], sourceTags=["jump"])], "no"),
    "a rule of another network": ({}, [OUT, firewall("ssh", network=f"{LINK}global/networks/other")], "no"),
    "ranges of ports": ({}, [OUT, firewall("ssh", ports=("22", "8000-8100"))], "tcp 22, 8000–8100 from 0.0.0.0/0"),
    "private sources": ({}, [OUT, firewall("ssh", sourceRanges=["10.0.0.0/8"])], "no"),
    "IPv6 only": (
        {"v4": False, "v6": True},
        [route("six", "::/0"), firewall("ssh", sourceRanges=["::/0"])],
        "tcp 22 from ::/0",
    ),
    "an IPv6 address behind rules for IPv4": ({"v4": False, "v6": True}, [route("six", "::/0"), OUT, SSH], "no"),
    "the organization refuses first": ({}, [OUT, SSH, policy(ORGANIZATION, policy_rule(1, "deny", "22"))], "no"),
    "the organization passes on": (
        {},
        [OUT, SSH, policy(ORGANIZATION, policy_rule(1, "goto_next", "22"), policy_rule(2, "deny", "22"))],
        "tcp 22 from 0.0.0.0/0",
    ),
    "the organization allows what a rule refuses": (
        {},
        [OUT, firewall("no", allow=False, ports=()), policy(ORGANIZATION, policy_rule(1, "allow", "443"))],
        "tcp 443 from 0.0.0.0/0",
    ),
    "a policy of the network comes after its rules": (
        {},
        [OUT, SSH, policy(NETWORK, policy_rule(1, "deny", "22"))],
        "tcp 22 from 0.0.0.0/0",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "others", "expected"), CASES.values(), ids=CASES.keys())
def test_a_machine_is_reached(fields: dict[str, Any], others: list[Resource], expected: str) -> None:
    assert told_text(told(machine(**fields), others)) == expected


@pytest.mark.parametrize("unlisted", ["Firewall", "Route"])
def test_what_was_not_listed_leaves_it_unknown(unlisted: str) -> None:
    found = told(machine(), [OUT, SSH], unlisted=[KIND + unlisted])
    assert (found.exposed, len(found.unknown)) == (None, 1)
    assert "were not all read" in found.unknown[0]


def test_policies_that_were_not_listed_may_let_in_what_rules_refuse() -> None:
    assert told(machine(), [OUT], unlisted=[f"{KIND}FirewallPolicy"]).exposed is None
    assert told(machine(), [OUT, SSH], unlisted=[f"{KIND}FirewallPolicy"]).exposed is True


def test_a_chain_names_every_piece_of_evidence() -> None:
    found = told(machine(), [OUT, SSH])
    assert [(step.kind, step.detail) for step in found.chains[0].steps] == [
        ("address", "External address 203.0.113.9"),
        ("route", "To the default internet gateway"),
        ("firewall_rule", "Allowed by ssh"),
        ("target", "web"),
    ]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        (
            {"loadBalancingScheme": "EXTERNAL", "IPProtocol": "TCP", "portRange": "443-443"},
            "tcp 443 from 0.0.0.0/0, ::/0",
        ),
        ({"loadBalancingScheme": "EXTERNAL_MANAGED", "ports": ["80", "8080"]}, "tcp 80, 8080 from 0.0.0.0/0, ::/0"),
        ({"loadBalancingScheme": "INTERNAL", "ports": ["80"]}, "no"),
    ],
)  # fmt: skip
def test_a_forwarding_rule_is_reached_on_its_ports(properties: dict[str, Any], expected: str) -> None:
    rule = resource(f"{NAME}regions/r/forwardingRules/web", f"{KIND}ForwardingRule", properties)
    assert told_text(told(rule)) == expected


EVERYBODY = {"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]}
SOMEBODY = {"bindings": [{"role": "roles/storage.objectViewer", "members": ["user:a@example.com"]}]}
CONDITION = {"bindings": [EVERYBODY["bindings"][0] | {"condition": {"expression": "request.time < …"}}]}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"iamPolicy": EVERYBODY}, "tcp 443 from 0.0.0.0/0, ::/0"),
        ({"iamPolicy": SOMEBODY}, "no"),
        ({"iamPolicy": EVERYBODY, "iamConfiguration": {"publicAccessPrevention": "enforced"}}, "no"),
        ({"iamPolicy": CONDITION}, "unknown"),
        ({"acl": [{"entity": "allUsers", "role": "READER"}]}, "tcp 443 from 0.0.0.0/0, ::/0"),
        (
            {
                "acl": [{"entity": "allUsers", "role": "READER"}],
                "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}},
            },
            "no",
        ),
    ],
)
def test_a_bucket_is_reached_by_its_grants(properties: dict[str, Any], expected: str) -> None:
    assert told_text(told(resource("//storage/b", "storage.googleapis.com/Bucket", properties))) == expected


def sql(networks: list[str], *, public: bool = True) -> dict[str, Any]:
    configuration = {"ipv4Enabled": public, "authorizedNetworks": [{"value": one} for one in networks]}
    return {"databaseVersion": "POSTGRES_16", "settings": {"ipConfiguration": configuration}}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        (sql(["0.0.0.0/0"]), "tcp 5432 from 0.0.0.0/0"),
        (sql(["198.51.100.0/24"]), "tcp 5432 from 198.51.100.0/24"),
        (sql([]), "no"),
        (sql(["0.0.0.0/0"], public=False), "no"),
    ],
)
def test_a_database_is_reached_from_its_networks(properties: dict[str, Any], expected: str) -> None:
    assert told_text(told(resource("//sql/i", "sqladmin.googleapis.com/Instance", properties))) == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, "tcp 443 from 0.0.0.0/0"),
        ({"privateClusterConfig": {"enablePrivateEndpoint": True}}, "no"),
        ({"masterAuthorizedNetworksConfig": {"enabled": True, "cidrBlocks": []}}, "no"),
        (
            {"masterAuthorizedNetworksConfig": {"enabled": True, "cidrBlocks": [{"cidrBlock": "198.51.100.0/24"}]}},
            "tcp 443 from 198.51.100.0/24",
        ),
    ],
)
def test_a_control_plane_is_reached_from_its_networks(properties: dict[str, Any], expected: str) -> None:
    assert told_text(told(resource("//gke/c", "container.googleapis.com/Cluster", properties))) == expected


CALLER = {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"iamPolicy": CALLER, "ingress": "INGRESS_TRAFFIC_ALL"}, "tcp 443 from 0.0.0.0/0, ::/0"),
        ({"iamPolicy": CALLER, "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"}, "no"),
        ({"iamPolicy": {"bindings": []}}, "no"),
    ],
)
def test_a_service_is_reached_where_everybody_may_call_it(properties: dict[str, Any], expected: str) -> None:
    assert told_text(told(resource("//run/s", "run.googleapis.com/Service", properties))) == expected


def forwarding(target: str, *, scheme: str = "EXTERNAL", name: str = "front", port: str = "443-443") -> Resource:
    properties = {"loadBalancingScheme": scheme, "IPProtocol": "TCP", "portRange": port, "target": target}
    place = "global/" if "global" in target else "regions/r/"
    kind = "GlobalForwardingRule" if "global" in target else "ForwardingRule"
    return resource(f"{NAME}{place}forwardingRules/{name}", KIND + kind, properties, account="p", region="r")


POOL = resource(
    f"{NAME}regions/r/targetPools/pool",
    f"{KIND}TargetPool",
    {"instances": [f"{LINK}zones/z/instances/web"]},
    account="p",
    region="r",
)
TO_POOL = forwarding(f"{LINK}regions/r/targetPools/pool", port="22-22")
BUNDLE = [
    forwarding(f"{LINK}global/targetHttpsProxies/proxy"),
    resource(
        f"{NAME}global/targetHttpsProxies/proxy", f"{KIND}TargetHttpsProxy", {"urlMap": f"{LINK}global/urlMaps/m"}
    ),
    resource(
        f"{NAME}global/urlMaps/m",
        f"{KIND}UrlMap",
        {"pathMatchers": [{"pathRules": [{"service": f"{LINK}global/backendServices/app"}]}]},
    ),
    resource(
        f"{NAME}global/backendServices/app",
        f"{KIND}BackendService",
        {"backends": [{"group": f"{LINK}zones/z/instanceGroups/workers"}]},
        **PLACE,
    ),
]
FROM_PROXIES = firewall("proxies", ports=("8080",), sourceRanges=["35.191.0.0/16", "130.211.0.0/22"])


def member() -> Resource:
    made = machine(v4=False)
    maker = {"key": "created-by", "value": "projects/42/zones/z/instanceGroupManagers/workers"}
    return replace(made, properties={**made.properties, "metadata": {"items": [maker]}})


@pytest.mark.parametrize(
    ("target", "others", "expected"),
    [
        (machine(v4=False), [POOL, TO_POOL, OUT, SSH], "tcp 22 from 0.0.0.0/0"),
        (machine(v4=False), [POOL, TO_POOL, OUT], "no"),
        (machine(v4=False), [POOL, TO_POOL, SSH], "no"),
        (machine(v4=False), [POOL, OUT, SSH], "no"),
        (machine(v4=False), [POOL, forwarding(POOL.native_id, scheme="INTERNAL"), OUT, SSH], "no"),
        (member(), [*BUNDLE, FROM_PROXIES, OUT], "tcp 443 from 0.0.0.0/0, ::/0"),
        (member(), [*BUNDLE, firewall("private", sourceRanges=["10.0.0.0/8"]), OUT], "no"),
        (machine(v4=False), [*BUNDLE, FROM_PROXIES, OUT], "no"),
    ],
)
def test_a_machine_is_reached_through_a_forwarding_rule(
    target: Resource, others: list[Resource], expected: str
) -> None:
    found = told(target, others)
    assert told_text(found) == expected
    if found.chains:
        kinds = [step.kind for step in found.chains[0].steps]
        assert (kinds[0], kinds[-1]) == ("address", "target")


def test_pools_that_were_not_listed_leave_it_unknown() -> None:
    assert told(machine(v4=False), [OUT, SSH], unlisted=[f"{KIND}TargetPool"]).exposed is None
