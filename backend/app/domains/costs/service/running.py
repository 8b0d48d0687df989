"""The import job: convert in a child process, store the files, then replace whole periods in one commit.

Until that commit nothing of the import counts, and after it everything does; a run that dies anywhere before it is
simply done again, onto the same object keys.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.config import Settings, get_settings
from app.core.database import tenant_session
from app.core.events import publish
from app.core.receive import temporary_folder
from app.core.storage import FileMissing, Storage, StorageFull, get_storage, organization_key
from app.core.tasks import PermanentFailure, TaskContext, enqueue
from app.core.uploads import HTTP_LIMITS
from app.domains.costs import queries
from app.domains.costs.bills.child import convert_in_child
from app.domains.costs.bills.convert import Converted, Limits, PeriodFile, remove_workdir
from app.domains.costs.errors import ImportRefused
from app.domains.costs.events import CostsImported
from app.domains.costs.models import CostFile, CostImport
from app.domains.costs.service.cleaning import CLEAN_TASK, KEEP_REPLACED
from app.domains.costs.service.days import replace_days, tell_monthly_costs

logger = logging.getLogger(__name__)

RETRIES = 3
UPLOAD_CPU_SECONDS = 300
PROGRESS_STEPS = 100
CONVERTED_SHARE = 0.85
DISK_FULL = "There is no room left on the disk. Nothing was imported. Make room, then start the job again."


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A converted file under its object key."""

    key: str
    size_bytes: int
    period: PeriodFile


async def run_import(context: TaskContext, import_id: UUID, settings: Settings | None = None) -> None:
    """Import one file. Safe to repeat: a finished import is left alone, an unfinished one starts anew."""
    chosen = settings or get_settings()
    organization_id = context.organization_id
    row = await _claim(context, import_id)
    if row is None:
        return
    workdir = temporary_folder(chosen) / f"import-{import_id}"
    remove_workdir(workdir)
    try:
        workdir.mkdir()
        converted = await _convert(context, row, workdir, chosen)
        if converted.error is not None:
            await _end(organization_id, import_id, "failed", converted.error, converted)
            raise PermanentFailure(converted.error)
        stored = await _store(get_storage(chosen), organization_id, import_id, converted.files)
        await context.report_progress(int(PROGRESS_STEPS * 0.9), PROGRESS_STEPS)
        await context.raise_if_cancelled()
        await _commit(context, import_id, converted, stored)
    except (ImportRefused, FileMissing) as refusal:
        words = str(refusal) if isinstance(refusal, ImportRefused) else "The file to import is no longer there."
        await _end(organization_id, import_id, "failed", words)
        raise PermanentFailure(words) from None
    except StorageFull:
        await _end(organization_id, import_id, "failed", DISK_FULL)
        raise PermanentFailure(DISK_FULL) from None
    except asyncio.CancelledError:
        if context.is_cancelled:
            await _end(organization_id, import_id, "cancelled", None)
        raise
    except PermanentFailure:
        raise
    except Exception as error:
        if context.attempt > RETRIES:
            await _end(organization_id, import_id, "failed", "The import failed several times; the job says why.")
        logger.warning("import failed: %s", type(error).__name__)
        raise
    finally:
        await asyncio.to_thread(remove_workdir, workdir)
    if converted.rows_rejected:
        context.mark_partial(f"{converted.rows_rejected} of {converted.rows_read} rows were rejected.")


async def _claim(context: TaskContext, import_id: UUID) -> CostImport | None:
    async with tenant_session(context.organization_id) as session:
        row = await queries.get_import(session, context.organization_id, import_id, lock=True)
        if row.state in ("succeeded", "partial", "cancelled"):
            return None
        row.state, row.error, row.job_id = "running", None, context.job_id
        row.started_at, row.finished_at = utc_now(), None
        return row


async def _convert(context: TaskContext, row: CostImport, workdir: Path, settings: Settings) -> Converted:
    is_upload = row.source == "upload"
    limits = Limits(max_unpacked_bytes=HTTP_LIMITS.unpacked_bytes if is_upload else None)

    async def report(share: float) -> None:
        await context.report_progress(int(PROGRESS_STEPS * CONVERTED_SHARE * share), PROGRESS_STEPS)
        await context.raise_if_cancelled()

    async with get_storage(settings).local_path(row.source_path) as source:
        return await convert_in_child(
            source,
            workdir,
            limits,
            sha256=row.sha256,
            cpu_seconds=UPLOAD_CPU_SECONDS if is_upload else None,
            on_progress=report,
        )


