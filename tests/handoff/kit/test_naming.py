"""A helpdesk's names become its ids."""

from __future__ import annotations

import pytest

from core.errors import MessageRejected
from handoff.kit.naming import Names
from tests.handoff.desks.drafted import MovedClock


class Listed:
    def __init__(self) -> None:
        self.names = {"Billing": "1", " Sue Jones ": "2", "": "3"}
        self.reads = 0

    async def load(self) -> dict[str, str]:
        self.reads += 1
        return self.names


async def test_names_are_found_in_any_case_and_ids_are_names_too() -> None:
    names = Names("teams", Listed().load, clock=MovedClock())
    assert [await names.find(word) for word in ("billing", " SUE JONES", "2", "sales", "")] == [
        "1",
        "2",
        "2",
        None,
        None,
    ]
    assert await names.named("2") == "Sue Jones" and await names.named("9") is None
    assert await names.known("Billing") == "1"
    with pytest.raises(MessageRejected, match="“sales” among the teams"):
        await names.known("sales")


async def test_a_list_is_read_again_when_it_is_old_or_a_name_is_new() -> None:
    clock, listed = MovedClock(), Listed()
    names = Names("teams", listed.load, clock=clock)
    for _ in range(3):
        await names.find("billing")
        await names.find("sales")
    assert listed.reads == 1, "a name that is not there is no reason to ask at each message"
    listed.names["Sales"] = "4"
    clock.move(seconds=31)
    assert await names.find("sales") == "4" and listed.reads == 2
    clock.move(seconds=300)
    await names.find("billing")
    assert listed.reads == 2
    clock.move(seconds=301)
    await names.find("billing")
    assert listed.reads == 3
