"""SCIM 2.0 (RFC 7643, 7644) without database: filters, and what PATCH requests of Entra ID and Okta mean."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"

MAX_FILTER, MAX_CLAUSES, MAX_OPERATIONS, MAX_MEMBERS, MAX_COUNT = 500, 3, 500, 5_000, 200
MAX_TEXT = 255
_CLAUSE = re.compile(
    r'\s*([A-Za-z][A-Za-z0-9.:$_-]{0,120})\s+eq\s+("(?:[^"\\]|\\["\\/])*"|true|false)\s*', re.IGNORECASE
)
_AND = re.compile(r"and\s", re.IGNORECASE)
_ONE_MEMBER = re.compile(r'members\[\s*value\s+eq\s+"([^"\\]{1,100})"\s*\]', re.IGNORECASE)
_EMAIL_PATH = re.compile(r"emails(?:\[[^\]]{1,100}\])?(?:\.value)?", re.IGNORECASE)


class ScimError(Exception):
    """A failure in SCIM's own shape: status, `scimType` (may be empty) and a text."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail


@dataclass(frozen=True, kw_only=True)
class UserFacts:
    """A person as the provider describes them."""

    user_name: str
    external_id: str | None = None
    email: str | None = None
    given_name: str = ""
    family_name: str = ""
    display_name: str = ""
    active: bool = True

    @property
    def name(self) -> str:
        """What the person is called here."""
        return self.display_name or f"{self.given_name} {self.family_name}".strip() or self.user_name


@dataclass(frozen=True, kw_only=True)
class GroupFacts:
    """A group as the provider describes it; `members` are ids of provisioned people."""

    display_name: str
    external_id: str | None = None
    members: frozenset[str] = field(default_factory=frozenset)


def parse_filter(text: str | None, allowed: Sequence[str]) -> dict[str, str]:
    """`attribute eq "value"`, at most three joined by `and`, as {lower-case attribute: value}. Raises ScimError."""
    if not text:
        return {}
    if len(text) > MAX_FILTER or not text.isprintable():
        raise ScimError(400, "invalidFilter", f"A filter has at most {MAX_FILTER} printable characters.")
    found: dict[str, str] = {}
    rest = text
    while True:
        match = _CLAUSE.match(rest)
        if match is None or len(found) >= MAX_CLAUSES:
            raise ScimError(400, "invalidFilter", f'Filters are of the form: {allowed[0]} eq "value".')
        name, value = _plain_path(match[1]), match[2]
        if name not in (one.lower() for one in allowed) or name in found:
            raise ScimError(400, "invalidFilter", f"Filters can name {', '.join(allowed)}.")
        found[name] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value.lower()
        rest = rest[match.end() :]
        if not rest:
            return found
        joint = _AND.match(rest)
        if joint is None:
            raise ScimError(400, "invalidFilter", "Join comparisons by and.")
        rest = rest[joint.end() :]


def read_user(body: Mapping[str, Any]) -> UserFacts:
    """The facts of a whole user resource; what we do not keep is passed over. Raises ScimError."""
    given = {str(key).lower(): value for key, value in body.items()}
    user_name = _text(given.get("username"), "userName")
    if not user_name:
        raise ScimError(400, "invalidValue", "userName is required.")
    name = given.get("name")
    parts = {str(key).lower(): value for key, value in name.items()} if isinstance(name, dict) else {}
    return UserFacts(
        user_name=user_name,
        external_id=_text(given.get("externalid"), "externalId") or None,
        email=_email(given.get("emails")),
        given_name=_text(parts.get("givenname"), "name.givenName"),
        family_name=_text(parts.get("familyname"), "name.familyName"),
        display_name=_text(given.get("displayname"), "displayName") or _text(parts.get("formatted"), "name.formatted"),
        active=_boolean(given.get("active", True)),
    )


def read_group(body: Mapping[str, Any]) -> GroupFacts:
    """The facts of a whole group resource. Raises ScimError."""
    given = {str(key).lower(): value for key, value in body.items()}
    display_name = _text(given.get("displayname"), "displayName")
    if not display_name:
        raise ScimError(400, "invalidValue", "displayName is required.")
    return GroupFacts(
        display_name=display_name,
        external_id=_text(given.get("externalid"), "externalId") or None,
        members=_members(given.get("members", [])),
    )


def patch_user(facts: UserFacts, body: Mapping[str, Any]) -> UserFacts:
    """The facts after a PATCH. Attributes that we do not keep are passed over, as providers send many."""
    for verb, path, value in _operations(body):
        for name, part in _assignments(path, value):
            facts = _set_user(facts, name, None if verb == "remove" else part)
    return facts


