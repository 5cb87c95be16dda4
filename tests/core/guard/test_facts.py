"""Equal facts are equal however they are written; different ones are different."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.guard.facts import canonical_url, facts, literal_facts
from core.guard.known import contradicted, known, supported
from core.guard.plain import folded, plain, tongue


def readings(text: str, language: str = "en") -> set[str]:
    return {reading for fact in facts(text, language) for reading in fact.readings}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("1,000 items", "en"), ("1000 items", "en")),
        (("It is € 5.00", "en"), ("Es sind 5 EUR", "de")),
        (("3,95 €", "de"), ("€3.95", "en")),
        (("1.234,50 EUR", "de"), ("EUR 1,234.50", "en")),
        (("1 000 euros", "fr"), ("€1000", "en")),
        (("US$20", "en"), ("20 dollars", "en")),
        (("3rd of May 2026", "en"), ("2026-05-03", "en")),
        (("May 3, 2026", "en"), ("3. Mai 2026", "de")),
        (("3 de mayo de 2026", "es"), ("le 3 mai 2026", "fr")),
        (("03/05/2026", "en"), ("3 May 2026", "en")),
        (("5 pm", "en"), ("17:00", "en")),
        (("9:30 am", "en"), ("9h30", "fr")),
        (("17 Uhr", "de"), ("5 p.m.", "en")),
        (("two weeks", "en"), ("2 Wochen", "de")),
        (("30-day", "en"), ("30 jours", "fr")),
        (("5 business days", "en"), ("5 Werktage", "de")),
        (("5 jours ouvrés", "fr"), ("five working days", "en")),
        (("20 %", "en"), ("20 Prozent", "de")),
        (("7.5%", "en"), ("7,5 por ciento", "es")),
        (("10GB", "en"), ("10 GB", "en")),
        (("WH-1000XM5", "en"), ("wh1000xm5", "en")),
        (("４５ items", "en"), ("45 items", "en")),
        (("https://www.shop.example/a/", "en"), ("http://shop.example/a", "en")),
        (("+49 30 1234567", "en"), ("+49 (30) 123-4567", "en")),
        (("jeden Montag", "de"), ("every Monday", "en")),
        (("en mayo", "es"), ("au mois de mai 2026", "fr")),
    ],
)
def test_equal_facts(one: tuple[str, str], other: tuple[str, str]) -> None:
    def held(pair: tuple[str, str]) -> set[str]:
        return {
            r for fact in facts(*pair) for r in fact.readings | (fact.parts if fact.kind == "date" else frozenset())
        }

    assert readings(*one), one
    assert held(one) & held(other)
    for fact in facts(*one):
        assert not fact.readings.isdisjoint(held(other)) or fact.kind == "date"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2 weeks", "14 days"),
        ("14 days", "14 weeks"),
        ("5 days", "5 business days"),
        ("€5", "$5"),
        ("5 %", "5 EUR"),
        ("3 May 2026", "4 May 2026"),
        ("3 May 2026", "3 May 2027"),
        ("5 am", "5 pm"),
        ("4.1.1.2", "4.1.1.1"),
        ("10 GB", "10 MB"),
        ("1.5", "15"),
        ("Monday", "Tuesday"),
        ("https://shop.example/a", "https://shop.example/b"),
    ],
)
def test_different_facts(one: str, other: str) -> None:
    assert readings(one) and readings(other)
    assert readings(one).isdisjoint(readings(other))


def test_both_ends_of_a_range_have_the_unit() -> None:
    assert readings("5-7 business days") == {"duration 5 business day", "duration 7 business day"}
    assert readings("$5-$10") == {"price 5 usd", "price 10 usd"}
    assert readings("zwischen 5 und 7 Tagen", "de") == {"duration 5 day", "duration 7 day"}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("one of them", "en"),
        ("eine Person", "de"),
        ("un cliente", "es"),
        ("once you click", "en"),
        ("sei ok", "de"),
        ("due to you", "en"),
    ],
)
def test_articles_and_words_that_only_look_like_numbers(text: str, language: str) -> None:
    assert readings(text, language) == set()


def test_layout_is_no_fact() -> None:
    assert plain("3. Click **Save** [1]") == "Click Save"
    assert plain("**Step 4:** Click `Save` [T2][3]") == "Click Save"
    assert plain("See [the page](https://a.example/x) [1]") == "See the page ( https://a.example/x )"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Sie können den Artikel in der Filiale abgeben", "de"),
        ("Vous pouvez retourner les articles dans le magasin", "fr"),
        ("Usted puede devolver los artículos en la tienda", "es"),
        ("U kunt het artikel niet in de winkel inleveren", "nl"),
        ("You can return the items in the shop", "en"),
    ],
)
def test_the_language_of_a_sentence(text: str, language: str) -> None:
    assert tongue(text) == language


def holds(sentence: str, evidence: str) -> bool:
    read, text = known(evidence), plain(sentence)
    shared = frozenset(word[:5] for word in folded(text).split()) & read.prefixes.keys()
    return all(
        supported(fact, [read], [shared], len(text)) and not contradicted(fact, folded(text), [read])
        for fact in facts(text, "en")
    )


LONG = (
    "Returns are accepted within 30 days of delivery for all unused articles.\n"
    + "Our help desk answers all kinds of letters about any other matter there is. " * 4
    + "\nThe premium plan includes storage for 45 documents and version 4 of the app with 12 templates."
)


def test_a_number_counts_only_where_it_stands() -> None:
    assert holds("Returns are accepted within 30 days of delivery.", LONG)
    assert not holds("Returns of unused articles are accepted up to 45 after delivery.", LONG)
    assert holds("The premium plan includes 45 documents.", LONG)
    assert not holds("The premium plan includes 12 documents.", LONG)
    assert not holds("Use version 12 of the app.", LONG)
    assert holds("Use version 4 of the app.", LONG)


def test_counted_words_are_refuted_only_by_another_count() -> None:
    assert not holds("You may use three devices.", "You may use two devices at once.")
    assert holds("You may use two devices.", "You may use 2 devices at once.")
    assert holds("There are three ways to do this.", "Call us, write to us, or visit us.")


PLAIN = [
    *"abc 019.,:;%€$-/@?!",
    " days",
    " EUR",
    "2026-05-03",
    "5 May ",
    "two ",
    "https://a.example/x ",
    "WH-1000 ",
    "Monday ",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PLAIN), max_size=40).map("".join))
def test_a_text_supports_all_its_own_facts(text: str) -> None:
    read = known(text)
    for fact in facts(text, tongue(text)):
        assert fact.readings <= read.readings.keys()
        assert supported(fact, [read], [frozenset()], len(text))


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 9_999_999),
    st.sampled_from(["{} EUR", "{} days", "{} %", "{}", "{} GB", "version {}"]),
    st.sampled_from(["{:,}", "{}"]),
)
def test_a_figure_equals_only_itself(number: int, frame: str, shape: str) -> None:
    own, next_one = readings(frame.format(shape.format(number))), readings(frame.format(shape.format(number + 1)))
    assert own and next_one and own.isdisjoint(next_one)
    assert own & readings(frame.format(number))


@pytest.mark.parametrize("url", ["http://[", "https://", "www.", "https://a.example:99999/x"])
def test_odd_addresses_do_no_harm(url: str) -> None:
    canonical_url(url)
    facts(f"See {url} now", "en")


@pytest.mark.parametrize(
    ("written", "fact"),
    [
        ("It costs 5 EUROS.", ("price", "5 eur")),
        ("SEK 1,200 a year", ("price", "1200 sek")),
        ("12 Percent off", ("price", "12 %")),
        ("that is 7% less", ("price", "7 %")),
        ("5 ſEK", ("price", "5 sek")),
        ("see WWW.Example.com/A.", ("url", "www.example.com/a")),
        ("HTTPS://example.com", ("url", "https://example.com")),
        ("Jo@Example.com", ("email", "jo@example.com")),
    ],
)
def test_what_a_quote_states_is_found_however_it_is_written(written: str, fact: tuple[str, str]) -> None:
    assert fact in literal_facts(written)
