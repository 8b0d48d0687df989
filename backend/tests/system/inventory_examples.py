"""Requests of accounts, inventory and topology that should succeed."""

import secrets
from typing import Any

import httpx
from tests.system.campaign import Example, MakeExample
from tests.system.running import follow_job

from simulators.gcp import GcpHandle, make_estate, serve


def _name() -> str:
    return f"View {secrets.token_hex(4)}"


class InventoryExamples:
    """`makers`: an operation's name → how to make an example. `ids` is shared with the other examples."""

    def __init__(self, client: httpx.Client, ids: dict[str, str]) -> None:
        self._client, self.ids = client, ids
        self._google: GcpHandle | None = None
        self.makers: dict[str, MakeExample] = self._collecting() | self._views() | self._questions()

    def find(self, endpoint: str) -> None:
        """What the examples need: a unit, a finished export, a queue, and a Google organization that calls a hook."""
        account = self.ids["account_id"]
        self._queue_url = f"{endpoint}/123456789012/events"
        self.ids["unit_id"] = self._get(f"/accounts/{account}/units")["items"][0]["id"]
        started = self._send("POST", "/usage/exports", {"format": "jsonl"})
        follow_job(self._client, started["job_id"])
        self.ids["resource_export_id"] = started["export_id"]
        self._google = serve(make_estate())
        body = {
            "provider": "gcp",
            "name": "Google",
            "credentials": self._google.credentials(),
            "endpoint_url": self._google.url,
            "scope": {"organization": self._google.estate.organization},
        }
        known = [one["id"] for one in self._get("/accounts")["items"] if one["name"] == body["name"]]
        google = known[0] if known else self._send("POST", "/accounts", body)["id"]
        made = self._send("PUT", f"/accounts/{google}/events", {})
        self._token = made["hook_url"].rpartition("/")[2]

    def close(self) -> None:
        """End the simulated cloud."""
        if self._google is not None:
            self._google.stop()

    def _get(self, path: str) -> Any:
        answer = self._client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _send(self, method: str, path: str, body: Any) -> Any:
        answer = self._client.request(method, path, json=body)
        assert answer.is_success, (path, answer.text)
        return answer.json()

    def _of_account(self, body: Any = None) -> Example:
        return Example(path={"account_id": self.ids["account_id"]}, body=body)

    def _collecting(self) -> dict[str, MakeExample]:
        return {
            "set_account_schedule": lambda: self._of_account({"interval_minutes": 360}),
            "set_account_events": lambda: self._of_account({"queue_url": self._queue_url}),
            "get_account_events": self._listening,
            "remove_account_events": self._listening,
            "check_cloud_hook": lambda: Example(path={"provider": "gcp", "token": self._token}),
            "receive_cloud_events": self._push,
        }

    def _listening(self) -> Example:
        """The account, which has a source of events."""
        self._send("PUT", f"/accounts/{self.ids['account_id']}/events", {"queue_url": self._queue_url})
        return self._of_account()

    def _push(self) -> Example:
        assert self._google is not None
        asset = next(iter(self._google.estate))
        message = self._google.feed_message(asset)
        message["message"]["messageId"] = secrets.token_hex(8)
        return Example(path={"provider": "gcp", "token": self._token}, body=message)

    def _views(self) -> dict[str, MakeExample]:
        makers: dict[str, MakeExample] = {}
        for kind, path, make in (
            ("resource", "/usage/views", lambda: {"name": _name(), "columns": ["name", "tag:env"], "search": "web"}),
            ("topology", "/topology/views", lambda: {"name": _name(), "query": {"group_by": "account"}}),
        ):

            def view(path: str = path, make: Any = make, **more: Any) -> Example:
                return Example(path={"view_id": self._send("POST", path, make())["id"]}, **more)

            makers[f"create_{kind}_view"] = lambda make=make: Example(body=make())  # type: ignore[misc]
            makers[f"get_{kind}_view"] = view
            makers[f"delete_{kind}_view"] = view
            makers[f"update_{kind}_view"] = lambda view=view: view(body={"name": _name()})  # type: ignore[misc]
        return makers

    def _questions(self) -> dict[str, MakeExample]:
        def export() -> Example:
            return Example(path={"export_id": self.ids["resource_export_id"]})

        def ends() -> Example:
            return Example(query={"from": self.ids["resource_id"], "to": self.ids["resource_id"]})

        return {
            "start_resource_export": lambda: Example(body={"format": "csv", "search": "type:compute.instance"}),
            "get_resource_export": export,
            "download_resource_export": export,
            "find_topology_paths": ends,
            "complete_search": lambda: Example(query={"text": "type:comp"}),
        }
