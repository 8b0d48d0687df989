"""Query parameters and bodies of the topology.

The map and the blast radius are answered without building `TopologyRead` and `BlastRadiusRead`, see
`service/mapping.py` and `service/blast.py`; tests hold each two together.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, field_validator

from app.core.money import Money
from app.core.schemas import Instant, Name, ReadModel, RequestModel, check_text

MAX_NODES, DEFAULT_NODES = 10_000, 500
MAX_VIEW_BYTES = 8_000
NodeKind = Literal["resource", "group", "external"]
Direction = Literal["both", "in", "out"]
StepKind = Literal["address", "route", "firewall_rule", "listener", "target", "policy"]
GroupBy = Annotated[
    str,
    StringConstraints(pattern=r"^(account|region|vpc|type|service|tag:.{1,128})$", max_length=140),
    AfterValidator(check_text),
    Field(description="account, region, vpc, type, service or tag:KEY."),
]
Values = Annotated[
    str | None,
    Field(max_length=2_000, description="One value or several, comma-separated."),
]


class MapQuery(BaseModel):
    """What the map shows: the neighbourhood of `root`, or all that the filters leave, in groups or one by one."""

    root: Annotated[UUID | None, Field(description="A resource to start from.")] = None
    depth: Annotated[int, Field(ge=1, le=4, description="Steps from the root.")] = 2
    direction: Annotated[Direction, Field(description="Edges to follow from the root.")] = "both"
    account_id: UUID | None = None
    network_id: Annotated[UUID | None, Field(description="A network; what lies in it.")] = None
    type: Values = None
    kind: Annotated[str | None, Field(max_length=500, description="Kinds of edges, comma-separated; all without.")] = (
        None
    )
    group_by: GroupBy | None = None
    group: Annotated[
        Annotated[str, Field(max_length=6_000), AfterValidator(check_text)] | None,
        Field(description="Ids of group nodes to open, comma-separated: their members come one by one. 20 at most."),
    ] = None
    at: Annotated[Instant | None, Field(description="The map as of then.")] = None
    limit: Annotated[int, Field(ge=1, le=MAX_NODES, description="Nodes at most.")] = DEFAULT_NODES


class FindingCounts(ReadModel):
    """Open findings by severity; left out where there are none."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    info: int = 0


class TopologyNode(ReadModel):
    """A resource, a group of resources, or what lies outside of what was collected or of what the caller may see.

    `group`: the id of the group that the node belongs to. `count`: resources that it stands for; `cost`: their monthly
    cost, one sum a currency. `distance`: steps from the root. `exposed`: whether the internet reaches it, null where
    that is not known.
    """

    id: str
    kind: NodeKind
    resource_id: UUID | None
    native_id: str | None
    label: str
    type: str | None
    provider: str | None
    account_id: UUID | None
    region: str | None
    group: str | None
    count: int
    cost: list[Money]
    findings: FindingCounts
    exposed: bool | None
    stale: bool
    distance: int | None


class TopologyEdge(ReadModel):
    """One edge, or `count` of a kind between two groups."""

    source: str
    target: str
    kind: str
    count: int


class TopologyRead(ReadModel):
    """A map. `truncated`: something was left out for a bound; `total_nodes` then counts what there is, where known."""

    nodes: list[TopologyNode]
    edges: list[TopologyEdge]
    truncated: bool
    total_nodes: int


class PathStep(ReadModel):
    """One edge of a path; `reverse`: it is walked against its direction."""

    source_id: UUID
    target_id: UUID
    kind: str
    reverse: bool


class TopologyPath(ReadModel):
    """One path, from its first resource to its last."""

    resource_ids: list[UUID]
    steps: list[PathStep]


class PathsRead(ReadModel):
    """The shortest paths, at most five; none where there is none. `truncated`: the search ended at a bound.

    `nodes`: the resources of all paths.
    """

    paths: list[TopologyPath]
    nodes: list[TopologyNode]
    truncated: bool


class TypeCount(ReadModel):
    """How many resources of a type."""

    type: str
    count: int


class BlastRadiusRead(ReadModel):
    """What depends on a resource, directly or through others; the resource itself is the node at distance 0.

    `monthly_cost`: of what depends on it, without itself. `outside`: dependents that the caller may not see.
    """

    nodes: list[TopologyNode]
    edges: list[TopologyEdge]
    by_type: list[TypeCount]
    monthly_cost: list[Money]
    outside: int
    truncated: bool


class ChainStep(ReadModel):
    """One piece of evidence. Without ids where it is of the cloud itself or where the caller may not see it."""

    kind: StepKind
    resource_id: UUID | None
    native_id: str | None
    detail: str


class PortRange(ReadModel):
    """Ports of a protocol; protocols without ports, and `all`, have 0 to 65535."""

    protocol: str
    from_: Annotated[int, Field(serialization_alias="from", validation_alias="from")]
    to: int


class ExposureChain(ReadModel):
    """One way in: from the internet's side to the resource."""

    summary: str
    steps: list[ChainStep]
    ports: list[PortRange]
    sources: list[str]


class ExposureDetail(ReadModel):
    """Whether the internet reaches a resource and how. `exposed` is null, never false, where something was not read."""

    exposed: bool | None
    chains: list[ExposureChain]
    unknown: list[str]


class ListedResource(ReadModel):
    """What lists show of a resource."""

    resource_id: UUID
    native_id: str
    native_type: str
    name: str
    type: str
    provider: str
    account_id: UUID
    region: str
    monthly_cost: list[Money]


class ExposedRead(ListedResource):
    """One resource that the internet reaches, or of which that is not known."""

    exposed: bool | None
    summary: str
    ports: list[PortRange]
    sources: list[str]
    unknown: list[str]
    since: datetime
    computed_at: datetime


class OrphanRead(ListedResource):
    """One resource that nothing uses, and why we say so."""

    reason: str
    detail: str
    since: datetime


class OrphanSummary(ReadModel):
    """How many resources a reason has and what they cost a month."""

    reason: str
    title: str
    count: int
    monthly_cost: list[Money]


class OrphanReasons(ReadModel):
    """Every reason with its figures."""

    items: list[OrphanSummary]
    monthly_cost: list[Money]


ViewQuery = Annotated[
    dict[Annotated[str, StringConstraints(min_length=1, max_length=60)], Any],
    Field(description="The page's parameters, as its address has them."),
]


def _check_query(query: dict[str, Any]) -> dict[str, Any]:
    if len(str(query)) > MAX_VIEW_BYTES:
        raise ValueError(f"is longer than {MAX_VIEW_BYTES} characters")
    return query


class TopologyViewCreate(RequestModel):
    """A question to save; `shared` shows it to everybody in the organization."""

    name: Name
    shared: bool = False
    query: ViewQuery

    _check = field_validator("query")(_check_query)


class TopologyViewUpdate(RequestModel):
    """What to change; what is left out stays."""

    name: Name | None = None
    shared: bool | None = None
    query: ViewQuery | None = None

    @field_validator("query")
    @classmethod
    def _check(cls, query: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if query is None else _check_query(query)


class TopologyViewRead(ReadModel):
    """A saved question. `is_own`: the caller may change it."""

    id: UUID
    name: str
    shared: bool
    query: dict[str, Any]
    owner_id: UUID
    is_own: bool
    created_at: datetime
    updated_at: datetime
