"""Facts that costs publishes."""

from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class CostsImported(Event):
    """The costs of whole billing periods were replaced. `periods`: {provider_name, billing_account, billing_period}."""

    name: ClassVar[str] = "costs.imported"
    topic: ClassVar[str | None] = "costs"
    import_id: UUID
    periods: list[dict[str, Any]] = field(default_factory=list)
