"""Who changed what, from the admin activity log: a bounded number of pages, the newest first."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from app.providers.base import CloudEvent, ErrorKind, ResourceTarget, Unit
from app.providers.gcp.catalogue import GROUPS, OTHER
from app.providers.gcp.errors import GcpError
from app.providers.gcp.names import audited_name, last_part, place_of
from app.providers.gcp.paths import find
from app.providers.gcp.projects import tree_of
from app.providers.gcp.scope import account_of, parent_of, parents_of
from app.providers.gcp.session import LIST_LOGS, GcpSession, Reads
from app.providers.gcp.values import parse_instant

_PLACES_A_CALL = 100  # Google's own limit for resourceNames
_PAGES = 10
_PAGE_SIZE = 1000


def find_changes(session: GcpSession, unit: Unit, since: datetime, reads: Reads) -> list[CloudEvent]:
    """The unit's changes since then. Raises GcpError."""
    parents = parents_of(session.connection, session)
    parent = parent_of(unit.account)
    tree = tree_of(session, parents, reads)
    places = [] if parent.startswith("projects/") else [f"projects/{entry.native_account}" for entry in tree.accounts]
    places = [parent, *places]
    moment = since.astimezone(UTC).isoformat().replace("+00:00", "Z")
    found: list[CloudEvent] = []
    left = _PAGES
    for start in range(0, len(places), _PLACES_A_CALL):
        token = ""
        while left > 0:
            left -= 1
            body: dict[str, Any] = {
                "resourceNames": places[start : start + _PLACES_A_CALL],
                "filter": f'log_id("cloudaudit.googleapis.com/activity") AND timestamp>="{moment}"{_services(unit)}',
                "orderBy": "timestamp desc",
                "pageSize": _PAGE_SIZE,
                **({"pageToken": token} if token else {}),
            }
            answer = session.call(LIST_LOGS, "/v2/entries:list", reads, body=body)
            entries = answer.get("entries") or []
            if not isinstance(entries, list):
                raise GcpError(ErrorKind.INVALID_ANSWER, "entries is no list", call=LIST_LOGS.name)
            found += _events(entries, tree.ids)
            token = str(answer.get("nextPageToken") or "")
            if not token:
                break
    return sorted(found, key=lambda event: event.at)


def _services(unit: Unit) -> str:
    """The part of the filter that names the unit's services."""
    if unit.service == OTHER:
        return ""
    labels = GROUPS[unit.service].services or ()
    hosts = [f"{label}.googleapis.com" for label in labels]
    if unit.service in ("compute", "network"):
        hosts.append("compute.googleapis.com")
    if unit.service == "databases":
        hosts.append("cloudsql.googleapis.com")
    if unit.service == "containers":
        hosts.append("k8s.io")
    quoted = " OR ".join(f'"{host}"' for host in sorted(hosts))
    return f" AND protoPayload.serviceName=({quoted})"


def _events(entries: list[Any], ids: dict[str, str]) -> Iterator[CloudEvent]:
    numbers = {project_id: number for number, project_id in ids.items()}
    for entry in entries:
        payload = entry.get("protoPayload") if isinstance(entry, dict) else None
        if not isinstance(payload, dict):
            continue
        at = parse_instant(entry.get("timestamp"))
        project = str(find(entry, "resource.labels.project_id") or "")
        name = audited_name(str(payload.get("serviceName") or ""), str(payload.get("resourceName") or ""), project)
        if at is None or not name:
            continue
        if name.startswith("//cloudresourcemanager.googleapis.com/projects/"):
            own = last_part(name)
            name = f"//cloudresourcemanager.googleapis.com/projects/{numbers.get(own, own)}"
        who = payload.get("authenticationInfo")
        actor = who.get("principalEmail") or who.get("principalSubject") if isinstance(who, dict) else None
        yield CloudEvent(
            id=str(entry.get("insertId") or f"{entry.get('timestamp')} {name}"),
            at=at,
            action=str(payload.get("methodName") or ""),
            actor=actor if isinstance(actor, str) and actor else None,
            targets=(ResourceTarget(native_id=name, account=project, region=place_of("", name)),),
            account=project or account_of(str(entry.get("logName") or "").partition("/logs/")[0]),
        )
