"""Which pages and features may be counted: names of ours, in which no person's words or ids fit."""

import re
from typing import Literal

UsageKind = Literal["page", "feature"]

AREAS = frozenset(
    {
        "accounts", "alerts", "api-keys", "assistant", "audit-log", "billing", "budgets", "changes", "compliance",
        "costs", "dashboard", "drift", "exports", "gitops", "help", "identity-providers", "inventory", "invitations",
        "jobs", "keys", "members", "metrics", "notifications", "on-call", "onboarding", "organization", "organizations",
        "profile", "reports", "resource", "roles", "search", "security", "sessions", "settings", "sign-in",
        "topology", "usage",
    }
)  # fmt: skip
WORDS = frozenset(
    {
        "acknowledge", "add", "apply", "approve", "assign", "branding", "breakdown", "cancel", "card", "change",
        "chart", "clear", "close", "columns", "compare", "confirm", "connect", "copy", "create", "csv", "dark",
        "delete",
        "detail", "details", "disable", "download", "drag", "edit", "enable", "evaluate", "except", "expand", "export",
        "file", "filter", "finding", "findings", "forecast", "graph", "group", "history", "import", "invite", "json",
        "language", "leave", "light", "limits", "link", "list", "mark", "mute", "new", "next", "open", "overview",
        "page", "panel", "password", "pdf", "pin", "policy", "preview", "print", "quotas", "range", "read", "refresh",
        "remove", "rename", "replay", "reset", "resolve", "restore", "retention", "retry", "role", "rotate", "rule",
        "rules", "save", "scope", "select", "send", "share", "show", "sidebar", "silence", "snooze", "sort", "standard",
        "start", "stop", "suggestions", "switch", "sync", "tab", "table", "tags", "test", "theme", "timeline", "toggle",
        "token", "transfer", "tree", "undo", "update", "upload", "verify", "view", "zoom",
    }
)  # fmt: skip
MAX_NAME_LENGTH = 64
_SHAPE = re.compile(r"[a-z-]{2,24}(?:\.[a-z-]{2,24}){0,2}")


def is_countable(kind: UsageKind, name: str) -> bool:
    """Whether the name is on the list: a page is an area, maybe with a word; a feature is an area with one or two."""
    if len(name) > MAX_NAME_LENGTH or not _SHAPE.fullmatch(name):
        return False
    area, *words = name.split(".")
    enough = len(words) <= 1 if kind == "page" else len(words) >= 1
    return area in AREAS and enough and all(part in WORDS for word in words for part in word.split("-"))
