"""Bad files, bad rows, and runs that die: never half an import, always plain words."""

import asyncio
import errno
import gzip
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from app.core.config import Settings
from app.core.database import tenant_session
from app.core.storage import FolderStorage, get_storage
from app.core.tasks import PermanentFailure
from app.domains.costs import service
from app.domains.costs.bills import sql
from app.domains.costs.bills.convert import Limits, convert
from app.domains.costs.errors import ImportRefused
from app.domains.costs.models import CostDay, CostFile
from app.domains.costs.service import running
from sqlalchemy import func, select

from .conftest import Importer, focus_csv, focus_row
from .test_import_formats import _zip

Ask = Callable[..., Awaitable[dict[str, Any]]]


async def test_bad_rows_are_rejected_with_reason_and_number_and_the_good_ones_stored(bill: Importer) -> None:
    rows = [
        focus_row(),
        focus_row(BilledCost="abc"),
        focus_row(ChargePeriodStart="yesterday"),
        focus_row(BilledCost=""),
        focus_row(ChargePeriodStart="2300-01-01T00:00:00Z"),
        focus_row(BillingCurrency="12"),
        focus_row(EffectiveCost="1,5"),
        focus_row(ChargePeriodStart="1969-12-31T23:00:00Z"),
        focus_row(ProviderName=""),
    ]
    content = focus_csv(*rows)
    good = content.splitlines()[1]
    done = await bill(content + b"only,three,values\n" + good + b",more\n" + good + b",x" * 40 + b"\n")
    assert done.error is None
    assert (done.state, done.rows_read, done.rows_stored, done.rows_rejected) == ("partial", 12, 1, 11)
    assert _merged(done.reasons) == {
        ("BilledCost", "The value is missing."): [4],
        ("ProviderName", "The value is missing."): [9],
        ("BilledCost", "The value is not a number."): [2],
        ("EffectiveCost", "The value is not a number."): [7],
        ("ChargePeriodStart", "The value is not an ISO 8601 time between 1970 and 2199."): [3, 5, 8],
        ("BillingCurrency", "The value is not a currency."): [6],
        (None, "The row has too few values."): [10],
        (None, "The row has too many values."): [11, 12],
    }


def _merged(reasons: list[dict[str, Any]]) -> dict[tuple[str | None, str], list[int]]:
    merged: dict[tuple[str | None, str], list[int]] = {}
    for item in reasons:
        merged.setdefault((item["column"], item["reason"]), []).extend(item["example_rows"])
    return {key: sorted(rows) for key, rows in merged.items()}


async def test_no_row_is_lost_when_many_are_broken(bill: Importer) -> None:
    """DuckDB's parallel reader loses good rows beside many broken ones; ours must not."""
    good = focus_csv(focus_row(ChargeDescription="x" * 200)).splitlines(keepends=True)
    done = await bill(good[0] + (good[1] * 4 + b"too,short" + b"y" * 200 + b"\n") * 40_000)
    assert (done.rows_read, done.rows_stored, done.rows_rejected) == (200_000, 160_000, 40_000)
    assert done.reasons[0]["example_rows"] == [5, 10, 15, 20, 25, 30, 35, 40, 45, 50]


