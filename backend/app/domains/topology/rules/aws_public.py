"""AWS: what has a public address of its own, and what its policy or list of grants opens."""

from collections.abc import Mapping
from typing import Any

from app.domains.compliance.rules.policies import as_list, public_statements  # pure; two readings would disagree
from app.domains.topology.rules import traffic
from app.domains.topology.rules.estate import Estate, Resource, dig, each, texts
from app.domains.topology.rules.exposure import ChainStep, Exposure, everywhere, explains
from app.domains.topology.rules.traffic import Flow

ACCOUNT = "AWS::Account"
HTTPS = [everywhere("tcp", 443)]
WEB = [everywhere("tcp", 80), everywhere("tcp", 443)]
_EVERYBODY = (
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
)
_BLOCK = "PublicAccessBlockConfiguration"


@explains("AWS::S3::Bucket")
def explain_bucket(resource: Resource, estate: Estate) -> Exposure:
    """By its policy or ACL, unless its own or its account's block of public access is in the way.

    Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage": the stricter of both settings holds.
    """
    found, blocks = Exposure(), Exposure()
    settings = [blocks.read(resource, _BLOCK) or {}]
    account = estate.get(f"arn:aws:iam::{resource.account}:root")
    if account is None:  # another partition spells it another way
        account = next(iter(estate.listing(ACCOUNT, resource.account).resources), None)
    if account is None:
        blocks.doubt("The account's block of public access was not read.")
    else:
        settings.append(blocks.read(account, _BLOCK) or {})
    openings: list[str] = []
    if not any(one.get("RestrictPublicBuckets") for one in settings):
        openings.append(_opens_by_policy(resource, found))
    if not any(one.get("IgnorePublicAcls") for one in settings):
        openings.append(_opens_by_acl(resource, found))
    for opening in filter(None, openings):
        if blocks.unknown:  # a block that was not read may be in the way
            found.unknown += [reason for reason in blocks.unknown if reason not in found.unknown]
        else:
            found.add([_policy_step(resource, opening), _end(resource)], HTTPS)
    return found


def _opens_by_policy(resource: Resource, found: Exposure) -> str:
    policy = found.read(resource, "Policy")
    if isinstance(policy, Mapping):
        open_statements = public_statements(policy)
        if not open_statements:
            return ""
        actions = dict.fromkeys(str(one) for statement in open_statements for one in as_list(statement.get("Action")))
        return f"Bucket policy allows everybody {', '.join(list(actions)[:5])}"
    status = found.read(resource, "PolicyStatus")
    return "Bucket policy is public" if dig(status, "IsPublic") else ""


def _opens_by_acl(resource: Resource, found: Exposure) -> str:
    if str(resource.properties.get("ObjectOwnership") or "") == "BucketOwnerEnforced":
        return ""  # lists of grants have no effect then
    for grant in each({"acl": found.read(resource, "Acl")}, "acl", "Grants"):
        if dig(grant, "Grantee", "URI") in _EVERYBODY:
            return f"Access list grants everybody {grant.get('Permission')}"
    return ""


@explains("AWS::Lambda::Function")
def explain_function(resource: Resource, estate: Estate) -> Exposure:
    """By a function URL without authorization that its policy opens to everybody."""
    found = Exposure()
    for config in each({"all": found.read(resource, "FunctionUrlConfigs")}, "all"):
        if config.get("AuthType") != "NONE":
            continue
        policy = found.read(resource, "Policy")
        allowed = public_statements(policy) if isinstance(policy, Mapping) else []
        if any(_invokes(statement) for statement in allowed):
            url = str(config.get("FunctionUrl") or "its URL")
            steps = [
                ChainStep(kind="address", resource=resource, detail=f"Function URL {url}"),
                _policy_step(resource, "No authorization, and its policy allows everybody to call"),
                _end(resource),
            ]
            found.add(steps, HTTPS)
    return found


def _invokes(statement: Mapping[str, Any]) -> bool:
    actions = {str(one).lower() for one in as_list(statement.get("Action"))}
    return bool(actions & {"*", "lambda:*", "lambda:invoke*", "lambda:invokefunctionurl"})


@explains("AWS::CloudFront::Distribution")
def explain_distribution(resource: Resource, estate: Estate) -> Exposure:
    """A distribution that is on is there for the internet."""
    found = Exposure()
    if found.read(resource, "Enabled"):
        address = ChainStep(kind="address", resource=resource, detail=str(resource.properties.get("DomainName") or ""))
        policy = dig(resource.properties, "DefaultCacheBehavior", "ViewerProtocolPolicy")
        flows = HTTPS if policy == "https-only" else WEB
        detail = "Web ACL " + str(resource.properties["WebACLId"]) if resource.properties.get("WebACLId") else "Enabled"
        found.add([address, _policy_step(resource, detail), _end(resource)], flows)
    return found


@explains("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api")
def explain_api(resource: Resource, estate: Estate) -> Exposure:
    """An API at its public endpoint; the policy of a REST API may keep everybody out."""
    found = Exposure()
    properties = resource.properties
    configuration = properties.get("EndpointConfiguration") or properties.get("endpointConfiguration") or {}
    types = texts(dig(configuration, "types") or dig(configuration, "Types"))
    disabled = properties.get("DisableExecuteApiEndpoint") or properties.get("disableExecuteApiEndpoint")
    if "PRIVATE" in types or disabled:
        return found
    policy = properties.get("policy") or properties.get("Policy")
    if isinstance(policy, Mapping) and not public_statements(policy):
        return found
    endpoint = str(properties.get("ApiEndpoint") or properties.get("apiEndpoint") or "Its public endpoint")
    address = ChainStep(kind="address", resource=resource, detail=endpoint)
    found.add([address, _end(resource)], HTTPS)
    return found


@explains("AWS::EKS::Cluster")
def explain_cluster(resource: Resource, estate: Estate) -> Exposure:
    """By the public endpoint of its API, for the prefixes that it names."""
    found = Exposure()
    network = found.read(resource, "resourcesVpcConfig") or {}
    if not network.get("endpointPublicAccess"):
        return found
    cidrs = texts(network.get("publicAccessCidrs")) or ["0.0.0.0/0"]
    flows = traffic.from_internet([Flow("tcp", 443, 443, traffic.addresses(cidrs))])
    address = ChainStep(kind="address", resource=resource, detail=str(resource.properties.get("endpoint") or "API"))
    found.add([address, _policy_step(resource, f"Open to {', '.join(cidrs[:5])}"), _end(resource)], flows)
    return found


def _policy_step(resource: Resource, detail: str) -> ChainStep:
    return ChainStep(kind="policy", resource=resource, detail=detail)


def _end(resource: Resource) -> ChainStep:
    return ChainStep(kind="target", resource=resource, detail=resource.name or resource.native_id)