def patch_group(facts: GroupFacts, body: Mapping[str, Any]) -> GroupFacts:
    """The facts after a PATCH. Raises ScimError."""
    for verb, path, value in _operations(body):
        one = _ONE_MEMBER.fullmatch(path or "")
        if one is not None and verb == "remove":
            facts = replace(facts, members=facts.members - {one[1]})
            continue
        for name, part in _assignments(path, value):
            facts = _set_group(facts, verb, name, part)
    return facts


def _set_user(facts: UserFacts, name: str, value: Any) -> UserFacts:
    if name == "username":
        user_name = _text(value, "userName")
        if not user_name:
            raise ScimError(400, "invalidValue", "userName is required.")
        return replace(facts, user_name=user_name)
    if name == "active":
        return replace(facts, active=_boolean(value))
    if name == "externalid":
        return replace(facts, external_id=_text(value, "externalId") or None)
    if name in ("displayname", "name.formatted"):
        return replace(facts, display_name=_text(value, "displayName"))
    if name == "name.givenname":
        return replace(facts, given_name=_text(value, "name.givenName"))
    if name == "name.familyname":
        return replace(facts, family_name=_text(value, "name.familyName"))
    if _EMAIL_PATH.fullmatch(name):
        return replace(facts, email=_email(value) if isinstance(value, list) else _text(value, "emails") or None)
    return facts


def _set_group(facts: GroupFacts, verb: str, name: str, value: Any) -> GroupFacts:
    if name == "displayname":
        display_name = _text(value, "displayName")
        if verb == "remove" or not display_name:
            raise ScimError(400, "invalidValue", "displayName is required.")
        return replace(facts, display_name=display_name)
    if name == "externalid":
        return replace(facts, external_id=None if verb == "remove" else _text(value, "externalId") or None)
    if name == "members":
        given = _members(value if value is not None else [])
        if verb == "add":
            return replace(facts, members=facts.members | given)
        if verb == "replace":
            return replace(facts, members=given)
        return replace(facts, members=facts.members - given if value else frozenset())
    return facts


def _operations(body: Mapping[str, Any]) -> Iterator[tuple[str, str | None, Any]]:
    given = {str(key).lower(): value for key, value in body.items()}
    operations = given.get("operations")
    if not isinstance(operations, list) or not 0 < len(operations) <= MAX_OPERATIONS:
        raise ScimError(400, "invalidSyntax", f"Send 1 to {MAX_OPERATIONS} Operations.")
    for operation in operations:
        if not isinstance(operation, dict):
            raise ScimError(400, "invalidSyntax", "An operation is an object.")
        verb, path = str(operation.get("op", "")).lower(), operation.get("path")
        if verb not in ("add", "replace", "remove"):
            raise ScimError(400, "invalidSyntax", "op is add, replace or remove.")
        if path is not None and (not isinstance(path, str) or not 0 < len(path) <= MAX_TEXT):
            raise ScimError(400, "invalidPath", "path is a short text.")
        if path is None and verb == "remove":
            raise ScimError(400, "noTarget", "remove needs a path.")
        yield verb, path, operation.get("value")


def _assignments(path: str | None, value: Any) -> Iterator[tuple[str, Any]]:
    """(lower-case attribute, value) of one operation; an object without a path or for `name` is taken apart."""
    if path is not None:
        plain = _plain_path(path)
        if plain == "name" and isinstance(value, dict):
            yield from ((f"name.{str(key).lower()}", part) for key, part in value.items())
        else:
            yield plain, value
        return
    if not isinstance(value, dict):
        raise ScimError(400, "invalidSyntax", "value is an object where there is no path.")
    for key, part in value.items():
        yield from _assignments(str(key), part)


def _plain_path(path: str) -> str:
    lower = path.strip().lower()
    for schema in (USER_SCHEMA, GROUP_SCHEMA):
        lower = lower.removeprefix(schema.lower() + ":")
    return lower


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable():
        raise ScimError(400, "invalidValue", f"{name} is a text of at most {MAX_TEXT} printable characters.")
    return value.strip()


def _boolean(value: Any) -> bool:
    """Entra ID sends "True" and "False" as texts."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ScimError(400, "invalidValue", "active is true or false.")


def _email(value: Any) -> str | None:
    """The primary address, else the first."""
    entries = [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
    chosen = next((entry for entry in entries if entry.get("primary") in (True, "true", "True")), None)
    chosen = chosen or (entries[0] if entries else {})
    return _text(chosen.get("value"), "emails") or None


def _members(value: Any) -> frozenset[str]:
    entries = value if isinstance(value, list) else [value]
    if len(entries) > MAX_MEMBERS:
        raise ScimError(413, "tooMany", f"Send at most {MAX_MEMBERS} members at once.")
    found = set()
    for entry in entries:
        member = entry.get("value") if isinstance(entry, dict) else None
        if not isinstance(member, str) or not 0 < len(member) <= 100:
            raise ScimError(400, "invalidValue", "A member has the id of a user as its value.")
        found.add(member)
    return frozenset(found)
