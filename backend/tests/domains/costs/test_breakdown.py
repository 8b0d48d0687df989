"""Breakdowns: exact, by every group, over HTTP; sums agree with plain Decimal arithmetic."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from app.core.config import Settings
from app.core.storage import get_storage
from app.domains.costs.bills import questions, sql
from app.domains.costs.bills.ask import BillEngine
from app.domains.costs.bills.convert import Limits, convert, remove_workdir
from app.domains.costs.bills.questions import Scope
from app.domains.costs.errors import QueryTooHeavy
from app.domains.costs.rules import PROVIDER_ALIASES, normalise_provider
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from .conftest import Importer, focus_csv, focus_row

Ask = Callable[..., Awaitable[dict[str, Any]]]
ROWS = [
    focus_row(EffectiveCost="1.10", ServiceName="EC2", RegionId="eu-west-1", ResourceId="i-1"),
    focus_row(EffectiveCost="2.20", ServiceName="EC2", RegionId="us-east-1", ResourceId="i-2", Tags="{}"),
    focus_row(EffectiveCost="5", ServiceName="S3", RegionId="", ResourceId="b-1", Tags=""),
    focus_row(EffectiveCost="7", ServiceName="S3", BillingCurrency="EUR", ChargePeriodStart="2026-10-06T00:00:00Z"),
    focus_row(EffectiveCost="-1", ServiceName="Credits, yearly", ChargeCategory="Credit", ProviderName="Microsoft"),
]


@pytest.fixture
async def imported(bill: Importer) -> None:
    """The five rows above."""
    assert (await bill(focus_csv(*ROWS))).state == "succeeded"


@pytest.mark.usefixtures("imported")
async def test_a_file_that_the_store_lost_is_neither_no_cost_nor_an_unknown_address(
    bill: Importer, client: httpx.AsyncClient, settings: Settings
) -> None:
    storage = get_storage(settings)
    for key in await storage.list_prefix(f"org/{bill.organization_id}/costs/"):
        await storage.delete(key)
    answer = await client.get("/ai-cost/breakdown")
    assert (answer.status_code, answer.json()["title"]) == (503, "The file storage is not available")


@pytest.mark.usefixtures("imported")
async def test_items_are_ordered_by_cost_and_currencies_stay_apart(breakdown: Ask) -> None:
    found = await breakdown(group_by="service")
    assert [(item["group"]["service"], item["currency"], item["cost"]["amount"]) for item in found["items"]] == [
        ("S3", "EUR", "7.00"),
        ("S3", "USD", "5.00"),
        ("EC2", "USD", "3.30"),
        ("Credits, yearly", "USD", "-1.00"),
    ]
    assert found["totals"] == [{"amount": "7.00", "currency": "EUR"}, {"amount": "7.30", "currency": "USD"}]
    assert found["truncated"] is False


@pytest.mark.usefixtures("imported")
async def test_two_groups_tags_and_periods_combine(breakdown: Ask) -> None:
    found = await breakdown(group_by="tag:team,provider", granularity="day", cost="billed")
    assert [(item["period"], *item["group"].values(), item["cost"]["amount"]) for item in found["items"]] == [
        ("2026-10-05", None, "aws", "3.00"),
        ("2026-10-05", "search", "aws", "1.50"),
        ("2026-10-05", "search", "azure", "1.50"),
        ("2026-10-06", "search", "aws", "1.50"),
    ]


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    ("filters", "total"),
    [
        ({"filter__provider": "azure"}, "-1.00"),
        ({"filter__provider_name": "Microsoft"}, "-1.00"),
        ({"filter__service": "EC2"}, "3.30"),
        ({"filter__region": "eu-west-1,us-east-1", "filter__service": "EC2"}, "3.30"),
        ({"filter__resource": "i-1"}, "1.10"),
        ({"filter__charge_category": "Credit"}, "-1.00"),
        ({"filter__tag": "team:search", "filter__service": "EC2"}, "1.10"),
        ({"from_": "2026-10-01", "to": "2026-10-06", "filter__service": "S3"}, "5.00"),
        ({"filter__sub_account": "' OR 1=1 --"}, None),
        ({"filter__tag": "team:'; DROP TABLE x"}, None),
    ],
)
async def test_filters_narrow_the_lines_and_never_become_sql(
    breakdown: Ask, filters: dict[str, str], total: str | None
) -> None:
    found = await breakdown(group_by="service", **filters)
    assert [money["amount"] for money in found["totals"] if money["currency"] == "USD"] == ([total] if total else [])


@pytest.mark.usefixtures("imported")
async def test_a_cut_off_list_still_has_whole_totals(breakdown: Ask) -> None:
    found = await breakdown(group_by="resource", limit="1")
    assert (len(found["items"]), found["truncated"]) == (1, True)
    assert found["totals"] == [{"amount": "7.00", "currency": "EUR"}, {"amount": "7.30", "currency": "USD"}]


async def test_without_costs_everything_is_empty(breakdown: Ask, client: httpx.AsyncClient) -> None:
    assert await breakdown() == {"items": [], "totals": [], "truncated": False}
    summary = (await client.get("/ai-cost/summary")).json()
    assert (summary["as_of_on"], summary["month_to_date"]) == (None, [])
    assert (await client.get(f"/ai-cost/resources/{uuid4()}")).status_code == 404


@pytest.mark.parametrize(
    "parameters",
    [
        {"group_by": "colour"},
        {"group_by": "service,region,provider"},
        {"group_by": "service,service"},
        {"group_by": "tag:"},
        {"group_by": "service;DROP"},
        {"granularity": "hour"},
        {"cost": "amortised"},
        {"from": "yesterday"},
        {"from": "2026-10-05", "to": "2026-10-05"},
        {"filter.tag": "no-colon"},
        {"limit": "0"},
        {"filter.service": "a\x00b"},
    ],
)
async def test_wrong_questions_are_refused(client: httpx.AsyncClient, parameters: dict[str, str]) -> None:
    answer = await client.get("/ai-cost/breakdown", params=parameters)
    assert answer.status_code == 422, answer.text


@pytest.mark.usefixtures("imported")
async def test_dimensions_list_values_with_their_line_counts(client: httpx.AsyncClient) -> None:
    services = (await client.get("/ai-cost/dimensions", params={"group": "service"})).json()
    assert services["items"] == [
        {"key": "EC2", "count": 2},
        {"key": "S3", "count": 2},
        {"key": "Credits, yearly", "count": 1},
    ]
    tags = (await client.get("/ai-cost/dimensions", params={"group": "tag"})).json()
    assert {item["key"] for item in tags["items"]} == {"team", "env"}
    teams = (await client.get("/ai-cost/dimensions", params={"group": "tag:team", "q": "SEA"})).json()
    assert teams["items"] == [{"key": "search", "count": 3}]
    assert (await client.get("/ai-cost/dimensions", params={"group": "colour"})).status_code == 422


@pytest.mark.usefixtures("imported")
async def test_another_organization_sees_nothing(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/ai-cost/breakdown")).json()["items"] == []
    assert (await stranger.get("/ai-cost/summary")).json()["as_of_on"] is None
    assert (await stranger.get("/ai-cost/imports")).json()["items"] == []


def test_the_engine_opens_nothing_but_its_folders(tmp_path: Path) -> None:
    engine = BillEngine([tmp_path], tmp_path / "spill")
    for statement in (
        "SELECT * FROM read_csv('/etc/passwd')",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "ATTACH '/tmp/other.db'",
        "COPY (SELECT 1) TO '/tmp/out.csv'",
    ):
        with pytest.raises(Exception, match=r"(?i)permission|locked|disabled|cannot"):
            asyncio.run(engine.ask(statement, []))
    engine.close()


async def test_a_question_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    engine = BillEngine([tmp_path], tmp_path / "spill")
    with pytest.raises(QueryTooHeavy):
        await engine.ask(
            "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b", [], timeout_seconds=0.3
        )
    assert await engine.ask("SELECT 1", []) == [(1,)]
    engine.close()


_amounts = st.decimals(-(10**6), 10**6, places=12, allow_nan=False, allow_infinity=False)
_words = st.sampled_from(["", "a", "B", "c d", "é,\"x'", "NULL"])
_rows = st.lists(
    st.fixed_dictionaries(
        {
            "EffectiveCost": _amounts.map(str) | st.just(""),
            "BilledCost": _amounts.map(str),
            "ServiceName": _words,
            "RegionId": _words,
            "ResourceId": _words,
            "SubAccountId": _words,
            "BillingCurrency": st.sampled_from(["USD", "EUR"]),
            "ProviderName": st.sampled_from(["AWS", "Microsoft", "Acme"]),
            "BillingPeriodStart": st.sampled_from(["2026-09-01", "2026-10-01"]),
            "ChargePeriodStart": st.sampled_from(["2026-09-30T23:59:59Z", "2026-10-01 00:00:00", "2026-10-02"]),
            "Tags": st.sampled_from(["", "{}", '{"team": "x"}', '{"team": null}', '{"team/é": "y", "team": ""}']),
        }
    ),
    min_size=1,
    max_size=30,
)
_COLUMNS = {"service": "ServiceName", "region": "RegionId", "resource": "ResourceId", "sub_account": "SubAccountId"}


@given(rows=_rows, kind=st.sampled_from(["effective", "billed"]))
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sums_by_any_group_equal_decimal_arithmetic(tmp_path: Path, rows: list[dict[str, str]], kind: str) -> None:
    workdir = tmp_path / "work"
    remove_workdir(workdir)
    workdir.mkdir()
    (workdir / "bill.csv").write_bytes(focus_csv(*[focus_row(**row) for row in rows]))
    converted = convert(workdir / "bill.csv", workdir, Limits(memory_mb=200, threads=1))
    assert converted.rows_stored == len(rows)
    files = [file.path for file in converted.files]
    engine = BillEngine([tmp_path], tmp_path / "spill", memory_mb=200)
    column = {"effective": "EffectiveCost", "billed": "BilledCost"}[kind]
    try:
        for group, source in _COLUMNS.items():
            statement = questions.breakdown(files, [group], "day", kind, Scope(), 10_000)
            rows_found = [row[1:] for row in asyncio.run(engine.ask(*statement)) if row[0] == 0]
            found = {row[:3]: row[3] for row in rows_found}
            assert len(found) == len(rows_found)
            assert {(name, str(day), currency): cost for (name, day, currency), cost in found.items()} == _expected(
                rows, source, column
            )
        for group in ("tag:team", "tag:team/é", "provider", "billing_account"):
            statement = questions.breakdown(files, [group], "none", kind, Scope(), 10_000)
            by_currency: dict[str, Decimal] = defaultdict(Decimal)
            totals: dict[str, Decimal] = {}
            for part, _, currency, cost in asyncio.run(engine.ask(*statement)):
                if part == 0:
                    by_currency[currency] += cost or 0
                else:
                    totals[currency] = cost or Decimal(0)
            assert totals == dict(by_currency)
            assert dict(by_currency) == _totals(rows, column)
        sums = {item["currency"]: Decimal(item[kind] or 0) for item in converted.sums}
        assert sums == _totals(rows, column)
    finally:
        engine.close()


def _expected(
    rows: list[dict[str, str]], source: str, column: str
) -> dict[tuple[str | None, str, str], Decimal | None]:
    sums: dict[tuple[str | None, str, str], Decimal | None] = {}
    for row in rows:
        name = row[source] if row[source] not in sql.NULL_WORDS else None
        key = (name, row["ChargePeriodStart"][:10], row["BillingCurrency"])
        sums.setdefault(key, None)
        if row[column]:
            sums[key] = (sums[key] or Decimal(0)) + Decimal(row[column])
    return sums


def _totals(rows: list[dict[str, str]], column: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["BillingCurrency"]] += Decimal(row[column] or 0)
    return dict(sums)


def test_sql_and_python_agree_on_provider_names() -> None:
    import duckdb

    names = [alias.upper() for aliases in PROVIDER_ALIASES.values() for alias in aliases] + [
        "Acme Corp.",
        "日本",
        " x ",
    ]
    with duckdb.connect() as engine:
        for name in names:
            found = engine.execute(f'SELECT {sql.provider_case()} FROM (SELECT ? AS "ProviderName")', [name]).fetchone()  # noqa: S608
            assert found == (normalise_provider(name),)
