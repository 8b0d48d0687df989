"""What was made, with what each thing costs a day; the bill is written from it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Charge:
    """One resource's usage of one service. `daily_usd` is its list price a day at the end of the period."""

    resource_id: str
    name: str
    resource_type: str
    service: str
    category: str
    region: str
    daily_usd: float
    tags: dict[str, str]
    age_days: int
    unit: str = "Hrs"
    sku: str = ""
    committed: bool = False  # covered by the savings plan
    pattern: str = "steady"  # steady, weekday (office hours), traffic (weekend dip), growing
    spike: bool = False


@dataclass
class Ledger:
    """All charges, in the order of creation."""

    account: str
    charges: list[Charge] = field(default_factory=list)

    def add(self, **values: object) -> None:
        """Remember a charge."""
        self.charges.append(Charge(**values))  # type: ignore[arg-type]  # the fields are named by the callers
