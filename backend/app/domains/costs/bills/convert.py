"""From a bill file to Parquet, one file per billing period and account, with the manifest's figures.

A file without faults takes one pass: DuckDB types the values as it reads, and the typed columns are checked and summed
afterwards. At the first fault the file is read again with every value as text, so that each bad row gets its reason.
Files of several periods, or with rejected rows, are written a second time. Memory is bounded by DuckDB's limit.
"""

# ruff: noqa: S608 - names come from fixed lists or are quoted, paths are ours, values are bound

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread
from typing import Any

import duckdb

from app.core.storage import StorageFull
from app.domains.costs import rules
from app.domains.costs.bills import sql
from app.domains.costs.bills.columns import MONEY, HeaderPlan, plan_header
from app.domains.costs.bills.unpack import PlainFile, count_rows, hash_file, open_bill, read_header
from app.domains.costs.errors import ImportRefused

MAX_PERIODS = 1_000
EXAMPLE_ROWS = 10
SPLIT_FLUSH_ROWS = 50_000
ROW_GROUP_ROWS = 61_440  # half of DuckDB's own: writing wide rows then stays inside the memory limit, which is faster
PARQUET = f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS}{{more}})"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNREADABLE_ROWS = {
    "TOO MANY COLUMNS": "The row has too many values.",
    "INVALID ENCODING": "The row is not valid UTF-8.",
    "LINE SIZE OVER MAXIMUM": "The row is longer than 2 MB.",
}

Progress = Callable[[float], None]
"""Told the share done, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a conversion may use. `memory_mb` bounds DuckDB; the process takes some 150 MB more."""

    memory_mb: int = 640
    threads: int = 2
    max_unpacked_bytes: int | None = None


@dataclass(kw_only=True)
class PeriodFile:
    """One converted file: a billing period of one account."""

    path: str
    provider: str
    provider_name: str
    billing_account: str
    billing_period: date
    row_count: int
    min_charge_at: datetime
    max_charge_at: datetime


@dataclass(kw_only=True)
class Converted:
    """The outcome. With `error` set nothing is to be stored and `files` is empty."""

    file_format: str
    size_bytes: int
    focus_version: str
    sha256: str = ""
    rows_read: int = 0
    rows_stored: int = 0
    rows_rejected: int = 0
    reasons: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    sums: list[dict[str, str | None]] = field(default_factory=list)
    missing_columns: list[str] = field(default_factory=list)
    extra_columns: list[str] = field(default_factory=list)
    ignored_columns: list[str] = field(default_factory=list)
    files: list[PeriodFile] = field(default_factory=list)
    roll_up: str | None = None
    error: str | None = None

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def convert(
    source: Path,
    workdir: Path,
    limits: Limits,
    progress: Progress = lambda share: None,
    *,
    sha256: str | None = None,
) -> Converted:
    """Convert one file into `workdir`. Raises ImportRefused when the file as a whole cannot be read."""
    plain = open_bill(source, workdir, max_unpacked_bytes=limits.max_unpacked_bytes)
    with _engine(plain.path, workdir, limits) as engine:
        try:
            result = _Run(engine, plain, workdir, progress).convert()
            result.sha256 = sha256 or hash_file(source)
            return result
        except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.BinderException) as error:
            raise ImportRefused(f"The file cannot be read: {_first_line(error)}") from None
        except duckdb.OutOfMemoryException:
            raise ImportRefused("The file needs more memory than an import may use.") from None
        except duckdb.IOException as error:
            if "no space left" in str(error).lower():
                raise StorageFull from None
            raise


