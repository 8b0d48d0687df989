"""Every format and spelling that FOCUS files come in."""

import gzip
import io
import zipfile
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from .conftest import ROW, Importer, focus_csv, focus_row

Ask = Callable[..., Awaitable[dict[str, Any]]]


async def test_a_plain_file_is_stored_with_exact_sums(bill: Importer) -> None:
    done = await bill(focus_csv(focus_row(), focus_row(BilledCost="0.000000000000000001")))
    assert (done.state, done.error) == ("succeeded", None)
    assert (done.rows_read, done.rows_stored, done.rows_rejected) == (2, 2, 0)
    assert done.file_format == "csv"
    assert len(done.sha256 or "") == 64
    assert [Decimal(done.sums[0][kind]) for kind in ("billed", "effective", "list", "contracted")] == [
        Decimal("1.500000000000000001"),
        Decimal("2.50"),
        Decimal("4.00"),
        Decimal("3.50"),
    ]


def _zip(content: bytes, *names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names or ("bill.csv",):
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("pack", "file_format"),
    [
        (gzip.compress, "csv.gz"),
        (lambda content: gzip.compress(content[:100]) + gzip.compress(content[100:]), "csv.gz"),
        (_zip, "csv.zip"),
        (lambda content: b"\xef\xbb\xbf" + content, "csv"),
        (lambda content: content.replace(b"\n", b"\r\n"), "csv"),
        (lambda content: content + b"\n\n", "csv"),
    ],
    ids=["gzip", "two gzip members", "zip", "byte order mark", "CRLF", "blank lines at the end"],
)
async def test_packed_and_marked_files_are_read(
    bill: Importer, pack: Callable[[bytes], bytes], file_format: str
) -> None:
    done = await bill(pack(focus_csv(focus_row(), focus_row())))
    assert (done.state, done.rows_read, done.rows_stored, done.file_format) == ("succeeded", 2, 2, file_format)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
async def test_other_delimiters_are_recognised(bill: Importer, delimiter: str) -> None:
    done = await bill(focus_csv(focus_row(), delimiter=delimiter))
    assert (done.state, done.rows_stored) == ("succeeded", 1)


async def test_column_order_and_case_do_not_matter(bill: Importer) -> None:
    columns = [name.upper() for name in reversed(ROW)]
    done = await bill(focus_csv({name.upper(): value for name, value in ROW.items()}, columns=columns))
    assert (done.state, done.rows_stored) == ("succeeded", 1)


async def test_extra_columns_are_kept_or_named_as_ignored(bill: Importer) -> None:
    done = await bill(focus_csv(focus_row(x_CostCenter="42", Id="7")))
    assert done.extra_columns == ["x_CostCenter"]
    assert done.ignored_columns == ["Id"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-12", "0.000000000001"),
        ("1.5E+3", "1500"),
        ("-2.355203E-4", "-0.0002355203"),
        ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
        (".5", "0.5"),
        ("+5", "5"),
        ("0.12345678901234567850", "0.123456789012345679"),
    ],
)
async def test_numbers_are_exact_to_18_places(bill: Importer, text: str, expected: str) -> None:
    done = await bill(focus_csv(focus_row(BilledCost=text)))
    assert Decimal(done.sums[0]["billed"]) == Decimal(expected)


@pytest.mark.parametrize("word", ["", "NULL", "null"])
async def test_null_words_are_unknown_and_not_zero(bill: Importer, breakdown: Ask, word: str) -> None:
    done = await bill(focus_csv(focus_row(ContractedCost=word, RegionId=word)))
    assert done.sums[0]["contracted"] is None
    found = await breakdown(group_by="region", cost="contracted")
    assert found["items"] == [{"group": {"region": None}, "currency": "USD", "cost": None}]
    assert found["totals"] == []


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-10-05 10:00:00", "2026-10-05"),
        ("2026-10-05T10:00:00.123456Z", "2026-10-05"),
        ("2026-10-05T10:00Z", "2026-10-05"),
        ("2026-10-05", "2026-10-05"),
        ("2026-10-05T23:30:00+00:00", "2026-10-05"),
        ("2026-10-05T23:30:00-02:00", "2026-10-06"),
    ],
)
async def test_times_are_read_in_utc(bill: Importer, breakdown: Ask, text: str, day: str) -> None:
    await bill(focus_csv(focus_row(ChargePeriodStart=text)))
    found = await breakdown(group_by="service", granularity="day")
    assert [item["period"] for item in found["items"]] == [day]


@pytest.mark.parametrize(
    ("columns", "version"),
    [
        ({}, "1.0"),
        ({"SkuMeter": "x"}, "1.1"),
        ({"InvoiceId": "1", "SkuMeter": "x"}, "1.2"),
        ({"ServiceProviderName": "AWS"}, "1.3"),
    ],
)
async def test_the_version_is_told_by_the_columns(bill: Importer, columns: dict[str, str], version: str) -> None:
    assert (await bill(focus_csv(focus_row(**columns)))).focus_version == version


async def test_version_1_3_without_provider_name_is_accepted(bill: Importer, breakdown: Ask) -> None:
    row = focus_row(ServiceProviderName="Microsoft")
    del row["ProviderName"]
    assert (await bill(focus_csv(row))).state == "succeeded"
    found = await breakdown(group_by="provider,provider_name")
    assert found["items"][0]["group"] == {"provider": "azure", "provider_name": "Microsoft"}


@pytest.mark.parametrize(
    "tags",
    ["""MAP {'team': 'search'}""", """'{"team": "search"}'""", """[{'key': 'team', 'value': 'search'}]"""],
    ids=["map", "text", "list of pairs"],
)
async def test_parquet_of_any_types_is_read(bill: Importer, breakdown: Ask, tmp_path: Any, tags: str) -> None:
    path = tmp_path / "bill.parquet"
    values = ", ".join(
        f"{value} AS {name}"
        for name, value in {
            "BilledCost": "CAST(0.1 AS DOUBLE)",
            "EffectiveCost": "CAST(0.3 AS DECIMAL(28, 12))",
            "BillingAccountId": "111122223333",
            "BillingCurrency": "'USD'",
            "BillingPeriodStart": "TIMESTAMPTZ '2026-10-01 00:00:00+00'",
            "ChargeCategory": "'Usage'",
            "ChargePeriodStart": "TIMESTAMP '2026-10-05 10:00:00'",
            "ProviderName": "'AWS'",
            "ServiceName": "'EC2'",
            "Tags": tags,
        }.items()
    )
    with duckdb.connect() as engine:
        engine.execute(f"COPY (SELECT {values}) TO '{path}' (FORMAT parquet)")
    done = await bill(path.read_bytes(), "bill.parquet")
    assert (done.state, done.file_format, done.rows_stored) == ("succeeded", "parquet", 1), done.error
    assert Decimal(done.sums[0]["billed"]) == Decimal("0.1")
    found = await breakdown(group_by="tag:team")
    assert found["items"][0]["group"] == {"tag:team": "search"}


async def test_pairs_without_braces_are_tags_and_nonsense_is_a_warning(bill: Importer, breakdown: Ask) -> None:
    done = await bill(focus_csv(focus_row(Tags='"team": "search"'), focus_row(Tags="nonsense")))
    assert (done.state, done.rows_stored) == ("succeeded", 2)
    assert [(warning["column"], warning["rows"], warning["example_rows"]) for warning in done.warnings] == [
        ("Tags", 1, [2])
    ]
    found = await breakdown(group_by="tag:team")
    assert {item["group"]["tag:team"] for item in found["items"]} == {"search", None}
