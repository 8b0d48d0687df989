"""Whether resource policies admit strangers, and whether identity policies grant everything."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.domains.compliance.rules.networks import is_world

_LIMITING_KEYS = frozenset(
    {
        "aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn", "aws:sourceaccount",
        "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourcevpc", "aws:sourcevpce",
        "aws:vpcsourceip", "kms:calleraccount", "sts:externalid",
    }
)  # fmt: skip
_POSITIVE = ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress")


def as_list(value: Any) -> list[Any]:
    """Policy elements may be one value or a list of them."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def statements(policy: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    """The statements of a policy document; none of an absent one."""
    for statement in as_list((policy or {}).get("Statement")):
        if isinstance(statement, Mapping):
            yield statement


def is_limiting(condition: Mapping[str, Any] | None) -> bool:
    """Whether a Condition really narrows who can call. Forms with IfExists or a negation do not."""
    for operator, tests in (condition or {}).items():
        name = operator.removeprefix("ForAnyValue:")
        if name not in _POSITIVE or not isinstance(tests, Mapping):
            continue
        for key, value in tests.items():
            values = [str(item) for item in as_list(value)]
            if not values:
                continue
            if key.lower() == "aws:sourceip":
                if not is_world(values):
                    return True
            elif key.lower() in _LIMITING_KEYS and all(
                value.strip("*?:") not in ("", "arn", "arn:aws") for value in values
            ):
                return True
    return False


def admits_everyone(statement: Mapping[str, Any]) -> bool:
    """Whether the statement's principal is anyone: `*`, `AWS: *`, or everybody but some (NotPrincipal)."""
    if "NotPrincipal" in statement:
        return True
    principal = statement.get("Principal")
    if principal == "*":
        return True
    return isinstance(principal, Mapping) and "*" in as_list(principal.get("AWS"))


def _denies_everyone(statement: Mapping[str, Any]) -> bool:
    return (
        statement.get("Effect") == "Deny"
        and admits_everyone(statement)
        and "NotPrincipal" not in statement
        and not statement.get("Condition")
        and any(action in ("*", "*:*") or str(action).endswith(":*") for action in as_list(statement.get("Action")))
    )


def public_statements(policy: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The Allow statements that admit anyone without a limiting condition, unless a flat Deny overrides them all."""
    found = list(statements(policy))
    if any(_denies_everyone(statement) for statement in found):
        return []
    return [
        statement
        for statement in found
        if statement.get("Effect") == "Allow"
        and admits_everyone(statement)
        and not is_limiting(statement.get("Condition"))
    ]


def unscoped_service_statements(policy: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """Allow statements for a service principal that name no source: any account could make that service call."""
    found = []
    for statement in statements(policy):
        principal = statement.get("Principal")
        if statement.get("Effect") != "Allow" or not isinstance(principal, Mapping) or "Service" not in principal:
            continue
        if not is_limiting(statement.get("Condition")):
            found.append(statement)
    return found


def grants_everything(policy: Mapping[str, Any] | None) -> bool:
    """Whether some Allow statement gives every action on every resource without a condition."""
    for statement in statements(policy):
        if statement.get("Effect") != "Allow" or statement.get("Condition"):
            continue
        actions = {str(action) for action in as_list(statement.get("Action"))}
        if actions & {"*", "*:*"} and "*" in as_list(statement.get("Resource")):
            return True
    return False


def refuses_plain_http(policy: Mapping[str, Any] | None, bucket: str) -> bool:
    """Whether a bucket policy denies everyone every S3 action, on bucket and objects, without TLS."""
    covered: set[str] = set()
    wanted = {f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"}
    for statement in statements(policy):
        if statement.get("Effect") != "Deny" or not admits_everyone(statement) or not _tests_tls(statement):
            continue
        if not {"*", "s3:*"} & {str(action) for action in as_list(statement.get("Action"))}:
            continue
        for resource in as_list(statement.get("Resource")):
            text = str(resource)
            parts = text.split(":", 2)  # other partitions: arn:aws-cn, arn:aws-us-gov
            text = f"arn:aws:{parts[2]}" if len(parts) == 3 and parts[0] == "arn" else text
            covered |= wanted if text in ("*", f"arn:aws:s3:::{bucket}*") else {text}
    return wanted <= covered


def _tests_tls(statement: Mapping[str, Any]) -> bool:
    condition = {
        (operator, key.lower()): [str(item).lower() for item in as_list(value)]
        for operator, tests in (statement.get("Condition") or {}).items()
        if isinstance(tests, Mapping)
        for key, value in tests.items()
    }
    if condition.get(("Bool", "aws:securetransport")) == ["false"]:
        return True
    return ("NumericLessThan", "s3:tlsversion") in condition
