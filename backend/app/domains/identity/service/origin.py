"""Where a request came from."""

from dataclasses import dataclass

from app.core.http import Caller


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a request came from, for sessions and events."""

    client_address: str = ""
    user_agent: str = ""

    @classmethod
    def of(cls, caller: Caller) -> "Origin":
        """The origin of a signed-in caller."""
        return cls(client_address=caller.client_address, user_agent=caller.user_agent)
