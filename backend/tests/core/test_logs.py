"""Structured logs: only listed fields, no secrets, one line a record."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from app.core.config import Settings
from app.core.logs import bind_log_context, clear_log_context, configure_logging
from app.core.scrubbing import escape_control, scrub

PLANTED = {
    "jwt": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl",
    "access key": "AKIAIOSFODNN7EXAMPLE",
    "temporary access key": "ASIAIOSFODNN7EXAMPLE",
    "api key": "cok_01hx_5d41402abc4b2a76b9719d911017c592_ab12",
    "bearer": "Authorization: Bearer abcdefghij.klmnop",
    "basic": "basic dXNlcjpwYXNzd29yZA==",
    "url password": "postgresql://cop:pl4nted-pass@db.example:5432/x",
    "redis password": "redis://:pl4nted-pass@cache.example/0",
    "named": 'password="pl4nted pass" next',
    "json": '{"secret_access_key": "pl4nted/Key+1", "a": 1}',
    "assignment": "aws_session_token=pl4ntedtoken; done",
    "github": "ghp_pl4ntedpl4ntedpl4ntedpl4nted1234",
    "slack": "xoxb-1234567890-pl4nted",
    "openai": "sk-pl4ntedpl4ntedpl4nted",
    "hook": "POST /api/v1/ingest/hooks/github/pl4ntedtoken failed",
    "query": "GET https://example.com/callback?code=pl4ntedcode&state=1 failed",
    "key": "-----BEGIN PRIVATE KEY-----\npl4nted\n-----END PRIVATE KEY-----",
}
TELLTALES = (
    "pl4nted", "IOSFODNN7", "eyJzdWIi", "5d41402a", "abcdefghij.klmnop", "dXNlcjpwYXNz",
)  # fmt: skip


@pytest.fixture
def lines() -> Iterator[Any]:
    """Configures logging and returns a function that reads what was written since."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()

    def configure(log_format: Any = "json") -> None:
        configure_logging(Settings(log_format=log_format))
        stream = root.handlers[0]
        assert isinstance(stream, logging.StreamHandler)
        stream.setStream(written)

    def read(log_format: str | None = None) -> list[str]:
        found = written.getvalue().splitlines()
        written.truncate(0)
        written.seek(0)
        if log_format:
            configure(log_format)
        return found

    configure()
    clear_log_context()
    yield read
    clear_log_context()
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.parametrize("text", PLANTED.values(), ids=PLANTED)
def test_a_planted_secret_is_scrubbed(text: str) -> None:
    shown = scrub(f"before {text} after")
    assert not [telltale for telltale in TELLTALES if telltale in shown]
    assert shown.startswith("before ")


@pytest.mark.parametrize(
    "text",
    [
        "synced account 123456789012 in eu-west-1: 300 resources",
        "arn:aws:iam::123456789012:role/Reader",
        "GET https://example.com/path answered 200",
        "import 01933b5e-7f5e-7cc0-8000-000000000000 stored 5 rows",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_no_planted_secret_is_written_whichever_way_it_comes(lines: Any, log_format: str) -> None:
    lines(log_format)
    logger = logging.getLogger("test")
    for text in PLANTED.values():
        logger.info(text)
        logger.info("value %s", text)
        logger.info("listed", extra={"reason": text})
        logger.info("unlisted", extra={"body": text})
        structlog.get_logger("test").info("structlog", error=text, body=text)
        try:
            raise ValueError(text)
        except ValueError:
            logger.exception("failed")
    written = "\n".join(lines())
    assert not [telltale for telltale in TELLTALES if telltale in written]
    assert written.count("failed") >= len(PLANTED)


def test_a_record_is_one_json_object_with_its_context(lines: Any) -> None:
    bind_log_context(request_id="r-1", organization_id="o-1", principal=None)
    logging.getLogger("app.test").warning("hello %s", "you", extra={"status": 200, "made_up": "x"})
    (line,) = lines()
    record = json.loads(line)
    timestamp = record.pop("timestamp")
    assert timestamp.endswith("Z")
    assert record == {
        "event": "hello you",
        "level": "warning",
        "logger": "app.test",
        "request_id": "r-1",
        "organization_id": "o-1",
        "status": 200,
        "made_up": "(withheld)",
    }


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_message_cannot_make_a_line_of_its_own(lines: Any, log_format: str) -> None:
    lines(log_format)
    logging.getLogger("test").info("one\r\n2026-01-01 INFO forged\x1b[2J\u2028\u202e%s", "\n{}")
    (line,) = lines()
    assert "\x1b" not in line
    assert "\u202e" not in line


def test_a_forged_line_inside_of_a_traceback_is_marked(lines: Any) -> None:
    lines("text")
    try:
        raise ValueError("x\n2026-01-01T00:00:00Z INFO forged")
    except ValueError:
        logging.getLogger("test").exception("failed")
    assert all(line.startswith("  | ") for line in lines()[1:])


def test_control_characters_are_shown_escaped() -> None:
    assert escape_control("a\x00b\x7fc\n\td\x85") == "a\\x00b\\x7fc\\n\\td\\x85"


def test_chatty_libraries_and_access_lines_with_queries_are_quiet(lines: Any) -> None:
    logging.getLogger("botocore.auth").info("signing with AKIA")
    logging.getLogger("httpx").info("GET https://x?token=1")
    logging.getLogger("uvicorn.access").info('"GET /?code=1"')
    assert lines() == []
    logging.getLogger("uvicorn.error").info("started")
    assert len(lines()) == 1
