"""The services by path: Cloud Asset, Resource Manager, API keys and Cloud Logging, in Google's words."""

import base64
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from simulators.common import Answer, Fault, Request, json_answer
from simulators.gcp.curves import list_series
from simulators.gcp.estate import Estate, Selection
from simulators.gcp.tokens import Tokens

_LIST = re.compile(r"/v1/((?:organizations|folders|projects)/[^/:]+)/assets")
_HISTORY = re.compile(r"/v1/((?:organizations|projects)/[^/:]+):batchGetAssetsHistory")
_SELECTIONS_KEPT = 256
_CODES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
          429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}  # fmt: skip
_REASONS = {401: "ACCESS_TOKEN_EXPIRED", 403: "IAM_PERMISSION_DENIED", 429: "RATE_LIMIT_EXCEEDED"}
_CONTENTS = {"CONTENT_TYPE_UNSPECIFIED": "", "1": "RESOURCE", "2": "IAM_POLICY", "7": "RELATIONSHIP"}
_LIST_PERMISSIONS = {"RESOURCE": "cloudasset.assets.listResource", "IAM_POLICY": "cloudasset.assets.listIamPolicy"}
_READ_PERMISSIONS = {"RESOURCE": "cloudasset.assets.exportResource", "IAM_POLICY": "cloudasset.assets.exportIamPolicy"}


class ApiError(Exception):
    """An answer with Google's error document. `permission` is the one that is missing."""

    def __init__(self, status: int, message: str, *, permission: str = "", headers: Mapping[str, str] | None = None):
        super().__init__(message)
        details = []
        if status in _REASONS:
            details.append(
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": _REASONS[status],
                    "domain": "googleapis.com" if status == 429 else "iam.googleapis.com",
                    "metadata": {"permission": permission} if permission else {"service": "cloudasset.googleapis.com"},
                }
            )
        error = {"code": status, "message": message, "status": _CODES.get(status, "UNKNOWN"), "details": details}
        self.answer = json_answer({"error": error}, status, **(headers or {}))


def refusal(fault: Fault) -> Answer:
    """Google's error for a fault on demand."""
    if fault.kind == "throttle":
        message = "Quota exceeded for quota metric 'ListAssets Requests' and limit 'ListAssets Requests per minute'."
        return ApiError(429, message, headers={"retry-after": f"{fault.seconds:g}"} if fault.seconds else {}).answer
    if fault.kind == "deny":
        message = (
            f"Permission '{fault.detail}' denied on resource (or it may not exist)." if fault.detail else "Denied."
        )
        return ApiError(403, message, permission=fault.detail).answer
    return ApiError(fault.status, fault.detail or "On demand.").answer


