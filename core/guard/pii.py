"""Personal data in text: where it stands, and text without it.  Pure; shared by the guard, logs, transcripts and exports.

Structured kinds only (a name has no shape): email, phone, card (Luhn), iban (mod 97), ssn (US), ip, link (a URL that carries a
token or a password).  Conservative for phones: a number must look dialled, not merely long.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

MAX_CHARS = 50_000


@dataclass(frozen=True, slots=True)
class Pii:
    """One piece of personal data; ``text`` is ``whole[start:end]``."""

    kind: str
    start: int
    end: int
    text: str

    @property
    def canonical(self) -> str:
        """Equal for equal data, however it is spaced or cased."""
        if self.kind in ("email", "link", "ip"):
            return self.text.casefold()
        return re.sub(r"[^\dA-Za-z]", "", self.text).upper()


EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_CARD = re.compile(r"(?<![\w.+-])\d(?:[ -]?\d){11,18}(?![\w-])")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])")
_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
FIRST_OCTET = 10
"""Four small numbers with dots are a version; addresses of people's lines hardly ever start below 10."""

_IP6 = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_URL = re.compile(r"https?://[^\s<>\"'\])]{3,2000}", re.IGNORECASE)
_SECRET = re.compile(
    r"//[^/\s:@]{1,200}:[^/\s@]{1,200}@|[?&#;](?:access_?|auth_?|id_?|refresh_?|session_?|reset_?|api_?)?"
    r"(?:token|key|secret|password|passwd|pwd|sig|signature|code|jwt|session|sid)=[^&#\s]{6,}",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![\w.,/#-])(?<![$€£]\s)(?P<lead>\+|00(?=[1-9]\d)|\(|0(?=\d))?\d(?:[\s().\u2010\u2011/-]{0,2}\d){6,14}"
    r"(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?![\w%€$£]|[.,:]\d|-\d)"
)
_LONG_NUMBER = re.compile(r"\d(?:[\s().:\u2010\u2011/-]{0,2}\d){4,}|:[0-9A-Fa-f]{0,4}:")
"""What any phone, card, address or account number holds; a quick look that spares the others most texts."""

_DATE = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{2,4}\b(?!\1)")
_NORTH_AMERICAN = re.compile(r"(?:1[ .-])?\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}(?:\s?(?:x|ext\.?)\s?\d{1,6})?")
_CALLED = re.compile(
    r"\b(?:phone|call(?:ed|ing)?|tel|telephone|mobile|cell|fax|dial|whatsapp|telefon\w*|handy\w*|mobil\w*|"
    r"rufnummer|t[eé]l[eé]phone|"
    r"tel[eé]fono|telefone|telefono|telefoon\w*)\b[^\d\n]{0,20}$",
    re.IGNORECASE,
)
"""Words before a run of digits that make it a phone number whatever its shape."""

_SOFT = ("-", "(", ")", " ", ".", "/")


def find(text: str) -> tuple[Pii, ...]:
    """All personal data of a text, in order; where two readings overlap, the more certain kind stands."""
    taken: list[Pii] = []
    text = text[:MAX_CHARS]
    if "@" in text or "://" in text or _LONG_NUMBER.search(text):
        for pii in _candidates(text):
            if not any(pii.start < other.end and other.start < pii.end for other in taken):
                taken.append(pii)
    return tuple(sorted(taken, key=lambda pii: pii.start))


def redact(text: str, *, keep: Callable[[Pii], bool] | None = None) -> str:
    """The text with a typed placeholder (``[email]``) in place of what ``keep`` does not want kept."""
    return replaced(text, [pii for pii in find(text) if keep is None or not keep(pii)])


def replaced(text: str, found: Iterable[Pii]) -> str:
    """The text with placeholders for these pieces."""
    for pii in sorted(found, key=lambda pii: pii.start, reverse=True):
        after = text[pii.end :]
        text = f"{text[: pii.start]}[{pii.kind}]{' ' if after.startswith('(') else ''}{after}"
    return text


def _candidates(text: str) -> Iterator[Pii]:
    for m in _URL.finditer(text):
        if _SECRET.search(m[0]):
            yield Pii("link", m.start(), m.start() + len(m[0].rstrip(".,;:!?")), m[0].rstrip(".,;:!?"))
    for m in EMAIL.finditer(text):
        shown = m[0].rstrip(".-")
        yield Pii("email", m.start(), m.start() + len(shown), shown)
    if not _LONG_NUMBER.search(text):
        return
    urls = [(m.start(), m.end()) for m in _URL.finditer(text)]
    accounts = [(m.start(), m.end()) for m in _IBAN.finditer(text)]
    for kind, pattern, holds in _SHAPES:
        for m in pattern.finditer(text):
            others = urls if kind == "iban" else urls + accounts
            is_part = any(start < m.end() and m.start() < end for start, end in others)
            if not is_part and holds(m[0]):
                yield Pii(kind, m.start(), m.end(), m[0])
    for m in _PHONE.finditer(text):
        is_part = any(start < m.end() and m.start() < end for start, end in urls + accounts)
        if not is_part and (is_phone(m[0]) or _CALLED.search(text, max(0, m.start() - 40), m.start())):
            yield Pii("phone", m.start(), m.end(), m[0])


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


def _is_ip(text: str) -> bool:
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


_SHAPES: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("iban", _IBAN, is_iban),
    ("card", _CARD, is_card),
    ("ssn", _SSN, lambda _: True),
    ("ip", _IP4, _is_ip),
    ("ip", _IP6, _is_ip),
)
