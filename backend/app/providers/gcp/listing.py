"""Listings of Cloud Asset: all pages of some asset types in one content type, split where one type is refused."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.providers.base import ErrorKind
from app.providers.gcp.errors import GcpError
from app.providers.gcp.session import LIST_ASSETS, LIST_POLICIES, GcpSession, Reads

Asset = dict[str, Any]
Take = Callable[[Asset], None]
PAGE_SIZE = 1000
_PAGE_FIELDS = frozenset({"readTime", "assets", "nextPageToken"})


@dataclass
class Outcome:
    """How a listing went: whether all of it came, and what of it did not."""

    whole: bool = True
    refused_types: set[str] = field(default_factory=set)
    read_types: set[str] = field(default_factory=set)  # known types that came whole though the rest did not
    errors: list[GcpError] = field(default_factory=list)


def pages(
    session: GcpSession, reads: Reads, parent: str, content: str, patterns: Sequence[str], *, size: int = PAGE_SIZE
) -> Iterator[list[Asset]]:
    """The assets of each page. A page token that Google no longer knows begins the listing anew, once.

    Assets of a listing that was begun anew come twice: callers keep them by name. Raises GcpError.
    """
    method = LIST_POLICIES if content == "IAM_POLICY" else LIST_ASSETS
    asked = [("contentType", content), ("pageSize", str(size)), *(("assetTypes", pattern) for pattern in patterns)]
    token, begun = "", 1
    while True:
        try:
            page = session.call(
                method, f"/v1/{parent}/assets", reads, query=[*asked, *([("pageToken", token)] if token else [])]
            )
        except GcpError as error:
            if token and error.status == 400 and begun < 2:
                token, begun = "", begun + 1
                continue
            raise
        assets = page.get("assets")
        if assets is None:
            _check_is_empty(page, method.name)
        elif not isinstance(assets, list):
            raise GcpError(ErrorKind.INVALID_ANSWER, "assets is no list", call=method.name)
        # What is no object is handed on as an asset without a name, which callers tell of.
        yield [asset if isinstance(asset, dict) else {} for asset in assets or ()]
        following = page.get("nextPageToken")
        if not following:
            return
        if not isinstance(following, str) or following == token:
            raise GcpError(ErrorKind.INVALID_ANSWER, "the next page's token is unusable", call=method.name)
        token = following


def _check_is_empty(page: Asset, call: str) -> None:
    """Whether a page without assets is one: it says when it was read, and nothing that we do not know.

    A field by another name would otherwise look like "nothing there". Raises GcpError.
    """
    unknown = [name for name in page if name not in _PAGE_FIELDS]
    if unknown or not (page.get("readTime") or page.get("nextPageToken")):
        told = f"has only {', '.join(sorted(unknown)[:5])}" if unknown else "is empty"
        raise GcpError(ErrorKind.INVALID_ANSWER, f"the answer is no page of assets, it {told}", call=call)


def list_assets(
    session: GcpSession,
    reads: Reads,
    parent: str,
    content: str,
    patterns: Sequence[str],
    known: Sequence[str],
    take: Take,
) -> Outcome:
    """Hand each asset to `take`. When the whole is refused, try `known` types in halves, to lose only those refused."""
    outcome = Outcome()
    try:
        _read(session, reads, parent, content, patterns, take)
        return outcome
    except GcpError as error:
        outcome.whole = False
        if not known or not _is_of_types(error):
            outcome.errors.append(error)
            return outcome
        refusal = error
    if len(known) > 1:
        _halve(session, reads, parent, content, list(known), take, outcome)
    if not outcome.errors:  # every known type came: what was refused is one that we do not know
        outcome.errors.append(refusal)
    return outcome


def _halve(
    session: GcpSession, reads: Reads, parent: str, content: str, types: list[str], take: Take, outcome: Outcome
) -> None:
    if not _try(session, reads, parent, content, types[:1], take, outcome) and _is_general(outcome):
        return  # the first type is refused for what holds for all: no need to ask for each
    waiting = [types[1:]]
    while waiting:
        some = waiting.pop()
        if not some or _try(session, reads, parent, content, some, take, outcome):
            continue
        if len(some) > 1 and reads.remaining() > 0:
            half = len(some) // 2
            waiting += [some[half:], some[:half]]


def _try(
    session: GcpSession, reads: Reads, parent: str, content: str, types: list[str], take: Take, outcome: Outcome
) -> bool:
    """Read some types. A refusal of a single one is noted; of several it is for the caller to ask for fewer."""
    try:
        _read(session, reads, parent, content, types, take)
    except GcpError as error:
        if len(types) == 1 or not _is_of_types(error):
            outcome.errors.append(error)
            outcome.refused_types.update(types)
            return not _is_of_types(error)
        return False
    outcome.read_types.update(types)
    return True


def _read(session: GcpSession, reads: Reads, parent: str, content: str, patterns: Sequence[str], take: Take) -> None:
    for page in pages(session, reads, parent, content, patterns):
        for asset in page:
            take(asset)


def _is_of_types(error: GcpError) -> bool:
    """Whether another choice of types could be answered."""
    return error.kind is ErrorKind.ACCESS_DENIED or error.status in (400, 414)


def _is_general(outcome: Outcome) -> bool:
    """Access to a content type as a whole is refused in the same words whatever is asked for."""
    return any(
        error.kind is ErrorKind.ACCESS_DENIED and "denied for" not in error.message and error.permission in (
            LIST_ASSETS.permission, LIST_POLICIES.permission
        )
        for error in outcome.errors
    )  # fmt: skip
