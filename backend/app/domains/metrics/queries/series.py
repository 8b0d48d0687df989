"""Which series there are: by selectors, names, labels and resources. A scope shows series of its resources only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, String, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.scope import resource_conditions, scope_of
from app.domains.inventory.models import CloudResource
from app.domains.metrics.errors import QueryTooLarge
from app.domains.metrics.models import MetricFamily, MetricSeries, ResourceMetric
from app.domains.metrics.rules.selectors import NAME_LABEL, Matcher, matching

MAX_VALUES = 100_000
MAX_SCANNED = 200_000
_SUFFIXES = ("_total", "_bucket", "_sum", "_count")


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One series; type, unit and help are those of its family, unknown and empty where nobody told them."""

    id: int
    name: str
    labels: dict[str, str]
    resource_id: UUID | None
    first_at: datetime | None
    last_at: datetime | None
    created_at: datetime
    type: str
    unit: str
    help: str


@dataclass(frozen=True, slots=True)
class NameRow:
    """A metric's name, its family's words and how many series it has."""

    name: str
    series: int
    type: str
    unit: str
    help: str


async def select_series(
    session: AsyncSession,
    organization_id: UUID,
    matchers: Sequence[Matcher],
    limit: int,
    *,
    resource_id: UUID | None = None,
    after_id: int = 0,
) -> list[SeriesRow]:
    """Series that fulfil all conditions, by id. Raises QueryTooLarge for a pattern over too many values."""
    conditions = await _conditions(session, organization_id, matchers, resource_id)
    query = select(MetricSeries).where(*conditions, MetricSeries.id > after_id).order_by(MetricSeries.id).limit(limit)
    return await _series_rows(session, organization_id, (await session.scalars(query)).all())


async def list_series_by_id(session: AsyncSession, organization_id: UUID, ids: Sequence[int]) -> list[SeriesRow]:
    """These series, as far as they are there and may be seen."""
    conditions = await _conditions(session, organization_id, (), None)
    query = select(MetricSeries).where(*conditions, MetricSeries.id == func.any(list(ids))).order_by(MetricSeries.id)
    return await _series_rows(session, organization_id, (await session.scalars(query)).all())


async def _series_rows(session: AsyncSession, organization_id: UUID, rows: Sequence[MetricSeries]) -> list[SeriesRow]:
    families = await _families(session, organization_id, {row.name for row in rows})
    return [
        SeriesRow(
            id=row.id,
            name=row.name,
            labels=row.labels,
            resource_id=row.resource_id,
            first_at=row.first_at,
            last_at=row.last_at,
            created_at=row.created_at,
            **_words(families, row.name),
        )
        for row in rows
    ]


async def has_series(session: AsyncSession, organization_id: UUID) -> bool:
    """Whether anybody has sent metrics."""
    query = select(MetricSeries.id).where(MetricSeries.organization_id == organization_id).limit(1)
    return (await session.execute(query)).first() is not None


async def list_names(
    session: AsyncSession, organization_id: UUID, *, text: str | None, limit: int, after: str = ""
) -> list[NameRow]:
    """Names of metrics in their order; `text` is part of the name, whatever its case."""
    conditions = await _conditions(session, organization_id, (), None)
    if text:
        conditions.append(func.strpos(func.lower(MetricSeries.name), text.lower()) > 0)
    query = (
        select(MetricSeries.name, func.count())
        .where(*conditions, MetricSeries.name > after)
        .group_by(MetricSeries.name)
        .order_by(MetricSeries.name)
        .limit(limit)
    )
    rows = (await session.execute(query)).all()
    families = await _families(session, organization_id, {name for name, _ in rows})
    return [NameRow(name=name, series=count, **_words(families, name)) for name, count in rows]


async def list_labels(session: AsyncSession, organization_id: UUID, matchers: Sequence[Matcher]) -> list[str]:
    """Names of labels of the series, at most of MAX_SCANNED of them."""
    conditions = await _conditions(session, organization_id, matchers, None)
    scanned = select(MetricSeries.labels).where(*conditions).limit(MAX_SCANNED).subquery()
    keys = select(func.jsonb_object_keys(scanned.c.labels).label("key")).distinct().subquery()
    return list((await session.execute(select(keys.c.key).order_by(keys.c.key))).scalars())


