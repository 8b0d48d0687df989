"""Use cases of connected clouds; the only way in for other domains."""

from app.domains.accounts.service.connecting import connect_account, test_account, test_new_account, update_account
from app.domains.accounts.service.discovering import FoundAccounts, store_found_accounts
from app.domains.accounts.service.keeping import (
    Owners,
    Readers,
    SyncTarget,
    create_external_id,
    erase_account,
    find_sync_target,
    list_accounts,
    list_due_accounts,
    list_type_groups,
    read_account,
    read_owners,
    read_readers,
    read_schedule,
    record_sync_end,
    record_sync_start,
    remove_account,
    set_schedule,
)
from app.domains.accounts.service.opening import OpenedAccount, open_account, open_connection
from app.domains.accounts.service.registry import get_provider, register_provider

__all__ = [
    "FoundAccounts",
    "OpenedAccount",
    "Owners",
    "Readers",
    "SyncTarget",
    "connect_account",
    "create_external_id",
    "erase_account",
    "find_sync_target",
    "get_provider",
    "list_accounts",
    "list_due_accounts",
    "list_type_groups",
    "open_account",
    "open_connection",
    "read_account",
    "read_owners",
    "read_readers",
    "read_schedule",
    "record_sync_end",
    "record_sync_start",
    "register_provider",
    "remove_account",
    "set_schedule",
    "store_found_accounts",
    "test_account",
    "test_new_account",
    "update_account",
]
