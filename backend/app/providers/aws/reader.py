"""The calls of one unit: each under the account's rate limit, within the unit's time, counted, its failure mapped."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_futures
from typing import Any, NamedTuple

from botocore import xform_name

from app.providers.aws.catalogue.model import Arguments, Item, Service
from app.providers.aws.errors import AwsError, translate
from app.providers.aws.paths import find_all, steps
from app.providers.aws.permissions import permission_for
from app.providers.aws.session import AwsSession
from app.providers.aws.throttle import Throttles, TokenBucket
from app.providers.base import ErrorKind

_FEW = 5  # items of a first page when only that is read
_OTHER_RATE, _OTHER_BURST = 10, 100  # for calls to other services than the unit's own, such as the tagging service


class Attempt(NamedTuple):
    """How the calls of one operation went."""

    client: str
    operation: str
    error: AwsError | None


class Task(NamedTuple):
    """Something to run in the unit's threads: a name for messages and what to call."""

    client: str
    operation: str
    run: Any


class Reader:
    """Implements `catalogue.model.Calls`. Made for one unit and thrown away with it."""

    def __init__(
        self,
        session: AwsSession,
        throttles: Throttles,
        service: Service,
        region: str,
        *,
        budget_seconds: float,
        first_page_only: bool = False,
    ) -> None:
        identity = session.identity()
        self.account, self.partition, self.region = identity.account, identity.partition, region
        self.home_region = session.home_region
        self.is_simulated = bool(session.connection.endpoint_url)
        self.place: Mapping[str, str] = {"account": self.account, "partition": self.partition, "region": region}
        self.deadline = time.monotonic() + budget_seconds
        self.call_count = 0
        self.attempts: list[Attempt] = []
        self._session, self._throttles, self._service = session, throttles, service
        self._first_page_only = first_page_only
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(service.threads, thread_name_prefix=f"aws-{service.name}")

    def close(self) -> None:
        """Forget what still waits; a call in flight ends by its own time-out."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def remaining(self) -> float:
        """Seconds left."""
        return self.deadline - time.monotonic()

    def call(self, client: str, operation: str, arguments: Arguments, region: str | None = None) -> Item:
        """One call; the answer without its metadata. Raises AwsError."""
        api = self._take_turn(client, operation, region)
        answer: Item = self._invoke(client, operation, lambda: getattr(api, xform_name(operation))(**arguments))
        return {key: value for key, value in answer.items() if key != "ResponseMetadata"}

    def pages(
        self, client: str, operation: str, arguments: Arguments, *, page_size: int | None = None
    ) -> Iterator[Item]:
        """Every page of a listing, or its only answer. Raises AwsError between pages."""
        method = xform_name(operation)
        api = self._take_turn(client, operation, None)
        if not api.can_paginate(method):
            yield self._invoke(client, operation, lambda: getattr(api, method)(**arguments))
            return
        size = (_FEW if page_size else None) if self._first_page_only else page_size
        found: list[Iterator[Item]] = []

        def first_page() -> Item | None:
            found[:] = [iter(api.get_paginator(method).paginate(**arguments, PaginationConfig={"PageSize": size}))]
            return next(found[0], None)

        page = self._invoke(client, operation, first_page)
        while page is not None:
            yield page
            if self._first_page_only:
                return
            if self.remaining() <= 0:
                raise out_of_time(client, operation)
            page = self._invoke(client, operation, lambda: next(found[0], None), attempts=1)
            if page is not None:  # paid for afterwards: only now is it known that there was a call
                self._bucket(client, self.region).acquire(self.deadline)

    def items(
        self,
        client: str,
        operation: str,
        path: str,
        arguments: Arguments,
        *,
        page_size: int | None = None,
        may_omit: bool = False,
    ) -> list[Any]:
        """Every item at the path over all pages. Raises AwsError."""
        found: list[Any] = []
        for page in self.pages(client, operation, arguments, page_size=page_size):
            found.extend(items_of(page, path, client, operation, may_omit=may_omit))
        return found

    def wait(self, seconds: float) -> None:
        """Sleep, but not past the unit's time. Raises AwsError when there is none left."""
        if self.remaining() <= seconds:
            raise out_of_time(self._service.name, "wait")
        time.sleep(seconds)

    def run_all(self, tasks: list[Task]) -> list[Any]:
        """The result of each task or the AwsError that ended it, in order; those cut off by the time are TIMED_OUT."""
        futures: list[Future[Any]] = [self._pool.submit(task.run) for task in tasks]
        wait_futures(futures, timeout=max(0.0, self.remaining()))
        results: list[Any] = []
        for task, future in zip(tasks, futures, strict=True):
            if not future.done():
                future.cancel()
                results.append(out_of_time(task.client, task.operation))
                continue
            error = future.exception()
            results.append(future.result() if error is None else translate_any(error, task))
        return results

    def _take_turn(self, client: str, operation: str, region: str | None) -> Any:
        where = region or self.region
        bucket = self._bucket(client, where)
        if not bucket.acquire(self.deadline):
            raise out_of_time(client, operation)
        try:
            return self._session.client(client, where, bucket.slow_down)
        except Exception as error:
            raise self._noted(client, operation, translate(error, client, operation)) from error

    def _bucket(self, client: str, region: str) -> TokenBucket:
        if client == self._service.name:
            rate, burst = self._service.rate, self._service.burst
        else:
            rate, burst = _OTHER_RATE, _OTHER_BURST
        return self._throttles.bucket(self.account, region, client, rate=rate, burst=burst)

    def _invoke(self, client: str, operation: str, attempt: Callable[[], Any], *, attempts: int = 2) -> Any:
        """The answer, or an AwsError. The SDK retries all but one thing, an answer that it cannot read: we do, once."""
        while True:
            attempts -= 1
            try:
                answer = attempt()
            except Exception as error:
                failure = self._noted(client, operation, translate(error, client, operation))
                if failure.kind is ErrorKind.INVALID_ANSWER and not failure.code and attempts:
                    continue
                raise failure from error
            if answer is not None:
                with self._lock:
                    self.call_count += 1
                    self.attempts.append(Attempt(client, operation, None))
            return answer

    def _noted(self, client: str, operation: str, failure: AwsError) -> AwsError:
        with self._lock:
            self.call_count += 1
            self.attempts.append(Attempt(client, operation, failure))
        return failure