def test_rows_that_are_not_utf8_are_rejected_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = focus_csv(*[focus_row() for _ in range(400)])  # the first 64 KiB decide what kind of file it is
    (tmp_path / "bill.csv").write_bytes(good + b"\xff,\n" * 4 + good.splitlines(keepends=True)[1])
    done = convert(tmp_path / "bill.csv", tmp_path, Limits(memory_mb=200))
    assert (done.rows_read, done.rows_stored) == (405, 401)
    assert [(item["reason"], item["example_rows"]) for item in done.reasons] == [
        ("The row is not valid UTF-8.", [401, 402, 403, 404])
    ]
    monkeypatch.setattr(sql, "MAX_UNREADABLE_ROWS", 3)
    with pytest.raises(ImportRefused, match="Too many rows"):
        convert(tmp_path / "bill.csv", tmp_path, Limits(memory_mb=200))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(focus_csv(*[focus_row(ResourceId=f"i-{n}") for n in range(5_000)]))[:-500], "ends too early"),
        (gzip.compress(b"\0" * 200_000_000), "far more"),
        (_zip(focus_csv(focus_row()), "a.csv", "b.csv"), "holds 2 files"),
        (_zip(gzip.compress(focus_csv(focus_row()))), "another archive"),
        (_zip(focus_csv(focus_row()))[:-30], "not complete"),
        (b"a,b,c\n1,2,3\n", "BilledCost, EffectiveCost, BillingAccountId"),
        (focus_csv(focus_row()).replace(b"ListCost", b"BilledCost"), "names a column twice: BilledCost"),
        (focus_csv(focus_row()).splitlines()[0] + b"\n", "no rows"),
        (focus_csv(focus_row(BilledCost="x")), "No row could be stored"),
        (focus_csv(focus_row(), focus_row()) + b'"open,1,2\n3,4,5\n', "row 3 is not closed"),
        (b"PAR1" + b"\0" * 100 + b"PAR1", "cannot be read"),
        (b'{"a": 1}', "neither CSV nor Parquet"),
        (b"%PDF-1.4", "CSV"),
        ("BilledCost,EffectiveCost\n".encode("utf-16"), "UTF-8"),
        (b"only one column\n1\n", "not a header"),
    ],
    ids=[
        "truncated gzip",
        "bomb",
        "two files",
        "nested archive",
        "truncated zip",
        "not focus",
        "repeated column",
        "no rows",
        "all rows bad",
        "open quote",
        "damaged parquet",
        "json",
        "pdf",
        "utf-16",
        "one column",
    ],
)
async def test_a_file_that_cannot_be_imported_fails_with_clear_words_and_leaves_nothing(
    bill: Importer, breakdown: Ask, settings: Settings, content: bytes, words: str
) -> None:
    before = await bill(focus_csv(focus_row()))
    assert before.state == "succeeded"
    done = await bill(content)
    assert done.state == "failed"
    assert words in (done.error or "")
    assert str(settings.data_dir) not in (done.error or "")
    assert (await breakdown())["totals"] == [{"amount": "1.25", "currency": "USD"}]
    assert list((settings.data_dir / "tmp").iterdir()) == []


async def test_the_bomb_is_not_written_out(bill: Importer, settings: Settings) -> None:
    used_before = shutil.disk_usage(settings.data_dir.parent).used
    await bill(gzip.compress(b"\0" * 500_000_000))
    assert shutil.disk_usage(settings.data_dir.parent).used - used_before < 300_000_000


async def test_importing_again_replaces_and_never_doubles(bill: Importer, breakdown: Ask) -> None:
    content = focus_csv(focus_row(), focus_row(ResourceId="i-2"))
    await bill(content)
    again = await bill(content)
    assert again.replaced_periods == [
        {
            "provider_name": "AWS",
            "billing_account": "111122223333",
            "billing_period": "2026-10-01",
            "rows_before": 2,
        }
    ]
    assert (await breakdown())["totals"] == [{"amount": "2.50", "currency": "USD"}]
    assert await _rolled_up(bill) == Decimal("2.50")


