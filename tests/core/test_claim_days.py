"""Which claims belong to a day: what budgets and limits really write does, and nothing that says "once" does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from core.claim_days import day_before_which, day_of
from core.models_settings import Budget, Budgets
from core.ports.model import Spender, Usage
from core.ports.tools import ToolLimits
from core.spending import Ledger
from core.tools.reservations import Reservations, chain_of

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
ODD = "c|2020-01-01|7"
"""A name that tries to look like a day."""


class Rows(dict[str, str]):
    """Claims in memory."""

    async def claim(self, key: str, value: str) -> str:
        return self.setdefault(key, value)

    async def claimed(self, key: str) -> str | None:
        return self.get(key)


@pytest.mark.parametrize("contact", ["c", ODD])
async def test_what_budgets_claim_belongs_to_its_day(contact: str) -> None:
    rows = Rows()
    a_day = Budget(tokens=1_000)
    books = Ledger(
        Budgets(contact_day=a_day, tenant_day=a_day), lambda _: rows, clock=lambda: NOW, token=iter("abcd").__next__
    )
    await books.reserve(Spender(tenant="acme", contact=contact, turn_id="t"), Usage(input_tokens=10))
    assert len(rows) == 2
    assert {day_of(key, now=NOW + timedelta(days=3)) for key in rows} == {"2027-03-01"}


@pytest.mark.parametrize("identity", ["v", ODD])
async def test_what_limits_claim_belongs_to_its_day(identity: str) -> None:
    rows = Rows()
    chain = chain_of("refund", identity, "2027-03-01")
    await Reservations(rows).take(chain, ToolLimits(calls_per_day=2), Decimal(1), "k")
    assert [day_of(key, now=NOW + timedelta(days=3)) for key in rows] == ["2027-03-01"]


def test_a_transcript_belongs_to_the_day_it_was_written() -> None:
    east = NOW.replace(tzinfo=timezone(timedelta(hours=13)))
    assert day_of("transcript|u_1", now=east) == "2027-02-28"


@pytest.mark.parametrize(
    "key",
    [
        f"toolrun|{ODD}",
        f"toolresult|{ODD}",
        "tooltry|k|2020-01-01|1",
        f"account:slack:{ODD}",
        "link-used:2020-01-01|1",
        "tool|refund",
        "spend|acme|2020-01-01",
        "spend|acme|2020-01-01|1x",
        "spend|acme|2020-01-01|1\n",
        "",
    ],
)
def test_every_other_claim_stands_for_ever(key: str) -> None:
    assert day_of(key, now=NOW) is None


def test_days_sort_like_text() -> None:
    assert day_before_which(NOW) == "2027-03-01"
    assert (
        day_before_which(datetime.min.replace(tzinfo=UTC))
        < "2027-03-01"
        < day_before_which(datetime.max.replace(tzinfo=UTC))
    )
