"""SCIM's own resources, as its clients expect them."""

from typing import Any

from app.domains.identity.rules.scim import GROUP_SCHEMA, LIST_SCHEMA, MAX_COUNT, USER_SCHEMA

_CONFIGURATION = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_RESOURCE_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"


def configuration(base_url: str) -> dict[str, Any]:
    """What this service can do (RFC 7643, section 5)."""
    return {
        "schemas": [_CONFIGURATION],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MAX_COUNT},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": False},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "The provisioning token of the identity provider's page.",
                "primary": True,
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base_url}/ServiceProviderConfig"},
    }


def resource_types(base_url: str) -> list[dict[str, Any]]:
    """Users and groups."""
    return [
        {
            "schemas": [_RESOURCE_TYPE],
            "id": name,
            "name": name,
            "endpoint": f"/{name}s",
            "schema": schema,
            "schemaExtensions": [],
            "meta": {"resourceType": "ResourceType", "location": f"{base_url}/ResourceTypes/{name}"},
        }
        for name, schema in (("User", USER_SCHEMA), ("Group", GROUP_SCHEMA))
    ]


def schemas(base_url: str) -> list[dict[str, Any]]:
    """The attributes that are kept; others are accepted and passed over."""
    user = [
        _attribute("userName", required=True, uniqueness="server"),
        _attribute("externalId"),
        _attribute("displayName"),
        _attribute("active", kind="boolean"),
        _attribute(
            "name", kind="complex", parts=[_attribute(part) for part in ("givenName", "familyName", "formatted")]
        ),
        _attribute(
            "emails",
            kind="complex",
            many=True,
            parts=[_attribute("value"), _attribute("type"), _attribute("primary", kind="boolean")],
        ),
    ]
    group = [
        _attribute("displayName", required=True, uniqueness="server"),
        _attribute("externalId"),
        _attribute("members", kind="complex", many=True, parts=[_attribute("value"), _attribute("display")]),
    ]
    return [
        {
            "schemas": [_SCHEMA],
            "id": schema,
            "name": name,
            "description": name,
            "attributes": attributes,
            "meta": {"resourceType": "Schema", "location": f"{base_url}/Schemas/{schema}"},
        }
        for schema, name, attributes in ((USER_SCHEMA, "User", user), (GROUP_SCHEMA, "Group", group))
    ]


def user_resource(row: Any, base_url: str) -> dict[str, Any]:
    """A provisioned person."""
    resource = {
        "schemas": [USER_SCHEMA],
        "id": str(row.id),
        "userName": row.user_name,
        "name": {"givenName": row.given_name, "familyName": row.family_name},
        "displayName": row.display_name,
        "emails": [{"value": row.email, "type": "work", "primary": True}],
        "active": row.active,
        "meta": _meta("User", row, base_url),
    }
    return resource | ({"externalId": row.external_id} if row.external_id else {})


def group_resource(view: Any, base_url: str, *, with_members: bool = True) -> dict[str, Any]:
    """A provisioned group."""
    resource = {
        "schemas": [GROUP_SCHEMA],
        "id": str(view.row.id),
        "displayName": view.row.display_name,
        "meta": _meta("Group", view.row, base_url),
    }
    if view.row.external_id:
        resource["externalId"] = view.row.external_id
    if with_members:
        resource["members"] = [
            {"value": str(scim_id), "display": name, "$ref": f"{base_url}/Users/{scim_id}", "type": "User"}
            for scim_id, name in view.members
        ]
    return resource


def list_answer(resources: list[dict[str, Any]], total: int, start: int = 1) -> dict[str, Any]:
    """One page."""
    return {
        "schemas": [LIST_SCHEMA],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }


def _meta(kind: str, row: Any, base_url: str) -> dict[str, str]:
    return {
        "resourceType": kind,
        "created": row.created_at.isoformat(),
        "lastModified": row.updated_at.isoformat(),
        "location": f"{base_url}/{kind}s/{row.id}",
    }


def _attribute(
    name: str,
    *,
    kind: str = "string",
    many: bool = False,
    required: bool = False,
    uniqueness: str = "none",
    parts: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": name,
        "type": kind,
        "multiValued": many,
        "required": required,
        "caseExact": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": uniqueness,
    }
    return made | ({"subAttributes": parts} if parts else {})