async def test_a_corrected_period_replaces_only_itself(bill: Importer, breakdown: Ask) -> None:
    november = {
        "BillingPeriodStart": "2026-11-01T00:00:00Z",
        "BillingPeriodEnd": "2026-12-01T00:00:00Z",
        "ChargePeriodStart": "2026-11-02T00:00:00Z",
    }
    other = {"BillingAccountId": "other"}
    await bill(focus_csv(focus_row(), focus_row(**november), focus_row(**other), focus_row(ProviderName="Oracle")))
    assert (await breakdown())["totals"][0]["amount"] == "5.00"
    done = await bill(focus_csv(focus_row(EffectiveCost="10"), focus_row(EffectiveCost="0.5")))
    assert [period["billing_period"] for period in done.replaced_periods] == ["2026-10-01"]
    assert (await breakdown())["totals"][0]["amount"] == "14.25"
    by_month = await breakdown(granularity="month", group_by="billing_account")
    assert [(item["period"], item["cost"]["amount"]) for item in by_month["items"]] == [
        ("2026-10-01", "11.75"),
        ("2026-10-01", "1.25"),
        ("2026-11-01", "1.25"),
    ]
    assert await _rolled_up(bill) == Decimal("14.25")


async def test_a_period_with_rejected_rows_still_replaces_as_a_whole(bill: Importer, breakdown: Ask) -> None:
    await bill(focus_csv(*[focus_row() for _ in range(5)]))
    done = await bill(focus_csv(focus_row(EffectiveCost="7"), focus_row(BilledCost="bad")))
    assert (done.state, done.rows_rejected) == ("partial", 1)
    assert (await breakdown())["totals"][0]["amount"] == "7.00"


class _Killed(BaseException):
    """Stands for a process that is gone: nothing may catch it."""


_STEPS = {
    "before the conversion": (running, "_convert"),
    "before the files are stored": (running, "_store"),
    "before the commit": (running, "_commit"),
    "before the manifest changes": (running, "_replace_files"),
    "before the roll-up": (running, "replace_days"),
    "before the resources' costs": (running, "tell_monthly_costs"),
    "before the event": (running, "publish"),
    "before the follow-up job": (running, "enqueue"),
}


@pytest.mark.parametrize("step", _STEPS)
async def test_a_run_that_dies_leaves_the_former_state_and_the_next_run_completes(
    bill: Importer, breakdown: Ask, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    await bill(focus_csv(focus_row()))
    import_id = await bill.start(focus_csv(focus_row(EffectiveCost="9"), focus_row(ResourceId="i-9")))

    async def die(*_: Any, **__: Any) -> None:
        raise _Killed

    with monkeypatch.context() as patched:
        patched.setattr(*_STEPS[step], die)
        with pytest.raises(_Killed):
            await bill.run(import_id)
    assert (await breakdown())["totals"][0]["amount"] == "1.25"
    assert await _rolled_up(bill) == Decimal("1.25")
    assert (await bill.read(import_id)).state == "running"
    await bill.run(import_id)
    await bill.run(import_id)  # a second delivery of the same job changes nothing
    assert (await bill.read(import_id)).state == "succeeded"
    assert (await breakdown())["totals"][0]["amount"] == "10.25"
    assert await _rolled_up(bill) == Decimal("10.25")


async def test_a_process_killed_in_mid_conversion_leaves_no_child_and_no_costs(
    bill: Importer, breakdown: Ask, database_urls: tuple[str, str], settings: Settings
) -> None:
    rows = focus_csv(*[focus_row(ResourceId=f"i-{number:06d}") for number in range(150_000)])
    import_id = await bill.start(rows)
    program = textwrap.dedent(f"""
        import asyncio, sys
        from uuid import UUID
        from app.core.database import Database, use_database
        from app.domains import load_domains
        from app.domains.costs import service
        from tests.support.clouds import make_context
        load_domains()
        async def main():
            use_database(Database({database_urls[1]!r}))
            context = await make_context(UUID({str(bill.organization_id)!r}), "costs.import_file", {{}})
            print("running", flush=True)
            await service.run_import(context, UUID({str(import_id)!r}))
        asyncio.run(main())
    """)
    backend = Path(__file__).parents[3]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(backend), "CLOUDOPS_DATA_DIR": str(settings.data_dir)},
    )
    assert process.stdout is not None
    await process.stdout.readline()
    workdir = settings.data_dir / "tmp" / f"import-{import_id}"
    for _ in range(400):
        if (workdir / "all.parquet").exists():
            break
        await asyncio.sleep(0.02)
    process.kill()
    await process.wait()
    assert (await breakdown())["items"] == []
    assert (await bill.read(import_id)).state == "running"
    await asyncio.sleep(0.5)
    assert not _children_at_work(import_id)
    await bill.run(import_id)
    assert (await bill.read(import_id)).rows_stored == 150_000
    assert (await breakdown())["totals"][0]["amount"] == "187500.00"


