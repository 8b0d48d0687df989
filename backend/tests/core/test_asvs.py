"""The table of docs/security/asvs.md is whole and true: every name in it exists, every requirement has its row."""

import csv
import importlib.util
import re
import sys
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "security" / "asvs.md"
STANDARD = ROOT.parent / "shared" / "data" / "asvs" / "asvs-5.0.0-en.csv"
_NAMED = re.compile(r"`([^`]+)`")


@lru_cache(maxsize=1)
def script() -> ModuleType:
    """`scripts/asvs.py`, which is no package."""
    spec = importlib.util.spec_from_file_location("asvs_script", ROOT / "scripts" / "asvs.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["asvs_script"] = made
    spec.loader.exec_module(made)
    return made


def rows() -> list:  # type: ignore[type-arg]  # rows of a script that is loaded by its path
    return list(script().read_rows(PAGE.read_text(encoding="utf-8")))


def requirements() -> dict[str, int]:
    """Level of each requirement of level 1 or 2, by its number."""
    with STANDARD.open(encoding="utf-8-sig", newline="") as file:
        return {row["req_id"]: int(row["L"]) for row in csv.DictReader(file) if row["L"] in ("1", "2")}


@lru_cache(maxsize=512)
def content(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def is_there(named: str) -> bool:
    """Whether a path, or a test `path::name`, exists."""
    path, _, name = named.partition("::")
    if not name:
        return (ROOT / path).exists()
    file = ROOT / path if path.startswith("web/") else ROOT / "backend" / "tests" / path
    if not file.is_file():
        return False
    if file.suffix == ".py":
        return re.search(rf"^\s*(?:async )?def {re.escape(name)}\(", content(file), re.MULTILINE) is not None
    return f"('{name}'" in content(file)


def test_every_file_and_test_in_the_table_exists() -> None:
    named = {
        (row.id, one) for row in rows() for cell in (row.where, row.proof) for one in _NAMED.findall(cell) if "/" in one
    }
    assert len({one for _, one in named if "::" in one}) > 100
    assert sorted(one for one in named if not is_there(one[1])) == []


def test_a_name_that_is_wrong_would_be_seen() -> None:
    assert is_there("core/test_asvs.py::test_a_name_that_is_wrong_would_be_seen")
    assert not is_there("core/test_asvs.py::test_a_name_that_is_wrong")
    assert not is_there("core/test_nowhere.py::test_a_name_that_is_wrong_would_be_seen")
    assert not is_there("backend/app/core/nowhere.py")
    assert not is_there("web/src/services/session.test.ts::no such title")


def test_what_is_called_tested_names_a_test_and_all_else_a_reason() -> None:
    wrong = []
    for row in rows():
        names = [one for one in _NAMED.findall(row.proof) if "::" in one]
        if row.state == "tested" and not (names and row.where.startswith("`")):
            wrong.append((row.id, "no test or no place"))
        if row.state != "tested" and len(_NAMED.sub("", row.proof).strip()) < 6:
            wrong.append((row.id, "no reason"))
    assert not wrong


def test_the_counts_at_the_top_are_true() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert script().with_counts(text) == text, "run: python scripts/asvs.py"


def test_no_requirement_is_named_twice() -> None:
    ids = [row.id for row in rows()]
    assert len(ids) == len(set(ids))


@pytest.mark.skipif(not STANDARD.is_file(), reason=f"the list of requirements is not here: {STANDARD.name}")
def test_every_requirement_of_level_1_and_2_has_its_row() -> None:
    wanted, found = requirements(), {row.id: row.level for row in rows()}
    assert len(wanted) == 253
    assert {number for number in wanted if number not in found} == set()
    assert {number for number in found if number not in wanted} == set()
    assert found == wanted


@pytest.mark.skipif(not STANDARD.is_file(), reason=f"the list of requirements is not here: {STANDARD.name}")
def test_the_wording_is_our_own() -> None:
    with STANDARD.open(encoding="utf-8-sig", newline="") as file:
        theirs = " ".join(row["req_description"].casefold() for row in csv.DictReader(file))
    copied = [row.id for row in rows() if len(row.wording) > 40 and row.wording.casefold() in theirs]
    assert not copied