async def list_label_values(
    session: AsyncSession,
    organization_id: UUID,
    label: str,
    matchers: Sequence[Matcher],
    *,
    text: str | None,
    limit: int,
    after: str = "",
) -> list[str]:
    """Values of a label in their order; `text` is part of the value, whatever its case."""
    conditions = await _conditions(session, organization_id, matchers, None)
    value = _value_of(label)
    if text:
        conditions.append(func.strpos(func.lower(value), text.lower()) > 0)
    query = select(value).where(*conditions, value > after).distinct().order_by(value).limit(limit)
    return list((await session.execute(query)).scalars())


async def list_resource_metrics(
    session: AsyncSession, organization_id: UUID, resource_id: UUID
) -> Sequence[Row[str, float, datetime]]:
    """The newest value of each metric of a resource: name, value, when."""
    query = (
        select(ResourceMetric.metric_name, ResourceMetric.value, ResourceMetric.timestamp)
        .where(ResourceMetric.organization_id == organization_id, ResourceMetric.resource_id == resource_id)
        .order_by(ResourceMetric.metric_name)
    )
    return (await session.execute(query)).all()


def _value_of(label: str) -> ColumnElement[str]:
    if label == NAME_LABEL:
        return cast(MetricSeries.name, String)
    return func.coalesce(MetricSeries.labels[label].astext, literal(""))


async def _conditions(
    session: AsyncSession, organization_id: UUID, matchers: Sequence[Matcher], resource_id: UUID | None
) -> list[ColumnElement[bool]]:
    made: list[ColumnElement[bool]] = [MetricSeries.organization_id == organization_id]
    if resource_id is not None:
        made.append(MetricSeries.resource_id == resource_id)
    scope = scope_of(session)
    if scope is not None:
        visible = select(CloudResource.id).where(
            CloudResource.organization_id == organization_id,
            CloudResource.id == MetricSeries.resource_id,
            *resource_conditions(scope, CloudResource.account_id, CloudResource.tags),
        )
        made.append(visible.exists())
    for matcher in matchers:
        value = _value_of(matcher.label)
        if matcher.operator == "=":
            made.append(value == matcher.value)
        elif matcher.operator == "!=":
            made.append(value != matcher.value)
    for matcher in (one for one in matchers if one.is_pattern):  # last, so that the others narrow what is looked at
        made.append(await _pattern_condition(session, matcher, made))
    return made


async def _pattern_condition(
    session: AsyncSession, matcher: Matcher, narrowed: Sequence[ColumnElement[bool]]
) -> ColumnElement[bool]:
    """The pattern as a list of values: it is matched here, by RE2, and never by the database's own machine."""
    value = _value_of(matcher.label)
    found = (await session.execute(select(value).where(*narrowed).distinct().limit(MAX_VALUES + 1))).scalars().all()
    if len(found) > MAX_VALUES:
        raise QueryTooLarge(f"{matcher.label} has more than {MAX_VALUES:,} values here. Add another condition.")
    return value == func.any(cast(list(matching(found, matcher)), ARRAY(String)))


async def _families(session: AsyncSession, organization_id: UUID, names: set[str]) -> dict[str, MetricFamily]:
    wanted = names | {name.removesuffix(suffix) for name in names for suffix in _SUFFIXES}
    query = select(MetricFamily).where(
        MetricFamily.organization_id == organization_id, MetricFamily.name.in_(sorted(wanted))
    )
    return {family.name: family for family in (await session.execute(query)).scalars()}


def _words(families: dict[str, MetricFamily], name: str) -> dict[str, str]:
    """Type, unit and help of a series by its name, or by its family's: a histogram's count is told by the histogram."""
    shorter = [name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)]
    family = next((families[one] for one in [name, *shorter] if one in families), None)
    if family is None:
        return {"type": "unknown", "unit": "", "help": ""}
    return {"type": family.type, "unit": family.unit, "help": family.help}
