"""Reads of imported rule files and their rules."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.alerts.errors import RuleFileNotFound
from app.domains.alerts.models import AlertRule, AlertRuleFile


async def list_rule_files(session: AsyncSession, organization_id: UUID) -> list[dict[str, Any]]:
    """Imported files by name, without their texts; see `schemas.RuleFileRead`."""
    file = AlertRuleFile
    rules = (
        select(func.count())
        .where(AlertRule.organization_id == file.organization_id, AlertRule.file_id == file.id)
        .scalar_subquery()
    )
    query = select(
        file.id, file.name, file.source_id, file.groups, file.created_at, file.updated_at, rules.label("rules")
    ).where(file.organization_id == organization_id)
    rows = [dict(row) for row in (await session.execute(query.order_by(file.name))).mappings()]
    return [row | {"groups": [group["name"] for group in row["groups"]]} for row in rows]


async def get_rule_file(session: AsyncSession, organization_id: UUID, file_id: UUID) -> AlertRuleFile:
    """Raises RuleFileNotFound."""
    file = await session.get(AlertRuleFile, (organization_id, file_id))
    if file is None:
        raise RuleFileNotFound
    return file


async def find_rule_file(session: AsyncSession, organization_id: UUID, name: str) -> AlertRuleFile | None:
    """The file of this name, if it was imported before."""
    query = select(AlertRuleFile).where(AlertRuleFile.organization_id == organization_id, AlertRuleFile.name == name)
    return (await session.scalars(query)).one_or_none()


async def list_rules_of_file(
    session: AsyncSession, organization_id: UUID, file_id: UUID, *, lock: bool = False
) -> Sequence[AlertRule]:
    """The rules of a file by group and position."""
    query = (
        select(AlertRule)
        .where(AlertRule.organization_id == organization_id, AlertRule.file_id == file_id)
        .order_by(AlertRule.group_name, AlertRule.position, AlertRule.id)
    )
    if lock:
        query = query.with_for_update()
    return (await session.scalars(query, execution_options={"populate_existing": lock})).all()


async def list_active_rules(session: AsyncSession, organization_id: UUID) -> list[tuple[AlertRule, str | None]]:
    """Enabled rules with the names of the files they came from, by file, group and position."""
    file = AlertRuleFile
    query = (
        select(AlertRule, file.name)
        .outerjoin(file, (file.organization_id == AlertRule.organization_id) & (file.id == AlertRule.file_id))
        .where(AlertRule.organization_id == organization_id, AlertRule.enabled)
        .order_by(file.name.nulls_first(), AlertRule.group_name, AlertRule.position, AlertRule.name, AlertRule.id)
    )
    return [(rule, name) for rule, name in await session.execute(query)]
