"""Prices in a tool's record.  Pure.

JSON names an amount and its currency in fields of their own, a sentence says both together: the guard must find them together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

MAX_PRICES: Final = 200
CURRENCY: Final = re.compile(r"[A-Z]{3}")
CURRENCY_KEYS: Final = ("currency", "currency_code", "currencyCode")
MONEY_KEY: Final = re.compile(
    r"amount|total|price|cost|fee|sum|balance|refund|tax|vat|discount|credit|paid|due|betrag|preis|kosten",
    re.IGNORECASE,
)


def priced(text: str) -> str:
    """The record with a line for each of its prices below it; as it is when it has none."""
    if "currency" not in text:
        return text
    try:
        data = json.loads(text)
    except ValueError:
        return text
    lines = tuple(dict.fromkeys(islice(_prices(data, ""), MAX_PRICES)))
    return "\n".join((text, *lines))


def _prices(node: Any, currency: str) -> Iterator[str]:
    """Every amount of money with the currency of its own object, else of the nearest around it."""
    match node:
        case dict():
            named = next((node[key] for key in CURRENCY_KEYS if isinstance(node.get(key), str)), "")
            currency = named if CURRENCY.fullmatch(named) else currency
            for key, value in node.items():
                if _is_number(value) and currency and MONEY_KEY.search(key):
                    yield f"{key}: {value:.2f} {currency}"
                else:
                    yield from _prices(value, currency)
        case list():
            for item in node:
                yield from _prices(item, currency)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