@contextmanager
def _engine(source: Path, workdir: Path, limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that can read the one file and its own folder, and whose settings cannot be changed again."""
    engine = duckdb.connect(config={"threads": limits.threads, "memory_limit": f"{limits.memory_mb}MB"})
    try:
        for statement in (
            "SET autoinstall_known_extensions = false",
            "SET autoload_known_extensions = false",
            f"SET temp_directory = {sql.quote_text(str(workdir / 'spill'))}",
            f"SET allowed_directories = [{sql.quote_text(str(workdir))}]",
            f"SET allowed_paths = [{sql.quote_text(str(source))}]",
            "SET preserve_insertion_order = false",
            "SET TimeZone = 'UTC'",
            "SET enable_progress_bar = true",
            "SET enable_progress_bar_print = false",
            f"SET partitioned_write_flush_threshold = {SPLIT_FLUSH_ROWS}",
            f"SET partitioned_write_max_open_files = {MAX_PERIODS}",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            engine.execute(statement)
        yield engine
    finally:
        engine.close()


class _Run:
    """The steps of one conversion; they share the connection and the plan."""

    def __init__(self, engine: duckdb.DuckDBPyConnection, plain: PlainFile, workdir: Path, progress: Progress) -> None:
        self._engine, self._plain, self._workdir, self._progress = engine, plain, workdir, progress
        self._is_parquet = plain.is_parquet
        self._staging = workdir / "all.parquet"

    def convert(self) -> Converted:
        plan = self._plan()
        result = Converted(
            file_format=self._plain.file_format,
            size_bytes=self._plain.size_bytes,
            focus_version=rules.detect_focus_version(plan.sources),
            missing_columns=list(plan.missing_expected),
            extra_columns=[name.strip() for name in plan.extra],
            ignored_columns=list(plan.ignored),
        )
        if self._is_parquet or not self._convert_strictly(plan):
            self._convert_tolerantly(plan, result)
        else:
            ((result.rows_read,),) = self._execute(f"SELECT count(*) FROM {sql.stored_rows([self._staging])}")
            result.rows_stored = result.rows_read
        if not result.rows_stored:
            result.error = (
                "No row could be stored; see the reasons." if result.rows_read else "The file has a header but no rows."
            )
            return result
        result.sums = self._sum()
        result.files = self._write_periods(rewrite=result.rows_rejected > 0)
        self._progress(0.9)
        result.roll_up = str(self._roll_up(result.files))
        self._progress(1.0)
        return result

    def _execute(self, statement: str) -> list[tuple[Any, ...]]:
        return self._engine.execute(statement).fetchall()

    def _plan(self) -> HeaderPlan:
        if self._is_parquet:
            rows = self._execute(f"DESCRIBE SELECT * FROM {sql.read_parquet(self._plain.path)}")
            self._types = {str(row[0]): str(row[1]) for row in rows}
            self._header, self._delimiter = list(self._types), ""
            self._names = {name: name for name in self._types}
        else:
            self._types = {}
            self._header, self._delimiter = read_header(self._plain.path)
            self._names = {name: f"c{index}" for index, name in reversed(list(enumerate(self._header)))}
        plan = plan_header(self._header)
        self._refuse_header(plan)
        return plan

    def _convert_strictly(self, plan: HeaderPlan) -> bool:
        """Convert in one pass; False at the first value that does not fit, or when a check afterwards fails."""
        columns = {name: column for column, name in plan.sources.items()}
        types = [sql.read_type(columns.get(name)) for name in self._header]
        source = sql.read_csv(self._plain.path, types, self._delimiter)
        try:
            self._write_staging(sql.build_strict(source, plan, self._names))
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            return False
        ((is_clean,),) = self._execute(sql.IS_CLEAN.format(rows=sql.stored_rows([self._staging])))
        return bool(is_clean)

    def _convert_tolerantly(self, plan: HeaderPlan, result: Converted) -> None:
        """Convert with a reason for every row that cannot be stored."""
        if self._is_parquet:
            source, width, expected = sql.read_parquet(self._plain.path), None, None
        else:
            width = len(self._header)
            source = sql.read_any_csv(self._plain.path, width, self._delimiter)
            expected = count_rows(self._plain.path, self._delimiter)
        conversion = sql.build_conversion(source, plan, self._types, self._names, width)
        self._write_staging(conversion.select)
        self._count_rows(result, conversion)
        if expected is not None and result.rows_read != expected:
            raise ImportRefused("The file cannot be split into rows in only one way. Check its quotation marks.")

    def _write_staging(self, select: str) -> None:
        self._staging.unlink(missing_ok=True)
        with self._watched(0.0, 0.8):
            self._execute(f"COPY ({select}) TO {_literal(self._staging)} {PARQUET.format(more='')}")

    def _refuse_header(self, plan: HeaderPlan) -> None:
        if plan.missing_required:
            raise ImportRefused(f"Not a FOCUS file: the columns {', '.join(plan.missing_required)} are missing.")
        if plan.repeated:
            raise ImportRefused(f"The header names a column twice: {', '.join(plan.repeated)}.")

    def _count_rows(self, result: Converted, conversion: sql.Conversion) -> None:
        flag = sql.quote_name(sql.FLAG)
        counts = self._execute(f"SELECT {flag}, count(*) FROM {sql.stored_rows([self._staging])} GROUP BY 1 ORDER BY 1")
        broken = [] if self._is_parquet else self._broken_lines()
        examples = self._examples(conversion, broken) if any(number is not None for number, _ in counts) else {}
        for number, rows in counts:
            result.rows_read += rows
            if number is None:
                continue
            if number == sql.UNREADABLE_TAGS:
                problem = {"reason": "The tags are not a JSON object; the row is kept without tags.", "column": "Tags"}
                result.warnings.append({**problem, "rows": rows, "example_rows": examples.get(number, [])})
                continue
            check = conversion.checks[number - 1]
            problem = {"reason": check.reason, "column": check.column}
            result.reasons.append({**problem, "rows": rows, "example_rows": examples.get(number, [])})
        for error_type, rows, lines in broken:
            reason = _UNREADABLE_ROWS.get(error_type, "The row cannot be read.")
            numbers = [max(1, line - 1) for line in lines]
            result.reasons.append({"reason": reason, "column": None, "rows": rows, "example_rows": numbers})
            result.rows_read += rows
        result.rows_rejected = sum(problem["rows"] for problem in result.reasons)
        result.rows_stored = result.rows_read - result.rows_rejected

    def _broken_lines(self) -> list[tuple[str, int, list[int]]]:
        ((recorded,),) = self._execute("SELECT count(*) FROM reject_errors")
        if recorded >= sql.MAX_UNREADABLE_ROWS:  # later ones were not recorded, so nobody could say how many there are
            raise ImportRefused("Too many rows cannot be read as UTF-8 with the columns of the header.")
        return [
            (str(kind), int(rows), list(lines))
            for kind, rows, lines in self._execute(
                f"SELECT kind, count(*), min(line, {EXAMPLE_ROWS}) FROM (SELECT line, min(error_type::VARCHAR) AS kind "
                "FROM reject_errors GROUP BY line) GROUP BY kind ORDER BY kind"
            )
        ]

    def _examples(self, conversion: sql.Conversion, broken: list[tuple[str, int, list[int]]]) -> dict[int, list[int]]:
        """Numbers of the first rows of each flag; a second read in file order, made only when there are any."""
        flag = sql.quote_name(sql.FLAG)
        before = sorted(line for _, _, lines in broken for line in lines)
        found = self._execute(
            f"SELECT {flag}, min(number, {EXAMPLE_ROWS}) FROM (SELECT row_number() OVER () AS number, {flag} "
            f"FROM ({conversion.select})) WHERE {flag} IS NOT NULL GROUP BY 1"
        )
        return {number: [_file_row(row, before) for row in rows] for number, rows in found}

    def _sum(self) -> list[dict[str, str | None]]:
        rows = self._execute(sql.SUMS.format(rows=sql.stored_rows([self._staging]), kept=sql.KEPT))
        kinds = [column.removesuffix("Cost").lower() for column in MONEY]
        return [
            {"currency": row[0], **{kind: _plain_number(value) for kind, value in zip(kinds, row[1:], strict=True)}}
            for row in rows
        ]

    def _write_periods(self, *, rewrite: bool) -> list[PeriodFile]:
        periods = self._execute(sql.PERIODS.format(rows=sql.stored_rows([self._staging]), kept=sql.KEPT))
        if len(periods) > MAX_PERIODS:
            raise ImportRefused(f"The file holds more than {MAX_PERIODS} billing periods and accounts. Split it.")
        if any(_CONTROL.search(f"{row[0]}{row[2]}") for row in periods):
            raise ImportRefused("A provider name or billing account holds control characters.")
        paths = self._split(periods) if len(periods) > 1 else {0: [self._keep_good() if rewrite else self._staging]}
        return [
            PeriodFile(
                path=str(path),
                provider_name=row[0],
                provider=row[1],
                billing_account=row[2],
                billing_period=row[3],
                row_count=row[4] if part == 0 else 0,
                min_charge_at=row[5],
                max_charge_at=row[6],
            )
            for number, row in enumerate(periods)
            for part, path in enumerate(paths[number])
        ]

    def _keep_good(self) -> Path:
        kept = self._workdir / "kept.parquet"
        self._execute(
            f"COPY (SELECT * FROM {sql.stored_rows([self._staging])} WHERE {sql.KEPT}) "
            f"TO {_literal(kept)} {PARQUET.format(more='')}"
        )
        self._staging.unlink()
        return kept

    def _split(self, periods: list[tuple[Any, ...]]) -> dict[int, list[Path]]:
        self._engine.execute(
            "CREATE TEMP TABLE periods (number INTEGER, provider VARCHAR, account VARCHAR, period DATE)"
        )
        self._engine.executemany(
            "INSERT INTO periods VALUES (?, ?, ?, ?)", [(n, row[0], row[2], row[3]) for n, row in enumerate(periods)]
        )
        folder = self._workdir / "split"
        self._execute(
            f"COPY (SELECT s.*, p.number FROM {sql.stored_rows([self._staging])} s JOIN periods p "
            'ON p.provider = s."ProviderName" AND p.account = s."BillingAccountId" '
            f'AND p.period = CAST(s."BillingPeriodStart" AS DATE) WHERE {sql.KEPT}) '
            f"TO {_literal(folder)} {PARQUET.format(more=', PARTITION_BY (number)')}"
        )
        self._staging.unlink()
        return {number: sorted((folder / f"number={number}").glob("*.parquet")) for number in range(len(periods))}

    def _roll_up(self, files: list[PeriodFile]) -> Path:
        target = self._workdir / "days.csv"
        rows = sql.stored_rows([Path(file.path) for file in files])
        self._execute(
            f"COPY ({sql.roll_up(rows)}) TO {_literal(target)} "
            "(FORMAT csv, HEADER false, NULLSTR '\\N', QUOTE '\"', ESCAPE '\"', FORCE_QUOTE *)"
        )
        return target

    @contextmanager
    def _watched(self, start: float, end: float) -> Iterator[None]:
        """Report the running statement's progress twice a second."""
        done = Event()

        def watch() -> None:
            while not done.wait(0.5):
                share = self._engine.query_progress()
                if 0 <= share <= 100:
                    self._progress(start + (end - start) * share / 100)

        watcher = Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()


def remove_workdir(workdir: Path) -> None:
    """Remove a conversion's folder with all it holds."""
    shutil.rmtree(workdir, ignore_errors=True)


def _literal(path: Path) -> str:
    return sql.quote_text(str(path))


def _plain_number(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _file_row(parsed_row: int, broken_lines: list[int]) -> int:
    """The row's number in the file: rows that could not be split into values were not counted by the reader."""
    number = parsed_row
    for line in broken_lines:
        if line - 1 <= number:
            number += 1
    return number


def _first_line(error: Exception) -> str:
    text = str(error).partition("\n")[0]
    return re.sub(r'(file |")?/[^\s"]+"?', "the file", text.partition(": ")[2] or text)[:300]
