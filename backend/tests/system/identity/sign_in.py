"""Signing in, one's own account, and the first-party clients."""

import base64
import hashlib
import secrets
from functools import cached_property
from urllib.parse import parse_qs, urlsplit

from tests.system.campaign import Example, MakeExample
from tests.system.identity.cast import Cast

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
LOOPBACK = "http://127.0.0.1:53211/callback"
CLI = "cloudops-cli"


class SignInExamples:
    """`makers`: an operation's name → how to make an example."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.makers: dict[str, MakeExample] = self._sign_in() | self._clients()

    def _sign_in(self) -> dict[str, MakeExample]:
        return {
            "request_password_reset": lambda: Example(body={"email": self.cast.with_factor.email}),
            "reset_password": self._password_reset,
            "change_email": lambda: Example(
                body={"email": f"{secrets.token_hex(6)}@example.org"}, token=self.cast.people.newcomer().token
            ),
            "request_email_verification": lambda: Example(
                token=self.cast.founder_of("request_email_verification").token
            ),
            "verify_email": self._verification,
            "update_profile": lambda: Example(
                body={"name": "Kim Newcomer"}, token=self.cast.founder_of("update_profile").token
            ),
            "list_sign_in_methods": lambda: Example(query={"email": "somebody@example.org"}),
            "switch_organization": self._switch,
            "preview_invitation": lambda: Example(body={"token": self._invitation}),
            "accept_invitation": self._accept,
        }

    def _password_reset(self) -> Example:
        person = self.cast.people.newcomer()
        self.cast.public("POST", "/auth/password/forgot", json={"email": person.email})
        token = self.cast.people.mailed_token(person.email, "password")
        return Example(body={"token": token, "new_password": f"Another one {secrets.token_hex(8)}"})

    def _verification(self) -> Example:
        person = self.cast.people.newcomer()
        fresh = f"{secrets.token_hex(6)}@example.org"
        person.call("POST", "/auth/email/change", json={"email": fresh})
        return Example(body={"token": self.cast.people.mailed_token(fresh)}, token=person.token)

    def _switch(self) -> Example:
        person = self.cast.people.newcomer()
        made = person.call("POST", "/organizations", json={"name": "Another"}).json()["id"]
        return Example(body={"organization_id": made}, token=person.token)

    @cached_property
    def _invitation(self) -> str:
        return self.cast.people.invited()[2]

    def _accept(self) -> Example:
        """A signed-in person joins another organization; `People.newcomer` joins as a new one."""
        person = self.cast.people.newcomer()
        inviter = self.cast.founder_of("accept_invitation")
        inviter.call("POST", "/users/invitations", json={"email": person.email, "role": "viewer"})
        token = self.cast.people.mailed_token(person.email, "Founded")
        return Example(body={"token": token}, token=person.token)

    def _authorize_body(self) -> dict[str, str]:
        return {
            "client_id": CLI,
            "redirect_uri": LOOPBACK,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "s" * 16,
        }

    def _exchange(self) -> Example:
        answer = self.cast.owner().call("POST", "/auth/authorize", json=self._authorize_body()).json()
        code = parse_qs(urlsplit(answer["redirect_to"]).query)["code"][0]
        grant = {"grant_type": "authorization_code", "client_id": CLI, "redirect_uri": LOOPBACK}
        return Example(form=grant | {"code": code, "code_verifier": VERIFIER})

    def _user_code(self) -> str:
        return str(self.cast.public("POST", "/auth/device", json={"client_id": CLI}).json()["user_code"])

    def _clients(self) -> dict[str, MakeExample]:
        return {
            "authorize_client": self.cast.in_annex(lambda _: Example(body=self._authorize_body())),
            "start_device_sign_in": lambda: Example(body={"client_id": CLI}),
            "read_device_sign_in": self.cast.in_annex(lambda _: Example(body={"user_code": self._user_code()})),
            "decide_device_sign_in": self.cast.in_annex(
                lambda _: Example(body={"user_code": self._user_code(), "approve": True})
            ),
            "exchange_token": self._exchange,
        }
