"""Personal data without a shape: names, postal addresses, dates of birth, numbers of documents, by careful patterns.  Pure.

A name is what follows "my name is", "Dear" or a title, and capitalised words that are no ordinary ones (``core.guard.names``).
An address begins at a street with its number, a box or a flat, and goes on over the flat, the place and the postcode.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from core import late
from core.guard.names import name_spans
from core.recognisers import urls

WEAK_KINDS: Final = ("name", "address", "birth_date", "document", "url")

_WORD = r"[^\W\d_][\w'’-]{0,30}\.?"
_UP = r"(?:[A-ZÀ-ÖØ-ÞĀ-Ž\u0370-\u03ff\u0400-\u042f][\w'’-]{0,30}\.?)"
"""A word with a capital: Latin, Greek, Cyrillic."""

_STREET: Final = (
    r"street|str|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|way|court|ct|place|pl|square|sq|terrace|terrasse|close|crescent|"
    r"parkway|highway|hwy|circle|cir|trail|alley|mews|gardens|grove|hill|parade|walk|quay|row|crossing|pike|plaza"
)
_STREET_ENDINGS: Final = (
    r"str(?:a(?:ß|ss)e|aat)?|weg|gasse|platz|allee|ring|damm|ufer|chaussee|vej(?:en)?|gade|gata(?:n)?|v[äa]g(?:en)?|katu|tie|polku|laan|"
    r"plein|gracht|kade|utca|veien?|gate|br[üu]cke|stræde"
)
_STREET_BEGINNINGS: Final = (
    r"rua|avenida|av|travessa|largo|pra[çc]a|calle|c/|carrer|paseo|plaza|via|viale|piazza|corso|strada(?:\sprovinciale)?|vicolo|rue|"
    r"chemin|impasse|all[ée]e|boulevard|place|quai|route|ul|ulica|aleja|os|utca|bulevard|ulitsa"
)
_UNIT = (
    r"(?:apt|apartment|suite|ste|unit|flat|floor|room|psc|p\.?\s?o\.?\s?box|box|postfach|appartement|piso|interno)\.?\s?#?"
    r"\d{1,6}[a-z]?"
)
_BOX = r"(?:psc|unit|p\.?\s?o\.?\s?box|postfach|po\sbox)\.?\s?\d{1,6}(?:,?\s(?:box)\s\d{1,6})?"

_UK_CODE = r"[A-PR-UWYZ][A-HK-Y]?\d[\dA-HJKSTUW]?\s\d[ABD-HJLNP-UW-Z]{2}"

_CORES: Final = (
    late.pattern(
        rf"(?<![\w.,-])\d{{1,6}}[a-z]?(?:\s\d{{1,5}})?,?\s(?:{_WORD}\s){{1,4}}?(?:{_STREET})\b\.?(?!\w)", re.IGNORECASE
    ),
    late.pattern(
        rf"\b(?:\d{{1,6}}\s)?(?:{_WORD}\s){{0,2}}[^\W\d_]{{0,30}}?(?:{_STREET_ENDINGS})\.?\s\d{{1,5}}[a-z]?\b",
        re.IGNORECASE,
    ),
    late.pattern(rf"\b(?:\d{{1,6}}\s)?(?:{_STREET_BEGINNINGS})\.?\s(?:{_WORD}\s){{1,4}}?\d{{1,5}}\b", re.IGNORECASE),
    late.pattern(rf"(?<![\w.,-])\d{{1,6}}\s{_UP}(?:\s{_WORD}){{0,3}}?\s\d{{1,5}}\b(?!\s?(?:%|am|pm|days|items))"),
    late.pattern(
        rf"(?<![\w.,-])\d{{1,6}}[a-z]?(?:\s\d{{1,5}})?\s{_UP}(?:\s{_UP}){{0,4}}(?=,?\s+(?:apt|suite|unit|flat|box)\b)",
        re.IGNORECASE,
    ),
    late.pattern(rf"\bcorner\sof\s(?:{_WORD}\s|\d+\s){{1,8}}?and\s(?:{_WORD}\s?){{1,3}}(?:\d{{1,5}})?", re.IGNORECASE),
    late.pattern(rf"\b{_BOX}", re.IGNORECASE),
    late.pattern(
        rf"\b(?:lives?|living|lived|moved|address(?:\sis)?|located|offices?|sent?|ship|delivered?|side|off|return|arrived)\b"
        rf"[^.!?\d\n]{{0,40}}?\s(?:at|to|in|of|is|are|:)\s(?P<a>\d{{1,6}}\s{_UP}[^.!?\n]{{0,60}}|{_UP}(?:\s{_WORD}){{0,3}}\s\d{{1,5}}\b)"
    ),
    late.pattern(rf"\b{_UK_CODE}\b"),
    late.pattern(r"\b(?:zip|postal|post)\s?-?(?:code)?(?:\sis)?:?\s(?P<a>\d{4,6}(?:-\d{4})?)\b", re.IGNORECASE),
    late.pattern(r"\b(?:FPO|APO|DPO)\s(?:AA|AE|AP)\s\d{5}\b", re.IGNORECASE),
    late.pattern(rf"\b{_UNIT}\b(?=,?\s)", re.IGNORECASE),
)
_CAPITAL_ON = late.pattern(
    rf"(?:\s*,\s*|\s+)(?:(?i:{_UNIT})\b|{_UK_CODE}\b|\d{{4,6}}(?:-\d{{4}})?(?!\w)|"
    rf"{_UP}(?:[ ](?!{_UK_CODE}){_UP}){{0,3}}(?:\s\([^()\n]{{1,20}}\))?)"
)
MAX_PIECES: Final = 6
_LABEL = late.pattern(r"\s*(?:phone|mobile|desk|fax|e-?mail|office|tel)\b", re.IGNORECASE)

_NAMED = late.pattern(
    r"(?:\b(?:[Mm]y (?:full )?name(?:'s| is)|[Nn]ame(?: is|:)|[Tt]his is|[Ii] am|[Ii]'m|[Cc]all me|[Dd]ear|[Hh]i|[Hh]ello|[Hh]ey|"
    r"[Mm]r|[Mm]rs|[Mm]s|[Mm]iss|[Mm]x|[Dd]r|[Pp]rof|[Ss]ir|Herr|Frau|Hr|Fr|Mme|Mlle|M|Sr|Sra|Srta|Señora?|Sig|Signora?|Dhr|Mevr|"
    r"[Ii]ch hei(?:ß|ss)e|[Mm]ein Name ist|[Jj]e m'appelle|[Mm]e llamo|[Mm]i chiamo|[Mm]eu nome é|[Mm]ijn naam is|[Rr]egards,|"
    r"[Ss]incerely,|Gru(?:ß|ss))\.?,?\s+)"
    rf"(?P<name>{_UP}(?:[ ](?:(?:van|von|de|der|den|del|da|di|la|le|bin|al)[ ]){{0,2}}{_UP}){{0,3}})"
)
_LOWER_NAMED = late.pattern(
    r"\b(?:my (?:full )?name(?:'s| is)|name on the (?:account|card)(?: is|\?)?|in the name of|under the name(?: of)?|named|"
    r"mrs?\.|ms\.|dr\.|regards,|change it to)\s+(?P<name>[^\W\d_]{2,}(?:[ ][^\W\d_]\.)?(?:[ ][^\W\d_]{2,}){0,2}?)"
    r"(?=\s*(?:$|[.,!?;\n]|and\b|but\b|in\b|i\b))",
    re.IGNORECASE,
)
_BORN = late.pattern(
    r"\b(?:born(?:\son)?|birth(?:\s?da(?:y|te))?|date of birth|d\.?o\.?b\.?|geboren(?:\sam)?|geburts(?:datum|tag)|"
    r"n[ée]e? le|date de naissance|fecha de nacimiento|data de nascimento|data di nascita|geboortedatum)\b"
    r"[\s:]*(?:is\s|ist\s|on\s|the\s)*"
    r"(?P<a>\d{1,4}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}(?:st|nd|rd|th|\.)?\s(?:of\s|de\s)?[^\W\d_]{3,10}\.?,?\s(?:de\s)?\d{4}|"
    r"[^\W\d_]{3,10}\.?\s\d{1,2}(?:st|nd|rd|th)?,?\s\d{4})",
    re.IGNORECASE,
)
_DATED = late.pattern(
    r"(?<![\w./-])(?:0?[1-9]|[12]\d|3[01])[/.](?:0?[1-9]|[12]\d|3[01])[/.](?:19[0-9]\d|200\d)(?![\w/-])"
)
"""A day some twenty years ago or more is hardly of anything but a life."""

_GROUPED = late.pattern(
    r"(?<![\w.,/#$€£-])(?<!\d\s)\(?\d{2,4}\)?(?:([ .-])\d{2,4}){1,4}(?:\s?x\d{1,5})?(?![\w%€$£/]|[.,:]\d|[ -]\d)"
)
"""Short groups of digits; anywhere else than among personal data they may well be something else."""

_DOCUMENT = late.pattern(
    r"\b(?:driv(?:er|ing)(?:'?s)?\slicen[cs]e|licen[cs]e|passport|id\scard|identity\scard|national\sid|f[üu]hrerschein\w*|"
    r"personalausweis\w*|reisepass\w*|permis(?:\sde\sconduire)?|passeport|dni|nie|pasaporte|carta\sd'identit[àa]|rijbewijs|paspoort)\b"
    r"[\s:#]*(?:number|no\.?|nr\.?|nummer|num[ée]ro)?[\s:#]*(?:is\s|ist\s)?(?P<a>(?=[A-Z]{0,8}-?\d)[A-Z0-9-]{6,20})\b",
    re.IGNORECASE,
)


def weak_spans(text: str, language: str) -> Iterator[tuple[str, int, int]]:
    """(kind, start, end), the more certain kinds first; spans of later ones may overlap those of earlier ones."""
    for start, end in urls(text):
        yield "url", start, end
    for pattern, kind in ((_BORN, "birth_date"), (_DOCUMENT, "document")):
        for m in pattern.finditer(text):
            yield kind, m.start("a"), m.end("a")
    for start, end in addresses(text):
        yield "address", start, end
    for m in _GROUPED.finditer(text):
        if 7 <= sum(map(str.isdigit, m[0])) <= 11:
            yield "phone", m.start(), m.end()
    for m in _DATED.finditer(text):
        yield "birth_date", m.start(), m.end()
    yield from (("name", start, end) for start, end in names(text, language))


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Postal addresses, from the street or the box to the postcode or the country; lines of one address are one."""
    done = 0
    cores = sorted(_cores(text))
    for start, end in cores:
        if start < done:
            continue
        done = _whole(text, end)
        yield start, done


def _cores(text: str) -> Iterator[tuple[int, int]]:
    for pattern in _CORES:
        group = "a" if "a" in pattern.groupindex else 0
        for m in pattern.finditer(text):
            yield m.span(group)


def _whole(text: str, end: int) -> int:
    """The end of the address that goes on behind this place: flat, place, postcode, country."""
    for _ in range(MAX_PIECES):
        m = _CAPITAL_ON.match(text, end)
        if m is None or _LABEL.match(text, end) or (m[0].strip(" ,\n").isalpha() and _is_sentence(text, end)):
            break
        end = m.end()
    return end


def _is_sentence(text: str, end: int) -> bool:
    """Whether the words before ended with a full stop, so that a capital begins a sentence."""
    return text[max(0, end - 1) : end] == "."


def names(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Names of people (and of firms: capitals do not tell which)."""
    for pattern in (_NAMED, _LOWER_NAMED):
        for m in pattern.finditer(text):
            yield m.span("name")
    yield from name_spans(text, language)
