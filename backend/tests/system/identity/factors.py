"""Second factors, passkeys and recovery codes."""

from functools import cached_property
from typing import Any

from tests.support.authenticator import Authenticator
from tests.system.campaign import Example, MakeExample
from tests.system.identity.cast import Cast
from tests.system.people import Person


class FactorExamples:
    """`makers`: an operation's name → how to make an example."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.makers: dict[str, MakeExample] = self._factors()

    def _mfa_token(self) -> str:
        return self.cast.with_factor.mfa_token()

    def _second_factor(self) -> Example:
        person = self.cast.with_factor
        if not person.recovery_codes:
            person = self.cast.people.newcomer()
            person.add_totp()
            self.cast.with_factor = person
        token = person.mfa_token()
        return Example(body={"mfa_token": token, "recovery_code": person.recovery_codes.pop(), "client": "native"})

    def _confirm_totp(self) -> Example:
        person = self.cast.people.newcomer()
        factor_id, code = person.new_totp()
        return Example(path={"factor_id": factor_id}, body={"otp": code}, token=person.token)

    def _passkey(self) -> Example:
        person = self.cast.people.newcomer()
        return Example(body=person.new_passkey(self.cast.authenticator()), token=person.token)

    @cached_property
    def _with_passkey(self) -> Authenticator:
        person, authenticator = self.cast.people.newcomer(), self.cast.authenticator()
        person.call("POST", "/auth/factors/passkeys", json=person.new_passkey(authenticator))
        return authenticator

    def _passkey_sign_in(self) -> Example:
        options = self.cast.public("POST", "/auth/passkey/options", json={}).json()
        credential = self._with_passkey.get(options["public_key"])
        return Example(body={"ticket": options["ticket"], "credential": credential, "client": "native"})

    def _factor(self, body: Any = None) -> MakeExample:
        def make() -> Example:
            person = self.cast.people.newcomer()
            person.add_totp()
            factor_id = person.add_totp()
            return Example(path={"factor_id": factor_id}, body=body, token=person.token)

        return make

    def _recovery_codes(self) -> Example:
        return Example(token=self.cast.with_factor.token)

    def _reset(self) -> Example:
        person = self.cast.people.newcomer()
        person.add_totp()
        self.cast.public("POST", "/auth/mfa/lost", json={"mfa_token": person.mfa_token()})
        owner = self.cast.owner()
        listed = owner.call("GET", "/users/factor-resets").json()["items"]
        reset = next(one["id"] for one in listed if one["email"] == person.email)
        return Example(path={"reset_id": reset}, token=owner.token)

    def _factors(self) -> dict[str, MakeExample]:
        return {
            "start_totp": lambda: Example(body={"name": "Phone"}, token=self.cast.people.newcomer().token),
            "confirm_totp": self._confirm_totp,
            "start_passkey": lambda: Example(token=self.cast.founder_of("start_passkey").token),
            "add_passkey": self._passkey,
            "rename_factor": self._factor({"name": "Old phone"}),
            "remove_factor": self._factor(),
            "make_recovery_codes": self._recovery_codes,
            "approve_factor_reset": self._reset,
            "refuse_factor_reset": self._reset,
            "finish_sign_in": self._second_factor,
            "start_mfa_passkey": lambda: Example(body={"mfa_token": self._passkey_mfa_token()}),
            "report_lost_factors": lambda: Example(body={"mfa_token": self._mfa_token()}),
            "start_passkey_sign_in": lambda: Example(body={}),
            "sign_in_with_passkey": self._passkey_sign_in,
            "start_step_up_passkey": lambda: Example(token=self._passkey_person.token),
        }

    @cached_property
    def _passkey_person(self) -> Person:
        person = self.cast.people.newcomer()
        person.call("POST", "/auth/factors/passkeys", json=person.new_passkey(self.cast.authenticator()))
        return person

    def _passkey_mfa_token(self) -> str:
        return self._passkey_person.mfa_token()
