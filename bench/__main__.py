"""`python -m bench [NAME …]`: every benchmark beside its floor, then the table in docs/performance.md."""

import json
import subprocess
import sys
from pathlib import Path

from bench.common import RESULTS

BENCHMARKS: dict[str, list[str]] = {
    "aws_sync": ["bench.aws_sync"],
    "gcp_sync": ["bench.gcp_sync"],
    "azure_sync": ["bench.azure_sync"],
    "costs_import": ["bench.costs_import"],
    "costs_breakdown": ["bench.costs_breakdown"],
    "inventory_list": ["bench.inventory_list"],
    "inventory_sync": ["bench.inventory_sync"],
    "compliance": ["bench.compliance"],
    "identity": ["bench.identity"],
    "map_frame": ["bench.map_frame"],
    "metrics_intake": ["bench.metrics_intake"],
    "metrics_range": ["bench.metrics_range"],
    "nab": ["bench.nab"],
    "rules": ["bench.rules"],
    "topology": ["bench.topology"],
}
PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
START, END = "<!-- results: written by make bench -->", "<!-- end of results -->"


def main() -> int:
    """Run the named benchmarks, or all of them; the exit code is that of the worst."""
    wanted = sys.argv[1:] or list(BENCHMARKS)
    worst = 0
    for name in wanted:
        if name not in BENCHMARKS:
            print(f"There is no benchmark {name}; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
            return 2
        print(f"\n{name}", flush=True)
        worst = max(worst, subprocess.run([sys.executable, "-m", *BENCHMARKS[name]], check=False).returncode)
    write_table()
    return worst


def write_table() -> None:
    """Put every result into the page, between its two marks: a heading, when and where, and its figures."""
    parts: list[str] = []
    for path in sorted(RESULTS.glob("*.json")):
        result = json.loads(path.read_text())
        machine, name, at = result.pop("machine", {}), result.pop("name"), result.pop("measured_at", "")
        where = f"{at[:10]}, {machine.get('cores')} cores, load {machine.get('load_average', 0):.1f}"
        parts += ["", f"### {name}", "", f"Measured {where}.", "", *_figures(result)]
    text = PAGE.read_text()
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}\n" + "\n".join(parts) + f"\n\n{END}{after}")


def _figures(result: dict[str, object]) -> list[str]:
    """A table of the single figures, then one for each list of like records."""
    single = {key: value for key, value in result.items() if not _is_records(value)}
    lines = ["| figure | value |", "| --- | --- |"]
    lines += [f"| {key.replace('_', ' ')} | {_shown(value)} |" for key, value in single.items()]
    for records in (value for value in result.values() if _is_records(value)):
        assert isinstance(records, list)
        names = list(records[0])
        lines += ["", "| " + " | ".join(name.replace("_", " ") for name in names) + " |", "|" + " --- |" * len(names)]
        lines += ["| " + " | ".join(_shown(record.get(name)) for name in names) + " |" for record in records]
    return lines


def _is_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{key.replace('_', ' ')} {_shown(item)}" for key, item in value.items())
    return str(value)


if __name__ == "__main__":
    raise SystemExit(main())
