"""Counting and cutting SMS."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.twilio.render_sms import render
from adapters.twilio.segments import is_gsm, plain_characters, segments
from core.domain import MessageKind
from tests.contracts.channel_world import citation, message


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 153, 3),  # the euro sign is not divided, so one place stays empty
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("я" * 134, 2),
        ("я" * 135, 3),
        ("👍" * 35, 1),
        ("👍" * 36, 2),
        ("👍" * 66, 2),
        ("👍" * 67, 3),
        ("a" * 159 + "ç", 3),  # small c with cedilla is not in the alphabet, the capital is
        ("Ç" * 160, 1),
    ],
)
def test_segments(text: str, count: int) -> None:
    assert segments(text) == count


@given(st.text(max_size=400))
def test_fewer_characters_never_need_more_segments_of_the_same_alphabet(text: str) -> None:
    shorter = text[:-1]
    if is_gsm(shorter) == is_gsm(text):
        assert segments(shorter) <= segments(text) <= segments(shorter) + 1


def test_typographic_characters_are_written_plainly_only_where_that_saves_anything() -> None:
    assert plain_characters("It’s “fine” – wait…\u00a0ok") == 'It\'s "fine" - wait... ok'
    assert plain_characters("Это «да» — нет…") == "Это «да» — нет…"
    assert plain_characters("plain") == "plain"


def test_a_short_reply_is_one_message_with_its_sources_and_numbers() -> None:
    said = message("You have **30 days** [1].", citations=(citation(1),), choices=("Yes, please", "No"))
    (part,) = render(said, max_segments=3, mms=False)
    assert part.text == ("You have 30 days [1].\n\n[1] Returns https://shop.example/returns\n\n1) Yes, please\n2) No")
    assert segments(part.text) == 1


@pytest.mark.parametrize(
    "words", ["The parcel is on its way, number {n}.", "Посылка уже в пути, номер {n}.", "👍🏽 {n} €"]
)
@pytest.mark.parametrize("most", [1, 3])
def test_every_part_of_a_long_reply_is_short_enough(words: str, most: int) -> None:
    text = " ".join(words.format(n=f"n{number}x") for number in range(60))
    parts = render(message(text), max_segments=most, mms=False)
    assert len(parts) > 1 and all(1 <= segments(part.text) <= most for part in parts)
    found = [int(number) for part in parts for number in re.findall(r"n(\d+)x", part.text)]
    assert found == list(range(60))


def test_a_rating_is_asked_for_by_numbers_in_one_segment() -> None:
    (part,) = render(message("How did we do?", kind=MessageKind.CSAT_REQUEST), max_segments=1, mms=False)
    assert part.text == "How did we do?\n\n1 :-(  2  3  4  5 :-)" and is_gsm(part.text)


def test_links_stand_bare_and_whole() -> None:
    url = "https://shop.example/" + "a" * 120
    parts = render(message(f"{'word ' * 40} See [our rules]({url})."), max_segments=1, mms=False)
    assert [part for part in parts if f"({url})" in part.text]
