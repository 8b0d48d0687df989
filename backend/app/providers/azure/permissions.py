"""What the caller may read, by the rights that ARM tells, and the role that gives what is missing.

Resource Graph leaves out what the caller may not read and says nothing. So a listing is only believed whole where the
caller's rights at the subscription cover the type's read action.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

PERMISSIONS_READ = "Microsoft.Authorization/permissions/read"


@dataclass(frozen=True)
class Rights:
    """Pairs of patterns (allowed, taken away again), one pair a role that the caller has at a scope."""

    roles: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]

    @classmethod
    def from_answer(cls, permissions: Iterable[Mapping[str, Any]]) -> "Rights":
        """From the items of `…/providers/Microsoft.Authorization/permissions`."""
        return cls(
            tuple(
                (tuple(map(str, item.get("actions") or ())), tuple(map(str, item.get("notActions") or ())))
                for item in permissions
            )
        )

    def allow(self, action: str) -> bool:
        """Whether one of the roles gives the action. What deny assignments take away is not known here."""
        return any(
            any(_pattern(one).fullmatch(action) for one in allowed)
            and not any(_pattern(one).fullmatch(action) for one in taken)
            for allowed, taken in self.roles
        )


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text).replace(r"\*", ".*"), re.IGNORECASE)


def read_action(native_type: str) -> str:
    """`Microsoft.Compute/disks` → `Microsoft.Compute/disks/read`."""
    return f"{native_type}/read"


def grant_for(missing: Iterable[str], scopes: Sequence[str]) -> Mapping[str, Any] | None:
    """A custom role, as `az role definition create` takes it, that adds what is missing; None when nothing is."""
    actions = sorted(set(missing))
    if not actions:
        return None
    return {
        "Name": "CloudOps Pro reader",
        "IsCustom": True,
        "Description": "Reads that CloudOps Pro needs and does not have yet.",
        "Actions": actions,
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": list(scopes),
    }
