"""What the OpenAPI document says of each route, as the tests of access need it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SAMPLE_TEXT = {"date-time": "2026-11-30T00:00:00Z", "date": "2026-11-30", "email": "a@example.org"}


@dataclass(frozen=True)
class Operation:
    """One route and method."""

    method: str
    path: str
    description: Mapping[str, Any]
    components: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.description["operationId"])

    @property
    def label(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def permission(self) -> str | None:
        """What it takes; None for a public route."""
        return self.description.get("x-permission")

    def parameters(self, place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """(name, schema) of each parameter in `path` or `query`."""
        for one in self.description.get("parameters", []):
            if one["in"] == place:
                yield one["name"], one["schema"]

    @property
    def body_schema(self) -> Mapping[str, Any] | None:
        """The JSON body's schema, without references at its top."""
        content = self.description.get("requestBody", {}).get("content", {}).get("application/json")
        return None if content is None else self.resolve(content["schema"])

    def resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema behind references; the first choice of several that is not null."""
        while True:
            if "$ref" in schema:
                schema = self.components["schemas"][schema["$ref"].rpartition("/")[2]]
            elif choices := schema.get("anyOf") or schema.get("oneOf"):
                schema = next(one for one in choices if one.get("type") != "null")
            else:
                return schema

    def sample(self, schema: Mapping[str, Any]) -> Any:
        """A small value that the schema allows; patterns are not looked at."""
        schema = self.resolve(schema)
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        kind = schema.get("type")
        if kind == "object":
            known = schema.get("properties", {})
            told_apart = [name for name, one in known.items() if "const" in one]  # which of several forms it is
            return {name: self.sample(known[name]) for name in [*told_apart, *schema.get("required", ())]}
        if kind == "string":
            return SAMPLE_TEXT.get(schema.get("format", ""), "x" * max(1, schema.get("minLength", 1)))
        return {"array": [], "integer": schema.get("minimum", 1), "number": 1, "boolean": True}.get(str(kind))

    def required_query(self) -> dict[str, str]:
        """A value for each query parameter that must be there and holds no id."""
        needed = [one for one in self.description.get("parameters", []) if one["in"] == "query" and one.get("required")]
        return {
            one["name"]: str(self.sample(one["schema"])) for one in needed if not is_id(self.resolve(one["schema"]))
        }

    def body_ids(self) -> list[str]:
        """Names of the JSON body's members that hold an id."""
        known = (self.body_schema or {}).get("properties", {})
        return [name for name, schema in known.items() if is_id(self.resolve(schema))]

    def query_ids(self) -> list[str]:
        """Names of the query parameters that hold an id, or several by comma."""
        return [
            name
            for name, schema in self.parameters("query")
            if is_id(self.resolve(schema)) or (name.endswith("_id") and name != "control_id") or name == "assignee"
        ]


def is_id(schema: Mapping[str, Any]) -> bool:
    """Whether a value is one of our ids."""
    return schema.get("format") == "uuid"


def operations_of(document: Mapping[str, Any]) -> list[Operation]:
    """Every route and method of the document."""
    return [
        Operation(method.upper(), path, description, document["components"])
        for path, methods in document["paths"].items()
        for method, description in methods.items()
    ]
