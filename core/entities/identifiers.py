"""What points at one thing: order numbers, addresses of mail and web, phones, accounts, cards.  Pure.

Normal forms: e-mail and IBAN without spaces, phone E.164 where the number is one (``phonenumbers``, with the region of the
settings for those without a country code), order numbers in capitals, a card only its last four digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from core import recognisers
from core.entities.page import Hit, Page

MIN_PHONE = 7
"""Digits of the shortest number that ``recognisers.PHONE`` takes."""

_CASED = re.IGNORECASE
_NAMED = (
    "order", "bestell", "auftrag", "commande", "pedido", "encomenda", "ordine", "invoice", "rechnung", "factur", "fattura",
    "ticket", "tracking", "case", "ref", "booking", "buchung", "reservation", "rma", "confirmation",
)  # fmt: skip
_ORDERS = (
    (
        re.compile(
            r"\b(?:orders?|bestell\w*|auftrag\w*|commande|pedido|encomenda|ordine|bestelling|invoice|rechnung\w*|"
            r"facture|factura|fattura|"
            r"ticket|tracking|case|reference|ref|booking|buchung\w*|reservation|rma|confirmation)\b[\s:.#]*"
            r"(?:number|no|nr|nummer|num[eé]ro|n°|id|code)?[\s:.#]*(?:is\s|ist\s|est\s|es\s|[eé]\s)?"
            r"#?(?P<id>[A-Z]{0,6}[-_]?\d[\dA-Z-]{2,24})\b",
            _CASED,
        ),
        _NAMED,
    ),
    (re.compile(r"(?<![\w&])#(?P<id>[A-Z]{0,4}-?\d[\dA-Z-]{2,24})\b", _CASED), ("#",)),
    (re.compile(r"\b(?P<id>[A-Z]{2,5}-\d{4,12})\b"), ("-",)),
)
"""Patterns, each with what a text must hold for it to look: one of these signs, in small letters."""

_UNITS = re.compile(r"\d+(?:k|m|st|nd|rd|th|am|pm|days?|weeks?|gb|mb|kg|cm|mm)", _CASED)


def addresses(text: str) -> Iterator[Hit]:
    """E-mail addresses and URLs, at their places in the text as written."""
    if "@" in text:
        for start, end in recognisers.emails(text):
            yield Hit("email", start, end, text[start:end].lower())
    if "://" in text:
        for start, end in recognisers.urls(text):
            yield Hit("url", start, end, text[start:end])


def accounts(text: str) -> Iterator[Hit]:
    """IBANs and cards whose check digits hold."""
    shapes = [m.span() for m in recognisers.IBAN.finditer(text.upper() if len(text.upper()) == len(text) else text)]
    for start, end in shapes:
        if recognisers.is_iban(text[start:end]):
            yield Hit("iban", start, end, re.sub(r"[ -]", "", text[start:end]).upper())
    for m in recognisers.CARD.finditer(text):
        is_part = any(start < m.end() and m.start() < end for start, end in shapes)
        if not is_part and recognisers.is_card(m[0]) and sum(map(str.isdigit, m[0])) >= 13:
            shown = recognisers.masked_card(m[0])
            yield Hit("card", m.start(), m.end(), shown, shown)


def orders(text: str) -> Iterator[Hit]:
    """Order numbers and their like: what follows the word, or has the shape."""
    low = text.lower()
    for pattern, signs in _ORDERS:
        if text.isascii() and not any(sign in low for sign in signs):
            continue
        for m in pattern.finditer(text):
            written = m["id"].rstrip(".,;-")
            if not _UNITS.fullmatch(written):
                yield Hit("order", m.start("id"), m.start("id") + len(written), written.upper())


def phones(page: Page) -> Iterator[Hit]:
    """Phone numbers; a number that is valid where the contact lives needs no other hint than its groups."""
    if page.digits < MIN_PHONE:
        return
    for m in recognisers.PHONE.finditer(page.text):
        value = e164(m[0], page.region)
        is_dialled = recognisers.is_phone(m[0]) or recognisers.is_called(page.text, m.start(), m.end())
        if is_dialled or (value and page.region and not m[0].isdigit() and m[0][0] in "+0("):
            yield Hit("phone", m.start(), m.end(), value)


def e164(written: str, region: str) -> str | None:
    """The number in E.164; None when it is no valid one, or its country is not known."""
    import phonenumbers  # noqa: PLC0415  its tables take long to load

    try:
        number = phonenumbers.parse(re.sub(r"^00", "+", written), region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
