"""What has a shape, and often check digits, written once: e-mail, URL, IBAN, card, SSN, IP and phone numbers.  Pure.

``core.entities`` reads facts with these, ``core.guard.pii`` finds personal data with them.  Conservative for phones: a number
must look dialled, or words beside it must say that it is one; merely long is not enough.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from core import late

EMAIL: Final = late.pattern(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
URL: Final = late.pattern(r"https?://[^\s<>\"'\])]{3,2000}", re.IGNORECASE)
IBAN: Final = late.pattern(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
)
CARD: Final = late.pattern(r"(?<![\w.+-])\d(?:[ -]?\d){11,18}(?![\w-])")
SSN: Final = late.pattern(r"(?<![\w-])(?!000|666|9\d\d)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])")
IP4: Final = late.pattern(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
IP6: Final = late.pattern(r"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
FIRST_OCTET: Final = 10
"""Four small numbers with dots are a version; addresses of people's lines hardly ever start below 10."""

PHONE: Final = late.pattern(
    r"(?<![\w.,/#-])(?<![$€£]\s)(?P<lead>\+|00(?=[1-9]\d)|\(|0(?=\d))?\d(?:[\s().\u2010\u2011/-]{0,2}\d){6,14}"
    r"(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?![\w%€$£]|[.,:]\d|-\d)"
)
LONG_NUMBER: Final = late.pattern(r"\d(?:[\s().:\u2010\u2011/-]{0,2}\d){4,}|:[0-9A-Fa-f]{0,4}:")
"""What any phone, card, address or account number holds; a quick look that spares the others most texts."""

TRAILING: Final = ".,;:!?"
"""Marks that end a sentence, not a URL."""

_DATE = late.pattern(r"\d{1,4}([./-])\d{1,2}\1\d{2,4}\b(?!\1)")
_NORTH_AMERICAN = late.pattern(
    r"(?:1[ .-])?(?:\([2-9]\d{2}\)[ .-]?|[2-9]\d{2}[ .-])\d{3}[ .-]\d{4}(?:\s?(?:x|ext\.?)\s?\d{1,6})?"
)
_CALLED = late.pattern(
    r"\b(?:phone|call(?:ed|ing|s)?|tel|telephone|mobile|cell(?:phone)?|fax|dial|whatsapp|sms|text(?:ed|s|ing)?|texting|ring|"
    r"telefon\w*|handy\w*|mobil\w*|rufnummer|t[eé]l[eé]phone|tel[eé]fono|telefone|telefono|telefoon\w*|m[oó]vil|"
    r"portable|cellulare|celular|bellen)\b[^\d\n]{0,20}\n?$"
    r"|(?:^|\n)\s*(?:desk|office|direct|home|work|landline)\s*:\s*$"
    r"|\b(?:messages?|nachrichten|notifications?|reminders?|codes?)\s(?:to|on|an|at)\s(?:my\s(?:number\s)?)?$"
    r"|\b(?:my|our|on|registered|contact|new|old)\s(?:number|no\.?|registered(?:\snumber)?)(?:\sis)?:?\s$",
    re.IGNORECASE,
)
"""Words before a run of digits that make it a phone number whatever its shape."""

_CALLED_AFTER = late.pattern(r"\s?\(?(?:office|fax|mobile|cell|landline|home|work)\)?\s*(?:$|[\n,;)])", re.IGNORECASE)
_SOFT = ("-", "(", ")", " ", ".", "/")


def urls(text: str) -> Iterator[tuple[int, int]]:
    """The URLs of a text, without the marks that end a sentence."""
    for m in URL.finditer(text):
        yield m.start(), m.start() + len(m[0].rstrip(TRAILING))


def emails(text: str) -> Iterator[tuple[int, int]]:
    """The e-mail addresses of a text."""
    for m in EMAIL.finditer(text):
        yield m.start(), m.start() + len(m[0].rstrip(".-"))


def phones(text: str) -> Iterator[tuple[int, int]]:
    """Runs of digits that are phone numbers, by their shape or by the words beside them."""
    for m in PHONE.finditer(text):
        if is_phone(m[0]) or is_called(text, m.start(), m.end()):
            yield m.start(), m.end()


def is_called(text: str, start: int, end: int) -> bool:
    """Whether the words beside a number say that it is a phone's."""
    if _DATE.match(text, start):
        return False
    return bool(_CALLED.search(text, max(0, start - 40), start) or _CALLED_AFTER.match(text, end))


def is_card(text: str) -> bool:
    """Whether the digits are a payment card's: 13-19 of them, Luhn holds, and they are not all one digit."""
    digits = [int(ch) for ch in text if ch.isdigit()]
    if any(len(group) < 3 for group in re.split(r"[ -]", text)[:-1]):
        return False
    if not 12 <= len(digits) <= 19 or len(set(digits)) == 1 or digits[0] == 0:
        return False
    doubled = [d * 2 - 9 * (d > 4) if n % 2 else d for n, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether the ISO 7064 check digits hold (mod 97 is 1)."""
    flat = re.sub(r"[ -]", "", text).upper()
    if not 15 <= len(flat) <= 34:
        return False
    return int("".join(str(int(ch, 36)) for ch in flat[4:] + flat[:4])) % 97 == 1


def is_ip(text: str) -> bool:
    """Whether it is an address somebody's line may have, not a version number or the own machine."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if address.version == 6:
        return int(address) > 1
    return int(text.partition(".")[0]) >= FIRST_OCTET


def is_phone(text: str) -> bool:
    """Whether a run of digits looks dialled: an international or trunk prefix, or the North American 3-3-4."""
    digits = sum(ch.isdigit() for ch in text)
    if not 7 <= digits <= 17 or _DATE.match(text):
        return False
    if text.startswith("+"):
        return digits >= 8
    if _NORTH_AMERICAN.fullmatch(text):
        return True
    has_groups = any(mark in text.strip("()") for mark in _SOFT)
    return has_groups and text[0] in "(0" and digits >= 8


def masked_card(text: str) -> str:
    """Only the last four digits: "•••• 1111"."""
    return "•••• " + "".join(ch for ch in text if ch.isdigit())[-4:]
