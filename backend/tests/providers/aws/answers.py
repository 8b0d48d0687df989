"""Answers made from the vendor's service models: every field there, or none that may be missing. No network.

They stand for what no simulated cloud makes: each member of each structure, types that moto does not know, and any
failure at any call.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import Any, cast

from app.providers.aws import AwsProvider
from app.providers.aws.catalogue import SERVICES
from app.providers.aws.catalogue.model import ResourceType
from app.providers.aws.paths import steps
from app.providers.aws.session import AwsSession, session_key
from app.providers.base import Connection, Unit, UnitResult
from botocore.session import Session
from tests.providers.aws.conftest import ACCOUNT, connection_to
from tests.providers.aws.estate import LOADER

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REGION = "us-east-1"
Answer = Callable[[str, Any], tuple[int, dict[str, Any]]]
"""(service, operation model) → HTTP status and the parsed answer; may raise what the SDK raises."""

_OURS = {"OwnerId", "ResourceOwnerId", "MasterAccountId", "OwnerAccountId", "Owner"}
# Values on which it hangs whether something is a resource at all, or whether a call makes sense.
_FIXED: Mapping[str, Any] = {
    "KeyManager": "CUSTOMER",
    "KeySpec": "SYMMETRIC_DEFAULT",
    "Origin": "AWS_KMS",
    "AwsManaged": False,
    "SnapshotType": "manual",
    "Scheme": "internet-facing",
    "Type": "application",
}
_TOLD: Mapping[str, Mapping[str, Any]] = {
    "GetCallerIdentity": {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/reader", "UserId": "U"},
    "GenerateCredentialReport": {"State": "COMPLETE"},
    "GetCredentialReport": {"Content": b"user,arn\nroot,arn:aws:iam::123456789012:root\n"},
}


@lru_cache(maxsize=1)
def _sdk() -> Session:
    made = Session()
    made.register_component("data_loader", LOADER)
    return made


@cache
def _page_marks(service: str, operation: str) -> frozenset[str]:
    """Members that say that there is another page."""
    try:
        config = _sdk().get_paginator_model(service).get_paginator(operation)
    except (ValueError, KeyError):
        return frozenset({"NextToken", "nextToken", "Marker", "NextMarker"})
    tokens = config["output_token"]
    texts = [*(tokens if isinstance(tokens, list) else [tokens]), config.get("more_results", "")]
    return frozenset(word for text in texts for word in re.findall(r"\w+", text.rsplit("[", 1)[0])[-1:])


class Maker:
    """Makes one answer. `keep` None keeps every member; else those of these names and lists at the top."""

    def __init__(self, service: str, operation: Any, keep: frozenset[str] | None) -> None:
        self._operation, self._keep = operation, keep
        self._marks = _page_marks(service, operation.name)

    def make(self) -> dict[str, Any]:
        shape = self._operation.output_shape
        made: dict[str, Any] = dict(_TOLD.get(self._operation.name, {}))
        if shape is not None and not made:
            made = self._structure(shape, (), is_top=True)
        return made

    def _structure(self, shape: Any, above: tuple[str, ...], *, is_top: bool = False) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, member in shape.members.items():
            if name in self._marks and member.type_name in ("string", "boolean"):
                continue
            wanted = self._keep is None or name in self._keep
            if not wanted and is_top and member.type_name == "list":
                made[name] = []
            elif wanted and member.name not in above:
                made[name] = self._value(member, name, (*above, member.name), shape.name)
        return made

    def _value(self, shape: Any, name: str, above: tuple[str, ...], owner: str) -> Any:
        kind = shape.type_name
        if kind == "structure":
            return self._structure(shape, above)
        if kind == "list":
            return [] if shape.member.name in above else [self._value(shape.member, name, above, owner)]
        if kind == "map":
            keys = getattr(shape.key, "enum", None) or ["key"]
            return {key: self._value(shape.value, key, above, owner) for key in keys}
        if kind == "string":
            return self._text(shape, name, owner)
        return {"timestamp": MOMENT, "blob": b"x", "boolean": _FIXED.get(name, True), "float": 1.5, "double": 1.5}.get(
            kind, 7
        )

    def _text(self, shape: Any, name: str, owner: str) -> str:
        if name in _OURS:
            return ACCOUNT
        enum = getattr(shape, "enum", None)
        if name in _FIXED and (not enum or _FIXED[name] in enum):
            return str(_FIXED[name])
        if name.lower().endswith("arn"):
            return f"arn:aws:test:{REGION}:{ACCOUNT}:{owner}/{name}"
        return str(enum[0]) if enum else f"{owner}-{name}"


def needed_names(service: str) -> frozenset[str]:
    """Members without which the service's things could not even be told apart."""
    names: set[str] = set()
    for entry in SERVICES[service].types:
        names.update(_needed_by(entry))
    return frozenset(names)