def _children_at_work(import_id: Any) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=False).stdout
    return [line for line in listed.splitlines() if "bills.child" in line and str(import_id) in line]


async def test_a_full_disk_fails_the_import_in_words_and_a_new_run_mends_it(
    bill: Importer, breakdown: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bill(focus_csv(focus_row()))
    import_id = await bill.start(focus_csv(focus_row(EffectiveCost="9")))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("app.core.storage.shutil.copyfile", full)
        with pytest.raises(PermanentFailure, match="no room left"):
            await bill.run(import_id)
    failed = await bill.read(import_id)
    assert (failed.state, failed.rows_stored) == ("failed", 0)
    assert "Nothing was imported" in (failed.error or "")
    assert (await breakdown())["totals"][0]["amount"] == "1.25"
    await bill.run(import_id)
    assert (await bill.read(import_id)).state == "succeeded"
    assert (await breakdown())["totals"][0]["amount"] == "9.00"


async def test_a_full_disk_in_the_conversion_is_told_apart(
    bill: Importer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = await bill.start(focus_csv(focus_row()))
    program = "import sys, json; sys.stdin.readline(); print(json.dumps({'full': True}), flush=True)"
    stand_in = tmp_path / "python"
    stand_in.write_text(f"#!{sys.executable}\n{program}\n")
    stand_in.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(stand_in))
    with pytest.raises(PermanentFailure, match="no room left"):
        await bill.run(import_id)


async def test_a_cancelled_import_stops_and_leaves_nothing(bill: Importer, breakdown: Ask, settings: Settings) -> None:
    import_id = await bill.start(focus_csv(*[focus_row(ResourceId=f"i-{n}") for n in range(100_000)]))
    context = await bill.context(import_id)
    run = asyncio.create_task(service.run_import(context, import_id))
    while not (settings.data_dir / "tmp" / f"import-{import_id}").exists():  # noqa: ASYNC110 - another process writes
        await asyncio.sleep(0.02)
    context.is_cancelled = True
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert (await bill.read(import_id)).state == "cancelled"
    assert (await breakdown())["items"] == []
    assert list((settings.data_dir / "tmp").iterdir()) == []


async def test_files_that_no_longer_count_are_removed_later(
    bill: Importer, settings: Settings, breakdown: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from app.domains.costs.service import cleaning

    first = await bill(focus_csv(focus_row()))
    await bill(focus_csv(focus_row(EffectiveCost="3")))
    storage = get_storage(settings)
    assert isinstance(storage, FolderStorage)
    prefix = f"org/{bill.organization_id}/costs/"
    context = await bill.context(first.id)
    await service.remove_files(context)
    kept = [key for key in await storage.list_prefix(prefix) if key.endswith(".parquet")]
    assert len(kept) == 2
    monkeypatch.setattr(cleaning, "KEEP_REPLACED", timedelta(0))
    await service.remove_files(context)
    left = await storage.list_prefix(prefix)
    assert len(left) == 1
    assert str(first.id) not in left[0]
    assert (await breakdown())["totals"][0]["amount"] == "3.00"
    async with tenant_session(bill.organization_id) as session:
        assert len((await session.execute(select(CostFile))).all()) == 1


async def _rolled_up(bill: Importer) -> Decimal:
    async with tenant_session(bill.organization_id) as session:
        return Decimal((await session.execute(select(func.sum(CostDay.cost)))).scalar_one() or 0)
