"""Identity providers."""

import secrets
from collections.abc import Callable
from functools import cached_property
from typing import Any

from tests.support.saml_provider import make_pair
from tests.system.campaign import Example, MakeExample
from tests.system.identity.cast import Cast, some_name
from tests.system.people import Person


class SsoExamples:
    """`makers`: an operation's name → how to make an example."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.makers: dict[str, MakeExample] = self._sso()

    def _saml(self) -> dict[str, Any]:
        config = {
            "entity_id": f"https://idp.example/{secrets.token_hex(4)}",
            "sso_url": "http://127.0.0.1:9/sso",
            "certificates": [self._certificate],
        }
        return {"kind": "saml", "name": some_name("Provider"), "config": config, "enabled": True}

    @cached_property
    def _certificate(self) -> str:
        return make_pair().pem

    def _provider(self, body: Any = None, before: Callable[[Person, str], object] | None = None) -> MakeExample:
        def make(owner: Person) -> Example:
            provider_id = self.cast.made_by(owner, "/identity-providers", self._saml())
            if before is not None:
                before(owner, provider_id)
            return Example(path={"provider_id": provider_id}, body=body, after=lambda _: self._drop_providers())

        return self.cast.in_annex(make)

    def _domain(self) -> MakeExample:
        def make(owner: Person) -> Example:
            provider_id = self.cast.made_by(owner, "/identity-providers", self._saml())
            domain = f"{secrets.token_hex(4)}.example.com"
            owner.call("POST", f"/identity-providers/{provider_id}/domains", json={"domain": domain})
            path = {"provider_id": provider_id, "domain": domain}
            return Example(path=path, after=lambda _: self._drop_providers())

        return self.cast.in_annex(make)

    def _drop_providers(self) -> None:
        """An organization has room for few."""
        owner = self.cast.owner()
        for one in owner.call("GET", "/identity-providers").json()["items"]:
            if one["id"] != self.__dict__.get("_connection"):
                owner.call("DELETE", f"/identity-providers/{one['id']}")

    @cached_property
    def _connection(self) -> str:
        return self.cast.made_by(self.cast.owner(), "/identity-providers", self._saml())

    def _sso(self) -> dict[str, MakeExample]:
        def connected() -> Example:
            return Example(path={"connection_id": self._connection})

        return {
            "create_identity_provider": self.cast.in_annex(
                lambda _: Example(body=self._saml(), after=lambda _status: self._drop_providers())
            ),
            "read_identity_provider": self._provider(),
            "update_identity_provider": self._provider({"name": "Company sign-in"}),
            "delete_identity_provider": self._provider(),
            "add_identity_provider_domain": lambda: self._provider({"domain": f"{secrets.token_hex(4)}.example.com"})(),
            "remove_identity_provider_domain": self._domain(),
            "verify_identity_provider_domain": self._domain(),
            "set_identity_provider_groups": self._provider(
                {"group_mappings": [{"group": "operators", "role": "operator"}]}
            ),
            "link_identity_provider": self._provider(),
            "issue_scim_token": self._provider(),
            "withdraw_scim_token": self._provider(
                before=lambda owner, made: owner.call("POST", f"/identity-providers/{made}/scim-token")
            ),
            "test_identity_provider": self._provider(),
            "start_oidc_sign_in": connected,
            "finish_oidc_sign_in": connected,
            "log_out_at_oidc_provider": lambda: Example(
                path={"connection_id": self._connection}, form={"logout_token": "none"}
            ),
            "start_saml_sign_in": connected,
            "finish_saml_sign_in": connected,
            "read_saml_metadata": connected,
        }
