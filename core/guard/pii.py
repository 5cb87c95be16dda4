"""Personal data in text: where it stands, and text without it.  Pure; shared by the guard, logs, transcripts and exports.

Found always are kinds with a shape: email, phone, card (Luhn), iban (mod 97), ssn (US), ip, link (a URL that carries a token or
a password).  ``weak=True`` looks besides for what has hardly any: name, address, birth_date, document (driving licences,
passports), phones of any grouping, and every url.  It takes some words that are none, so nothing is blocked by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from core.guard.personal_words import WEAK_KINDS, weak_spans
from core.recognisers import CARD, IBAN, IP4, IP6, LONG_NUMBER, SSN, emails, is_card, is_iban, is_ip, phones, urls

__all__ = ("MAX_CHARS", "WEAK_KINDS", "Pii", "find", "redact", "replaced")

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
        if self.kind in ("email", "link", "ip", "url", *WEAK_KINDS):
            return self.text.casefold()
        return re.sub(r"[^\dA-Za-z]", "", self.text).upper()


_SECRET = re.compile(
    r"//[^/\s:@]{1,200}:[^/\s@]{1,200}@|[?&#;](?:access_?|auth_?|id_?|refresh_?|session_?|reset_?|api_?)?"
    r"(?:token|key|secret|password|passwd|pwd|sig|signature|code|jwt|session|sid)=[^&#\s]{6,}",
    re.IGNORECASE,
)


def find(text: str, *, weak: bool = False, language: str = "en") -> tuple[Pii, ...]:
    """All personal data of a text, in order; where two readings overlap, the more certain kind stands.

    ``weak``: names, addresses and the like, too; ``language`` tells which capitals are ordinary.
    """
    text = text[:MAX_CHARS]
    taken = _Taken(len(text))
    if "@" in text or "://" in text or LONG_NUMBER.search(text):
        taken.add(_candidates(text))
    if weak:
        taken.add(Pii(kind, start, end, text[start:end]) for kind, start, end in weak_spans(text, language))
    return tuple(sorted(taken.found, key=lambda pii: pii.start))


def redact(text: str, *, keep: Callable[[Pii], bool] | None = None, weak: bool = False, language: str = "en") -> str:
    """The text with a typed placeholder (``[email]``) in place of what ``keep`` does not want kept."""
    found = find(text, weak=weak, language=language)
    return replaced(text, [pii for pii in found if keep is None or not keep(pii)])


def replaced(text: str, found: Iterable[Pii]) -> str:
    """The text with placeholders for these pieces."""
    for pii in sorted(found, key=lambda pii: pii.start, reverse=True):
        after = text[pii.end :]
        text = f"{text[: pii.start]}[{pii.kind}]{' ' if after.startswith('(') else ''}{after}"
    return text


class _Taken:
    """What was found; a character belongs to the first piece that claims it."""

    def __init__(self, length: int) -> None:
        self.found: list[Pii] = []
        self._claimed = bytearray(length)

    def add(self, candidates: Iterable[Pii]) -> None:
        for pii in candidates:
            if 1 not in self._claimed[pii.start : pii.end]:
                self._claimed[pii.start : pii.end] = b"\x01" * (pii.end - pii.start)
                self.found.append(pii)


def _candidates(text: str) -> Iterator[Pii]:
    for start, end in urls(text):
        if _SECRET.search(text, start, end):
            yield Pii("link", start, end, text[start:end])
    for start, end in emails(text):
        yield Pii("email", start, end, text[start:end])
    if not LONG_NUMBER.search(text):
        return
    links = list(urls(text))
    accounts = [m.span() for m in IBAN.finditer(text)]
    for kind, pattern, holds in _SHAPES:
        others = links if kind == "iban" else links + accounts
        for m in pattern.finditer(text):
            if not _is_part(m.start(), m.end(), others) and holds(m[0]):
                yield Pii(kind, m.start(), m.end(), m[0])
    for start, end in phones(text):
        if not _is_part(start, end, links + accounts):
            yield Pii("phone", start, end, text[start:end])


def _is_part(start: int, end: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(other < end and start < other_end for other, other_end in spans)


_SHAPES: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("iban", IBAN, is_iban),
    ("card", CARD, is_card),
    ("ssn", SSN, lambda _: True),
    ("ip", IP4, is_ip),
    ("ip", IP6, is_ip),
)
