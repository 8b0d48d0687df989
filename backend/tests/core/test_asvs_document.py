"""What the OpenAPI document promises of every route, as far as it decides about security."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from app.core.config import SERVICES, Settings
from app.core.ratelimit import BY_ADDRESS, LIMITS, limit_class_of
from app.main import create_app

Node = Mapping[str, Any]
# Values that a body may hold without a bound of its own: the request's size and the array's are the bound.
FREE_FORMATS = {"uuid", "date", "date-time", "email", "uri", "binary", "password", "ipvanyaddress", "ipvanynetwork"}


@pytest.fixture(scope="module")
def document() -> Node:
    return create_app(Settings(), SERVICES).openapi()


def operations(document: Node) -> Iterator[tuple[str, Node]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def walk(
    document: Node, schema: Node, name: str = "", seen: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Node]]:
    """(dotted name, schema) of everything inside a schema, references followed once."""
    if "$ref" in schema:
        reference = schema["$ref"]
        if reference in seen:
            return
        yield from walk(
            document, document["components"]["schemas"][reference.rpartition("/")[2]], name, seen | {reference}
        )
        return
    yield name, schema
    for keyword in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(keyword, ()):
            yield from walk(document, one, name, seen)
    for field, one in schema.get("properties", {}).items():
        yield from walk(document, one, f"{name}.{field}".lstrip("."), seen)
    if isinstance(schema.get("items"), dict):
        yield from walk(document, schema["items"], f"{name}[]", seen)


def bodies(document: Node) -> Iterator[tuple[str, Node]]:
    for label, operation in operations(document):
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            if "schema" in content and kind.endswith("json") and "/scim/" not in label:  # SCIM has rules of its own
                yield label, content["schema"]


def answers(document: Node) -> Iterator[tuple[str, Node]]:
    for label, operation in operations(document):
        for status, answer in operation["responses"].items():
            for kind, content in answer.get("content", {}).items():
                if status.startswith("2") and kind.endswith("json") and "schema" in content:
                    yield label, content["schema"]


def test_bodies_refuse_fields_that_they_do_not_know(document: Node) -> None:
    open_ended, asked = [], 0
    for label, schema in bodies(document):
        for name, one in walk(document, schema):
            if one.get("type") == "object" and "properties" in one:
                asked += 1
                if one.get("additionalProperties") is not False:
                    open_ended.append((label, name or "(body)"))
    assert not open_ended
    assert asked > 20


def test_bodies_never_name_the_organization_or_whose_they_are(document: Node) -> None:
    """Where the id is one to choose from one's own, the route says so here."""
    chosen = {("POST /api/v1/auth/switch", "organization_id"), ("POST /api/v1/organizations/current/owner", "user_id")}
    owners = {"organization_id", "owner_id", "created_by", "user_id", "is_admin", "permissions_of"}
    found = {
        (label, name)
        for label, schema in bodies(document)
        for name, _ in walk(document, schema)
        if name.rpartition(".")[2] in owners
    }
    assert found <= chosen, found - chosen


BOUNDED_BY_THE_ADDRESS = ("?domain", "?return_to")  # 8 KiB in all; looked up, or checked to be a path of ours
COMPARED_ONLY = {("PATCH /api/v1/roles/{role_id}", "version")}


def test_texts_and_numbers_of_bodies_and_queries_are_bounded(document: Node) -> None:
    unbounded = []
    for label, operation in operations(document):
        if "/scim/" in label:
            continue
        for parameter in operation.get("parameters", ()):
            unbounded += _unbounded(document, f"{label} ?{parameter['name']}", parameter["schema"])
    for label, schema in bodies(document):
        unbounded += _unbounded(document, label, schema)
    unexpected = [one for one in unbounded if not one[0].endswith(BOUNDED_BY_THE_ADDRESS) and one not in COMPARED_ONLY]
    assert not unexpected, unexpected


def _unbounded(document: Node, label: str, schema: Node) -> list[tuple[str, str]]:
    found = []
    for name, one in walk(document, schema):
        kind = one.get("type")
        is_chosen = "enum" in one or "const" in one or one.get("format") in FREE_FORMATS
        if kind == "string" and not is_chosen and "maxLength" not in one and "pattern" not in one:
            found.append((label, name))
        if kind == "integer" and not is_chosen and not {"maximum", "exclusiveMaximum"} & set(one):
            found.append((label, name))
    return found


def test_answers_hold_no_secret_but_those_shown_once(document: Node) -> None:
    words = ("password", "secret", "private_key", "token", "hash", "seed", "credential")
    shown_once = (
        "access_token", "refresh_token", "token_type", "mfa_token", "token_hint", "secret.set", "secret.updated_at",
        "secret.hint", "credentials.kind", "credentials.set", "credentials.hint", "credentials.updated_at",
        "password_expires_at",
    )  # fmt: skip
    found: dict[str, set[str]] = {}
    for label, schema in answers(document):
        for name, one in walk(document, schema):
            last = name.rpartition(".")[2]
            if any(word in last for word in words) and not name.endswith(shown_once) and one.get("type") == "string":
                found.setdefault(label, set()).add(name)
    unexpected = {label: names - SHOWN_ONCE.get(label, set()) for label, names in found.items()}
    assert not {label: names for label, names in unexpected.items() if names}


SHOWN_ONCE: dict[str, set[str]] = {
    "POST /api/v1/auth/factors/totp": {"secret"},
    "POST /api/v1/auth/device": {"device_code"},
    "POST /api/v1/identity-providers/{provider_id}/scim-token": {"token"},
    "POST /api/v1/audit-log/sinks": {"new_secret"},
    "POST /api/v1/audit-log/sinks/{sink_id}/secret": {"new_secret"},
    "GET /api/v1/audit-log": {"items[].hash"},
    "POST /api/v1/audit-log/verify": {"head.hash"},  # a hash of the chain, meant to be compared
    "GET /api/v1/audit-log/heads": {"items[].hash"},
}


# Counted by their own routes: what comes by its source, what hits nothing by address (domains/inventory/test_hooks.py).
COUNTED_BY_ITSELF = " /api/v1/ingest/"


def test_every_route_has_a_limit(document: Node) -> None:
    classes = {
        label: limit_class_of(*label.split(" ", 1))
        for label, _ in operations(document)
        if " /api/" in label and COUNTED_BY_ITSELF not in label
    }
    assert len(classes) > 60
    assert not [label for label, found in classes.items() if found not in LIMITS]


def test_what_people_do_before_they_are_known_is_limited_by_address(document: Node) -> None:
    public = [
        label
        for label, operation in operations(document)
        if " /api/" in label and COUNTED_BY_ITSELF not in label and "x-permission" not in operation
    ]
    assert public
    unguarded = [label for label in public if limit_class_of(*label.split(" ", 1)) not in BY_ADDRESS]
    assert not unguarded, unguarded
