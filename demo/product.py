"""The product as a customer's script uses it: sign in, connect, sync, import."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx


class Product:
    """A signed-in session over HTTP."""

    def __init__(self, api: str) -> None:
        self._http = httpx.Client(base_url=f"{api}/api/v1", timeout=60)

    def wait_until_ready(self, seconds: float = 120) -> None:
        """Until the platform answers. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        address = str(self._http.base_url).replace("/api/v1", "").rstrip("/") + "/readyz"
        while time.monotonic() < deadline:
            try:
                if self._http.get(address).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.3)
        raise TimeoutError("the platform did not become ready")

    def sign_in(self, email: str, password: str) -> bool:
        """Whether the login still works; the administrator may have changed it."""
        answer = self._http.post("/auth/login", json={"email": email, "password": password, "client": "native"})
        if answer.status_code != 200:
            return False
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return True

    def sign_out(self) -> None:
        """End the session; it is not needed any more."""
        self._http.post("/auth/logout", json={})

    def find_account(self, name: str) -> str | None:
        """The account of that name, if it is connected."""
        for account in self._get("/accounts")["items"]:
            if account["name"] == name:
                return str(account["id"])
        return None

    def connect(self, body: Mapping[str, Any]) -> str:
        """Connect a cloud as a person would in the wizard; the product syncs it by itself."""
        return str(self._checked(self._http.post("/accounts", json=body))["id"])

    def import_bill(self, paths: Sequence[Path]) -> list[str]:
        """Hand in the files; the jobs that import them."""
        jobs = []
        for path in paths:
            with path.open("rb") as file:
                answer = self._http.post("/ai-cost/imports", files={"file": (path.name, file, "application/gzip")})
            jobs.append(str(self._checked(answer)["job_id"]))
        return jobs

    def wait_for(self, job_id: str, seconds: float = 300) -> str:
        """The state in which a job ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = str(self._get(f"/jobs/{job_id}")["state"])
            if state in ("succeeded", "partial", "failed", "cancelled"):
                return state
            time.sleep(0.5)
        return "running"

    def wait_for_first_sync(self, account_ids: Sequence[str], seconds: float = 300) -> int:
        """How many resources the estate has, once every account was read."""
        deadline = time.monotonic() + seconds
        for account_id in account_ids:
            while time.monotonic() < deadline and not self._get(f"/accounts/{account_id}")["last_synced_at"]:
                time.sleep(0.5)
        return int(self._get("/usage/summary")["total"])

    def poll_metrics(self, name: str, account_id: str) -> None:
        """Have an account's metrics polled; a source of this name stays as it is."""
        sources = self._get("/metrics/sources?limit=200")["items"]
        if all(source["name"] != name for source in sources):
            self._checked(self._http.post("/metrics/sources", json={"name": name, "account_id": account_id}))

    def machines(self) -> list[dict[str, Any]]:
        """Running machines on AWS."""
        search: dict[str, str | int] = {"search": "type:compute.instance provider:aws", "limit": 100}
        found: list[dict[str, Any]] = self._checked(self._http.get("/usage/resources", params=search))["items"]
        return found

    def make_agent_key(self, name: str, lifetime: timedelta) -> str:
        """A key that may send samples and nothing else."""
        body = {
            "name": name,
            "permissions": ["metrics:ingest"],
            "expires_at": (datetime.now(UTC) + lifetime).isoformat(),
        }
        return str(self._checked(self._http.post("/api-keys", json=body))["key"])

    def _get(self, path: str) -> dict[str, Any]:
        return self._checked(self._http.get(path))

    @staticmethod
    def _checked(answer: httpx.Response) -> dict[str, Any]:
        if answer.status_code >= 400:
            raise RuntimeError(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}")
        made: dict[str, Any] = answer.json()
        return made
