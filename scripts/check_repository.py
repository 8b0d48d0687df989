"""Checks that no tool does: ways around the kernel, paths of one machine, secrets, packages without a reason."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SELF = Path(__file__).name
RULES = (
    # path pattern, forbidden text, what to do instead
    (r"^backend/app/(?!core/tasks/).*\.py$", r"^\s*(from|import) pgqueuer", "use app.core.tasks"),
    (r"^backend/app/(?!core/).*\.py$", r"driver_connection", "the raw connection escapes the session's transaction"),
    (r"^backend/app/.*\.py$", r"(?i)[\"']\s*SET (?!LOCAL|\w+ = )(SESSION )?app\.", "only set_config(…, true)"),
    (r"^backend/app/(?!core/|cli/).*\.py$", r"\bhttpx\.(get|post|AsyncClient|Client)\(", "use app.core.egress"),
    (r"\.(py|ts|tsx|md|yml|yaml|toml|sh)$|Makefile", r"(/root/|/home/[a-z]+/)", "no paths of one machine"),
    (r"^web/src/.*\.(ts|tsx)$", r"dangerouslySetInnerHTML", "text only"),
)  # fmt: skip
SECRET = re.compile(r"AKIA(?!IOSFODNN7EXAMPLE|DEMO|[A-Z]*TEST)[0-9A-Z]{16}\b|-----BEGIN (RSA |EC )?PRIVATE KEY-----")
MAX_BYTES = 3_000_000


def tracked() -> list[Path]:
    """Every file of the repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S607  # git is found on the path
    return [Path(name) for name in listed.split("\0") if name]


def main() -> int:
    """Print what is wrong; the exit code."""
    problems = []
    for path in tracked():
        full = ROOT / path
        if not full.is_file():
            continue
        if full.stat().st_size > MAX_BYTES:
            problems.append(f"{path}: larger than {MAX_BYTES} bytes")
        try:
            text = full.read_text()
        except UnicodeDecodeError:
            continue
        if path.name != SELF:
            problems += _check_text(path, text)
    problems += _check_dependencies()
    for problem in problems:
        print(problem, file=sys.stderr)  # noqa: T201  # this is a command
    return 1 if problems else 0


def _check_text(path: Path, text: str) -> list[str]:
    found = []
    for pattern, forbidden, instead in RULES:
        if re.search(pattern, str(path)) and (hit := re.search(forbidden, text, re.MULTILINE)):
            found.append(f"{path}:{text[: hit.start()].count(chr(10)) + 1}: {instead}")
    if "test" not in str(path) and SECRET.search(text):
        found.append(f"{path}: looks like a secret")
    return found


def _check_dependencies() -> list[str]:
    """Every direct package has its line in docs/dependencies.md."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = list(project["project"]["dependencies"])
    wanted += [item for group in project["dependency-groups"].values() for item in group if isinstance(item, str)]
    reasons = (ROOT / "docs" / "dependencies.md").read_text().lower()
    names = [re.split(r"[\[=<>!~ ]", item)[0].lower() for item in wanted]
    return [f"docs/dependencies.md: no reason for {name}" for name in names if f"`{name}`" not in reasons]


if __name__ == "__main__":
    raise SystemExit(main())
