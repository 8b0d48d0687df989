"""What tests of sign-in do again and again: set up factors, read mails, count answers."""

import base64
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import orjson
from app.core import clock
from app.core.database import tenant_session
from app.core.secrets import open_sealed
from app.domains.identity.rules import factors as rules
from app.domains.notifications.models import PersonalMail
from sqlalchemy import select

from tests.support.authenticator import Authenticator

V1 = "/api/v1"


@dataclass(frozen=True)
class Mail:
    """A mail that waits in the outbox."""

    kind: str
    to: str
    subject: str
    body: str
    path: str

    @property
    def token(self) -> str:
        """The secret of its link."""
        return self.path.partition("#token=")[2]


async def read_mails(organization_id: UUID, kind: str | None = None) -> list[Mail]:
    """Mails of an organization's people, the oldest first."""
    found = []
    async with tenant_session(organization_id) as session:
        rows = await session.scalars(
            select(PersonalMail).where(PersonalMail.organization_id == organization_id).order_by(PersonalMail.id)
        )
        for row in rows.all():
            if kind in (None, row.kind) and row.content is not None:
                opened = await open_sealed(session, organization_id, "personal_mails", "content", row.id, row.content)
                found.append(Mail(kind=row.kind, **orjson.loads(opened.reveal_bytes())))
    return found


class App:
    """An authenticator app with one seed."""

    def __init__(self, factor_id: str, secret: str) -> None:
        self.factor_id, self.seed = factor_id, base64.b32decode(secret)

    def code(self, steps: int = 0) -> str:
        """The code at the product's clock, or some steps away."""
        return rules.totp_code(self.seed, int(clock.utc_now().timestamp()) // 30 + steps)

    def wrong_code(self) -> str:
        """A code that is none of the three."""
        right = {self.code(step) for step in (-1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in right)


async def login(client: httpx.AsyncClient, person: Any, /, **more: Any) -> httpx.Response:
    body = {"email": person.email, "password": person.password, "client": "native"} | more
    return await client.post(f"{V1}/auth/login", json=body)


async def add_totp(client: httpx.AsyncClient, headers: dict[str, str], name: str = "Phone") -> tuple[App, list[str]]:
    """(the app, recovery codes) of the person whose fresh token `headers` carry."""
    started = await client.post(f"{V1}/auth/factors/totp", json={"name": name}, headers=headers)
    assert started.status_code == 201, started.text
    app = App(started.json()["id"], started.json()["secret"])
    confirmed = await client.post(
        f"{V1}/auth/factors/totp/{app.factor_id}/confirm", json={"otp": app.code(-1)}, headers=headers
    )
    assert confirmed.status_code == 200, confirmed.text
    return app, confirmed.json()["recovery_codes"] or []


async def add_passkey(
    client: httpx.AsyncClient, headers: dict[str, str], authenticator: Authenticator | None = None, **wrong: Any
) -> tuple[Authenticator, httpx.Response]:
    """(the authenticator, the answer to its registration)."""
    authenticator = authenticator or Authenticator()
    options = await client.post(f"{V1}/auth/factors/passkeys/options", headers=headers)
    assert options.status_code == 200, options.text
    credential = authenticator.create(options.json()["public_key"], **wrong)
    answer = await client.post(
        f"{V1}/auth/factors/passkeys",
        json={"ticket": options.json()["ticket"], "name": "Laptop", "credential": credential},
        headers=headers,
    )
    return authenticator, answer


def count(answers: Iterable[httpx.Response]) -> dict[int, int]:
    """How many answers of each status."""
    return dict(sorted(Counter(answer.status_code for answer in answers).items()))


def slug(answer: httpx.Response) -> str:
    """The problem's name."""
    return str(answer.json()["type"]).rpartition("/")[2]
