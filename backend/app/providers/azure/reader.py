"""The calls of one unit: each under the caller's limits, within the unit's time, counted, its failure mapped."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_futures
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlsplit

import orjson

from app.providers.azure.credentials import TokenSource
from app.providers.azure.errors import AzureError, from_answer, from_exception, parse_span
from app.providers.azure.session import AzureSession
from app.providers.azure.throttle import ReadBucket, Throttles
from app.providers.base import ErrorKind

_T = TypeVar("_T")
GRAPH_CALL, GRAPH_PERMISSION = "resourceGraph:Resources", "Microsoft.ResourceGraph/resources/read"
_GRAPH_PATH, _GRAPH_VERSION = "/providers/Microsoft.ResourceGraph/resources", "2022-10-01"
PAGE_ROWS = 1000
ATTEMPTS, _BACKOFF_SECONDS = 4, (0.2, 0.6, 1.8)
_RETRIED = {ErrorKind.UNREACHABLE, ErrorKind.THROTTLED}
_MAX_PAGES = 10_000  # of a collection of Resource Manager
_PLAIN = "/$()!*,;:@~+=&'"  # what stays as it is in an id that becomes a path


class GraphPage(NamedTuple):
    """One page of rows. `total` is what the whole query matches, `body` the answer's bytes."""

    rows: list[dict[str, Any]]
    total: int
    token: str | None
    is_truncated: bool
    body: bytes


