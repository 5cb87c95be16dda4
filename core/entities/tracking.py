"""Tracking numbers of carriers, by shape and check digit.  Pure.

UPS ``1Z…`` (mod 10), FedEx Express 12 (mod 11) and Ground 15 digits (mod 10), USPS 20 or 22 digits (mod 10), DHL Express
10 digits (mod 7) and ``JJD…`` (none), postal items ``RB123456785GB`` (UPU S10, mod 11): as the carriers' guides and UPU S10
give them, November 2026.  Bare digits count only where the message speaks of a parcel.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from core.entities.page import Hit, Page

_UPS = re.compile(r"(?<!\w)1z(?:\s?[0-9a-z]){16}(?!\w)")
_POSTAL = re.compile(r"(?<!\w)[a-z]{2}\s?\d{3}\s?\d{3}\s?\d{3}\s?[a-z]{2}(?!\w)")
_DHL = re.compile(r"(?<!\w)(?:jjd|jvgl)\s?(?:\d\s?){11,21}\d(?!\w)")
_NINE = re.compile(r"\d(?:\s?\d){8}")
"""What every number but those of UPS holds."""

_DIGITS = re.compile(r"(?<![\w.,+-])\d(?:\s?\d){9,21}(?![\w.,-]*\d)")
_PARCEL = re.compile(
    r"\b(?:track\w*|parcel\w*|package\w*|shipment\w*|deliver\w*|carrier|courier|fedex|dhl|usps|ups|paket\w*|sendung\w*|colis|"
    r"livraison|paquete|envio|encomenda|pacco|spedizione|pakket\w*|zending)\b"
)
_POSTAL_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)
_EXPRESS_WEIGHTS: Final = (3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1)


def tracking(page: Page) -> Iterator[Hit]:
    """The tracking numbers of a message; the normal form is the carrier and the number without spaces."""
    if not page.has_digit or not ("1z" in page.low or _NINE.search(page.low)):
        return
    for pattern, carrier, holds in ((_UPS, "UPS", _is_ups), (_POSTAL, "POST", _is_postal), (_DHL, "DHL", _is_long)):
        for m in pattern.finditer(page.low):
            number = re.sub(r"\s", "", m[0])
            if holds(number):
                yield Hit("tracking", m.start(), m.end(), f"{carrier} {number.upper()}")
    if _PARCEL.search(page.low):
        for m in _DIGITS.finditer(page.low):
            number = re.sub(r"\s", "", m[0])
            known = carrier_of(number)
            if known:
                yield Hit("tracking", m.start(), m.end(), f"{known} {number}")


def carrier_of(digits: str) -> str | None:
    """Whose number a run of digits is by its length and check digit."""
    if len(digits) == 12 and _is_express(digits):
        return "FEDEX"
    if len(digits) == 15 and _is_mod10(digits):
        return "FEDEX"
    if len(digits) in (20, 22) and digits.startswith("9") and _is_mod10(digits):
        return "USPS"
    if len(digits) == 10 and int(digits[:9]) % 7 == int(digits[9]):
        return "DHL"
    return None


def _is_ups(number: str) -> bool:
    values = [int(ch) if ch.isdigit() else (ord(ch.upper()) - 63) % 10 for ch in number[2:]]
    total = sum(value * (2 if at % 2 else 1) for at, value in enumerate(values[:-1]))
    return number[-1].isdigit() and -total % 10 == values[-1]


def _is_postal(number: str) -> bool:
    digits = [int(ch) for ch in number[2:11]]
    check = 11 - sum(w * d for w, d in zip(_POSTAL_WEIGHTS, digits[:8], strict=True)) % 11
    return {10: 0, 11: 5}.get(check, check) == digits[8]


def _is_long(number: str) -> bool:
    return 14 <= len(number) <= 26


def _is_express(digits: str) -> bool:
    total = sum(w * int(d) for w, d in zip(_EXPRESS_WEIGHTS, digits[:11], strict=True))
    return total % 11 % 10 == int(digits[11])


def _is_mod10(digits: str) -> bool:
    """Weights 3 and 1 from the right, as in bar codes."""
    total = sum(int(d) * (3 if at % 2 == 0 else 1) for at, d in enumerate(reversed(digits[:-1])))
    return -total % 10 == int(digits[-1])
