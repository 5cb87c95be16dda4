"""Prices in a tool's record, as a sentence says them."""

from __future__ import annotations

import json

import pytest

from core.conversing.pricing import MAX_PRICES, priced

ORDERS = {"orders": [{"order_id": "LK-1", "total": 123.95, "currency": "GBP"}, {"total": 5, "currency": "EUR"}]}


def test_every_amount_stands_beside_its_own_currency() -> None:
    text = json.dumps(ORDERS)
    assert priced(text) == f"{text}\ntotal: 123.95 GBP\ntotal: 5.00 EUR"


def test_the_currency_of_an_order_is_that_of_its_items_and_a_quantity_is_no_price() -> None:
    text = json.dumps({"currency": "GBP", "items": [{"name": "Gloves", "quantity": 2, "price": 14.5}], "is_paid": True})
    assert priced(text).splitlines()[1:] == ["price: 14.50 GBP"]


NO_PRICES = ("", "no currency here", '{"currency": "GBP", "total": ', '{"total": 3}', '{"currency": 3, "total": 3}')


@pytest.mark.parametrize("text", NO_PRICES)
def test_what_names_no_price_stays_as_it_is(text: str) -> None:
    assert priced(text) == text


def test_a_record_full_of_prices_stays_bounded() -> None:
    text = json.dumps({"currency": "EUR", "items": [{"price": n} for n in range(10 * MAX_PRICES)]})
    assert len(priced(text).splitlines()) == MAX_PRICES + 1
