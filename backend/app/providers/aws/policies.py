"""Policies made of permissions: what a role must allow, what is missing, and the limit of our own sessions."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.providers.aws.catalogue import all_types, calls_of
from app.providers.aws.permissions import permission_for

# Asked for outside of the catalogue: planning, the tail, reading one unmodelled resource, who changed what.
_BESIDES = frozenset(
    {
        "cloudformation:GetResource",
        "cloudtrail:LookupEvents",
        "ec2:DescribeRegions",
        "organizations:ListAccountsForParent",
        "resource-explorer-2:GetDefaultView",
        "resource-explorer-2:ListResources",
        "tag:GetResources",
    }
)

# A session policy may have 2,048 characters, too few to name the reads of some seventy services. So a session is
# limited to what the vendor's two policies for auditors allow and to what they lack; what carries content is denied.
AUDIT_POLICIES = ("SecurityAudit", "job-function/ViewOnlyAccess")
_SESSION_ALLOW = [
    "batch:DescribeJobQueues",
    "cloudformation:GetResource",
    "resource-explorer-2:ListResources",
    "savingsplans:DescribeSavingsPlans",
    "scheduler:ListSchedules",
    "wafv2:GetIPSet",
]
_SESSION_DENY = ["cloudformation:GetTemplate", "ec2:DescribeInstanceAttribute"]


def needed_permissions() -> list[str]:
    """Every permission that a whole sync uses, sorted."""
    needed = {permission_for(*call) for service, entry in all_types() for call in calls_of(service, entry)}
    return sorted(needed | _BESIDES)


def grant_for(missing: Iterable[str]) -> Mapping[str, Any] | None:
    """The IAM policy document that adds what is missing; None when nothing is."""
    actions = sorted(set(missing))
    if not actions:
        return None
    return {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "CloudOpsProRead", "Effect": "Allow", "Action": actions, "Resource": "*"}],
    }


def session_policy() -> Mapping[str, Any]:
    """With `session_policy_arns` the upper limit of every session that reads, whatever the role itself may do."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": _SESSION_ALLOW, "Resource": "*"},
            {"Effect": "Deny", "Action": _SESSION_DENY, "Resource": "*"},
        ],
    }


def session_policy_arns(partition: str) -> list[str]:
    """The vendor's own policies that a reading session is limited to as well."""
    return [f"arn:{partition}:iam::aws:policy/{name}" for name in AUDIT_POLICIES]


def lacking_permissions() -> list[str]:
    """What a role needs besides the vendor's two policies for auditors; a test holds it against their texts."""
    return sorted(_SESSION_ALLOW)


def narrow_policy(actions: Iterable[str], resource: str) -> Mapping[str, Any]:
    """The limit of a session for one purpose, such as taking messages off one queue."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": sorted(actions), "Resource": resource}],
    }
