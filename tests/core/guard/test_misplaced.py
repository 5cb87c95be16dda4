"""A fact must stand where the evidence says it of the same thing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.guard.findings import Checked, Evidence
from core.guard.known import known
from core.guard.layout import layout
from core.guard.sentence_guard import SentenceGuard
from core.guard.settings import GuardLevels, GuardSettings, Level, Strictness

SHOP = """Returns and exchanges
Our conditions
You can return an item within 30 days of delivery. Exchanges must be asked for within 14 days of delivery.
The refund goes back to the card you paid with and takes 5 business days. Gift cards are valid for 24 months.

## Delivery
| Service | Price | Time |
|---|---|---|
| Standard | £3.95 | 4 days |
| Express | £6.95 | next day |
- Orders above £50 ship free.
- To open a return, go to My Orders and click Return Item in the menu.
- To stop your plan, go to Billing and click Cancel Plan in the menu.
Our office is open from 9:00 to 17:30, our hotline from 8:00 to 20:00.
The Zeta plan covers 3 devices and the Omega plan covers 10 devices.
Acme Portal was founded on 3 May 2011 and moved to Leeds on 7 June 2019.
Customers pay 7.5 % interest on loans and earn 1.2 % interest on savings.
"""
OTHERS = {
    "de": "Rückgabe\nRegeln\nSie können Artikel innerhalb von 30 Tagen nach Erhalt zurückgeben. "
    "Ein Umtausch ist innerhalb von 14 Tagen "
    "nach dem Kauf möglich. Die Garantie gilt 24 Monate. "
    "Der Versand mit DHL kostet 3,95 €, der Versand mit Hermes kostet 4,50 €.",
    "fr": "Retours\nRègles\nVous pouvez retourner un article sous 30 jours après la livraison. "
    "Un échange est possible sous 14 jours après "
    "l'achat. La garantie dure 24 mois. La livraison avec Colissimo coûte 3,95 €, la livraison avec Chronopost coûte 9 €.",
    "es": "Devoluciones\nReglas\nPuede devolver un artículo en 30 días desde la entrega. "
    "El cambio es posible en 14 días desde la compra. "
    "La garantía dura 24 meses. El envío con Correos cuesta 3,95 €, el envío con Seur cuesta 9 €.",
    "it": "Resi\nRegole\nPuoi restituire un articolo entro 30 giorni dalla consegna. "
    "Il cambio è possibile entro 14 giorni dall'acquisto. "
    "La garanzia dura 24 mesi. La spedizione con Poste costa 3,95 €, la spedizione con Bartolini costa 9 €.",
    "pt": "Devoluções\nRegras\nPode devolver um artigo em 30 dias após a entrega. "
    "A troca é possível em 14 dias após a compra. "
    "A garantia dura 24 meses. O envio com Correios custa 3,95 €, o envio com Jadlog custa 9 €.",
    "nl": "Retouren\nRegels\nU kunt een artikel binnen 30 dagen na levering terugsturen. "
    "Ruilen kan binnen 14 dagen na aankoop. "
    "De garantie duurt 24 maanden. Verzending met PostNL kost 3,95 €, verzending met Homerr kost 9 €.",
}
HOLD = GuardSettings()


def check(sentence: str, source: str = SHOP, *, given: GuardSettings = HOLD, said: str = "", **tools: str) -> Checked:
    return SentenceGuard(given, Evidence(sources={1: source}, said=said, tools=tools)).check(sentence)


def rules(sentence: str, source: str = SHOP) -> set[str]:
    return {one.rule for one in check(sentence, source).findings}


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("You can return an item within 14 days of delivery. [1]", "misplaced_duration"),
        ("You can return an item within 24 months of delivery. [1]", "misplaced_duration"),
        ("Yes, exchanges must be asked for within 30 days of delivery. [1]", "misplaced_duration"),
        ("Our office is open from 8:00 to 17:30. [1]", "misplaced_time"),
        ("The Zeta plan covers 10 devices. [1]", "misplaced_number"),
        ("Acme Portal was founded on 7 June 2019. [1]", "misplaced_date"),
        ("Customers pay 1.2 % interest on loans. [1]", "misplaced_percent"),
        ("To open a return, go to Billing and click Return Item in the menu. [1]", "misplaced_name"),
        ("To stop your plan, go to Billing and click Return Item in the menu. [1]", "misplaced_name"),
        ("- Orders above £3.95 ship free. [1]", "misplaced_price"),
    ],
)
def test_a_fact_said_of_something_else_is_held_back(sentence: str, rule: str) -> None:
    checked = check(sentence)
    assert not checked.is_released
    assert rule in {one.rule for one in checked.findings}


@pytest.mark.parametrize(
    "sentence",
    [
        "You can return an item within 30 days of delivery, and exchanges must be asked for within 14 days of delivery. [1]",
        "For exchanges you have 14 days, for returns 30 days. [1]",
        "Items can be sent back for 30 days once they have been delivered. [1]",
        "If you want to exchange an item instead, you have 14 days of delivery. [1]",
        "Standard delivery costs £3.95 and takes 4 days. [1]",
        "Express delivery costs £6.95 and arrives the next day. [1]",
        "Delivery is £6.95 with Express, £3.95 with Standard, and free above £50. [1]",
        "Our hotline is open from 8:00 to 20:00, our office from 9:00 to 17:30. [1]",
        "The office opens at 9 am and closes at 5:30 pm. [1]",
        "The Omega plan covers ten devices, the Zeta plan only three. [1]",
        "With Omega you can use 10 devices, with Zeta 3 devices. [1]",
        "Go to My Orders, then click Return Item. [1]",
        "To cancel, open Billing and choose Cancel Plan. [1]",
        "Acme Portal moved to Leeds on 7 June 2019, long after it was founded on 3 May 2011. [1]",
        "Savings earn 1.2 %, while loans cost 7.5 % interest. [1]",
        "Your refund takes 5 business days, and gift cards are valid for 24 months. [1]",
        "Gift cards can be used for 24 months. [1]",
    ],
)
def test_other_words_and_another_order_pass(sentence: str) -> None:
    assert check(sentence).findings == ()


@pytest.mark.parametrize(
    ("language", "true", "wrong"),
    [
        (
            "de",
            "Ein Umtausch ist innerhalb von 14 Tagen möglich, eine Rückgabe innerhalb von 30 Tagen. [1]",
            "Ein Umtausch ist innerhalb von 30 Tagen nach dem Kauf möglich. [1]",
        ),
        (
            "fr",
            "Un échange est possible sous 14 jours, un retour sous 30 jours. [1]",
            "Un échange est possible sous 30 jours après l'achat. [1]",
        ),
        (
            "es",
            "El cambio es posible en 14 días y la devolución en 30 días. [1]",
            "El cambio es posible en 30 días desde la compra. [1]",
        ),
        (
            "it",
            "Il cambio è possibile entro 14 giorni, il reso entro 30 giorni. [1]",
            "Il cambio è possibile entro 30 giorni dall'acquisto. [1]",
        ),
        (
            "pt",
            "A troca é possível em 14 dias e a devolução em 30 dias. [1]",
            "A troca é possível em 30 dias após a compra. [1]",
        ),
        (
            "nl",
            "Ruilen kan binnen 14 dagen, terugsturen binnen 30 dagen. [1]",
            "Ruilen kan binnen 30 dagen na aankoop. [1]",
        ),
    ],
)
def test_other_languages(language: str, true: str, wrong: str) -> None:
    assert rules(true, OTHERS[language]) == set()
    assert rules(wrong, OTHERS[language]) == {"misplaced_duration"}


@pytest.mark.parametrize("source", [SHOP, *OTHERS.values()])
def test_the_evidence_itself_passes(source: str) -> None:
    pieces = [line for line in source.split("\n")[2:] if line.strip() and "|" not in line and "#" not in line]
    assert pieces
    for line in pieces:
        assert not any(rule.startswith("misplaced") for rule in rules(f"{line} [1]", source)), line


FAIR = """Garden club
News
Members get into the spring fair of the garden club in the old town hall on 4 May 2026 already.
Bring gloves.
Dogs stay at home.
{heading}
Bring a basket.
- Gates: 9 June 2025.
"""
ABOUT_FAIR = "The spring fair of the garden club in the old town hall opens from 9 June 2025 onwards. [1]"


def test_a_date_that_stands_apart_is_misplaced_unless_what_stands_above_it_tells_of_the_same() -> None:
    assert rules(ABOUT_FAIR, FAIR.format(heading="## Leaflets")) == {"misplaced_date"}
    assert rules(ABOUT_FAIR, FAIR.format(heading="## Spring fair of the garden club in the old town hall")) == set()


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("Zoom and Adobe accounts are free for staff. [1]", "Adobe and Zoom accounts are free for staff."),
        (
            "All parcels from Leeds take 6 days on average. [1]",
            "Parcels to Leeds take 4 days. Parcels from Leeds take 6 days.",
        ),
        ("Click Settings to keep things tidy. [1]", "Click Save to keep your work. Your name stands in Settings."),
        (
            "Press the Acme button to start the mower now. [1]",
            "Press the green button to start the mower now. Made by Acme.",
        ),
        ("We ship by UPS to all of Europe. [1]", "We ship by DHL or UPS to all of Europe."),
        (
            "Jede Lieferung wird in 3 Tagen gebracht. [1]",
            "Jede Bestellung wird in 3 Tagen gebracht. Die Lieferung ist gratis.",
        ),
        ("Delivery takes 5 days to France. [1]", "Delivery takes 3 days to the UK. To France it takes 5 days."),
    ],
)
def test_what_only_looks_replaced_passes(sentence: str, source: str) -> None:
    assert rules(sentence, f"Help\nFor all\n{source}") == set()


def test_a_sentence_about_sources_in_another_language_is_left_alone() -> None:
    assert rules("Returns are possible for 30 days, exchanges for 14 days. [1]", OTHERS["de"]) == set()


def test_languages_without_spaces_are_left_alone() -> None:
    source = "返品\n規則\n商品は30日以内に返品できます。交換は14日以内に可能です。"
    assert rules("商品は14日以内に返品できます。 [1]", source) == set()
    spaced = "商 品 は 30 日 以 内 に 返 品。 交 換 は 14 日 以 内 に 可 能。"
    assert rules("商 品 は 14 日 以 内 に 返 品。 [1]", spaced) == set()


def test_what_the_contact_or_a_tool_said_needs_no_place() -> None:
    wrong = "You can return an item within 14 days of delivery. [1]"
    assert not check(wrong).is_released
    assert check(wrong, said="My colleague told me 14 days?").is_released
    strict = GuardSettings(strictness=Strictness.STRICT)
    assert not check(wrong, said="My colleague told me 14 days?", given=strict).is_released
    assert check("You can return an item within 14 days of delivery. [1] [T1]", T1='{"window": "14 days"}').is_released
    assert check("Your return window is 14 days. [T1]", T1='{"window":\n"14 days",\n"paid":\n"30 days"}').is_released
    named = "To open a return, go to Billing and click Return Item in the menu. [1]"
    assert not check(named).is_released
    assert check(named, said="Do I click Billing?").is_released


def test_levels() -> None:
    wrong = "You can return an item within 14 days of delivery. [1]"
    noted = check(wrong, given=GuardSettings(levels=GuardLevels(misplaced=Level.NOTE)))
    assert noted.is_released and [one.rule for one in noted.findings] == ["misplaced_duration"]
    assert check(wrong, given=GuardSettings(levels=GuardLevels(misplaced=Level.OFF))).findings == ()
    name = "To open a return, go to Billing and click Return Item in the menu. [1]"
    eased = check(name, given=GuardSettings(levels=GuardLevels(names=Level.NOTE)))
    assert eased.is_released and {one.rule for one in eased.findings} == {"misplaced_name"}
    assert check(name, given=GuardSettings(levels=GuardLevels(names=Level.OFF))).findings == ()


def test_a_layout_has_sentences_rows_and_items_with_what_stands_above_them() -> None:
    laid = layout(SHOP)
    express = laid.piece_at(known(SHOP).text.index("express"))
    words = [laid.tokens[at] for at in range(*laid.span(express))]
    assert words == ["express", "6.95", "next", "day"]
    assert {"servi", "price", "deliv", "retur", "our"} <= laid.context[express]
    founded = laid.piece_at(known(SHOP).text.index("acme"))
    assert "servi" not in laid.context[founded]
    assert "".join(laid.classes[at] for at in laid.tokens_at["leeds"]) == "c"
    assert laid.span(len(laid.starts) - 1)[1] == len(laid.tokens)


def test_shortened_words_end_no_sentence() -> None:
    starts = layout("Title\nHeading\nWrite to Dr. Smith, e.g. on Monday. He answers.").starts
    assert len(starts) == 4


@pytest.mark.parametrize("source", ["", " ", "\n\n", "7", "Zeta", "…", "|", "| 7 |\n" * 500, "Zeta 7 " * 3_000])
def test_odd_sources(source: str) -> None:
    check("The Zeta plan covers 7 devices. [1]", source)


WORDS = st.sampled_from(
    (
        *(
            "the",
            "a",
            "plan",
            "Zeta",
            "Omega",
            "covers",
            "3",
            "10",
            "devices",
            "£5",
            "£7",
            "days",
            "14",
            "within",
            "30",
            "May",
        ),
        *("2020", ".", ",", "|", "#", "\n", "-", "Wix", "(3)", "返品", "½", "İ", "ß"),
    )
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=40), st.lists(WORDS, max_size=60))
def test_any_words_against_any_words(said: list[str], source: list[str]) -> None:
    checked = check(" ".join(said) + " [1]", " ".join(source))
    assert checked.is_released or checked.findings


@settings(max_examples=100, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=60), st.data())
def test_a_piece_of_the_evidence_is_never_misplaced(source: list[str], data: st.DataObject) -> None:
    text = " ".join(word for word in source if word not in "|#-\n")
    words = text.split()
    first = data.draw(st.integers(0, len(words)))
    piece = " ".join(words[first : data.draw(st.integers(first, len(words)))])
    found = rules(f"{piece} [1]", text) if piece else set()
    assert not any(rule.startswith("misplaced") for rule in found)
