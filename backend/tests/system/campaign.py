"""Schemathesis over one operation at a time: what is sent, what is checked, and the table of it."""

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, BaseSchema, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.system.running import any_address

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
REQUEST_SECONDS = 60
TOKEN_SECONDS = 240  # of the ten minutes that it lives


@dataclass
class Tally:
    """What one operation answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def cases(self) -> int:
        return self.statuses.total()

    @property
    def good(self) -> int:
        """Answers of 2xx, and the redirects of routes that answer nothing else."""
        return sum(count for status, count in self.statuses.items() if 200 <= status < 400)


@dataclass
class Example:
    """A request that should succeed: real path parameters, a valid body, or whole files for a form."""

    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] | None = None
    body: Any = None
    files: dict[str, Any] | None = None
    form: dict[str, str] | None = None
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    token: str | None = None
    after: Callable[[int], None] | None = None  # told the status


MakeExample = Callable[[], Example]
Operation = APIOperation[Any, Any, Any, Any]
AnyCase = Case[Any]


def _without_sign_in(document: dict[str, Any]) -> dict[str, Any]:
    """A copy in which nothing asks for a token: else many cases are but missing or wrong ones, which others test."""
    paths = {
        path: {method: {name: part for name, part in one.items() if name != "security"} for method, one in ways.items()}
        for path, ways in document["paths"].items()
    }
    components = {name: part for name, part in document["components"].items() if name != "securitySchemes"}
    return document | {"paths": paths, "components": components}


class Campaign:
    """Sends cases and collects every failure; nothing stops at the first one."""

    def __init__(self, url: str, document: dict[str, Any], sign_in: Callable[[], str]) -> None:
        self._url, self._sign_in = url, sign_in
        self.schema: BaseSchema = from_dict(_without_sign_in(document))
        self.tallies: dict[str, Tally] = {}
        self.failures: dict[str, str] = {}
        self.never_good: set[str] = set()  # labels of operations that cannot succeed here
        self._http = requests.Session()
        self._http.mount("http://", requests.adapters.HTTPAdapter(max_retries=1))  # keep-alive may end between two
        self._plain_http = httpx.Client(timeout=REQUEST_SECONDS)
        self._token, self._token_until, self._left = "", 0.0, 0

    def operations(self) -> Iterator[Operation]:
        """Every operation of the document."""
        for result in self.schema.get_all_operations():
            assert isinstance(result, Ok), result
            yield result.ok()

    def sign_in_again(self) -> None:
        """Before the next operation: this one may have ended our session."""
        self._token_until = 0.0

    def run(
        self,
        operation: Operation,
        make: MakeExample,
        cases: int,
        *,
        seed: int,
        most_examples: int | None = None,
        sign_in: Callable[[], str] | None = None,
    ) -> None:
        """Half of the cases by the schema, a quarter against it; of all, most with real ids and some whole examples.

        `most_examples` bounds those where one costs seconds. `sign_in`: who sends what has no token of its own.
        """
        if sign_in is not None:
            self._token, self._token_until = sign_in(), 0.0
        elif time.monotonic() > self._token_until:
            self._token, self._token_until = self._sign_in(), time.monotonic() + TOKEN_SECONDS
        started_at = time.monotonic()
        tally = self.tallies.setdefault(operation.label, Tally())
        self._left = cases if most_examples is None else most_examples
        for mode, share in ((GenerationMode.POSITIVE, cases - cases // 4), (GenerationMode.NEGATIVE, cases // 4)):
            self._run_mode(operation, make, mode, share, seed, tally)
        for _ in range(cases - tally.cases):  # what cannot be generated against a schema that allows everything
            self._send(operation.Case(), make, 0, tally)
        tally.seconds = time.monotonic() - started_at

    def _run_mode(
        self,
        operation: Operation,
        make: MakeExample,
        mode: GenerationMode,
        cases: int,
        seed: int,
        tally: Tally,
    ) -> None:
        if mode is GenerationMode.NEGATIVE and not (operation.body or any(operation.iter_parameters())):
            return
        sent = itertools.count()

        # The drawn number keeps an operation without parameters from running out of cases.
        @settings(
            max_examples=cases,
            deadline=None,
            database=None,
            derandomize=seed == 0,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), _number=st.integers())
        def send(case: AnyCase, _number: int) -> None:
            number = next(sent)
            if number < cases:
                self._send(case, make, number % 4 if mode is GenerationMode.POSITIVE else 4 + number % 2, tally)

        with suppress(Unsatisfiable):  # nothing is against a schema of any bytes
            send()

    def _send(self, case: AnyCase, make: MakeExample, turn: int, tally: Tally) -> None:
        """Turns 0 and 1: a whole example; 2 and 4: generated, with real ids; 3 and 5: as generated."""
        example = Example()
        if turn in (0, 1, 2, 4) and self._left > 0:
            self._left -= 1
            example = self._make(make, case.operation.label)
            case.path_parameters = dict(example.path) or case.path_parameters
        else:
            turn = 3
        headers = {"Authorization": f"Bearer {example.token or self._token}", "X-Forwarded-For": any_address()}
        if turn in (0, 1):
            answer: Any = self._send_example(case, example, headers)
        else:
            answer = case.call(base_url=self._url, session=self._http, headers=headers, timeout=REQUEST_SECONDS)
        if example.after is not None:
            example.after(answer.status_code)
        tally.statuses[answer.status_code] += 1
        try:
            case.validate_response(answer, checks=CHECKS, headers=headers)
        except (Failure, FailureGroup) as failure:
            self._note(case, answer, failure)

    def _make(self, make: MakeExample, label: str) -> Example:
        """What cannot be made is a failure of its own, and the rest goes on."""
        try:
            return make()
        except (AssertionError, KeyError, httpx.HTTPError) as failure:
            self.failures.setdefault(f"{label}: no example", f"{label}: no example: {failure!r}"[:1_500])
            return Example()

    def _send_example(self, case: AnyCase, example: Example, headers: dict[str, str]) -> httpx.Response:
        path = case.operation.path
        for name, value in example.path.items():
            path = path.replace(f"{{{name}}}", value)
        content: dict[str, Any] = {"json": example.body} if example.body is not None else {}
        parts = {"files": example.files, "data": example.form, "content": example.content}
        content |= {name: part for name, part in parts.items() if part}
        request = self._plain_http.build_request(
            case.operation.method.upper(),
            self._url + path,
            params=example.query,
            headers=headers | example.headers,
            **content,
        )
        request.read()  # the checks look at what was sent
        return self._plain_http.send(request)

    def _note(self, case: AnyCase, answer: Any, failure: Failure | FailureGroup) -> None:
        parts = failure.exceptions if isinstance(failure, FailureGroup) else [failure]
        for part in parts:
            title = f"{case.operation.label}: {getattr(part, 'title', part)} ({answer.status_code})"
            if title not in self.failures:
                body = getattr(answer, "text", None) or getattr(answer, "content", b"")
                sent = case.as_curl_command()[:600]
                self.failures[title] = f"{title}\n  {str(part)[:600]}\n  sent: {sent}\n  answer: {str(body)[:800]}"

    def table(self) -> str:
        """Operation, cases, share of 2xx, statuses; Markdown."""
        rows = ["| operation | cases | 2xx | answers | s |", "| --- | ---: | ---: | --- | ---: |"]
        for label, tally in sorted(self.tallies.items(), key=lambda item: item[0].split(" ")[::-1]):
            answers = ", ".join(f"{status} × {count}" for status, count in sorted(tally.statuses.items()))
            share = f"{100 * tally.good / max(1, tally.cases):.0f} %"
            rows.append(f"| {label} | {tally.cases} | {share} | {answers} | {tally.seconds:.1f} |")
        cases = sum(tally.cases for tally in self.tallies.values())
        good = sum(tally.good for tally in self.tallies.values())
        seconds = sum(tally.seconds for tally in self.tallies.values())
        rows.append(f"| all {len(self.tallies)} | {cases} | {100 * good / max(1, cases):.0f} % | | {seconds:.0f} |")
        return "\n".join(rows)
