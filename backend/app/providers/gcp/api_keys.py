"""Restrictions of API keys, which Cloud Asset carries only sometimes: one listing per project that has such keys."""

import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.providers.base import ErrorKind
from app.providers.gcp.convert import account_of
from app.providers.gcp.errors import GcpError
from app.providers.gcp.listing import Asset
from app.providers.gcp.session import LIST_KEYS, GcpSession, Reads

API_KEY = "apikeys.googleapis.com/Key"
_PAGES = 20


def fill_restrictions(
    session: GcpSession, reads: Reads, assets: Iterable[Asset], ids: Mapping[str, str]
) -> tuple[dict[str, str], list[GcpError]]:
    """Put the restrictions into those keys among the assets that lack them; what kept from it, and for which names.

    Keys that were read and have none are unrestricted.
    """
    bare = {asset["name"]: asset for asset in assets if is_bare_key(asset)}
    by_project: dict[str, list[str]] = {}
    for name, asset in bare.items():
        by_project.setdefault(account_of(asset, name, ids), []).append(name)
    unread: dict[str, str] = {}
    errors: list[GcpError] = []
    stopped = ""
    # In another order each time: where the time does not suffice for all, what was read before stays, and all have
    # their turn.
    for project, names in random.sample(sorted(by_project.items()), len(by_project)):
        if stopped:
            unread.update(dict.fromkeys(names, stopped))
            continue
        try:
            for key in _keys(session, reads, project):
                own = bare.get(f"//apikeys.googleapis.com/{key.get('name')}")
                if own is not None and "restrictions" in key:
                    own["resource"]["data"]["restrictions"] = key["restrictions"]
        except GcpError as error:
            errors.append(error)
            unread.update(dict.fromkeys(names, error.told))
            if error.kind is not ErrorKind.NOT_ENABLED:
                stopped = error.told
    return unread, errors


def is_bare_key(asset: Asset) -> bool:
    """Whether the asset is an API key that says nothing of its restrictions."""
    resource = asset.get("resource")
    data = resource.get("data") if isinstance(resource, dict) else None
    return asset.get("assetType") == API_KEY and isinstance(data, dict) and "restrictions" not in data


def _keys(session: GcpSession, reads: Reads, project: str) -> Iterator[dict[str, Any]]:
    token = ""
    for _ in range(_PAGES):
        query = [("pageSize", "300"), *([("pageToken", token)] if token else [])]
        page = session.call(LIST_KEYS, f"/v2/projects/{project}/locations/global/keys", reads, query=query)
        keys = page.get("keys") or []
        if not isinstance(keys, list):
            raise GcpError(ErrorKind.INVALID_ANSWER, "keys is no list", call=LIST_KEYS.name)
        yield from (key for key in keys if isinstance(key, dict))
        token = str(page.get("nextPageToken") or "")
        if not token:
            return
