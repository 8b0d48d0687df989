"""Money: an exact amount and its currency. Amounts of two currencies never meet in one number."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema


def format_amount(amount: Decimal) -> str:
    """A plain decimal string without exponent or trailing zeros; at least two decimals ("12.30", "0.00")."""
    text = f"{amount:f}"
    whole, _, fraction = text.partition(".")
    if whole == "-0" and not fraction.strip("0"):
        whole = "0"
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


Amount = Annotated[
    Decimal,
    PlainSerializer(format_amount, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+\.\d{2,}$", "examples": ["12.34"]}),
]


class Money(BaseModel):
    """An amount in a currency: ISO 4217 code, or the name of a virtual currency that a bill uses."""

    model_config = ConfigDict(frozen=True)

    amount: Amount
    currency: str


def sum_by_currency(values: Iterable[Money]) -> list[Money]:
    """One sum per currency, by currency code; empty when there is nothing to add."""
    sums: dict[str, Decimal] = {}
    for value in values:
        sums[value.currency] = sums.get(value.currency, Decimal(0)) + value.amount
    return [Money(amount=amount, currency=currency) for currency, amount in sorted(sums.items())]
