"""People made by the contract's calls: invited, joined with a password of their own, owners where they shall be."""

import base64
import re
import secrets
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import Any

import httpx
from app.domains.identity.rules.factors import totp_code
from tests.support.authenticator import Authenticator
from tests.system.mailbox import Mailbox
from tests.system.running import Platform, any_address, wait_until

OWNER_SECONDS = 240
_LINK_TOKEN = re.compile(r"#token=([A-Za-z0-9_.~-]+)")


@dataclass
class Person:
    """Somebody with a password; `token` is of a session in the organization that they were made for."""

    platform: Platform
    email: str
    password: str
    token: str
    organization_id: str = ""
    recovery_codes: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, **content: Any) -> httpx.Response:
        """A request that must succeed."""
        headers = {"Authorization": f"Bearer {self.token}", "X-Forwarded-For": any_address()}
        answer = httpx.request(method, f"{self.platform.api}{path}", headers=headers, timeout=30, **content)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return answer

    def is_signed_in(self) -> bool:
        """False once somebody ended the session: a person has room for twenty."""
        headers = {"Authorization": f"Bearer {self.token}", "X-Forwarded-For": any_address()}
        return httpx.get(f"{self.platform.api}/auth/me", headers=headers, timeout=30).is_success

    def new_totp(self) -> tuple[str, str]:
        """(id, a valid code) of an authenticator app that is not confirmed yet."""
        made = self.call("POST", "/auth/factors/totp", json={"name": "Phone"}).json()
        return made["id"], totp_code(base64.b32decode(made["secret"]), int(time.time()) // 30)

    def add_totp(self) -> str:
        """The id of a confirmed authenticator app."""
        factor_id, code = self.new_totp()
        confirmed = self.call("POST", f"/auth/factors/totp/{factor_id}/confirm", json={"otp": code}).json()
        self.recovery_codes += confirmed["recovery_codes"] or []
        return factor_id

    def mfa_token(self) -> str:
        """What the password alone gets somebody with a second factor."""
        body = {"email": self.email, "password": self.password, "client": "native"}
        answer = httpx.post(f"{self.platform.api}/auth/login", json=body, headers={"X-Forwarded-For": any_address()})
        assert answer.status_code == 401, answer.text
        return str(answer.json()["mfa_token"])

    def new_passkey(self, authenticator: Authenticator) -> dict[str, Any]:
        """The body that registers a passkey."""
        options = self.call("POST", "/auth/factors/passkeys/options").json()
        return {
            "ticket": options["ticket"],
            "name": "Laptop",
            "credential": authenticator.create(options["public_key"]),
        }


class People:
    """Makes people in an organization beside the one that everybody else tests in."""

    def __init__(self, platform: Platform, mailbox: Mailbox) -> None:
        self.platform, self.mailbox = platform, mailbox
        with platform.client() as client:
            self._annex: str = client.post("/organizations", json={"name": "Annex"}).json()["id"]
        self._owner: Person | None = None
        self._owner_until = 0.0

    def in_organization(self, organization_id: str) -> str:
        """A token of the platform's owner in another organization of theirs."""
        with self.platform.client() as client:
            answer = client.post("/auth/switch", json={"organization_id": organization_id})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def owner(self) -> Person:
        """The platform's owner in the annex, in a session that is alive and young enough for everything."""
        if self._owner is None or time.monotonic() > self._owner_until or not self._owner.is_signed_in():
            token = self.in_organization(self._annex)
            self._owner = Person(self.platform, self.platform.email, self.platform.password, token, self._annex)
            self._owner_until = time.monotonic() + OWNER_SECONDS
        return self._owner

    def mailed_token(self, email: str, subject: str = "") -> str:
        """The secret of the last link that was mailed to an address."""

        def find() -> str:
            for recipients, content in reversed(self.mailbox.received):
                message = message_from_bytes(content, policy=policy.default)
                if email in recipients and subject in str(message["Subject"]):
                    body = message.get_body(("plain",))
                    found = _LINK_TOKEN.search(body.get_content() if body is not None else "")
                    if found:
                        return found[1]
            return ""

        return str(wait_until(find, 30, f"the mail to {email}"))

    def invited(self, role: str = "viewer") -> tuple[str, str, str]:
        """(address, invitation's id, its token) of somebody who did not join yet."""
        email = f"{secrets.token_hex(6)}@example.org"
        made = self.owner().call("POST", "/users/invitations", json={"email": email, "role": role}).json()
        return email, made["id"], self.mailed_token(email)

    def newcomer(self, role: str = "viewer") -> Person:
        """A member of the annex."""
        email, _invitation, token = self.invited(role)
        password = f"A password of {secrets.token_hex(8)}"
        body = {"token": token, "name": "Kim Newcomer", "password": password, "client": "native"}
        answer = httpx.post(
            f"{self.platform.api}/auth/invitations/accept",
            json=body,
            headers={"X-Forwarded-For": any_address()},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return Person(self.platform, email, password, answer.json()["access_token"], self._annex)

    def founder(self) -> Person:
        """Somebody who owns an organization that has nobody and nothing else."""
        person = self.newcomer()
        person.organization_id = person.call("POST", "/organizations", json={"name": "Founded"}).json()["id"]
        switched = person.call("POST", "/auth/switch", json={"organization_id": person.organization_id})
        person.token = switched.json()["access_token"]
        return person
