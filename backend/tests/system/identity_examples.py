"""Requests of identity that should succeed, sent by people and organizations whom nobody else needs.

A generated policy, role or factor would shut the campaign out; here it shuts out somebody made for it.
"""

import base64
import hashlib
import secrets
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from tests.support.authenticator import Authenticator
from tests.support.saml_provider import make_pair
from tests.system.campaign import Example, MakeExample
from tests.system.people import People, Person
from tests.system.running import any_address, follow_job

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
LOOPBACK = "http://127.0.0.1:53211/callback"
CLI = "cloudops-cli"
# Their good answer needs a browser at an identity provider, or a DNS record: tests/domains/identity has them.
NEEDS_THE_OUTSIDE = frozenset(
    {
        "start_oidc_sign_in",
        "finish_oidc_sign_in",
        "log_out_at_oidc_provider",
        "finish_saml_sign_in",
        "verify_branding_domain",
        "verify_identity_provider_domain",
    }
)


def _png(side: int = 32) -> bytes:
    """A grey square."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + kind + content + checksum

    header = side.to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    pixels = zlib.compress(side * (b"\0" + b"\x80" * side))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


LOGO = _png()


def _name(kind: str) -> str:
    return f"{kind} {secrets.token_hex(4)}"


class IdentityExamples:
    """`makers`: an operation's name → how to make an example. `senders`: → whose token its generated cases carry."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.platform = people.platform
        self._made: dict[str, Person] = {}
        self.makers: dict[str, MakeExample] = (
            self._factors() | self._sign_in() | self._clients() | self._access() | self._organization() | self._sso()
        )

    def owner(self) -> Person:
        """The owner of the annex, with a session made now."""
        return self.people.owner()

    def founder_of(self, operation: str) -> Person:
        """The one founder whose organization an operation may spoil."""
        if operation not in self._made:
            self._made[operation] = self.people.founder()
        return self._made[operation]

    def sender(self, operation: str) -> Callable[[], str] | None:
        """Who sends generated cases; None: whoever sends the others."""
        if operation not in self.makers:
            return None
        if operation in SPOILS_ITS_ORGANIZATION or operation in SPOILS_ITS_PERSON:
            return lambda: self.founder_of(operation).token
        return lambda: self.owner().token

    def _own(self, operation: str, body: Any = None, **path: str) -> MakeExample:
        """Sent by the operation's own founder."""
        return lambda: Example(path=path, body=body, token=self.founder_of(operation).token)

    def _authenticator(self) -> Authenticator:
        return Authenticator(origin=f"http://localhost:{self.platform.port}")

    def _in_annex(self, make: Callable[[Person], Example]) -> MakeExample:
        def made() -> Example:
            owner = self.owner()
            example = make(owner)
            example.token = example.token or owner.token
            return example

        return made

    # Factors and passwords

    @cached_property
    def _with_factor(self) -> Person:
        person = self.people.newcomer()
        person.add_totp()
        return person

    def _mfa_token(self) -> str:
        return self._with_factor.mfa_token()

    def _second_factor(self) -> Example:
        person = self._with_factor
        if not person.recovery_codes:
            person = self.people.newcomer()
            person.add_totp()
            self.__dict__["_with_factor"] = person
        token = person.mfa_token()
        return Example(body={"mfa_token": token, "recovery_code": person.recovery_codes.pop(), "client": "native"})

    def _confirm_totp(self) -> Example:
        person = self.people.newcomer()
        factor_id, code = person.new_totp()
        return Example(path={"factor_id": factor_id}, body={"otp": code}, token=person.token)

    def _passkey(self) -> Example:
        person = self.people.newcomer()
        return Example(body=person.new_passkey(self._authenticator()), token=person.token)

    @cached_property
    def _with_passkey(self) -> Authenticator:
        person, authenticator = self.people.newcomer(), self._authenticator()
        person.call("POST", "/auth/factors/passkeys", json=person.new_passkey(authenticator))
        return authenticator

    def _passkey_sign_in(self) -> Example:
        options = self._public("POST", "/auth/passkey/options", json={}).json()
        credential = self._with_passkey.get(options["public_key"])
        return Example(body={"ticket": options["ticket"], "credential": credential, "client": "native"})

    def _factor(self, body: Any = None) -> MakeExample:
        def make() -> Example:
            person = self.people.newcomer()
            person.add_totp()
            factor_id = person.add_totp()
            return Example(path={"factor_id": factor_id}, body=body, token=person.token)

        return make

    def _recovery_codes(self) -> Example:
        return Example(token=self._with_factor.token)

    def _reset(self) -> Example:
        person = self.people.newcomer()
        person.add_totp()
        self._public("POST", "/auth/mfa/lost", json={"mfa_token": person.mfa_token()})
        owner = self.owner()
        listed = owner.call("GET", "/users/factor-resets").json()["items"]
        reset = next(one["id"] for one in listed if one["email"] == person.email)
        return Example(path={"reset_id": reset}, token=owner.token)

    def _password_reset(self) -> Example:
        person = self.people.newcomer()
        self._public("POST", "/auth/password/forgot", json={"email": person.email})
        token = self.people.mailed_token(person.email, "password")
        return Example(body={"token": token, "new_password": f"Another one {secrets.token_hex(8)}"})

    def _verification(self) -> Example:
        person = self.people.newcomer()
        fresh = f"{secrets.token_hex(6)}@example.org"
        person.call("POST", "/auth/email/change", json={"email": fresh})
        return Example(body={"token": self.people.mailed_token(fresh)}, token=person.token)

    def _public(self, method: str, path: str, **content: Any) -> httpx.Response:
        headers = {"X-Forwarded-For": any_address()}
        answer = httpx.request(method, f"{self.platform.api}{path}", headers=headers, timeout=30, **content)
        assert answer.is_success, (path, answer.text)
        return answer

    def _factors(self) -> dict[str, MakeExample]:
        return {
            "start_totp": lambda: Example(body={"name": "Phone"}, token=self.people.newcomer().token),
            "confirm_totp": self._confirm_totp,
            "start_passkey": lambda: Example(token=self.founder_of("start_passkey").token),
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
        person = self.people.newcomer()
        person.call("POST", "/auth/factors/passkeys", json=person.new_passkey(self._authenticator()))
        return person

    def _passkey_mfa_token(self) -> str:
        return self._passkey_person.mfa_token()

    # Signing in

    def _sign_in(self) -> dict[str, MakeExample]:
        return {
            "request_password_reset": lambda: Example(body={"email": self._with_factor.email}),
            "reset_password": self._password_reset,
            "change_email": lambda: Example(
                body={"email": f"{secrets.token_hex(6)}@example.org"}, token=self.people.newcomer().token
            ),
            "request_email_verification": lambda: Example(token=self.founder_of("request_email_verification").token),
            "verify_email": self._verification,
            "update_profile": lambda: Example(
                body={"name": "Kim Newcomer"}, token=self.founder_of("update_profile").token
            ),
            "list_sign_in_methods": lambda: Example(query={"email": "somebody@example.org"}),
            "switch_organization": self._switch,
            "preview_invitation": lambda: Example(body={"token": self._invitation}),
            "accept_invitation": self._accept,
        }

    def _switch(self) -> Example:
        person = self.people.newcomer()
        made = person.call("POST", "/organizations", json={"name": "Another"}).json()["id"]
        return Example(body={"organization_id": made}, token=person.token)

    @cached_property
    def _invitation(self) -> str:
        return self.people.invited()[2]

    def _accept(self) -> Example:
        """A signed-in person joins another organization; `People.newcomer` joins as a new one."""
        person = self.people.newcomer()
        inviter = self.founder_of("accept_invitation")
        inviter.call("POST", "/users/invitations", json={"email": person.email, "role": "viewer"})
        token = self.people.mailed_token(person.email, "Founded")
        return Example(body={"token": token}, token=person.token)

    # First-party clients

    def _authorize_body(self) -> dict[str, str]:
        return {
            "client_id": CLI,
            "redirect_uri": LOOPBACK,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "s" * 16,
        }

    def _exchange(self) -> Example:
        answer = self.owner().call("POST", "/auth/authorize", json=self._authorize_body()).json()
        code = parse_qs(urlsplit(answer["redirect_to"]).query)["code"][0]
        grant = {"grant_type": "authorization_code", "client_id": CLI, "redirect_uri": LOOPBACK}
        return Example(form=grant | {"code": code, "code_verifier": VERIFIER})

    def _user_code(self) -> str:
        return str(self._public("POST", "/auth/device", json={"client_id": CLI}).json()["user_code"])

    def _clients(self) -> dict[str, MakeExample]:
        return {
            "authorize_client": self._in_annex(lambda _: Example(body=self._authorize_body())),
            "start_device_sign_in": lambda: Example(body={"client_id": CLI}),
            "read_device_sign_in": self._in_annex(lambda _: Example(body={"user_code": self._user_code()})),
            "decide_device_sign_in": self._in_annex(
                lambda _: Example(body={"user_code": self._user_code(), "approve": True})
            ),
            "exchange_token": self._exchange,
        }

    # Roles, keys, members

    def _made_by(self, owner: Person, path: str, body: dict[str, Any]) -> str:
        return str(owner.call("POST", path, json=body).json()["id"])

    def _role(self, body: Any = None) -> MakeExample:
        def make(owner: Person) -> Example:
            role_id = self._made_by(owner, "/roles", {"name": _name("Role"), "permissions": ["inventory:read"]})
            return Example(path={"role_id": role_id}, body=body)

        return self._in_annex(make)

    def _identity(self, body: Any = None) -> MakeExample:
        def make(owner: Person) -> Example:
            made = self._made_by(owner, "/service-identities", {"name": _name("Robot"), "role": "viewer"})
            return Example(path={"service_identity_id": made}, body=body)

        return self._in_annex(make)

    def _key(self) -> dict[str, Any]:
        until = datetime.now(UTC) + timedelta(days=30)
        return {"name": _name("Key"), "permissions": ["inventory:read"], "expires_at": until.isoformat()}

    def _member(self, body: Any = None) -> MakeExample:
        def make(owner: Person) -> Example:
            user_id = self.people.newcomer().call("GET", "/auth/me").json()["id"]
            return Example(path={"user_id": user_id}, body=body, token=owner.token)

        return self._in_annex(make)

    def _open_invitation(self) -> Example:
        owner = self.owner()
        body = {"email": f"{secrets.token_hex(6)}@example.org", "role": "viewer"}
        return Example(path={"invitation_id": self._made_by(owner, "/users/invitations", body)}, token=owner.token)

    def _access(self) -> dict[str, MakeExample]:
        return {
            "create_role": self._in_annex(
                lambda _: Example(body={"name": _name("Role"), "permissions": ["inventory:read"]})
            ),
            "read_role": self._role(),
            "update_role": self._role({"description": "Reads the inventory"}),
            "delete_role": self._role(),
            "create_api_key": self._in_annex(lambda _: Example(body=self._key())),
            "revoke_api_key": self._in_annex(
                lambda owner: Example(path={"api_key_id": self._made_by(owner, "/api-keys", self._key())})
            ),
            "create_service_identity": self._in_annex(
                lambda _: Example(body={"name": _name("Robot"), "role": "viewer"})
            ),
            "read_service_identity": self._identity(),
            "update_service_identity": self._identity({"description": "Deploys"}),
            "delete_service_identity": self._identity(),
            "create_invitation": self._in_annex(
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

    # The organization

    def _delete(self) -> Example:
        return Example(body={"name": "Founded"}, token=self._founded())

    def _founded(self) -> str:
        """A token of the platform's owner in an organization made for one request."""
        with self.platform.client() as client:
            made = client.post("/organizations", json={"name": "Founded"}).json()["id"]
        return self.people.in_organization(made)

    def _restore(self) -> Example:
        token = self._founded()
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.request(
            "DELETE", f"{self.platform.api}/organizations/current", headers=headers, json={"name": "Founded"}
        )
        assert answer.status_code == 200, answer.text
        return Example(token=token)

    def _hand_over(self) -> Example:
        owner = self.people.founder()
        email = f"{secrets.token_hex(6)}@example.org"
        owner.call("POST", "/users/invitations", json={"email": email, "role": "admin"})
        body = {"token": self.people.mailed_token(email), "name": "Kim", "password": secrets.token_hex(16)}
        self._public("POST", "/auth/invitations/accept", json=body | {"client": "native"})
        members = owner.call("GET", "/users").json()["items"]
        other = next(one["id"] for one in members if one["email"] == email)
        return Example(body={"user_id": other}, token=owner.token)

    @cached_property
    def _export(self) -> tuple[str, str]:
        """(the export's id, a token that may fetch it)."""
        owner = self.people.founder()
        accepted = owner.call("POST", "/organizations/current/export").json()
        with self.platform.client(owner.token) as client:
            assert follow_job(client, accepted["job_id"])["state"] == "succeeded"
        return str(accepted["id"]), owner.token

    def _download(self) -> Example:
        export_id, token = self._export
        return Example(path={"export_id": export_id}, token=token)

    @cached_property
    def _logo(self) -> str:
        owner = self.owner()
        owner.call("POST", "/organizations/current/logo", files={"file": ("logo.png", LOGO, "image/png")})
        address = owner.call("GET", "/organizations/current/branding").json()["logo_url"]
        return str(address).rpartition("/")[2]

    def _organization(self) -> dict[str, MakeExample]:
        policy = {
            "mfa_required_roles": [], "mfa_grace_days": 7, "web_idle_minutes": 60, "web_absolute_hours": 12,
            "native_idle_days": 30, "sso_required": False,
        }  # fmt: skip
        branding = {"display_name": "Acme", "accent": "#1f5fd0", "mail_sender_name": "Acme", "custom_domain": None}
        sink = {"name": "Collector", "kind": "webhook", "url": "http://127.0.0.1:9/hook", "secret": "s" * 40}

        def retention() -> Example:
            owner = self.founder_of("replace_retention")
            kept = owner.call("GET", "/organizations/current/retention").json()
            days = {name: value for name, value in kept.items() if isinstance(value, int)}
            return Example(body=days, token=owner.token)

        def with_sink(body: Any = None) -> MakeExample:
            def make(owner: Person) -> Example:
                sink_id = self._made_by(owner, "/audit-log/sinks", sink | {"name": _name("Collector")})
                return Example(path={"sink_id": sink_id}, body=body, after=lambda _: self._drop_sink(sink_id))

            return self._in_annex(make)

        return {
            "create_organization": lambda: Example(body={"name": "One more"}),
            "leave_organization": lambda: Example(token=self.people.newcomer().token),
            "transfer_ownership": self._hand_over,
            "delete_organization": self._delete,
            "restore_organization": self._restore,
            "replace_policy": lambda: Example(body=policy, token=self._founded()),
            "replace_branding": self._own("replace_branding", branding),
            "verify_branding_domain": self._own("verify_branding_domain"),
            "upload_logo": lambda: Example(
                files={"file": ("logo.png", LOGO, "image/png")}, token=self.founder_of("upload_logo").token
            ),
            "remove_logo": self._own("remove_logo"),
            "read_logo": lambda: Example(path={"name": self._logo}),
            "replace_retention": retention,
            "replace_usage_settings": self._own("replace_usage_settings", {"enabled": True}),
            "record_usage": lambda: Example(body={"events": [{"kind": "page", "name": "costs"}]}),
            "start_organization_export": lambda: Example(token=self._founded()),
            "download_organization_export": self._download,
            "rotate_organization_key": self._own("rotate_organization_key"),
            "create_audit_sink": self._in_annex(
                lambda _: Example(body=sink | {"name": _name("Collector")}, after=lambda _status: self._drop_sinks())
            ),
            "read_audit_sink": with_sink(),
            "update_audit_sink": with_sink({"enabled": False}),
            "renew_audit_sink_secret": with_sink(),
            "send_audit_sink_test": with_sink(),
            "remove_audit_sink": with_sink(),
            "verify_audit_log": self._in_annex(lambda _: Example(body={})),
        }

    def _drop_sink(self, sink_id: str) -> None:
        owner = self.owner()
        headers = {"Authorization": f"Bearer {owner.token}"}
        httpx.delete(f"{self.platform.api}/audit-log/sinks/{sink_id}", headers=headers, timeout=30)

    def _drop_sinks(self) -> None:
        for one in self.owner().call("GET", "/audit-log/sinks").json()["items"]:
            self._drop_sink(one["id"])

    # Identity providers

    def _saml(self) -> dict[str, Any]:
        config = {
            "entity_id": f"https://idp.example/{secrets.token_hex(4)}",
            "sso_url": "http://127.0.0.1:9/sso",
            "certificates": [self._certificate],
        }
        return {"kind": "saml", "name": _name("Provider"), "config": config, "enabled": True}

    @cached_property
    def _certificate(self) -> str:
        return make_pair().pem

    def _provider(self, body: Any = None, before: Callable[[Person, str], object] | None = None) -> MakeExample:
        def make(owner: Person) -> Example:
            provider_id = self._made_by(owner, "/identity-providers", self._saml())
            if before is not None:
                before(owner, provider_id)
            return Example(path={"provider_id": provider_id}, body=body, after=lambda _: self._drop_providers())

        return self._in_annex(make)

    def _domain(self) -> MakeExample:
        def make(owner: Person) -> Example:
            provider_id = self._made_by(owner, "/identity-providers", self._saml())
            domain = f"{secrets.token_hex(4)}.example.com"
            owner.call("POST", f"/identity-providers/{provider_id}/domains", json={"domain": domain})
            path = {"provider_id": provider_id, "domain": domain}
            return Example(path=path, after=lambda _: self._drop_providers())

        return self._in_annex(make)

    def _drop_providers(self) -> None:
        """An organization has room for few."""
        owner = self.owner()
        for one in owner.call("GET", "/identity-providers").json()["items"]:
            if one["id"] != self.__dict__.get("_connection"):
                owner.call("DELETE", f"/identity-providers/{one['id']}")

    @cached_property
    def _connection(self) -> str:
        return self._made_by(self.owner(), "/identity-providers", self._saml())

    def _sso(self) -> dict[str, MakeExample]:
        def connected() -> Example:
            return Example(path={"connection_id": self._connection})

        return {
            "create_identity_provider": self._in_annex(
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


SPOILS_ITS_ORGANIZATION = frozenset(
    {
        "replace_policy",
        "replace_branding",
        "verify_branding_domain",
        "upload_logo",
        "remove_logo",
        "replace_retention",
        "replace_usage_settings",
        "rotate_organization_key",
        "start_organization_export",
        "delete_organization",
        "restore_organization",
        "transfer_ownership",
        "leave_organization",
        "create_organization",
    }
)
SPOILS_ITS_PERSON = frozenset(
    {
        "update_profile",
        "accept_invitation",
        "start_totp",
        "confirm_totp",
        "start_passkey",
        "add_passkey",
        "rename_factor",
        "remove_factor",
        "make_recovery_codes",
        "change_email",
        "request_email_verification",
        "verify_email",
        "start_step_up_passkey",
        "switch_organization",
    }
)
COSTLY_EXAMPLES = frozenset(
    {
        "start_totp", "confirm_totp", "add_passkey", "rename_factor", "remove_factor", "approve_factor_reset",
        "refuse_factor_reset", "reset_password", "change_email", "verify_email", "switch_organization",
        "accept_invitation", "read_member", "update_member", "remove_member", "end_member_sessions",
        "list_member_sessions", "leave_organization", "transfer_ownership", "delete_organization",
        "restore_organization", "test_identity_provider", "verify_identity_provider_domain", "finish_sign_in",
        "verify_branding_domain",
    }
)  # fmt: skip
"""Each example of these makes a person, an organization or a mail first."""
