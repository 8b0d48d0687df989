"""Policies made of permissions: what a role must allow, what is missing, and the limit of our own sessions."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.providers.aws.catalogue import all_types, calls_of
from app.providers.aws.permissions import permission_for

# The session policy of an assumed role may have 2,048 characters, so it names families of reads. What carries
# content (objects, messages, secret values, user data) is in none of them, or denied.
_SESSION_ALLOW = [
    "acm:Describe*",
    "acm:List*",
    "autoscaling:Describe*",
    "cloudtrail:Describe*",
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:ListTags",
    "cloudwatch:Describe*",
    "cloudwatch:GetMetric*",
    "cloudwatch:List*",
    "dynamodb:Describe*",
    "dynamodb:List*",
    "ec2:Describe*",
    "ec2:GetEbs*",
    "ecr:Describe*",
    "ecr:GetRepositoryPolicy",
    "ecr:List*",
    "ecs:Describe*",
    "ecs:List*",
    "eks:Describe*",
    "eks:List*",
    "elasticache:Describe*",
    "elasticache:List*",
    "elasticfilesystem:Describe*",
    "elasticloadbalancing:Describe*",
    "iam:GenerateCredentialReport",
    "iam:Get*",
    "iam:List*",
    "kms:Describe*",
    "kms:GetKey*",
    "kms:List*",
    "lambda:GetFunctionUrlConfig",
    "lambda:GetPolicy",
    "lambda:List*",
    "logs:Describe*",
    "rds:Describe*",
    "rds:List*",
    "route53:Get*",
    "route53:List*",
    "s3:GetAccount*",
    "s3:GetBucket*",
    "s3:GetEncryption*",
    "s3:GetLifecycle*",
    "s3:ListAllMyBuckets",
    "secretsmanager:ListSecrets",
    "sns:Get*",
    "sns:List*",
    "sqs:GetQueueAttributes",
    "sqs:List*",
    "tag:Get*",
]
_SESSION_DENY = ["ec2:DescribeInstanceAttribute"]


def needed_permissions() -> list[str]:
    """Every permission that a whole sync uses, sorted."""
    needed = {permission_for(*call) for service, entry in all_types() for call in calls_of(service, entry)}
    return sorted(needed | {"ec2:DescribeRegions"})


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
    """Upper limit of every session that we make with an assumed role, whatever the role itself may do."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": _SESSION_ALLOW, "Resource": "*"},
            {"Effect": "Deny", "Action": _SESSION_DENY, "Resource": "*"},
        ],
    }
