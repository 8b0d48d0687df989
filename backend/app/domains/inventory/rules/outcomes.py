"""What a unit's and an account's results mean."""

from collections.abc import Sequence

from app.domains.inventory.rules.content import clean_text
from app.providers.base import CallError, ErrorKind, UnitResult, UnitState

# Waits before a unit that failed is read again by itself; after the last one it waits for the next full sync.
RETRY_MINUTES = (1.0, 4.0, 15.0, 60.0)
_PASSING = frozenset({ErrorKind.THROTTLED, ErrorKind.UNREACHABLE, ErrorKind.TIMED_OUT, ErrorKind.INVALID_ANSWER})


def may_pass(result: UnitResult) -> bool:
    """Whether a unit failed for a reason that may be over soon; a missing permission is not."""
    return result.state is not UnitState.COMPLETE and any(error.kind in _PASSING for error in result.errors)


def failure_text(errors: Sequence[CallError]) -> str | None:
    """What went wrong in a unit, in words: at most three distinct failures, by the permission where one lacks."""
    texts: dict[str, None] = {}
    for error in errors:
        if error.kind is ErrorKind.ACCESS_DENIED and error.permission:
            texts[f"Missing permission {error.permission}."] = None
        else:
            texts[f"{error.call}: {clean_text(error.message)[:200]}"] = None
    shown = list(texts)[:3]
    if len(texts) > 3:
        shown.append(f"And {len(texts) - 3} more.")
    return " ".join(shown) or None


def missing_permissions(errors: Sequence[CallError]) -> list[str]:
    """The permissions that calls of a unit lacked, sorted."""
    return sorted({error.permission for error in errors if error.permission})


def account_outcome(states: Sequence[UnitState], permissions: Sequence[str]) -> tuple[str, str, str | None]:
    """(sync state, account status, detail) of a whole sync."""
    complete = sum(state is UnitState.COMPLETE for state in states)
    if complete == len(states):
        return "complete", "connected", None
    if permissions:
        rest = f" and {len(permissions) - 5} more" if len(permissions) > 5 else ""
        detail = f"Missing permissions: {', '.join(permissions[:5])}{rest}."
    else:
        detail = f"{len(states) - complete} of {len(states)} units could not be read completely."
    if states and all(state is UnitState.FAILED for state in states):
        return "failed", "failed", detail
    return "partial", "degraded", detail
