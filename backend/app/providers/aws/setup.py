"""CloudFormation templates for a customer's side: the role, and the way of events to a queue.

`python -m app.providers.aws.setup role|events|events-forward > FILE`; the files in docs/examples are these, and a test
keeps them so.
"""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from app.providers.aws.accounts import DEFAULT_ROLE
from app.providers.aws.policies import AUDIT_POLICIES, lacking_permissions

_RULES: Mapping[str, Mapping[str, Any]] = {
    # CloudTrail's management events; those that only read are not sent unless a rule asks for them in so many words.
    "Calls": {"detail-type": ["AWS API Call via CloudTrail"], "detail": {"readOnly": [False]}},
    "States": {
        "source": ["aws.ec2", "aws.autoscaling", "aws.ecs", "aws.rds", "aws.tag"],
        "detail-type": [
            "EC2 Instance State-change Notification",
            "EBS Snapshot Notification",
            "EC2 Instance Launch Successful",
            "EC2 Instance Terminate Successful",
            "ECS Service Action",
            "RDS DB Instance Event",
            "RDS DB Cluster Event",
            "RDS DB Snapshot Event",
            "Tag Change on Resource",
        ],
    },
}


def role_template() -> dict[str, Any]:
    """The role that reads, for one account or, as a stack set, for each of an organization."""
    statement = {"Effect": "Allow", "Action": lacking_permissions(), "Resource": "*"}
    return _template(
        "A role by which CloudOps Pro reads this account's configuration, without its content",
        parameters={
            "PrincipalArn": (
                "Identity that assumes the role: CloudOps Pro, or the role of the connected account",
                None,
            ),
            "ExternalId": ("External id, as the connection wizard or the organization's scope has it", None),
            "RoleName": ("Name of the role", DEFAULT_ROLE),
        },
        resources={
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": {"Ref": "RoleName"},
                    "MaxSessionDuration": 3600,
                    "AssumeRolePolicyDocument": _policy(
                        {
                            "Effect": "Allow",
                            "Principal": {"AWS": {"Ref": "PrincipalArn"}},
                            "Action": "sts:AssumeRole",
                            "Condition": {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}},
                        }
                    ),
                    "ManagedPolicyArns": [
                        {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{name}"} for name in AUDIT_POLICIES
                    ],
                    "Policies": [{"PolicyName": "CloudOpsProBesides", "PolicyDocument": _policy(statement)}],
                },
            }
        },
        outputs={"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}},
    )


def events_template() -> dict[str, Any]:
    """A queue in the account's home region, what may fill it, and a bus for other regions and accounts."""
    return _template(
        "Changes told to CloudOps Pro: EventBridge to a queue, and a bus for those of other regions and accounts",
        parameters={
            "ReaderArn": ("Role or user of the connection, which takes messages off the queue", None),
            "OrganizationId": ("Organization whose accounts may send to the bus, o-…; none for this account only", ""),
        },
        conditions={"HasOrganization": {"Fn::Not": [{"Fn::Equals": [{"Ref": "OrganizationId"}, ""]}]}},
        resources={
            "Queue": {
                "Type": "AWS::SQS::Queue",
                "Properties": {
                    "QueueName": "cloudops-changes",
                    "MessageRetentionPeriod": 345600,
                    "VisibilityTimeout": 120,
                    "SqsManagedSseEnabled": True,
                },
            },
            "QueuePolicy": {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": _policy(*_queue_statements())},
            },
            "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "cloudops-changes"}},
            "BusPolicy": {
                "Type": "AWS::Events::EventBusPolicy",
                "Condition": "HasOrganization",
                "Properties": {
                    "EventBusName": {"Fn::GetAtt": ["Bus", "Name"]},
                    "StatementId": "organization",
                    "Statement": {
                        "Effect": "Allow",
                        "Principal": "*",
                        "Action": "events:PutEvents",
                        "Resource": {"Fn::GetAtt": ["Bus", "Arn"]},
                        "Condition": {"StringEquals": {"aws:PrincipalOrgID": {"Ref": "OrganizationId"}}},
                    },
                },
            },
            **_rules("Own", {"Id": "queue", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}),
            **_rules(
                "Sent", {"Id": "queue", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}, bus={"Fn::GetAtt": ["Bus", "Name"]}
            ),
        },
        outputs={"QueueUrl": {"Ref": "Queue"}, "BusArn": {"Fn::GetAtt": ["Bus", "Arn"]}},
    )


def forward_template() -> dict[str, Any]:
    """What sends another region's or account's changes to that bus."""
    target = {"Id": "bus", "Arn": {"Ref": "BusArn"}, "RoleArn": {"Fn::GetAtt": ["Sender", "Arn"]}}
    return _template(
        "Changes of this region sent to the bus of CloudOps Pro in another region or account",
        parameters={"BusArn": ("Output BusArn of the events stack", None)},
        resources={
            "Sender": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": _policy(
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "events.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ),
                    "Policies": [
                        {
                            "PolicyName": "send",
                            "PolicyDocument": _policy(
                                {"Effect": "Allow", "Action": "events:PutEvents", "Resource": {"Ref": "BusArn"}}
                            ),
                        }
                    ],
                },
            },
            **_rules("Own", target),
        },
    )


def _queue_statements() -> list[dict[str, Any]]:
    queue = {"Fn::GetAtt": ["Queue", "Arn"]}
    # By name and not by reference: a rule needs the policy, so the policy must not need the rule.
    sender = {"Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/*"}
    return [
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue,
            "Condition": {"ArnLike": {"aws:SourceArn": sender}},
        },
        {
            "Effect": "Allow",
            "Principal": {"AWS": {"Ref": "ReaderArn"}},
            "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage"],
            "Resource": queue,
        },
    ]


def _rules(prefix: str, target: Mapping[str, Any], *, bus: Any = None) -> dict[str, Any]:
    more = {} if bus is None else {"EventBusName": bus}
    return {
        f"{prefix}{name}": {
            "Type": "AWS::Events::Rule",
            "Properties": {"EventPattern": pattern, "State": "ENABLED", "Targets": [target], **more},
        }
        for name, pattern in _RULES.items()
    }


def _policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _template(
    description: str,
    *,
    parameters: Mapping[str, tuple[str, str | None]],
    resources: Mapping[str, Any],
    conditions: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": description,
        "Parameters": {
            name: {"Type": "String", "Description": text, **({} if default is None else {"Default": default})}
            for name, (text, default) in parameters.items()
        },
        **({"Conditions": conditions} if conditions else {}),
        "Resources": resources,
        **({"Outputs": {name: {"Value": value} for name, value in outputs.items()}} if outputs else {}),
    }


TEMPLATES: Mapping[str, Callable[[], dict[str, Any]]] = {
    "role": role_template,
    "events": events_template,
    "events-forward": forward_template,
}


def render(name: str) -> str:
    """The template as the file has it."""
    return json.dumps(TEMPLATES[name](), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render(sys.argv[1]))
