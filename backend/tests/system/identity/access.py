"""Roles, keys, machines, members and invitations."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.system.campaign import Example, MakeExample
from tests.system.identity.cast import Cast, some_name
from tests.system.people import Person


class AccessExamples:
    """`makers`: an operation's name → how to make an example."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.makers: dict[str, MakeExample] = self._access()

    def _role(self, body: Any = None) -> MakeExample:
        def make(owner: Person) -> Example:
            role_id = self.cast.made_by(owner, "/roles", {"name": some_name("Role"), "permissions": ["inventory:read"]})
            return Example(path={"role_id": role_id}, body=body)

        return self.cast.in_annex(make)

    def _identity(self, body: Any = None) -> MakeExample:
        def make(owner: Person) -> Example:
            made = self.cast.made_by(owner, "/service-identities", {"name": some_name("Robot"), "role": "viewer"})
            return Example(path={"service_identity_id": made}, body=body)

        return self.cast.in_annex(make)

    def _key(self) -> dict[str, Any]:
        until = datetime.now(UTC) + timedelta(days=30)
        return {"name": some_name("Key"), "permissions": ["inventory:read"], "expires_at": until.isoformat()}

    def _member(self, body: Any = None) -> MakeExample:
        def make(owner: Person) -> Example:
            user_id = self.cast.people.newcomer().call("GET", "/auth/me").json()["id"]
            return Example(path={"user_id": user_id}, body=body, token=owner.token)

        return self.cast.in_annex(make)

    def _open_invitation(self) -> Example:
        owner = self.cast.owner()
        body = {"email": f"{secrets.token_hex(6)}@example.org", "role": "viewer"}
        return Example(path={"invitation_id": self.cast.made_by(owner, "/users/invitations", body)}, token=owner.token)

    def _access(self) -> dict[str, MakeExample]:
        return {
            "create_role": self.cast.in_annex(
                lambda _: Example(body={"name": some_name("Role"), "permissions": ["inventory:read"]})
            ),
            "read_role": self._role(),
            "update_role": self._role({"description": "Reads the inventory"}),
            "delete_role": self._role(),
            "create_api_key": self.cast.in_annex(lambda _: Example(body=self._key())),
            "revoke_api_key": self.cast.in_annex(
                lambda owner: Example(path={"api_key_id": self.cast.made_by(owner, "/api-keys", self._key())})
            ),
            "create_service_identity": self.cast.in_annex(
                lambda _: Example(body={"name": some_name("Robot"), "role": "viewer"})
            ),
            "read_service_identity": self._identity(),
            "update_service_identity": self._identity({"description": "Deploys"}),
            "delete_service_identity": self._identity(),
            "create_invitation": self.cast.in_annex(
                lambda _: Example(body={"email": f"{secrets.token_hex(6)}@example.org", "role": "viewer"})
            ),
            "revoke_invitation": self._open_invitation,
            "resend_invitation": self._open_invitation,
            "read_member": self._member(),
            "update_member": self._member({"role": "operator"}),
            "remove_member": self._member(),
            "end_member_sessions": self._member(),
            "list_member_sessions": self._member(),
        }
