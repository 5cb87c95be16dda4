from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.ports.helpdesk import By, Entry, EntryDraft
from handoff.kit.matching import SKEW, find_ours, said

AT = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
DRAFT = EntryDraft(key="c_a#3#0", by=By.CONTACT, author="Ann", text="Where is **my** order?", is_public=True, at=AT)


def entry(id_: str, **changes: object) -> Entry:
    found = Entry(id=id_, by=By.OURS, is_public=True, text="Where is my\norder?", at=AT + timedelta(seconds=3))
    return replace(found, **changes)  # type: ignore[arg-type]  # any field of an entry


def test_the_same_words_in_other_markup_are_ours() -> None:
    found = find_ours(DRAFT, [entry("1", text="Where is my *parcel*?"), entry("2")])
    assert found is not None
    assert found.id == "2"


def test_a_key_decides_before_words() -> None:
    keyed = entry("9", key=DRAFT.key, text="cut short")
    assert find_ours(DRAFT, [entry("2"), keyed]) is keyed
    assert find_ours(DRAFT, [entry("2", key="c_a#4#0")]) is None


def test_the_nth_of_equal_texts_is_the_nth_entry() -> None:
    both = [entry("1"), entry("2")]
    first = find_ours(DRAFT, both)
    second = find_ours(DRAFT, both, taken={"1"})
    assert first is not None
    assert second is not None
    assert (first.id, second.id) == ("1", "2")
    assert find_ours(DRAFT, both, taken={"1", "2"}) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"is_public": False},
        {"is_public": None},
        {"by": By.AGENT},
        {"by": By.OTHER},
        {"is_deleted": True},
        {"at": AT - SKEW - timedelta(seconds=1)},
        {"text": "Where is my order!"},
    ],
    ids=str,
)
def test_what_differs_is_not_ours(changes: dict[str, object]) -> None:
    assert find_ours(DRAFT, [entry("1", **changes)]) is None


def test_on_behalf_of_the_contact_only_for_the_contacts_words() -> None:
    theirs = entry("1", by=By.CONTACT)
    assert find_ours(DRAFT, [theirs]) is theirs
    assert find_ours(replace(DRAFT, by=By.OURS), [theirs]) is None


def test_a_message_of_files_alone_is_known_by_their_names() -> None:
    assert said("", ["b.png", "a.png"]) == said(" \n", ["a.png", "b.png"])
    assert said("", ["a.png"]) != said("", ["b.png"])
    assert said("see", ["a.png"]) == said("see", [])
