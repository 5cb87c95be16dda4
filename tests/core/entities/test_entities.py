"""What messages name, in normal forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.entities import KINDS, CustomEntity, Entity, EntitySettings, entities, lexicon
from core.entities.page import folded
from core.words import fold

AT = datetime(2022, 3, 15, 9, 0, tzinfo=UTC)
"""A Tuesday."""


def read(text: str, language: str = "en", region: str = "") -> list[tuple[str, str, str | None]]:
    found = entities(text, language=language, at=AT, lexicon=lexicon(EntitySettings(region=region)))
    return [(entity.kind, entity.text, entity.value) for entity in found]


@pytest.mark.parametrize(
    ("text", "written", "value"),
    [
        ("since 2026-01-31", "2026-01-31", "2026-01-31"),
        ("it was 2026/1/31.", "2026/1/31", "2026-01-31"),
        ("on 24.12.2026", "24.12.2026", "2026-12-24"),
        ("24/12/26 please", "24/12/26", "2026-12-24"),
        ("12/24/2026 please", "12/24/2026", "2026-12-24"),
        ("4/5/2026", "4/5/2026", None),
        ("Thursday 30th June", "Thursday 30th June", "2022-06-30"),
        ("on the 3rd of May 2026", "3rd of May 2026", "2026-05-03"),
        ("July the 20th 1992", "July the 20th 1992", "1992-07-20"),
        ("Friday 31, August  2018", "Friday 31, August  2018", "2018-08-31"),
        ("the first of May", "first of May", "2022-05-01"),
        ("25 Dec", "25 Dec", "2021-12-25"),
        ("23 Mar", "23 Mar", "2022-03-23"),
        ("on 31 Feb", "31 Feb", None),
        ("on the 5th", "5th", "2022-04-05"),
        ("on the 15th please", "15th", "2022-03-15"),
        ("the 21st of the month", "21st of the month", "2022-03-21"),
        ("Friday the 17th", "Friday the 17th", "2022-03-17"),
        ("since April", "April", "2022-04"),
        ("since November", "November", "2021-11"),
        ("on September 2023", "September 2023", "2023-09"),
        ("open since 2016", "2016", "2016"),
        ("today", "today", "2022-03-15"),
        ("tonight", "tonight", "2022-03-15"),
        ("last night", "last night", "2022-03-14"),
        ("the day after tomorrow", "day after tomorrow", "2022-03-17"),
        ("by Wednesday", "Wednesday", "2022-03-16"),
        ("on Tuesday", "Tuesday", "2022-03-22"),
        ("next Friday", "next Friday", "2022-03-25"),
        ("this Thursday", "this Thursday", "2022-03-17"),
        ("last Monday", "last Monday", "2022-03-14"),
        ("last Tuesday", "last Tuesday", "2022-03-08"),
        ("saturday last week", "saturday last week", "2022-03-12"),
        ("Wednesday in a week", "Wednesday in a week", "2022-03-23"),
        ("in 3 days", "in 3 days", "2022-03-18"),
        ("two weeks ago", "two weeks ago", "2022-03-01"),
        ("6 months ago", "6 months ago", "2021-09-15"),
        ("a few days ago", "a few days ago", None),
        ("new year's eve 2025", "new year's eve 2025", "2025-12-31"),
    ],
)
def test_dates(text: str, written: str, value: str | None) -> None:
    assert read(text) == [("date", written, value)]


@pytest.mark.parametrize(
    ("text", "language", "kind", "written", "value"),
    [
        ("nächsten Freitag", "de", "date", "nächsten Freitag", "2022-03-25"),
        ("vor 3 Tagen", "de", "date", "vor 3 Tagen", "2022-03-12"),
        ("am 24.12. bitte", "de", "date", "24.12.", "2021-12-24"),
        ("übermorgen", "de", "date", "übermorgen", "2022-03-17"),
        ("um 18 Uhr", "de", "time", "18 Uhr", "18:00"),
        ("halb sieben", "de", "time", "halb sieben", "06:30"),
        ("dreißig Euro", "de", "amount", "dreißig Euro", "30 EUR"),
        ("1.299,00 €", "de", "amount", "1.299,00 €", "1299.00 EUR"),
        ("il y a deux semaines", "fr", "date", "il y a deux semaines", "2022-03-01"),
        ("vendredi prochain", "fr", "date", "vendredi prochain", "2022-03-25"),
        ("le 3 mai 2026", "fr", "date", "3 mai 2026", "2026-05-03"),
        ("à 18h30", "fr", "time", "18h30", "18:30"),
        ("cinquante euros", "fr", "amount", "cinquante euros", "50 EUR"),
        ("hace 3 días", "es", "date", "hace 3 días", "2022-03-12"),
        ("el viernes que viene", "es", "date", "viernes que viene", "2022-03-25"),
        ("pasado mañana", "es", "date", "pasado mañana", "2022-03-17"),
        ("3 de mayo de 2026", "es", "date", "3 de mayo de 2026", "2026-05-03"),
        ("daqui a 3 dias", "pt", "date", "daqui a 3 dias", "2022-03-18"),
        ("sexta-feira passada", "pt", "date", "sexta-feira passada", "2022-03-11"),
        ("3 giorni fa", "it", "date", "3 giorni fa", "2022-03-12"),
        ("venti euro", "it", "amount", "venti euro", "20 EUR"),
        ("over 3 dagen", "nl", "date", "over 3 dagen", "2022-03-18"),
        ("volgende week vrijdag", "nl", "date", "volgende week vrijdag", "2022-03-25"),
        ("vijftig euro", "nl", "amount", "vijftig euro", "50 EUR"),
    ],
)
def test_other_languages(text: str, language: str, kind: str, written: str, value: str) -> None:
    assert (kind, written, value) in read(text, language)


@pytest.mark.parametrize(
    ("text", "language"), [("Guten Morgen", "de"), ("por la mañana", "es"), ("goede morgen", "nl")]
)
def test_a_morning_is_no_tomorrow(text: str, language: str) -> None:
    assert read(text, language) == []


def test_a_range_shares_its_month() -> None:
    assert read("from the 16th to the 22nd of Apr") == [
        ("date", "16th", "2022-04-16"),
        ("date", "22nd of Apr", "2022-04-22"),
    ]
    assert [value for _, _, value in read("17 - 19 July")] == ["2022-07-17", "2022-07-19"]


@pytest.mark.parametrize(
    ("text", "written", "value"),
    [
        ("at 18:30", "18:30", "18:30"),
        ("6pm", "6pm", "18:00"),
        ("12:45 p.m.", "12:45 p.m.", "12:45"),
        ("12:30 a.m.", "12:30 a.m.", "00:30"),
        ("9 05 in the morning", "9 05 in the morning", "09:05"),
        ("22:35 night", "22:35 night", "22:35"),
        ("9:20 night", "9:20 night", "21:20"),
        ("2:10 night", "2:10 night", "02:10"),
        ("half past six", "half past six", "06:30"),
        ("at quarter to 9", "quarter to 9", "08:45"),
        ("25 to 7 p.m.", "25 to 7 p.m.", "18:35"),
        ("20 to 2 will do", "20 to 2", "01:40"),
        ("10 o'clock", "10 o'clock", "10:00"),
        ("Ok at 4", "4", "04:00"),
        ("before 4, please", "4", "04:00"),
        ("at seven thirty", "seven thirty", "07:30"),
        ("at noon", "noon", "12:00"),
        ("in 2 hours", "in 2 hours", "11:00"),
        ("15 minutes ago", "15 minutes ago", "08:45"),
    ],
)
def test_times(text: str, written: str, value: str) -> None:
    assert read(text) == [("time", written, value)]


def test_both_ends_of_a_span_of_hours() -> None:
    assert [value for _, _, value in read("between 8 and 10")] == ["08:00", "10:00"]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("this month", "period", "2022-03"),
        ("last year", "period", "2021"),
        ("next week", "period", "2022-W12"),
        ("last quarter", "period", "2021-Q4"),
        ("this weekend", "period", "2022-03-19/2022-03-20"),
        ("last 3 days", "period", "2022-03-12/2022-03-15"),
        ("October last year", "period", "2021-10"),
        ("every month", "period", "R/P1M"),
        ("on the 4th of each month", "period", "R/P1M"),
        ("3 nights", "duration", "P3D"),
        ("a fortnight", "duration", "P2W"),
        ("half an hour", "duration", "PT0.5H"),
    ],
)
def test_periods_and_durations(text: str, kind: str, value: str) -> None:
    assert [(found, normal) for found, _, normal in read(text)] == [(kind, value)]


@pytest.mark.parametrize(
    ("text", "region", "written", "value"),
    [
        ("fifty quid", "", "fifty quid", "50 GBP"),
        ("a thousand pounds", "", "a thousand pounds", "1000 GBP"),
        ("two hundred and fifty euros", "", "two hundred and fifty euros", "250 EUR"),
        ("40€ back", "", "40€", "40 EUR"),
        ("$8,882.50", "", "$8,882.50", "8882.50 USD"),
        ("EUR 1,299", "", "EUR 1,299", "1299 EUR"),
        ("5k dollars", "", "5k dollars", "5000 USD"),
        ("20 dollars", "AU", "20 dollars", "20 AUD"),
        ("100 kr", "DK", "100 kr", "100 DKK"),
        ("I paid 5 pounds 50", "", "5 pounds 50", "5.50 GBP"),
        ("only 20p", "", "20p", "0.20 GBP"),
        ("99 cents", "US", "99 cents", "0.99 USD"),
        ("a 800 transfer", "", "800", "800"),
        ("I spent more than 400", "", "400", "400"),
    ],
)
def test_amounts(text: str, region: str, written: str, value: str) -> None:
    assert read(text, region=region) == [("amount", written, value)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("We are 2 adults and 2 children.", ["2", "2"]),
        ("for two people", ["2"]),
        ("twenty-five of them", ["25"]),
        ("just one", ["1"]),
        ("a double room", ["1"]),
        ("we have no kids", ["0"]),
        ("the one I bought", []),
        ("I'd like a new one", []),
        ("in room 1032 with Windows 11", []),
        ("version 8.5.5.9 fails", []),
        ("I tried 4 times", []),
        ("20 % less", []),
    ],
)
def test_numbers(text: str, values: list[str]) -> None:
    assert [value for kind, _, value in read(text) if kind == "number"] == values


@pytest.mark.parametrize(
    ("text", "region", "kind", "written", "value"),
    [
        ("my order number is 4711-22", "", "order", "4711-22", "4711-22"),
        ("order lk-204518", "", "order", "lk-204518", "LK-204518"),
        ("Write to Anna.B@mail.example.", "", "email", "Anna.B@mail.example", "anna.b@mail.example"),
        ("see https://x.example/1.", "", "url", "https://x.example/1", "https://x.example/1"),
        ("+44 20 7946 0018 please", "", "phone", "+44 20 7946 0018", "+442079460018"),
        ("call 020 7946 0018", "GB", "phone", "020 7946 0018", "+442079460018"),
        ("call 020 7946 0018", "", "phone", "020 7946 0018", None),
        ("de89 3704 0044 0532 0130 00", "", "iban", "de89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("4111 1111 1111 1111", "", "card", "•••• 1111", "•••• 1111"),
        ("1Z999AA10123456784", "", "tracking", "1Z999AA10123456784", "UPS 1Z999AA10123456784"),
        ("RB123456785GB", "", "tracking", "RB123456785GB", "POST RB123456785GB"),
        ("my fedex parcel 986578788855", "", "tracking", "986578788855", "FEDEX 986578788855"),
        ("parcel 9400111202555842332669", "", "tracking", "9400111202555842332669", "USPS 9400111202555842332669"),
        ("dhl 8487135506", "", "tracking", "8487135506", "DHL 8487135506"),
    ],
)
def test_identifiers(text: str, region: str, kind: str, written: str, value: str | None) -> None:
    assert (kind, written, value) in read(text, region=region)


@pytest.mark.parametrize(
    "text",
    ["1Z999AA10123456785", "RB123456784GB", "dhl 8487135507", "4111 1111 1111 1112", "DE89 3704 0044 0532 0130 01"],
)
def test_check_digits_decide(text: str) -> None:
    assert {"tracking", "card", "iban"}.isdisjoint(kind for kind, _, _ in read(text))


def test_the_zone_tells_the_day() -> None:
    late = datetime(2022, 3, 15, 23, 30, tzinfo=UTC)
    there = late.astimezone(timezone(timedelta(hours=2)))
    assert [entities("tomorrow", at=at)[0].value for at in (late, there)] == ["2022-03-16", "2022-03-17"]


def test_without_a_time_of_writing_what_is_relative_has_no_value() -> None:
    found = entities("tomorrow, 5 May or 2026-05-05, last week, in 2 hours")
    assert [entity.value for entity in found] == [None, None, "2026-05-05", None, None]


def test_spans_are_those_of_the_text_as_written() -> None:
    text = "Größe  ﬁx: für dreißig Euro, am 3. März 2026 — ok@x.example"
    found = entities(text, language="de", at=AT)
    assert [text[entity.start : entity.end] for entity in found] == ["dreißig Euro", "3. März 2026", "ok@x.example"]
    assert [entity.text for entity in found] == ["dreißig Euro", "3. März 2026", "ok@x.example"]


OWN = lexicon(
    EntitySettings(
        products={"Rosa Mundi": ("apothecary rose",)},
        custom={
            "serial": CustomEntity(pattern=r"SN[0-9]{6}"),
            "colour": CustomEntity(words={"red": ("crimson", "rot"), "dark red": ()}),
        },
    ),
    products=("Iceberg Climbing",),
)


def test_kinds_of_the_tenant() -> None:
    found = entities("My ROSA Mundi (sn123456) came in crimson, not dark red; the iceberg climbing too", lexicon=OWN)
    assert [(entity.kind, entity.text, entity.value) for entity in found] == [
        ("product", "ROSA Mundi", "Rosa Mundi"),
        ("serial", "sn123456", "sn123456"),
        ("colour", "crimson", "red"),
        ("colour", "dark red", "dark red"),
        ("product", "iceberg climbing", "Iceberg Climbing"),
    ]


@pytest.mark.parametrize("filler", range(90, 215, 3))
def test_a_pattern_finds_its_match_wherever_it_stands(filler: int) -> None:
    found = entities("x " * filler + "SN123456" + " y" * 150, lexicon=OWN)
    assert [(entity.kind, entity.start) for entity in found if entity.kind == "serial"] == [("serial", 2 * filler)]


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(max_size=160), st.text("0123456789 ./-:thalfpsmonjuye€$kßﬁ\n", max_size=120)),
    st.sampled_from(["en", "de", "fr", "es", "pt", "it", "nl", "sv"]),
)
def test_any_text_can_be_read(text: str, language: str) -> None:
    end = 0
    for entity in entities(text, language=language, at=AT):
        assert entity.kind in KINDS and entity.start >= end
        assert entity.kind == "card" or text[entity.start : entity.end] == entity.text
        end = entity.end


@pytest.mark.parametrize("at", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)])
def test_the_ends_of_time_have_no_days_beyond(at: datetime) -> None:
    said = "9999 years ago, in 9999 years, 9999 days ago, in 9999 days, last 99 years, in 200 hours, 200 hours ago, next friday"
    assert {entity.value for entity in entities(said, at=at)} == {None}
    assert entities("yesterday, last week, friday in a week, 5 may", at=at)[0].value is None


def test_an_entity_is_its_kind_and_text() -> None:
    assert Entity("order", "A1", start=3, end=5, value="A1") == Entity("order", "A1")


@given(st.text(alphabet="aÉß9ſ \n\t\xa0\u2003…", max_size=30))
def test_every_folded_character_knows_its_place(text: str) -> None:
    low, places = folded(text)
    assert len(low) == len(places) and sorted(places) == list(places)
    for ch, place in zip(low, places, strict=True):
        assert ch in (text[place], *fold(text[place])) or (ch.isspace() and text[place].isspace())
    assert "".join(low.split()) == "".join("".join(text.split()).replace("É", "e").replace("ß", "ss").replace("ſ", "s"))


@pytest.mark.parametrize("gap", [" ", "  ", "\n\n", " \xa0"])
def test_gaps_hide_nothing(gap: str) -> None:
    text = (
        f"Call{gap}me{gap}at{gap}6.30pm{gap}or{gap}17:45{gap}about{gap}ORDER{gap}No.{gap}A-1234{gap}of{gap}24.12.2021"
    )
    found = {(entity.kind, entity.value): text[entity.start : entity.end] for entity in entities(text, at=AT)}
    assert found[("time", "18:30")] == "6.30pm" and found[("time", "17:45")] == "17:45"
    assert found[("order", "A-1234")] == "A-1234" and found[("date", "2021-12-24")] == "24.12.2021"
