"""Writes docs/aws-properties.md from the catalogue: `python -m app.providers.aws.reference > FILE`."""

import json
import sys
from collections.abc import Iterator

from app.providers.aws.catalogue import SERVICES, all_types, calls_of
from app.providers.aws.catalogue.model import Extra, Relation, ResourceType, Service
from app.providers.aws.permissions import permission_for
from app.providers.aws.policies import needed_permissions

_HEAD = """# AWS: types, properties and permissions

Written by `python -m app.providers.aws.reference` from the catalogue; a test keeps it up to date.

A resource's `properties` are the answer of the call that lists or describes it, with the vendor's own field names:
instants are ISO 8601 UTC, policy documents are objects rather than texts. Properties below are added to that answer.
One that could not be read is absent from `properties` and named in `unread_fields` with the reason, such as
`missing permission s3:GetBucketPolicy`. A setting that the vendor documents as not set is stored as `null` (lists:
`[]`) and is not unread. Values at the redacted paths are replaced by `(redacted)`; names stay.
"""


def render() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_types(), "", *_added(), "", *_derived(), "", *_permissions()]) + "\n"


def _types() -> Iterator[str]:
    count = sum(1 for _ in all_types())
    yield f"## The {count} types\n"
    yield "| type | kind | unit | read by | native id | relations |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for service, entry in all_types():
        scope = " (global)" if service.is_global else ""
        kinds = ", ".join(dict.fromkeys(_kind(relation) for relation in entry.relations))
        yield (
            f"| {entry.native_type} | {entry.type} | {service.name}{scope} | {_read_by(service, entry)} "
            f"| `{entry.native_id}` | {kinds} |"
        )


def _read_by(service: Service, entry: ResourceType) -> str:
    calls = []
    if entry.listing is not None:
        calls.append(f"{entry.listing.client or service.name}:{entry.listing.operation}")
    if entry.describe is not None:
        calls.append(f"{service.name}:{entry.describe.operation}")
    return ", ".join(calls) or "the unit itself"


def _kind(relation: Relation) -> str:
    return f"{relation.kind} (from the other)" if relation.reverse else relation.kind


def _added() -> Iterator[str]:
    yield "## Properties from further calls\n"
    yield "| type | property | shape | call | when not set |"
    yield "| --- | --- | --- | --- | --- |"
    for service, entry in all_types():
        for join in entry.joins:
            shape, default = _JOINED.get(join.name, "list"), json.dumps(join.default)
            yield f"| {entry.native_type} | `{join.name}` | {shape} | {', '.join(join.calls)} | `{default}` |"
        for extra in entry.extras:
            names = ", ".join(f"`{name}`" for name in extra.spread or (extra.name,))
            yield (
                f"| {entry.native_type} | {names} | {_shape(extra)} "
                f"| {extra.client or service.name}:{extra.operation} | `{_default(extra)}` |"
            )


_JOINED = {
    "CredentialReport": "account: list of all rows; user: its row. Values are texts as in the file",
    "RestorableByAll": "boolean",
    "DefaultVersion": "the default version, with `LaunchTemplateData`",
    "Tags": "list of `{Key, Value}`",
    "AliasArns": "list of texts",
}


def _shape(extra: Extra) -> str:
    if extra.spread:
        return "the answer's members, at the top level"
    return f"`{extra.result}` of the answer" if extra.result else "the whole answer"


def _default(extra: Extra) -> str:
    return json.dumps(extra.default)


def _derived() -> Iterator[str]:
    yield "## Made by us, and redacted\n"
    yield "| type | made by us | redacted paths |"
    yield "| --- | --- | --- |"
    for _, entry in all_types():
        carried = tuple(entry.for_each.carry) if entry.for_each else ()
        names = ", ".join(f"`{name}`" for name in (*carried, *entry.derive))
        paths = ", ".join(f"`{path}`" for path in entry.redact)
        if names or paths:
            yield f"| {entry.native_type} | {names} | {paths} |"


def _permissions() -> Iterator[str]:
    yield "## Permissions\n"
    count = len(needed_permissions())
    yield f"{count} in all. The connection test tries each and offers a policy with what is missing.\n"
    yield "| unit | permissions |"
    yield "| --- | --- |"
    for service in SERVICES.values():
        needed = sorted({permission_for(*call) for entry in service.types for call in calls_of(service, entry)})
        yield f"| {service.name} | {', '.join(needed)} |"


if __name__ == "__main__":
    sys.stdout.write(render())