class Api:
    """Answers requests from an estate."""

    def __init__(self, estate: Estate, tokens: Tokens) -> None:
        self.estate, self.tokens = estate, tokens
        self.denied_types: set[str] = set()
        self.denied_permissions: set[str] = set()
        self.refuse_patterns = False  # whether assetTypes must be plain names
        self.supported_types: set[str] | None = None  # then a pattern that fits none of them is refused, as Google does
        self._generation = 0
        self._lock = threading.Lock()
        self._selections: dict[tuple[Any, ...], Selection] = {}
        self._routes: list[tuple[str, re.Pattern[str], Callable[[Request, str], Any]]] = [
            ("GET", _LIST, self._list_assets),
            ("GET", _HISTORY, self._history),
            ("GET", re.compile(r"/v3/(projects):search"), self._search_projects),
            ("GET", re.compile(r"/v3/(projects|folders)"), self._list_below),
            ("GET", re.compile(r"/v3/((?:organizations|projects|folders)/[^/:]+)"), self._get_container),
            ("GET", re.compile(r"/v2/projects/([^/]+)/locations/global/keys"), self._api_keys),
            ("POST", re.compile(r"/v2/(entries):list"), self._log_entries),
            ("GET", re.compile(r"/v3/projects/([^/]+)/timeSeries"), self._time_series),
        ]

    def answer(self, request: Request) -> Answer:
        """One request."""
        if request.method == "POST" and request.path in ("/token", "/v1/token"):
            return self.tokens.grant(request)
        if request.method == "GET" and request.path == "/oauth2/v3/certs":
            return json_answer(self.tokens.public_keys())
        try:
            if not self.tokens.holds(request):
                raise ApiError(401, "Request had invalid authentication credentials.")
            for method, pattern, handle in self._routes:
                match = pattern.fullmatch(request.path)
                if match and method == request.method:
                    found = handle(request, match[1])
                    return found if isinstance(found, Answer) else json_answer(found)
            raise ApiError(404, f"The requested URL {request.path} was not found on this server.")
        except ApiError as error:
            return error.answer
        except (KeyError, ValueError) as error:
            return ApiError(400, f"Request contains an invalid argument: {error}").answer

    def expire_page_tokens(self) -> None:
        """Tokens of pages given so far are refused from now on."""
        with self._lock:
            self._generation += 1
            self._selections.clear()

    # -- Cloud Asset

    def _list_assets(self, request: Request, parent: str) -> Answer:
        content = self._content(request)
        self._need(_LIST_PERMISSIONS.get(content, "cloudasset.assets.listResource"))
        size = int(request.one("pageSize") or 100)
        if not size >= 0:
            raise ApiError(400, "page_size must not be negative")
        size = min(size or 100, 1000)
        types = tuple(request.query.get("assetTypes", []))
        read_at = request.one("readTime") or datetime.now(UTC).isoformat().replace("+00:00", "Z")
        start = 0
        if request.one("pageToken"):
            generation, start, read_at = _token_parts(request.one("pageToken"), (parent, content, types))
            if generation != self._generation:
                raise ApiError(400, "The page token is expired or invalid.")
        selection = self._selection(parent, types)
        texts: list[bytes] = []
        position = start
        while position < len(selection) and len(texts) < size:
            text = self.estate.text_at(selection, position, content)
            if text is not None:
                texts.append(text)
            position += 1
        parts = [b'{"readTime":', orjson.dumps(read_at)]
        if texts:
            parts += [b',"assets":[', b",".join(texts), b"]"]
        if position < len(selection):
            token = _make_token(self._generation, position, read_at, (parent, content, types))
            parts += [b',"nextPageToken":', orjson.dumps(token)]
        return Answer(body=b"".join([*parts, b"}"]), headers={"content-type": "application/json; charset=utf-8"})

    def _selection(self, parent: str, types: tuple[str, ...]) -> Selection:
        key = parent, types, self._generation
        with self._lock:
            known = self._selections.get(key)
        if known is not None and not self.estate.is_changed_since(known):
            return known
        if self.refuse_patterns and any(re.search(r"[\\*\[(|]", entry) for entry in types):
            raise ApiError(400, "Regular expressions are not supported here.")
        pattern = self._pattern(types)
        for denied in self.denied_types:
            if pattern is not None and pattern.fullmatch(denied):
                raise ApiError(
                    403,
                    f"Permission 'cloudasset.assets.listResource' denied for {denied}.",
                    permission="cloudasset.assets.listResource",
                )
        try:
            selection = self.estate.select(parent, pattern)
        except KeyError:
            raise ApiError(
                403,
                f"The caller does not have permission on '{parent}' (or it may not exist).",
                permission="cloudasset.assets.listResource",
            ) from None
        with self._lock:
            if len(self._selections) >= _SELECTIONS_KEPT:
                self._selections.clear()
            self._selections[key] = selection
        return selection

    def _pattern(self, types: tuple[str, ...]) -> re.Pattern[str] | None:
        try:
            patterns = [re.compile(entry) for entry in types]
        except re.error as error:
            raise ApiError(400, f"Invalid asset type: {error}") from None
        for entry in patterns if self.supported_types is not None else ():
            if not any(entry.fullmatch(name) for name in self.supported_types or ()):
                raise ApiError(400, f"{entry.pattern} does not match any supported asset type.")
        return re.compile("|".join(f"(?:{entry})" for entry in types)) if types else None

    def _history(self, request: Request, parent: str) -> Any:
        content = self._content(request)
        self._need(_READ_PERMISSIONS.get(content, "cloudasset.assets.exportResource"))
        start = request.one("readTimeWindow.startTime")
        if not start:
            raise ApiError(400, "read_time_window is required")
        self.estate.select(parent, None)
        found: list[dict[str, Any]] = []
        for name in request.query.get("assetNames", []):
            asset = self.estate.find(name)
            if asset is not None:
                if parent.startswith("projects/") and parent.partition("/")[2] not in (
                    asset.project, asset.ancestors[0].partition("/")[2]
                ):  # fmt: skip
                    continue
                listed = asset.listed(content)
                if listed is not None:
                    found.append(
                        {"window": {"startTime": asset.updated_at}, "asset": listed, "priorAssetState": "INVALID"}
                    )
            elif self.estate.was_there(name):
                found.append(
                    {
                        "window": {"startTime": start},
                        "deleted": True,
                        "asset": {"name": name, "assetType": self.estate.was_there(name)},
                    }
                )
        return {"assets": found} if found else {}

    def _content(self, request: Request) -> str:
        content = request.one("contentType")
        content = _CONTENTS.get(content, content)
        if content not in ("", "RESOURCE", "IAM_POLICY", "ORG_POLICY", "ACCESS_POLICY", "OS_INVENTORY", "RELATIONSHIP"):
            raise ApiError(400, f"Invalid value at 'content_type': {content}")
        return content

    def _need(self, permission: str) -> None:
        if permission in self.denied_permissions:
            message = f"Permission '{permission}' denied on resource (or it may not exist)."
            raise ApiError(403, message, permission=permission)

    # -- other services

    def _search_projects(self, request: Request, _: str) -> Any:
        self._need("resourcemanager.projects.get")
        projects = [
            {
                "name": f"projects/{project.number}",
                "parent": project.folder,
                "projectId": project.id,
                "state": "ACTIVE",
                "displayName": project.name,
                "labels": dict(project.labels),
            }
            for project in self.estate.projects()
        ]
        return _page("projects", projects, request)

    def _list_below(self, request: Request, kind: str) -> Any:
        parent = request.one("parent")
        if kind == "projects":
            self._need("resourcemanager.projects.list")
            every = self._search_projects(request, "")["projects"]
            return _page("projects", [entry for entry in every if entry["parent"] == parent], request)
        self._need("resourcemanager.folders.list")
        folders = self._containers("Folder")
        return _page("folders", [entry for entry in folders if entry.get("parent") == parent], request)

    def _containers(self, kind: str) -> list[dict[str, Any]]:
        pattern = re.compile(f"cloudresourcemanager\\.googleapis\\.com/{kind}")
        selection = self.estate.select(f"organizations/{self.estate.organization}", pattern)
        texts = (self.estate.text_at(selection, position, "RESOURCE") for position in range(len(selection)))
        return [orjson.loads(text)["resource"]["data"] for text in texts if text is not None]

    def _get_container(self, _: Request, name: str) -> Any:
        asset = self.estate.find(f"//cloudresourcemanager.googleapis.com/{name}")
        if asset is None or asset.resource is None:
            raise ApiError(403, f"The caller does not have permission on '{name}' (or it may not exist).")
        return asset.resource["data"]

    def _api_keys(self, request: Request, project: str) -> Any:
        """With the restrictions, which the asset does not carry."""
        self._need("apikeys.keys.list")
        pattern = re.compile(r"apikeys\.googleapis\.com/Key")
        selection = self.estate.select(f"projects/{project}", pattern)
        texts = [self.estate.text_at(selection, position, "RESOURCE") for position in range(len(selection))]
        keys = [orjson.loads(text)["resource"]["data"] for text in texts if text is not None]
        targets = {"apiTargets": [{"service": "maps-backend.googleapis.com"}]}
        return _page("keys", [{**key, "restrictions": targets} for key in keys], request)

    def _time_series(self, request: Request, project: str) -> Any:
        self._need("monitoring.timeSeries.list")
        try:
            pattern = re.compile(r"compute\.googleapis\.com/Instance")
            selection = self.estate.select(f"projects/{project}", pattern)
        except KeyError:
            raise ApiError(404, f"The project '{project}' was not found.") from None
        texts = [self.estate.text_at(selection, position, "RESOURCE") for position in range(len(selection))]
        names = [orjson.loads(text)["name"].rpartition("/")[2] for text in texts if text is not None]
        return _page("timeSeries", list_series(project, names, request), request)

    def _log_entries(self, request: Request, _: str) -> Any:
        self._need("logging.logEntries.list")
        body = request.json()
        since = re.search(r'timestamp\s*>=?\s*"([^"]+)"', body.get("filter", ""))
        named = re.search(r"protoPayload\.serviceName=\(([^)]*)\)", body.get("filter", ""))
        services = set(re.findall(r'"([^"]+)"', named[1])) if named else set()
        places = set(body.get("resourceNames", []))
        entries = [
            entry
            for entry in self.estate.audit_entries
            if (not since or entry["timestamp"] >= since[1])
            and (not services or entry["protoPayload"]["serviceName"] in services)
            and places
            & {f"projects/{entry['resource']['labels'].get('project_id')}", entry["logName"].partition("/logs/")[0]}
        ]
        entries.sort(key=lambda entry: entry["timestamp"], reverse="desc" in body.get("orderBy", ""))
        start, size = int(body.get("pageToken") or 0), int(body.get("pageSize") or 50)
        page: dict[str, Any] = {"entries": entries[start : start + size]} if entries[start:] else {}
        return page | ({"nextPageToken": str(start + size)} if start + size < len(entries) else {})


def _page(name: str, entries: list[dict[str, Any]], request: Request) -> dict[str, Any]:
    size = min(int(request.one("pageSize") or 100) or 100, 1000)
    start = int(request.one("pageToken") or 0)
    page: dict[str, Any] = {name: entries[start : start + size]}
    if start + size < len(entries):
        page["nextPageToken"] = str(start + size)
    return page


def _make_token(generation: int, position: int, read_at: str, asked: tuple[Any, ...]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([generation, position, read_at, asked])).decode()


def _token_parts(token: str, asked: tuple[Any, ...]) -> tuple[int, int, str]:
    """Raises ApiError for a token of another question, as Google does."""
    try:
        generation, position, read_at, of = orjson.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise ApiError(400, "The page token is expired or invalid.") from None
    if of != orjson.loads(orjson.dumps(asked)):
        raise ApiError(400, "The page token belongs to another request.")
    return generation, position, read_at
