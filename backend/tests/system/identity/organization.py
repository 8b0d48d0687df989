"""The organization itself: its settings, its export, its end, and where its audit log is sent."""

import secrets
import zlib
from functools import cached_property
from typing import Any

import httpx
from tests.system.campaign import Example, MakeExample
from tests.system.identity.cast import Cast, some_name
from tests.system.people import Person
from tests.system.running import follow_job


def _png(side: int = 32) -> bytes:
    """A grey square."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + kind + content + checksum

    header = side.to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    pixels = zlib.compress(side * (b"\0" + b"\x80" * side))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


LOGO = _png()


class OrganizationExamples:
    """`makers`: an operation's name → how to make an example."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.makers: dict[str, MakeExample] = self._organization()

    def _delete(self) -> Example:
        return Example(body={"name": "Founded"}, token=self._founded())

    def _founded(self) -> str:
        """A token of the platform's owner in an organization made for one request."""
        with self.cast.platform.client() as client:
            made = client.post("/organizations", json={"name": "Founded"}).json()["id"]
        return self.cast.people.in_organization(made)

    def _restore(self) -> Example:
        token = self._founded()
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.request(
            "DELETE", f"{self.cast.platform.api}/organizations/current", headers=headers, json={"name": "Founded"}
        )
        assert answer.status_code == 200, answer.text
        return Example(token=token)

    def _hand_over(self) -> Example:
        owner = self.cast.people.founder()
        email = f"{secrets.token_hex(6)}@example.org"
        owner.call("POST", "/users/invitations", json={"email": email, "role": "admin"})
        body = {"token": self.cast.people.mailed_token(email), "name": "Kim", "password": secrets.token_hex(16)}
        self.cast.public("POST", "/auth/invitations/accept", json=body | {"client": "native"})
        members = owner.call("GET", "/users").json()["items"]
        other = next(one["id"] for one in members if one["email"] == email)
        return Example(body={"user_id": other}, token=owner.token)

    @cached_property
    def _export(self) -> tuple[str, str]:
        """(the export's id, a token that may fetch it)."""
        owner = self.cast.people.founder()
        accepted = owner.call("POST", "/organizations/current/export").json()
        with self.cast.platform.client(owner.token) as client:
            assert follow_job(client, accepted["job_id"])["state"] == "succeeded"
        return str(accepted["id"]), owner.token

    def _download(self) -> Example:
        export_id, token = self._export
        return Example(path={"export_id": export_id}, token=token)

    @cached_property
    def _logo(self) -> str:
        owner = self.cast.owner()
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
            owner = self.cast.founder_of("replace_retention")
            kept = owner.call("GET", "/organizations/current/retention").json()
            days = {name: value for name, value in kept.items() if isinstance(value, int)}
            return Example(body=days, token=owner.token)

        def with_sink(body: Any = None) -> MakeExample:
            def make(owner: Person) -> Example:
                sink_id = self.cast.made_by(owner, "/audit-log/sinks", sink | {"name": some_name("Collector")})
                return Example(path={"sink_id": sink_id}, body=body, after=lambda _: self._drop_sink(sink_id))

            return self.cast.in_annex(make)

        return {
            "create_organization": lambda: Example(body={"name": "One more"}),
            "leave_organization": lambda: Example(token=self.cast.people.newcomer().token),
            "transfer_ownership": self._hand_over,
            "delete_organization": self._delete,
            "restore_organization": self._restore,
            "replace_policy": lambda: Example(body=policy, token=self._founded()),
            "replace_branding": self.cast.by_founder("replace_branding", branding),
            "verify_branding_domain": self.cast.by_founder("verify_branding_domain"),
            "upload_logo": lambda: Example(
                files={"file": ("logo.png", LOGO, "image/png")}, token=self.cast.founder_of("upload_logo").token
            ),
            "remove_logo": self.cast.by_founder("remove_logo"),
            "read_logo": lambda: Example(path={"name": self._logo}),
            "replace_retention": retention,
            "replace_usage_settings": self.cast.by_founder("replace_usage_settings", {"enabled": True}),
            "record_usage": lambda: Example(body={"events": [{"kind": "page", "name": "costs"}]}),
            "start_organization_export": lambda: Example(token=self._founded()),
            "download_organization_export": self._download,
            "rotate_organization_key": self.cast.by_founder("rotate_organization_key"),
            "create_audit_sink": self.cast.in_annex(
                lambda _: Example(
                    body=sink | {"name": some_name("Collector")}, after=lambda _status: self._drop_sinks()
                )
            ),
            "read_audit_sink": with_sink(),
            "update_audit_sink": with_sink({"enabled": False}),
            "renew_audit_sink_secret": with_sink(),
            "send_audit_sink_test": with_sink(),
            "remove_audit_sink": with_sink(),
            "verify_audit_log": self.cast.in_annex(lambda _: Example(body={})),
        }

    def _drop_sink(self, sink_id: str) -> None:
        owner = self.cast.owner()
        headers = {"Authorization": f"Bearer {owner.token}"}
        httpx.delete(f"{self.cast.platform.api}/audit-log/sinks/{sink_id}", headers=headers, timeout=30)

    def _drop_sinks(self) -> None:
        for one in self.cast.owner().call("GET", "/audit-log/sinks").json()["items"]:
            self._drop_sink(one["id"])
