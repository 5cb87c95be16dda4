"""What "the second one" is, and what stays meant."""

from __future__ import annotations

import pytest

from core.entities import Entity, carried, resolve

ROSES = ("Red Rose", "White Lily", "Blue Iris")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("the second one", 1),
        ("I'll take the 2nd", 1),
        ("the last", 2),
        ("number 3", 2),
        ("option two please", 1),
        ("#1", 0),
        ("2", 1),
        ("two", 1),
        ("second to last", 1),
        ("das zweite", 1),
        ("la segunda", 1),
        ("le dernier", 2),
        ("de derde", 2),
        ("white lily", 1),
        ("the iris, please", 2),
        ("4", None),
        ("number 7", None),
        ("the cheaper one", None),
        ("the first two", None),
        ("both", None),
        ("none of them", None),
        ("last time it broke", None),
        ("my second order has not arrived yet", None),
        ("the red or the white one", None),
        ("hello", None),
        ("", None),
    ],
)
def test_which_one(text: str, place: int | None) -> None:
    assert resolve(text, ROSES) == place


def test_a_word_that_all_share_tells_none() -> None:
    assert resolve("rose", ("Red Rose", "White Rose")) is None
    assert resolve("rose bush", ("Rose", "Rose Bush")) == 1


def test_nothing_offered_nothing_meant() -> None:
    assert resolve("the first", ()) is None


ORDER, OTHER = Entity("order", "A-1001", start=3, end=9, value="A-1001"), Entity("order", "B-2002")


def test_an_order_named_two_turns_ago_is_still_meant() -> None:
    found = carried((Entity("date", "tomorrow"),), ((ORDER,), (Entity("number", "2"),)))
    assert found == (Entity("date", "tomorrow"), ORDER)
    assert [(entity.carried, entity.start, entity.value) for entity in found] == [
        (False, -1, None),
        (True, -1, "A-1001"),
    ]


def test_one_named_now_takes_its_place() -> None:
    assert carried((OTHER,), ((ORDER,),)) == (OTHER,)


def test_the_last_message_that_named_any_counts() -> None:
    assert carried((), ((ORDER,), (OTHER,))) == (OTHER,)
    assert carried((), ((ORDER, OTHER),)) == (ORDER, OTHER)


def test_kinds_of_the_tenant_stay_dates_do_not() -> None:
    earlier = ((Entity("serial", "SN1"), Entity("date", "5 May"), Entity("email", "a@b.example")),)
    assert [entity.kind for entity in carried((), earlier)] == ["serial"]


def test_what_is_long_past_is_no_longer_meant() -> None:
    assert carried((), ((ORDER,), *((),) * 7)) == (ORDER,)
    assert carried((), ((ORDER,), *((),) * 8)) == ()
