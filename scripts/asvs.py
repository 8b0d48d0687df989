"""Counts the states in docs/security/asvs.md and writes them at its top; names rows that are not in their order."""

import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "security" / "asvs.md"
STATES = {
    "tested": "met, with a test",
    "met": "met, without a test",
    "n/a": "not applicable",
    "open": "not met yet",
}
_ROW = re.compile(r"^\| (V(\d+)\.(\d+)\.(\d+)) \| (\d) \| (.+?) \| (tested|met|n/a|open) \| (.*?) \| (.*?) \|$")
_BEGIN, _END = "<!-- counts -->\n", "<!-- end of counts -->\n"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One requirement. `where` and `proof` are as they stand in the table, with backticks."""

    id: str
    chapter: int
    level: int
    wording: str
    state: str
    where: str
    proof: str


def read_rows(text: str) -> list[Row]:
    """The rows of all tables, in their order. Raises ValueError for a line that looks like a row and is none."""
    rows = []
    for line in text.splitlines():
        if re.match(r"\| V\d+\.", line) is None:
            continue
        found = _ROW.match(line)
        if found is None:
            raise ValueError(f"not a row: {line}")
        rows.append(
            Row(
                id=found[1],
                chapter=int(found[2]),
                level=int(found[5]),
                wording=found[6],
                state=found[7],
                where=found[8],
                proof=found[9],
            )
        )
    return rows


def count_table(rows: list[Row]) -> str:
    """The table of counts, by chapter and in all."""
    counted = Counter((row.chapter, row.state) for row in rows)
    lines = ["| chapter | " + " | ".join(STATES.values()) + " | all |", "| --- |" + " ---: |" * (len(STATES) + 1)]
    for chapter in sorted({row.chapter for row in rows}):
        numbers = [counted[chapter, state] for state in STATES]
        lines.append(f"| V{chapter} | " + " | ".join(map(str, numbers)) + f" | {sum(numbers)} |")
    totals = [sum(row.state == state for row in rows) for state in STATES]
    lines.append("| **all** | " + " | ".join(f"**{total}**" for total in totals) + f" | **{len(rows)}** |")
    return "\n".join(lines) + "\n"


def with_counts(text: str) -> str:
    """The page with true counts."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return before + _BEGIN + count_table(read_rows(text)) + _END + after


if __name__ == "__main__":
    PAGE.write_text(with_counts(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)
