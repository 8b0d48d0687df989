"""Who sends requests that change people and organizations: somebody made for it, whom nobody else needs."""

import secrets
from collections.abc import Callable
from functools import cached_property
from typing import Any

import httpx
from tests.support.authenticator import Authenticator
from tests.system.campaign import Example, MakeExample
from tests.system.people import People, Person
from tests.system.running import any_address


def some_name(kind: str) -> str:
    """A name that nothing else has."""
    return f"{kind} {secrets.token_hex(4)}"


class Cast:
    """The people that the examples of every subject share."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.platform = people.platform
        self._founders: dict[str, Person] = {}

    def owner(self) -> Person:
        """The owner of the annex, with a session made now."""
        return self.people.owner()

    def founder_of(self, operation: str) -> Person:
        """The one founder whose organization an operation may spoil."""
        if operation not in self._founders:
            self._founders[operation] = self.people.founder()
        return self._founders[operation]

    @cached_property
    def with_factor(self) -> Person:
        """A member of the annex who has an authenticator app."""
        person = self.people.newcomer()
        person.add_totp()
        return person

    def by_founder(self, operation: str, body: Any = None, **path: str) -> MakeExample:
        """Sent by the operation's own founder."""
        return lambda: Example(path=path, body=body, token=self.founder_of(operation).token)

    def in_annex(self, make: Callable[[Person], Example]) -> MakeExample:
        """Sent by the annex's owner where the example has no token of its own."""

        def made() -> Example:
            owner = self.owner()
            example = make(owner)
            example.token = example.token or owner.token
            return example

        return made

    def made_by(self, owner: Person, path: str, body: dict[str, Any]) -> str:
        """The id of what a request makes."""
        return str(owner.call("POST", path, json=body).json()["id"])

    def public(self, method: str, path: str, **content: Any) -> httpx.Response:
        """A request that needs no token and must succeed."""
        headers = {"X-Forwarded-For": any_address()}
        answer = httpx.request(method, f"{self.platform.api}{path}", headers=headers, timeout=30, **content)
        assert answer.is_success, (path, answer.text)
        return answer

    def authenticator(self) -> Authenticator:
        """A security key in a browser at the platform's address."""
        return Authenticator(origin=f"http://localhost:{self.platform.port}")
