"""Rollout: whom the bot serves, always the same contacts, and never by what a page merely says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import Contact
from core.rollout import BotHours, Rollout, Rollouts, Served, is_served_by_bot
from core.segments import Segment, Who

ANNA = Who(conv="c_1", contact=Contact(id="anna"), account="web", channel="web", language="en")


def served(rollout: Rollout, who: Who = ANNA, *, is_staffed: bool = True) -> Served:
    return is_served_by_bot(rollout, who, is_staffed=is_staffed)


def visitor(number: int | str, *, account: str = "web", conv: str = "c") -> Who:
    return replace(ANNA, contact=Contact(id=str(number)), account=account, conv=conv)


def test_without_a_rollout_everybody_is_served() -> None:
    assert served(Rollout()) == Served(is_served=True, because="everybody")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_share_of_the_contacts_is_served(share: float) -> None:
    count = sum(served(Rollout(share=share), visitor(n)).is_served for n in range(10_000))
    assert count / 10_000 == pytest.approx(share, abs=0.015)


@given(st.text(), st.text(), st.text(), st.floats(0, 1))
def test_a_contact_keeps_their_lot_in_every_conversation(contact: str, one: str, other: str, share: float) -> None:
    rollout = Rollout(share=share)
    assert served(rollout, visitor(contact, conv=one)) == served(rollout, visitor(contact, conv=other))


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_wider_share_keeps_everybody(contact: str, low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert (
        served(Rollout(share=high), visitor(contact)).is_served
        >= served(Rollout(share=low), visitor(contact)).is_served
    )


def test_lots_of_accounts_are_independent_and_a_salt_draws_anew() -> None:
    half = Rollout(share=0.5)
    here = [served(half, visitor(n)).is_served for n in range(4_000)]
    for there in (
        [served(half, visitor(n, account="shop")).is_served for n in range(4_000)],
        [served(replace(half, salt="2"), visitor(n)).is_served for n in range(4_000)],
    ):
        assert sum(a and b for a, b in zip(here, there, strict=True)) / 4_000 == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize(
    ("when", "is_staffed", "expected"),
    [(BotHours.CLOSED, True, "hours"), (BotHours.CLOSED, False, "everybody"), (BotHours.ALWAYS, True, "everybody")],
)
def test_only_outside_office_hours(when: BotHours, is_staffed: bool, expected: str) -> None:
    found = served(Rollout(when=when), is_staffed=is_staffed)
    assert found == Served(is_served=expected != "hours", because=expected)


def test_the_segment_bounds_the_share() -> None:
    rollout = Rollout(segment=Segment(customer_accounts=("42",)))
    listed = Contact(id="bo", verified=True, customer_account="42")
    assert served(rollout, replace(ANNA, contact=listed)) == Served(is_served=True, because="segment")
    assert served(rollout, replace(ANNA, contact=replace(listed, verified=False))).because == "customer_account"
    assert served(Rollout(share=0, segment=Segment(verified=True)), replace(ANNA, contact=listed)).because == "share"
    assert served(Rollout(segment=Segment(languages=("en",))), replace(ANNA, language=None)).because == "language"


def test_an_account_may_have_a_rollout_of_its_own() -> None:
    rollouts = Rollouts(default=Rollout(share=0), by_account={"web": Rollout()})
    assert served(rollouts.of("web")).is_served and not served(rollouts.of("slack")).is_served