async def _store(
    storage: Storage, organization_id: UUID, import_id: UUID, files: Sequence[PeriodFile]
) -> list[StoredFile]:
    """Put the files under keys that depend on the import only, so that a second run overwrites the first."""
    stored = []
    for number, period in enumerate(files):
        month = f"month={period.billing_period:%Y-%m}"
        key = organization_key(organization_id, "costs", month, f"{import_id}-{number}.parquet")
        size = await storage.put_file(key, Path(period.path), move=False)
        stored.append(StoredFile(key=key, size_bytes=size, period=period))
    return stored


async def _commit(context: TaskContext, import_id: UUID, converted: Converted, stored: Sequence[StoredFile]) -> None:
    """The one transaction that makes the import count and what it replaces not count any more."""
    organization_id = context.organization_id
    async with tenant_session(organization_id) as session:
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"costs {organization_id}", 0))))
        row = await queries.get_import(session, organization_id, import_id, lock=True)
        if row.state != "running":
            return
        await context.write(session)  # raises when another worker owns the job now
        row.replaced_periods = await _replace_files(session, row, stored)
        if converted.roll_up is None:
            raise RuntimeError("a conversion with files has a roll-up")
        keys = sorted({period_key(file.period) for file in stored})
        await replace_days(session, organization_id, import_id, keys, Path(converted.roll_up))
        await tell_monthly_costs(session, organization_id)
        _fill(row, converted)
        row.state = "partial" if converted.rows_rejected else "succeeded"
        row.finished_at = utc_now()
        row.min_charge_at = min(file.period.min_charge_at for file in stored)
        row.max_charge_at = max(file.period.max_charge_at for file in stored)
        await session.flush()
        await publish(
            session,
            CostsImported(organization_id=organization_id, import_id=import_id, periods=row.replaced_periods),
        )
        await enqueue(
            session,
            CLEAN_TASK,
            organization_id=organization_id,
            dedupe="after import",
            delay=KEEP_REPLACED + timedelta(minutes=1),
        )


def period_key(period: PeriodFile) -> tuple[str, str, Any]:
    """What is replaced as a whole: (provider name, billing account, billing period)."""
    return period.provider_name, period.billing_account, period.billing_period


async def _replace_files(session: AsyncSession, row: CostImport, stored: Sequence[StoredFile]) -> list[dict[str, Any]]:
    """Swap the manifest's files of every period in the import; returns the periods for the import's own manifest."""
    organization_id = row.organization_id
    keys = sorted({period_key(file.period) for file in stored})
    columns = (CostFile.provider_name, CostFile.billing_account, CostFile.billing_period)
    before: dict[tuple[str, str, Any], int] = {}
    for start in range(0, len(keys), 200):
        replaced = await session.execute(
            update(CostFile)
            .where(
                CostFile.organization_id == organization_id,
                CostFile.replaced_at.is_(None),
                tuple_(*columns).in_(keys[start : start + 200]),
            )
            .values(replaced_at=func.now())
            .returning(*columns, CostFile.row_count)
        )
        for provider_name, account, period, rows in replaced:
            key = (provider_name, account, period)
            before[key] = before.get(key, 0) + rows
    session.add_all(
        CostFile(
            organization_id=organization_id,
            import_id=row.id,
            provider=file.period.provider,
            provider_name=file.period.provider_name,
            billing_account=file.period.billing_account,
            billing_period=file.period.billing_period,
            path=file.key,
            size_bytes=file.size_bytes,
            row_count=file.period.row_count,
            min_charge_on=file.period.min_charge_at.date(),
            max_charge_on=file.period.max_charge_at.date(),
        )
        for file in stored
    )
    return [
        {
            "provider_name": key[0],
            "billing_account": key[1],
            "billing_period": key[2].isoformat(),
            "rows_before": before.get(key),
        }
        for key in keys
    ]


def _fill(row: CostImport, converted: Converted) -> None:
    row.sha256, row.size_bytes = converted.sha256, converted.size_bytes
    row.file_format, row.focus_version = converted.file_format, converted.focus_version
    row.rows_read, row.rows_stored = converted.rows_read, converted.rows_stored
    row.rows_rejected = converted.rows_rejected
    row.reasons, row.warnings, row.sums = converted.reasons, converted.warnings, list(converted.sums)
    row.missing_columns, row.extra_columns = list(converted.missing_columns), list(converted.extra_columns)
    row.ignored_columns = list(converted.ignored_columns)


async def _end(
    organization_id: UUID, import_id: UUID, state: str, error: str | None, converted: Converted | None = None
) -> None:
    """Record an end without costs; an import that meanwhile succeeded is left alone."""
    async with tenant_session(organization_id) as session:
        row = await queries.get_import(session, organization_id, import_id, lock=True)
        if row.state != "running":
            return
        if converted is not None:
            _fill(row, converted)
        row.state, row.error, row.finished_at = state, error, utc_now()
