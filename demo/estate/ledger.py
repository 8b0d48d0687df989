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
    sub_account: str = ""  # the bill's own account where empty


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """Who sells, and what it calls the accounts."""

    provider: str
    invoice: str
    billing_name: str
    sub_account_names: dict[str, str]
    has_extras: bool = False  # a savings plan, support and a credit


AWS = Issuer(
    provider="AWS",
    invoice="Amazon Web Services, Inc.",
    billing_name="Acme Inc.",
    sub_account_names={"": "acme-production"},
    has_extras=True,
)


@dataclass
class Ledger:
    """All charges of one bill, in the order of creation."""

    account: str
    issuer: Issuer = AWS
    charges: list[Charge] = field(default_factory=list)

    def add(self, **values: object) -> None:
        """Remember a charge."""
        self.charges.append(Charge(**values))  # type: ignore[arg-type]  # the fields are named by the callers