def items_of(page: Item, path: str, client: str, operation: str, *, may_omit: bool = False) -> list[Any]:
    """The page's items; without a path the page is the one item.

    A page without the key is not an empty page, unless the service is known to leave it out.
    """
    if not path:
        return [{key: value for key, value in page.items() if key != "ResponseMetadata"}]
    missing = None if may_omit else _missing(page, steps(path))
    if missing is not None:
        call = f"{permission_for(client, operation).partition(':')[0]}:{operation}"
        raise AwsError(ErrorKind.INVALID_ANSWER, f"the answer has no {missing}", call=call)
    return find_all(page, path)


def _missing(page: Item, path: tuple[str, ...]) -> str | None:
    """The first key that is not there: at the top, or in an entry of a list that holds lists (`A[].B[]`)."""
    if page.get(path[0]) is None:
        return path[0]
    if path[1:2] == ("[]",) and path[3:4] == ("[]",):
        return next((path[2] for entry in page[path[0]] if not isinstance(entry, dict) or path[2] not in entry), None)
    return None


def out_of_time(client: str, operation: str) -> AwsError:
    """The unit's time ended before or during the call."""
    prefix = permission_for(client, operation).partition(":")[0]
    return AwsError(ErrorKind.TIMED_OUT, "the time for this unit ended", call=f"{prefix}:{operation}")


def translate_any(error: BaseException, task: Task) -> AwsError:
    """A task's failure; one that is not the SDK's is an answer of an unexpected shape."""
    return translate(error if isinstance(error, Exception) else RuntimeError(), task.client, task.operation)
