"""The installation's log file: bounded, written by several processes, and a calm terminal beside it."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from app.core import logfile
from app.core.config import Settings
from app.core.logfile import KEPT, file_handler, make_log_file, turn_over
from app.core.logs import configure_logging


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A log file in a folder of its own; the process's logging is as before afterwards."""
    monkeypatch.setattr(logfile, "MAX_BYTES", 1_000)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    found = tmp_path / "logs" / "cloudops.log"
    make_log_file(found)
    yield found
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_a_large_file_is_turned_over_and_the_oldest_goes(path: Path) -> None:
    for number in range(KEPT + 3):
        path.write_text(f"{number} " + "x" * 1_000)
        turn_over(path)
    assert path.read_text() == ""
    older = [path.with_name(f"{path.name}.{number}").read_text().split()[0] for number in range(1, KEPT + 1)]
    assert older == [str(number) for number in range(KEPT + 2, 2, -1)]
    assert len(list(path.parent.iterdir())) == KEPT + 1
    assert {file.stat().st_mode & 0o077 for file in (path, path.parent)} == {0}
    turn_over(path)
    assert len(list(path.parent.iterdir())) == KEPT + 1


def test_two_writers_share_the_file_and_follow_a_turn_over(path: Path) -> None:
    writers = [file_handler(path), file_handler(path)]

    def write(words: str) -> None:
        for writer in writers:
            writer.emit(logging.LogRecord("test", logging.INFO, "", 0, words, None, None))

    write("before " + "x" * 1_000)
    turn_over(path)
    write("after")
    assert path.read_text() == "after\nafter\n"
    assert path.with_name("cloudops.log.1").read_text().count("before") == 2


def test_a_file_that_cannot_be_written_costs_nobody_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = file_handler(tmp_path / "nowhere" / "cloudops.log")
    handler.handle(logging.LogRecord("test", logging.INFO, "", 0, "lost", None, None))
    assert capsys.readouterr() == ("", "")


def test_records_go_to_the_file_and_only_warnings_to_the_terminal_once(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(Settings(log_file=path, log_format="text"))
    logger = logging.getLogger("app.test")
    logger.info("a request", extra={"status": 200})
    for number in range(3):
        logger.warning("the database is away: %s password=planted", number)
    structlog.get_logger("app.test").warning("slow\x1b[2J", region="eu-west-1")
    try:
        raise ValueError("planted")
    except ValueError:
        logger.exception("unexpected failure")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert [line[10:] for line in shown.err.splitlines()] == [
        "warning: the database is away: 0 password=[redacted]",
        "warning: slow\\x1b[2J",
        f"error: unexpected failure (ValueError; more in {path})",
    ]
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert (len(records), records[0]["event"]) == (6, "a request")
    assert "ValueError: planted" in records[-1]["exception"]


def test_the_supervisor_writes_the_same_shape(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logfile.log_supervisor_to(path)
    logging.getLogger("app.core.embedded.postgres").info("Took over the PostgreSQL.")
    logging.getLogger("app.domains.identity").info("a signing key was made")
    logging.getLogger("app.core.supervisor").warning("worker 1 ended")
    assert [line[10:] for line in capsys.readouterr().err.splitlines()] == [
        "Took over the PostgreSQL.",
        "warning: worker 1 ended",
    ]
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert [record["level"] for record in records] == ["info", "info", "warning"]
    assert set(records[0]) == {"event", "level", "logger", "timestamp"}
