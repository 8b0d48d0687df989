"""The whole sync of an AWS account, as `stored_sync` does it."""

from typing import Any

from bench.stored_sync import AccountToSync
from bench.stored_sync import run_stored as run_account


async def run_stored(url: str, regions: tuple[str, ...], app_url: str, owner_url: str) -> dict[str, Any]:
    """Sync a new account of a new organization twice; the first run is what `seconds` and `cpu_seconds` tell of."""
    account = AccountToSync(
        provider="aws",
        native_account_id="123456789012",
        endpoint_url=url,
        credentials={"kind": "access_key", "access_key_id": "a", "secret_access_key": "b"},
        regions=regions,
    )
    return await run_account(account, app_url, owner_url)