class Reader:
    """Made for one unit and thrown away with it."""

    def __init__(
        self,
        session: AzureSession,
        throttles: Throttles,
        *,
        budget_seconds: float,
        threads: int = 8,
        attempts: int = ATTEMPTS,
    ) -> None:
        self.session, self._throttles, self._attempts = session, throttles, attempts
        self.deadline = time.monotonic() + budget_seconds
        self.call_count = 0
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="azure-unit")

    def close(self) -> None:
        """Forget what still waits; a call in flight ends by its own time-out."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def remaining(self) -> float:
        """Seconds left."""
        return self.deadline - time.monotonic()

    # -- Resource Graph

    def query(
        self, text: str, subscriptions: Sequence[str], options: Mapping[str, Any] | None = None, *, top: int = PAGE_ROWS
    ) -> Iterator[GraphPage]:
        """Every page. Raises AzureError; kind INVALID_ANSWER, code "SkipToken" when a token was not taken any more."""
        token: str | None = None
        while True:
            body: dict[str, Any] = {
                "query": text,
                "options": {"$top": top, "resultFormat": "objectArray", **(options or {})},
            }
            if subscriptions:
                body["subscriptions"] = list(subscriptions)
            if token:
                body["options"]["$skipToken"] = token
            page = self._graph_page(orjson.dumps(body), is_first=token is None)
            yield page
            if page.token is None or top < PAGE_ROWS:
                return
            if page.token == token:
                raise AzureError(ErrorKind.INVALID_ANSWER, "the pages of the listing go in a circle", call=GRAPH_CALL)
            token = page.token

    def _graph_page(self, body: bytes, *, is_first: bool) -> GraphPage:
        url = f"{self.session.cloud.manager}{_GRAPH_PATH}?api-version={_GRAPH_VERSION}"
        quota = self._throttles.quota(self.session.caller)

        def attempt() -> GraphPage:
            if not quota.acquire(self.deadline):
                raise out_of_time(GRAPH_CALL)
            try:
                answer = self.session.send("POST", url, body, seconds=self.remaining(), call=GRAPH_CALL)
            except AzureError:
                quota.observe(None, None)
                raise
            error = None
            if answer.status != 200:
                error = from_answer(answer.status, answer.body, answer.headers, GRAPH_CALL, GRAPH_PERMISSION)
            if error is not None and error.kind is ErrorKind.THROTTLED:
                quota.refused(error.retry_after_seconds)
                error.retry_after_seconds = 0.0  # the quota waits
            else:
                quota.observe(
                    _number(answer.headers.get("x-ms-user-quota-remaining")),
                    parse_span(answer.headers.get("x-ms-user-quota-resets-after", "")),
                )
            if error is not None:
                if answer.status == 400 and not is_first:
                    error.code = "SkipToken"
                raise error
            if answer.headers.get("x-ms-tenant-subscription-limit-hit", "").lower() == "true":
                raise AzureError(
                    ErrorKind.INVALID_ANSWER, "the service left out subscriptions", call=GRAPH_CALL, status=200
                )
            return _read_page(answer.body)

        return self._with_retries(attempt, GRAPH_CALL)

    # -- Resource Manager

    def get(self, path: str, api_version: str, action: str, *, expand: str = "", query: str = "") -> dict[str, Any]:
        """One resource or setting. `path` is an id as Azure spelled it; `query` is encoded. Raises AzureError."""
        url = self._url(path, api_version) + (f"&$expand={expand}" if expand else "") + (query and f"&{query}")
        return self._get(url, path, action)

    def list_all(
        self, path: str, api_version: str, action: str, *, filter_text: str = "", pages: int = _MAX_PAGES
    ) -> list[Any]:
        """Every item of a collection, over `nextLink`. Raises AzureError."""
        url = self._url(path, api_version)
        if filter_text:
            url += f"&$filter={quote(filter_text)}"
        found: list[Any] = []
        seen: set[str] = set()
        for _ in range(pages):
            page = self._get(url, path, action)
            items = page.get("value")
            if not isinstance(items, list):
                raise AzureError(ErrorKind.INVALID_ANSWER, "the answer has no list of values", call=action)
            found.extend(items)
            link = page.get("nextLink")
            if not link:
                return found
            url = self._same_host(str(link), action)
            if url in seen:
                raise AzureError(ErrorKind.INVALID_ANSWER, "the pages of the listing go in a circle", call=action)
            seen.add(url)
        if pages == _MAX_PAGES:
            raise AzureError(ErrorKind.INVALID_ANSWER, "the listing has no end", call=action)
        return found

    def _url(self, path: str, api_version: str) -> str:
        return f"{self.session.cloud.manager}{quote(path, safe=_PLAIN)}?api-version={api_version}"

    def _same_host(self, link: str, action: str) -> str:
        """A link of the service's own; the token must not follow one to another host. Raises AzureError."""
        if _origin(self.session.cloud.manager) != _origin(link):
            raise AzureError(ErrorKind.INVALID_ANSWER, "the next page is at another address", call=action)
        return link

    def _get(self, url: str, path: str, action: str) -> dict[str, Any]:
        parts = path.lower().split("/", 3)
        subscription = parts[2] if len(parts) > 2 and parts[1] == "subscriptions" else ""
        return self._ask("GET", url, None, action, self._throttles.bucket(self.session.caller, subscription))

    def ask_metrics(self, region: str, path: str, query: str, body: bytes, action: str) -> dict[str, Any]:
        """A question to the metrics' own service in a region, under its own limit. Raises AzureError."""
        if not region.isalnum():  # it becomes a part of the host that the token is sent to
            raise AzureError(ErrorKind.NOT_ENABLED, f"there is no region {region!r}", call=action)
        url = f"{self.session.cloud.metrics.format(region=region)}{quote(path, safe=_PLAIN)}?{query}"
        bucket = self._throttles.bucket(self.session.caller, f"metrics {region}")
        return self._ask("POST", url, body, action, bucket, self.session.metric_tokens)

    def _ask(
        self,
        method: str,
        url: str,
        body: bytes | None,
        action: str,
        bucket: ReadBucket,
        tokens: TokenSource | None = None,
    ) -> dict[str, Any]:
        def attempt() -> dict[str, Any]:
            if not bucket.acquire(self.deadline):
                raise out_of_time(action)
            answer = self.session.send(method, url, body, seconds=self.remaining(), call=action, tokens=tokens)
            if answer.status != 200:
                error = from_answer(answer.status, answer.body, answer.headers, action, action)
                if error.kind is ErrorKind.THROTTLED:
                    bucket.refused(error.retry_after_seconds)
                raise error
            content = _parse(answer.body, action)
            if not isinstance(content, dict):
                raise AzureError(ErrorKind.INVALID_ANSWER, "the answer is no object", call=action)
            return content

        return self._with_retries(attempt, action)

    def _with_retries(self, attempt: Callable[[], _T], call: str) -> _T:
        """What passes by itself is tried again while there is time; an answer that cannot be read once more."""
        garbled = 0
        for number in range(self._attempts):
            if self.remaining() <= 0:
                raise out_of_time(call)
            with self._lock:
                self.call_count += 1
            try:
                return attempt()
            except AzureError as error:
                last = number == self._attempts - 1
                is_garbled = error.kind is ErrorKind.INVALID_ANSWER and not error.status
                garbled += is_garbled
                if last or not (error.kind in _RETRIED or (is_garbled and garbled == 1)):
                    raise
                pause = error.retry_after_seconds
                if pause is None:
                    pause = _BACKOFF_SECONDS[min(number, len(_BACKOFF_SECONDS) - 1)]
                if pause >= self.remaining():
                    raise
                time.sleep(pause)
        raise out_of_time(call)

    # -- many at once

    def run_all(self, tasks: Sequence[tuple[str, Callable[[], Any]]]) -> list[Any]:
        """Of each (call, function) the result or the AzureError, in order; those cut off by the time are TIMED_OUT."""
        futures: list[Future[Any]] = [self._pool.submit(run) for _, run in tasks]
        wait_futures(futures, timeout=max(0.0, self.remaining()))
        results: list[Any] = []
        for (call, _), future in zip(tasks, futures, strict=True):
            if not future.done():
                future.cancel()
                results.append(out_of_time(call))
                continue
            error = future.exception()
            if error is None:
                results.append(future.result())
            else:
                results.append(from_exception(error if isinstance(error, Exception) else RuntimeError(), call))
        return results


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port, which some providers write out; an address that is none has no origin of ours."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "", "", 0


def out_of_time(call: str) -> AzureError:
    """The unit's time ended before or during the call."""
    return AzureError(ErrorKind.TIMED_OUT, "the time for this unit ended", call=call)


def _parse(body: bytes, call: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise AzureError(ErrorKind.INVALID_ANSWER, "the answer is no JSON", call=call) from error


def _read_page(body: bytes) -> GraphPage:
    """Raises AzureError for an answer of another shape: an empty page is one that says so, not one without rows."""
    content = _parse(body, GRAPH_CALL)
    rows = content.get("data") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise AzureError(ErrorKind.INVALID_ANSWER, "the answer has no rows", call=GRAPH_CALL)
    total, count = _number(content.get("totalRecords")), _number(content.get("count"))
    if total is None or (count is not None and count != len(rows)):
        raise AzureError(ErrorKind.INVALID_ANSWER, "the answer's count is not that of its rows", call=GRAPH_CALL)
    token = content.get("$skipToken") or content.get("skipToken")
    truncated = str(content.get("resultTruncated", "false")).lower() == "true"
    return GraphPage(rows, total, str(token) if token else None, truncated, body)


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
