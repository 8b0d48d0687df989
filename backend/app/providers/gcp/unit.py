"""Reads one unit: a group of asset types below one parent, resources and IAM policies merged, gaps filled."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from app.providers.base import (
    CallError,
    CollectedRelation,
    CollectedResource,
    ErrorKind,
    Unit,
    UnitResult,
    UnitState,
)
from app.providers.gcp.catalogue import GROUPS, OTHER, group_of, patterns_of
from app.providers.gcp.convert import account_of, convert
from app.providers.gcp.errors import GcpError
from app.providers.gcp.listing import Asset, Outcome, list_assets
from app.providers.gcp.projects import tree_of
from app.providers.gcp.scope import parent_of
from app.providers.gcp.session import LIST_KEYS, GcpSession, Reads

API_KEY = "apikeys.googleapis.com/Key"
_KEY_PAGES = 20


class UnitRead:
    """One run over one unit."""

    def __init__(self, session: GcpSession, unit: Unit, reads: Reads) -> None:
        self._session, self._unit, self._reads = session, unit, reads
        self._parent = parent_of(unit.account)
        self._known = [entry.native_type for entry in GROUPS[unit.service].types]
        self._assets: dict[str, Asset] = {}
        self._errors: list[GcpError] = []
        self._types: Counter[str] = Counter()

    def run(self) -> UnitResult:
        """Never raises for a failed call."""
        listed = self._list("RESOURCE", self._take)
        policies = Outcome(whole=False)
        # A token that is refused, or time that is up, will be so for the policies as well.
        if listed.whole or listed.read_types or not _is_final(listed.errors):
            policies = self._list("IAM_POLICY", self._take_policy)
        ids = self._project_ids()
        unread_keys = self._fill_api_keys(ids)
        resources, relations = self._convert(ids, policies, unread_keys)
        complete = self._complete_types(listed, policies)
        return UnitResult(
            unit=self._unit,
            state=self._state(listed, bool(resources)),
            resources=resources,
            relations=relations,
            complete_types=complete,
            covers_all_types=listed.whole and policies.whole,
            errors=_call_errors(self._errors),
            call_count=self._reads.call_count,
        )

    # -- listings

    def _list(self, content: str, take: Any) -> Outcome:
        patterns = patterns_of(self._unit.service)
        outcome = list_assets(self._session, self._reads, self._parent, content, patterns, self._known, take)
        if not outcome.whole and self._unit.service == OTHER and outcome.errors[0].status in (400, 414):
            # This endpoint does not understand the pattern: list everything, and keep what belongs here.
            outcome = list_assets(self._session, self._reads, self._parent, content, (), (), take)
        self._errors += outcome.errors
        return outcome

    def _belongs(self, asset: Asset) -> bool:
        kind, name = asset.get("assetType"), asset.get("name")
        if not isinstance(kind, str) or not isinstance(name, str) or not kind or not name:
            self._errors.append(
                GcpError(ErrorKind.INVALID_ANSWER, "an asset without name or type", call="cloudasset.assets.list")
            )
            return False
        return group_of(kind) == self._unit.service

    def _take(self, asset: Asset) -> None:
        if self._belongs(asset):
            self._assets[asset["name"]] = asset
            self._types[asset["assetType"]] += 1

    def _take_policy(self, asset: Asset) -> None:
        if not self._belongs(asset) or "iamPolicy" not in asset:
            return
        known = self._assets.get(asset["name"])
        if known is None:
            self._assets[asset["name"]] = asset
            self._types[asset["assetType"]] += 1
        else:
            known["iamPolicy"] = asset["iamPolicy"]

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

    def _fill_api_keys(self, ids: dict[str, str]) -> str:
        """Restrictions of API keys, which assets carry only sometimes: one listing per project that has such keys.

        Why they are unread, empty when they were read.
        """
        keys = [asset for asset in self._assets.values() if asset["assetType"] == API_KEY]
        bare = [asset for asset in keys if "restrictions" not in _data(asset)]
        reason = ""
        for project in dict.fromkeys(account_of(asset, asset["name"], ids) for asset in bare):
            try:
                for key in self._api_keys(project):
                    asset = self._assets.get(f"//apikeys.googleapis.com/{key.get('name')}")
                    if asset is not None and "restrictions" in key:
                        _data(asset)["restrictions"] = key["restrictions"]
            except GcpError as error:
                self._errors.append(error)
                reason = error.told
                if error.kind is not ErrorKind.NOT_ENABLED:
                    break
        return reason

    def _api_keys(self, project: str) -> Iterable[dict[str, Any]]:
        token = ""
        for _ in range(_KEY_PAGES):
            query = [("pageSize", "300"), *([("pageToken", token)] if token else [])]
            page = self._session.call(
                LIST_KEYS, f"/v2/projects/{project}/locations/global/keys", self._reads, query=query
            )
            yield from (key for key in page.get("keys") or () if isinstance(key, dict))
            token = str(page.get("nextPageToken") or "")
            if not token:
                return

    # -- the result

    def _convert(
        self, ids: dict[str, str], policies: Outcome, unread_keys: str
    ) -> tuple[list[CollectedResource], list[CollectedRelation]]:
        resources: list[CollectedResource] = []
        relations: list[CollectedRelation] = []
        lost = {} if policies.whole or not policies.errors else {"iamPolicy": policies.errors[0].told}
        while self._assets:
            _, asset = self._assets.popitem()
            unread = {} if not lost or asset["assetType"] in policies.read_types else lost
            if unread_keys and asset["assetType"] == API_KEY and "restrictions" not in _data(asset):
                unread = {**unread, "restrictions": unread_keys}
            made = convert(asset, ids, self._unit.account, unread)
            if made is not None:
                resources.append(made[0])
                relations += made[1]
        resources.reverse()  # in the order of the listing
        return resources, relations

    def _complete_types(self, listed: Outcome, policies: Outcome) -> frozenset[str]:
        """A type is complete when its listing ended. One that we do not know may have assets with nothing but a policy:
        it takes both listings."""
        if not listed.whole:
            return frozenset(listed.read_types)
        return frozenset(self._known) | (frozenset(self._types) if policies.whole else frozenset())

    def _state(self, listed: Outcome, found: bool) -> UnitState:
        if not self._errors:
            return UnitState.COMPLETE
        return UnitState.PARTIAL if found or listed.whole or listed.read_types else UnitState.FAILED


def _data(asset: Asset) -> dict[str, Any]:
    resource = asset.get("resource")
    data = resource.get("data") if isinstance(resource, dict) else None
    return data if isinstance(data, dict) else {}


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
