"""The documented configurations name addresses that exist and authentications that are taken."""

import base64
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from app.domains.metrics.api.common import _password
from app.domains.metrics.api.ingest import router

DOCUMENT = Path(__file__).parents[4] / "docs" / "agents.md"
BLOCKS: list[Any] = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.S)]
ROUTES = {getattr(route, "path", "") for route in router.routes}
HOST = "https://cloudops.example.com"


def writers() -> list[dict[str, Any]]:
    return [one for block in BLOCKS for one in block.get("remote_write", ())]


def test_the_documented_addresses_are_routes() -> None:
    exporters = [block["exporters"]["otlphttp"]["metrics_endpoint"] for block in BLOCKS if "exporters" in block]
    addresses = [one["url"] for one in writers()] + exporters
    assert len(addresses) == 3
    assert {address.removeprefix(HOST) for address in addresses} <= ROUTES


def test_each_pipeline_names_parts_that_are_configured() -> None:
    [block] = [block for block in BLOCKS if "service" in block]
    for kind, names in block["service"]["pipelines"]["metrics"].items():
        assert set(names) <= set(block[kind])


@pytest.mark.parametrize("username", [one["basic_auth"]["username"] for one in writers() if "basic_auth" in one])
def test_the_password_of_basic_is_the_key(username: str) -> None:
    assert _password(base64.b64encode(f"{username}:key".encode()).decode()) == "key"
