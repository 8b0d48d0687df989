"""Reads one unit: a group of asset types below one parent, resources and IAM policies merged, gaps filled."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
import structlog

from app.providers.base import (
    CallError,
    CollectedRelation,
    CollectedResource,
    ErrorKind,
    Unit,
    UnitResult,
    UnitState,
    pack_json,
)
from app.providers.gcp.api_keys import fill_restrictions, is_bare_key
from app.providers.gcp.catalogue import GROUPS, OTHER, TYPES, group_of, patterns_of
from app.providers.gcp.convert import convert
from app.providers.gcp.errors import GcpError
from app.providers.gcp.listing import Asset, Outcome, Take, list_assets
from app.providers.gcp.projects import tree_of
from app.providers.gcp.scope import is_chosen, parent_of
from app.providers.gcp.session import LIST_ASSETS, GcpSession, Reads

_log = structlog.get_logger(__name__)


class UnitRead:
    """One run over one unit."""

    def __init__(self, session: GcpSession, unit: Unit, reads: Reads) -> None:
        self._session, self._unit, self._reads = session, unit, reads
        self._parent = parent_of(unit.account)
        self._known = [entry.native_type for entry in GROUPS[unit.service].types]
        self._assets: dict[str, Asset | bytes] = {}  # as JSON, because a unit may have very many
        self._policies: dict[str, bytes | Any] = {}
        self._errors: list[GcpError] = []
        self._listed = Outcome(whole=False)
        self._types: set[str] = set()
        self._broken: set[str] = set()  # types with assets that could not be read; "": nobody knows of which

    def run(self) -> UnitResult:
        """Never raises for a failed call."""
        listed = self._listed = self._list("RESOURCE", self._take)
        policies = Outcome(whole=False)
        # Policies alone would replace what is known of a resource. And a token that is refused, or time that is up,
        # will be so for the policies as well.
        if listed.whole or listed.read_types or (self._assets and not _is_final(listed.errors)):
            policies = self._list("IAM_POLICY", self._take_policy)
        ids = self._project_ids()
        unread_keys, key_errors = fill_restrictions(self._session, self._reads, self._bare_keys(), ids)
        self._errors += key_errors
        resources, relations = self._convert(ids, policies, unread_keys)
        complete = self._complete_types(listed, policies)
        return UnitResult(
            unit=self._unit,
            state=self._state(bool(resources or complete or (listed.whole and "" not in self._broken))),
            resources=resources,
            relations=relations,
            complete_types=complete,
            covers_all_types=listed.whole and policies.whole and not self._broken,
            errors=_call_errors(self._errors),
            call_count=self._reads.call_count,
        )

    # -- listings

    def _list(self, content: str, take: Take) -> Outcome:
        patterns = patterns_of(self._unit.service)
        outcome = self._try(content, patterns, take)
        if not outcome.whole and self._unit.service == OTHER and outcome.errors[0].status in (400, 414):
            # Google refuses a pattern that fits none of its types: then there is nothing for it to find. Where not even
            # the one for its own hosts is understood: list everything, and keep what belongs here.
            outcome = self._try(content, patterns[:1], take)
            if not outcome.whole and outcome.errors[0].status in (400, 414):
                outcome = self._try(content, (), take)
        self._errors += outcome.errors
        return outcome

    def _try(self, content: str, patterns: Sequence[str], take: Take) -> Outcome:
        return list_assets(self._session, self._reads, self._parent, content, patterns, self._known, take)

    def _belongs(self, asset: Asset) -> bool:
        kind, name = asset.get("assetType"), asset.get("name")
        if not isinstance(kind, str) or not isinstance(name, str) or not kind or not name:
            self._give_up("", "an asset without name or type")
            return False
        return group_of(kind) == self._unit.service

    def _take(self, asset: Asset) -> None:
        if self._belongs(asset):
            # A key without restrictions stays as it is, because they are put into it.
            self._assets[asset["name"]] = asset if is_bare_key(asset) else _packed(asset)
            self._types.add(asset["assetType"])

    def _bare_keys(self) -> list[Asset]:
        return [asset for asset in self._assets.values() if isinstance(asset, dict) and is_bare_key(asset)]

    def _give_up(self, kind: str, message: str) -> None:
        """An asset that cannot be read: what is stored of its type must not be taken for gone."""
        self._broken.add(kind)
        self._errors.append(GcpError(ErrorKind.INVALID_ANSWER, message, call=LIST_ASSETS.name))

    def _take_policy(self, asset: Asset) -> None:
        if not self._belongs(asset) or "iamPolicy" not in asset:
            return
        if asset["name"] in self._assets:
            self._policies[asset["name"]] = _packed(asset["iamPolicy"])
        elif self._listed.whole and asset["assetType"] not in TYPES:  # a type that has nothing but policies
            self._assets[asset["name"]] = asset
            self._types.add(asset["assetType"])

    # -- what the listings lack

    def _project_ids(self) -> dict[str, str]:
        """Project ids by number, where anything was read that needs them."""
        if not self._assets or self._reads.remaining() <= 0:
            return {}
        try:
            return tree_of(self._session, [self._parent], self._reads).ids
        except GcpError as error:
            self._errors.append(error)
            return {}

    # -- the result

    def _convert(
        self, ids: dict[str, str], policies: Outcome, unread_keys: dict[str, str]
    ) -> tuple[list[CollectedResource], list[CollectedRelation]]:
        resources: list[CollectedResource] = []
        relations: list[CollectedRelation] = []
        lost = {} if policies.whole or not policies.errors else {"iamPolicy": policies.errors[0].told}
        while self._assets:
            name, packed = self._assets.popitem()
            asset: Asset = orjson.loads(packed) if isinstance(packed, bytes) else packed
            if name in self._policies:
                policy = self._policies.pop(name)
                asset["iamPolicy"] = orjson.loads(policy) if isinstance(policy, bytes) else policy
            is_read = not lost or "iamPolicy" in asset or asset["assetType"] in policies.read_types
            unread = {} if is_read else lost
            if name in unread_keys:
                unread = {**unread, "restrictions": unread_keys[name]}
            try:
                made = convert(asset, ids, self._unit.account, unread)
            except Exception as error:  # noqa: BLE001  one asset of an odd shape must not take the others with it
                _log.error("gcp.asset_unreadable", asset_type=asset["assetType"], exc_info=error)
                self._give_up(asset["assetType"], f"an asset of type {asset['assetType']} could not be understood")
                continue
            if made is not None and is_chosen(self._session.connection, made[0].region):
                resources.append(made[0])
                relations += made[1]
        resources.reverse()  # in the order of the listing
        return resources, relations

    def _complete_types(self, listed: Outcome, policies: Outcome) -> frozenset[str]:
        """A type is complete when its listing ended. One that we do not know may have assets with nothing but a policy:
        it takes both listings."""
        if "" in self._broken:
            return frozenset()
        if not listed.whole:
            return frozenset(listed.read_types - self._broken)
        return frozenset({*self._known, *(self._types if policies.whole else ())} - self._broken)

    def _state(self, found: bool) -> UnitState:
        if not self._errors:
            return UnitState.COMPLETE
        return UnitState.PARTIAL if found else UnitState.FAILED


def _packed(value: Any) -> Any:
    """As JSON; as it is where it is none, such as half of a surrogate pair."""
    try:
        return pack_json(value)
    except TypeError:  # also orjson's own error
        return value


def _is_final(errors: list[GcpError]) -> bool:
    return any(
        error.kind in (ErrorKind.BAD_CREDENTIALS, ErrorKind.TIMED_OUT, ErrorKind.UNREACHABLE) for error in errors
    )


def _call_errors(errors: list[GcpError]) -> list[CallError]:
    """One line for each kind of failure of a call, with how often it came."""
    counted: Counter[tuple[ErrorKind, str, str | None]] = Counter()
    first: dict[tuple[ErrorKind, str, str | None], GcpError] = {}
    for error in errors:
        key = error.kind, error.call, error.permission
        counted[key] += 1
        first.setdefault(key, error)
    return [
        CallError(
            kind=error.kind,
            call=error.call,
            message=error.message + (f" ({counted[key]} times)" if counted[key] > 1 else ""),
            permission=error.permission,
        )
        for key, error in first.items()
    ]