def _needed_by(entry: ResourceType) -> Iterator[str]:
    made_of = {"HostedZoneId": ("Id",), "RecordId": ("Name", "Type"), "PlainName": ("Name",)}
    paths = re.findall(r"\{([^{}]+)\}", entry.native_id)
    if entry.listing is not None:
        paths.append(entry.listing.items)
    if entry.describe is not None:
        paths += [entry.describe.items, entry.describe.ids]
    if entry.for_each is not None:
        carried = entry.for_each.carry
        paths += [*entry.for_each.arguments.values(), *(carried[name] for name in carried if name in paths)]
    for extra in entry.extras:
        paths += extra.arguments.values()
    for join in entry.joins:
        paths += re.findall(r"\{([^{}]+)\}", join.key)
    if entry.for_each is not None and entry.for_each.when is not None:
        paths += ["Type", "LoadBalancerType"]  # of a parent: whether it has such children
    for path in paths:
        for step in steps(path):
            yield from made_of.get(step, (step,))


class Cloud:
    """A cloud of one account that answers by a function, without a network.

    All tests share the SDK's session, for its clients are the dear part; limits and threads are the test's own.
    """

    def __init__(self, provider: AwsProvider, answer: Answer) -> None:
        self._provider = provider
        self.connection: Connection = _connection()
        session, wire = _session()
        wire.answer = answer
        provider._sessions[session_key(self.connection)] = (session, time.monotonic())

    async def collect(self, service: str) -> UnitResult:
        region = "global" if service in SERVICES and SERVICES[service].is_global else REGION
        unit = Unit(account=ACCOUNT, region=region, service=service)
        return await self._provider.collect(self.connection, unit, budget_seconds=60)


class _Wire:
    """What stands in for the network: the answer of the test that runs."""

    answer: Answer

    def __call__(self, model: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
        if model.name == "GetCallerIdentity":
            status, parsed = 200, dict(_TOLD[model.name])
        else:
            status, parsed = self.answer(model.service_model.service_name, model)
        return SimpleNamespace(status_code=status, content=b"", headers={}, raw=None), {
            **parsed,
            "ResponseMetadata": {},
        }


def _connection() -> Connection:
    return connection_to("", endpoint_url=None, connection_id="model")


@lru_cache(maxsize=1)
def _session() -> tuple[AwsSession, _Wire]:
    session, wire = AwsSession(_connection(), LOADER, read_seconds=30, attempts=1), _Wire()
    session._core.register("before-call", cast(Any, wire))
    return session, wire


def full() -> tuple[Answer, dict[str, dict[str, Any]]]:
    """Every field of every answer; and what was answered, by "service:Operation"."""
    told: dict[str, dict[str, Any]] = {}

    def answer(service: str, operation: Any) -> tuple[int, dict[str, Any]]:
        key = f"{service}:{operation.name}"
        if operation.name == "ListOrganizationalUnitsForParent" and key in told:
            return 200, {"OrganizationalUnits": []}  # units of units of units would have no end
        told[key] = Maker(service, operation, None).make()
        return 200, told[key]

    return answer, told


def bare(unit: str) -> tuple[Answer, dict[str, dict[str, Any]]]:
    """Nothing but ids."""
    keep, told = needed_names(unit), dict[str, dict[str, Any]]()

    def answer(service: str, operation: Any) -> tuple[int, dict[str, Any]]:
        key = f"{service}:{operation.name}"
        if operation.name == "ListOrganizationalUnitsForParent" and key in told:
            return 200, {"OrganizationalUnits": []}
        told[key] = Maker(service, operation, keep).make()
        return 200, told[key]

    return answer, told


def refuses(status: int, code: str, message: str = "no") -> Answer:
    """The same failure at every call."""
    return lambda *_: (status, {"Error": {"Code": code, "Message": message}})


def breaks(error: Callable[[], Exception]) -> Answer:
    """The SDK's own exception at every call."""

    def answer(*_: Any) -> tuple[int, dict[str, Any]]:
        raise error()

    return answer


@contextmanager
def cloud_of(answer: Answer) -> Iterator[Cloud]:
    """For the time of a test."""
    provider = AwsProvider(read_seconds=30, attempts=1)
    try:
        yield Cloud(provider, answer)
    finally:
        provider.close()
